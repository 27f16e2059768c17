//! TLS: the records of a connection, whether its handshake failed, and, with keys, what it carried; without,
//! what the sizes and times of its records show.

pub mod candidate;
pub mod cbc;
pub mod chacha;
pub mod direction;
pub mod gcm;
pub mod hello;
pub mod keylog;
pub mod keys;
pub mod ledger;
pub mod messages;
pub mod named;
pub mod observer;
pub mod outside;
pub mod poly1305;
pub mod protection;
pub mod reader;
pub mod record;
pub mod resync;
pub mod schedule;
pub mod search;
pub mod session;
pub mod suite;

pub use named::Named;
#[cfg(any(test, feature = "internals"))]
pub use observer::Observer;
pub use observer::{Decision, Outcome};
pub use outside::Outside;
pub use session::{Contents, Event, Scratch, Session, Summary};
