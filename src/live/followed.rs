//! The state that a watch keeps of a connection: the key by which the analyzer finds it, and the updates reported so far.

use std::net::SocketAddr;

use crate::analyzer::Analyzer;
use crate::facts::{Facts, Id};
use crate::report::Connection;
use crate::seen::Timestamp;
use crate::side::{PerSide, Side};

/// The number of a TCP connection, and that of the HTTP/2 stream on it, if it is one.
pub(super) type Stream = (u32, Option<u32>);

/// The key by which the analyzer finds a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub stream: Stream,
    pub addresses: PerSide<SocketAddr>,
}

/// The updates that have been reported of a connection, and those that are pending.
#[derive(Debug)]
pub(super) struct Followed {
    pub id: Id,
    pub place: Place,
    /// The time of its last event.
    pub heard: Timestamp,
    pub opened: bool,
    pub is_settling: bool,
    pub is_waiting: bool,
    /// True for each side that has sent a FIN.
    pub fins: PerSide<bool>,
    pub judged: Option<Judged>,
}

/// The part of a reported end that the final judgement may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub rule: &'static str,
    pub code: Option<u16>,
    pub by: Option<Side>,
}

impl Followed {
    /// Returns a connection of which nothing has been reported yet.
    pub fn new(facts: &Facts, place: Place) -> Self {
        Self {
            id: facts.id(),
            place,
            heard: Timestamp::default(),
            opened: false,
            is_settling: false,
            is_waiting: false,
            fins: PerSide::default(),
            judged: None,
        }
    }

    /// Returns whether it has been opened, and has not ended.
    pub const fn is_open(&self) -> bool {
        self.opened && self.judged.is_none()
    }
}

impl Place {
    /// Returns what the analyzer knows of the connection now; `None` if it is gone, or another one has its place.
    pub fn facts(self, analyzer: &Analyzer) -> Option<Box<Facts>> {
        let (stream, http2_stream) = self.stream;
        let facts = analyzer.facts_between(self.addresses.client, self.addresses.server, http2_stream)?;
        // There may be another connection between the same endpoints since.
        (facts.stream == stream).then_some(facts)
    }
}

impl Judged {
    /// Returns what a line on the end of a connection told.
    pub fn of(connection: &Connection) -> Self {
        Self { rule: connection.verdict.rule.name, code: connection.code(), by: connection.closed_by }
    }
}
