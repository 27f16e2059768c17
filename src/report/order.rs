//! The order in which connections are listed.

use std::cmp::Ordering;

use super::Connection;
use super::document::{Tone, in_order};

/// What connections are sorted by. Of equal ones, that with the earlier first packet comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Their ends: abnormal ones, then connections that are still open, then normal ones.
    Severity,
    /// The time they were opened.
    Opened,
    /// The time they ended; those still open come last.
    Ended,
    /// Their lifetime, the longest first.
    Lifetime,
    /// The payload bytes of both sides, the most first.
    Bytes,
    /// The close code, as in [`Connection::code`]; those without come last.
    Code,
    /// The rule that explains the end.
    Rule,
    /// The server's address and port.
    Server,
    /// The client's address and port.
    Client,
    /// The target of the request; those without come last.
    Target,
}

impl Order {
    /// Sorts connections that are in order of their first packets.
    pub fn sort<T>(self, connections: &mut [T], connection: impl Fn(&T) -> &Connection) {
        connections.sort_by(|one, other| self.compare(connection(one), connection(other)));
    }

    fn compare(self, one: &Connection, other: &Connection) -> Ordering {
        match self {
            Self::Severity => tone(other).cmp(&tone(one)),
            Self::Opened => in_order(&&*one.opened).cmp(in_order(&&*other.opened)),
            Self::Ended => known_first(
                one.ended.as_deref().map(|time| in_order(&time)),
                other.ended.as_deref().map(|time| in_order(&time)),
            ),
            Self::Lifetime => other.lifetime.total_cmp(&one.lifetime),
            Self::Bytes => bytes(other).cmp(&bytes(one)),
            Self::Code => known_first(one.code(), other.code()),
            Self::Rule => one.verdict.rule.name.cmp(other.verdict.rule.name),
            Self::Server => one.server.cmp(&other.server),
            Self::Client => one.client.cmp(&other.client),
            Self::Target => known_first(one.handshake.target.as_ref(), other.handshake.target.as_ref()),
        }
    }
}

fn tone(connection: &Connection) -> Tone {
    Tone::of(connection.ending, connection.is_normal())
}

fn bytes(connection: &Connection) -> u64 {
    connection.traffic.client.payload_bytes.saturating_add(connection.traffic.server.payload_bytes)
}

/// Compares two values of which those that are missing come last.
fn known_first<T: Ord>(one: Option<T>, other: Option<T>) -> Ordering {
    one.is_none().cmp(&other.is_none()).then_with(|| one.cmp(&other))
}
