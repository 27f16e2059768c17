//! HTTP/1.1 as far as a WebSocket needs it: heads, the framing of bodies between them, and the opening handshake.
//!
//! ```text
//! bytes of a side ─ exchange ─┬─ head       one head put together from chunks (httparse)
//!                             ├─ body       how many bytes to skip until the next head (RFC 9112 §6)
//!                             └─ handshake  the opening handshake (RFC 6455 §4) ─ problem, what is wrong with it
//! ```

pub mod body;
pub mod credentials;
mod deflate_answer;
pub mod exchange;
pub mod extension;
pub mod handshake;
pub mod head;
pub mod problem;
pub mod proxy_protocol;
pub mod shared;

pub use exchange::{Event, Exchange};
pub use handshake::{Handshake, Request, Response};
pub use head::Fields;
pub use httparse::Header;
pub use problem::Problem;
pub use shared::SharedTexts;
