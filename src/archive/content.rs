//! The rows between the work items and the assembly, and their contents as bytes.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Coverage;
use crate::analyzer::{Owned, Part};
use crate::facts::{Continuity, Facts};
use crate::render::table::members::Row;
use crate::report::community_id;
use crate::seen::Timestamp;
use crate::side::PerSide;

/// The version of the encoding. What another version of the program has written with another one cannot be read.
const VERSION: u8 = 1;

/// What a row says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Content {
    /// A connection that was seen from its beginning to its end.
    Connection(Box<Facts>),
    /// The same of a TLS connection that was not decrypted.
    Outside(Box<Facts>),
    /// A part of a connection.
    Part(Box<Part>),
    /// The files of the item. Each item has one such row.
    Coverage(Coverage),
}

/// A content, and the item that it comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// The beginning of the item's period; `None` for the first one.
    pub from: Option<Timestamp>,
    /// The content.
    pub content: Content,
}

/// A row of the table: what rows are grouped by, and the content as bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The sensor that captured it.
    pub sensor: Option<String>,
    /// `connection`, `part` or `coverage`.
    pub kind: &'static str,
    /// The endpoints; that of the server is guessed by the ports where nothing shows it. `None` for a coverage.
    pub ends: Option<PerSide<SocketAddr>>,
    /// The Community ID.
    pub community_id: Option<String>,
    /// The times of the first and the last packet.
    pub first: Option<Timestamp>,
    /// The time of the last packet.
    pub last: Option<Timestamp>,
    /// The place among all parts of the connection.
    pub continuity: Continuity,
    /// The encoded [`Envelope`], with the version of the encoding in front.
    pub facts: Vec<u8>,
}

/// The error of bytes that are no content, or one of another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// Another version of the program has written them.
    #[error("written with version {0} of the encoding, but this program reads version {VERSION}")]
    Version(u8),
    /// They are none.
    #[error("damaged: these bytes are no facts")]
    NoFacts,
}

impl Envelope {
    /// Returns the encoded bytes.
    pub fn encode(&self) -> Vec<u8> {
        // Writing to a vector never fails.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    /// Decodes bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|_| Damaged::NoFacts),
            Some((version, _)) => Err(Damaged::Version(*version)),
            None => Err(Damaged::NoFacts),
        }
    }
}

impl Member {
    /// Returns the row of a connection that was seen as a whole.
    pub fn of_whole(sensor: Option<&str>, from: Option<Timestamp>, owned: Owned) -> Self {
        let Owned { facts, is_outside } = owned;
        let (ends, first, last) = (facts.addresses(), facts.first.time, facts.last.time);
        let continuity = facts.rare.continuity.as_deref().copied().unwrap_or_default();
        let content = if is_outside { Content::Outside(facts) } else { Content::Connection(facts) };
        Self {
            kind: "connection",
            ends: Some(ends),
            community_id: Some(community_id(ends.client, ends.server)),
            first: Some(first),
            last: Some(last),
            continuity,
            ..Self::of(sensor, Envelope { from, content })
        }
    }

    /// Returns the row of a part, of which these facts are known.
    pub fn of_part(sensor: Option<&str>, from: Option<Timestamp>, part: Part, facts: &[Owned]) -> Self {
        let [low, high] = part.endpoints;
        let own = facts.first().map(|owned| owned.facts.addresses().client);
        // Servers have the lower ports, as a rule.
        let client = own.unwrap_or(if low.port() > high.port() { low } else { high });
        let server = if client == low { high } else { low };
        let continuity = part.continuity(client);
        Self {
            kind: "part",
            ends: Some(PerSide { client, server }),
            community_id: Some(community_id(low, high)),
            first: Some(part.first.time),
            last: Some(part.last.time),
            continuity,
            ..Self::of(sensor, Envelope { from, content: Content::Part(Box::new(part)) })
        }
    }

    /// Returns the row of the item's files.
    pub fn of_coverage(sensor: Option<&str>, from: Option<Timestamp>, coverage: Coverage) -> Self {
        let first = coverage.files.iter().filter_map(|file| file.first).min();
        let last = coverage.files.iter().filter_map(|file| file.last).max();
        let content = Content::Coverage(coverage);
        Self { kind: "coverage", first: from.or(first), last, ..Self::of(sensor, Envelope { from, content }) }
    }

    /// Returns it as a row of the table.
    pub fn row(&self) -> Row<'_> {
        let Self { sensor, kind, ends, community_id, first, last, continuity, facts } = self;
        Row {
            sensor: sensor.as_deref(),
            kind,
            ends: *ends,
            community_id: community_id.as_deref(),
            first: *first,
            last: *last,
            continuity: *continuity,
            facts,
        }
    }

    fn of(sensor: Option<&str>, envelope: Envelope) -> Self {
        Self { sensor: sensor.map(str::to_owned), facts: envelope.encode(), ..Self::default() }
    }
}
