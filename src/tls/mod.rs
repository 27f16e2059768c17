//! TLS: the records of a connection, whether its handshake failed, and, with keys, what it carried.

#![allow(dead_code, unused_imports, reason = "connections are not decrypted yet")]

pub mod cbc;
pub mod direction;
pub mod hello;
pub mod keylog;
pub mod keys;
pub mod messages;
pub mod observer;
pub mod protection;
pub mod reader;
pub mod record;
pub mod resync;
pub mod schedule;
pub mod search;
pub mod session;
pub mod suite;

#[cfg(any(test, feature = "internals"))]
pub use observer::Observer;
pub use observer::{Decision, Outcome};
pub use session::{Event, Scratch, Session, Summary};
