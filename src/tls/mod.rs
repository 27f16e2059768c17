//! TLS as far as it can be observed without keys: its presence, and whether its handshake failed.

pub mod client_hello;
pub mod observer;
pub mod reader;
pub mod record;
pub mod resync;

pub use observer::{Decision, Observer, Outcome};
