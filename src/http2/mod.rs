//! HTTP/2 (RFC 9113) as far as a WebSocket on one of its streams needs it (RFC 8441): chunks of both directions in,
//! events of streams out.
//!
//! ```text
//!               ┌ DATA ───────────────────────────────────┐
//! Chunk ─ reader┼ HEADERS, CONTINUATION ─ hpack ─ Fields ──┼─ session ─ Event
//!   resync ─┘   └ RST_STREAM, SETTINGS, GOAWAY (nom) ──────┘
//! ```

pub mod fields;
pub mod frame;
pub mod hpack;
pub mod probe;
pub mod reader;
pub mod resync;
pub mod session;

pub use fields::Fields;
pub use probe::Probe;
pub use session::{Event, Session};

/// CONNECT for another protocol than TCP (RFC 8441 §4), for which this is `:protocol`.
pub const WEBSOCKET: &[u8] = b"websocket";

/// Returns whether a server's first bytes are those of HTTP/2: SETTINGS (RFC 9113 §3.4).
pub fn begins_like_server(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, length, 4, 0, 0, 0, 0, 0, ..] if length % 6 == 0)
}
