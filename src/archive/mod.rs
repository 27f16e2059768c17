//! Connections from the parts that several runs have seen of them.
//!
//! An archive is read in work items, each a period of one sensor ([`Item`](crate::analyzer::Item)). What they hand out is put
//! together here, and judged as if one run had read everything:
//!
//! ```text
//! item 1 ── whole, whole, part ─┐
//! item 2 ── part, whole, part ──┼─ Assembly ─┬─ wholes, renumbered ───────────────────┬─ Material
//! item 3 ── part, whole ────────┘            └─ parts ─ replayed in one analyzer, ────┘
//!                                                       or, if not recorded, joined
//! ```
//!
//! # What is the same as in one run, and what is not
//!
//! - A connection that begins and ends in one item, its halo included, has the facts of one run.
//! - A recorded part ([`limits::RECORDED`](crate::limits::RECORDED)) is analysed behind the parts before it: the same again,
//!   whatever is cut: an opening handshake, a frame, a compressed message, a record of TLS (whose keys have to be given).
//! - Of a longer part there are only its own facts. The codes, the sides and the end are those of the last part, as far as it
//!   shows by itself that it is a WebSocket; counts are added, without the frame at the border and those until frames were
//!   recognised again; a message compressed with an earlier one as its context cannot be read. Both sides count as lost
//!   sight of once for each such border, which lowers confidence, and [`Continuity::joints`](crate::facts::Continuity) counts
//!   them.
//! - Of a part whose predecessor is missing, that is known which one run over the remaining files would know.

mod assembly;
mod chain;
mod content;
mod coverage;

pub use assembly::Assembly;
pub use content::{Content, Damaged, Envelope, Member};
pub use coverage::{Coverage, File};
