//! A few connections of a capture as a capture of their own, to be attached to a ticket.
//!
//! ```text
//! capture ─┬─ report: which connections; where frames lie ───────────────────────┐
//!          ├─ Survey: their fragments and TLS sessions; their streams, rewritten ├─ cut ─ pcapng
//!          └─ packets ───────────────────────────────────────────────────────────┘
//! ```
//!
//! A rewritten stream keeps its length, byte by byte in its place, so that every header but the TCP checksum stays as
//! it was captured:
//!
//! | layer | what becomes of it |
//! |---|---|
//! | heads of HTTP/1 | values of headers that are not known to be harmless, of queries, and secrets by their form are `x` |
//! | frame headers, close codes | stay |
//! | JSON Web Tokens in queries | only when they run out |
//! | text, close reasons | secrets by their form are `x`, and so is what a client answers to a question for one |
//! | pings and pongs | other bytes, the same for the same: a pong still answers its ping |
//! | compressed messages | compressed anew and filled up to their length |
//! | binary messages, TLS, anything else | zeros, but for what says why a peer ends the connection |

mod checksum;
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
mod views;
mod windows;

pub use cut::{Origin, Wanted, cut};
pub use heads::Remember;
pub use located::{Located, Locating};
pub use messages::{Losses, Read};
pub use redaction::Redaction;
pub use survey::Survey;

pub use crate::tls::client_hello::session_of;
