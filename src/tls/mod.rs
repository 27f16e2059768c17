//! TLS as far as it shows without keys: that it is TLS, and whether its handshake failed.

pub mod client_hello;
pub mod observer;
pub mod record;

pub use observer::{Decision, Observer, Outcome};
