//! HTTP/1.1 as far as a WebSocket needs it: heads, the framing of bodies between them, and the opening handshake.
//!
//! ```text
//! bytes of a side ─ exchange ─┬─ head       one head put together from chunks (httparse)
//!                             ├─ body       how many bytes to skip until the next head (RFC 9112 §6)
//!                             └─ handshake  the opening handshake, and what is wrong with it (RFC 6455 §4)
//! ```

pub mod body;
pub mod exchange;
pub mod handshake;
pub mod head;
pub mod proxy_protocol;
pub mod shared;

pub use exchange::{Exchange, Output};
pub use handshake::{Handshake, Problem, Request, Response};
pub use shared::SharedTexts;
