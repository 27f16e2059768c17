//! Slices: captures of a few connections of another capture, to be attached to a ticket.
//!
//! ```text
//! capture ─┬─ report: which connections; where frames lie ───────────────────────┐
//!          ├─ Survey: their fragments and TLS sessions; their streams, rewritten ├─ cut ─ pcapng
//!          └─ packets ───────────────────────────────────────────────────────────┘
//! ```
//!
//! A rewritten stream keeps its length, and every byte its place, so that all headers stay as they were captured,
//! except the TCP checksum:
//!
//! | layer | treatment |
//! |---|---|
//! | heads of HTTP/1 | `x` for values of headers not known to be harmless, values of queries, and secrets by their form |
//! | frame headers, close codes | kept |
//! | JSON Web Tokens in queries | only the expiry time is kept |
//! | text, close reasons | `x` for secrets by their form, and for a client's answer to a question for one |
//! | pings and pongs | other bytes, equal ones for equal ones, so that a pong still answers its ping |
//! | compressed messages | compressed again, and filled up to their length |
//! | binary messages, HTTP/2, TLS, anything else | zeros, except what says why a peer ends the connection |

mod annotations;
mod blotter;
mod checksum;
mod comments;
mod counting;
mod cut;
mod deflate;
mod dialogue;
mod fragmented;
mod frames;
mod gathered;
mod heads;
pub mod leaks;
mod located;
mod messages;
mod payload;
mod redaction;
mod room;
mod sought;
mod streams;
mod survey;
mod suspects;
mod token;
mod verdicts;
mod views;
mod windows;

pub use annotations::Annotations;
pub use blotter::Remember;
pub use comments::Comments;
pub use cut::{Origin, Scope, Wanted, cut};
pub use located::{Located, Locating};
pub use messages::{Losses, Read};
pub use redaction::Redaction;
pub use survey::Survey;
pub use verdicts::Verdicts;

pub use crate::tls::keylog::session_of;
