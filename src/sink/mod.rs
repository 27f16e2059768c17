//! Where the analyzer pushes what it learns.
//!
//! It pushes because the packets drive it: a file, a pipe and a live interface look the same from here, and whoever
//! wants only the end result needs to implement only [`Sink::connection`].

mod collection;

pub use collection::{Collection, Unanswered};

use crate::event::Event;
use crate::facts::Facts;

/// Takes what the analyzer learns.
pub trait Sink {
    /// A WebSocket connection, or an attempt at one, is over, or the capture is.
    fn connection(&mut self, facts: Box<Facts>);

    /// Something happened in a connection; `facts` already hold it.
    fn event(&mut self, facts: &Facts, event: &Event<'_>) {
        let _ = (facts, event);
    }
}

/// What a report says of everything that is no WebSocket connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// TCP connections.
    pub tcp_streams: u64,
    /// TLS connections that could not be read.
    pub encrypted: u64,
    /// Connections given up for [`limits::CONNECTIONS`](crate::limits::CONNECTIONS).
    pub given_up: u64,
}

impl Sink for Vec<Box<Facts>> {
    fn connection(&mut self, facts: Box<Facts>) {
        self.push(facts);
    }
}
