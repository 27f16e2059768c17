//! The members of a fleet: connections that have ended, each in few bytes, because there may be a million of them.

use std::hash::BuildHasher;
use std::net::{Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::time::Duration;

use foldhash::fast::FixedState;

use crate::diagnose::doubt::has_holes;
use crate::ending::{Ending, Kind, beginning_close, last_frame};
use crate::facts::Facts;
use crate::seen::{Seen, Timestamp};
use crate::side::{PerSide, Side};

/// A connection that has ended.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its first packet.
    pub first: Seen,
    /// The packet that began the end.
    pub ended: Seen,
    /// The time it was opened; that of its first packet if it was not.
    pub opened: Timestamp,
    /// The time of the last frame of either side before the end; `opened` if there was none.
    pub last_frame: Timestamp,
    /// A hash of its Sec-WebSocket-Key.
    pub(super) key: Option<NonZero<u64>>,
    /// A hash of its path and of the sizes of what either side sent, which a proxy passes on; `None` if it was not opened, or
    /// not captured as a whole.
    pub(super) traffic: Option<NonZero<u32>>,
    /// Its number in the report; 0 until it has one.
    pub id: u32,
    /// The same as [`Facts::stream`].
    pub stream: u32,
    /// The number of its storm, from 1.
    pub(super) storm: Option<NonZero<u32>>,
    ends: PerSide<Address>,
    /// The code of the Close frame that began it.
    pub code: Option<u16>,
    /// The way it ended.
    pub kind: Kind,
    /// The side that began the end.
    pub by: Side,
    /// True if frames of a side may be missing from the capture.
    pub has_holes: bool,
    /// Whether a stream of HTTP/2 carried it.
    pub is_http2: bool,
}

const _: () = assert!(size_of::<Member>() <= 120);

/// An address and a port. That of IPv4 is mapped (RFC 4291 §2.5.5.2), because it takes less room then than with a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Address {
    pub ip: Ipv6Addr,
    port: u16,
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        let ip = match address {
            SocketAddr::V4(address) => address.ip().to_ipv6_mapped(),
            SocketAddr::V6(address) => *address.ip(),
        };
        Self { ip, port: address.port() }
    }
}

impl Address {
    fn socket(self) -> SocketAddr {
        SocketAddr::new(self.ip.to_canonical(), self.port)
    }
}

impl Member {
    /// Creates the member for a connection that has no number yet; `None` if it has not ended.
    pub fn new(facts: &Facts) -> Option<Self> {
        let ending = Ending::of(facts);
        let (by, carrier) = (ending.by?, ending.carrier?);
        let opened = facts.switched.unwrap_or(facts.first).time;
        let key = facts.handshake.request.as_ref().and_then(|request| request.key.as_deref());
        let key = key.filter(|_| facts.switched.is_some()).map(|key| FixedState::default().hash_one(key));
        let PerSide { client, server } = facts.addresses();
        Some(Self {
            first: facts.first,
            ended: carrier.seen,
            opened,
            last_frame: last_frame(facts, by, carrier).map_or(opened, |last| last.time),
            key: key.and_then(NonZero::new),
            traffic: traffic(facts),
            id: 0,
            stream: facts.stream,
            storm: None,
            ends: PerSide { client: client.into(), server: server.into() },
            code: beginning_close(facts).and_then(|close| close.code).map(|code| code.0),
            kind: ending.kind,
            by,
            has_holes: has_holes(facts),
            is_http2: facts.rare.http2.is_some(),
        })
    }

    /// Returns it with a number.
    pub fn numbered(self, id: u32) -> Self {
        Self { id, ..self }
    }

    /// Returns the server's address and port.
    pub fn server(&self) -> SocketAddr {
        self.ends.server.socket()
    }

    /// Returns the client's address and port.
    pub fn client(&self) -> SocketAddr {
        self.ends.client.socket()
    }

    pub(super) const fn ends(&self) -> &PerSide<Address> {
        &self.ends
    }

    /// Returns what is the same for all connections of a host to a server.
    pub(super) const fn host(&self) -> (Address, Ipv6Addr) {
        (self.ends.server, self.ends.client.ip)
    }

    /// Returns the time from its opening to its end.
    pub fn age(&self) -> Duration {
        self.ended.time.since(self.opened)
    }

    /// Returns the time from its last frame to its end.
    pub fn silence(&self) -> Duration {
        self.ended.time.since(self.last_frame)
    }

    /// Returns whether both were open at the same time, for a moment at least.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.first < other.ended && other.first < self.ended
    }

    /// Returns whether it was a WebSocket and ended without a Close frame.
    pub const fn is_bare(&self) -> bool {
        self.kind.is_bare()
    }

    /// Returns whether it was a WebSocket.
    pub const fn was_open(&self) -> bool {
        !matches!(self.kind, Kind::Refused | Kind::NoAnswer)
    }
}

/// Returns what is the same for both legs of a WebSocket through a proxy that translates between HTTP/2 and HTTP/1.1.
fn traffic(facts: &Facts) -> Option<NonZero<u32>> {
    let request = facts.handshake.request.as_deref().filter(|_| facts.switched.is_some() && !facts.handshake.cut)?;
    let sizes = |side: Side| (facts.sent[side].said(), facts.sent[side].payload_bytes);
    let all = (&request.target, sizes(Side::Client), sizes(Side::Server));
    NonZero::new(FixedState::default().hash_one(all) as u32).filter(|_| !has_holes(facts))
}

#[cfg(test)]
impl Member {
    /// Returns a connection to a server, opened and ended in packets and at times that are given in microseconds.
    pub(super) fn example(
        id: u32,
        (client, server): (&str, &str),
        opened: i64,
        ended: i64,
        (by, kind): (Side, Kind),
    ) -> Self {
        let at = |micros: i64| Seen { packet: micros as u64, time: Timestamp::from_nanos(micros * 1000) };
        let address = |text: &str| Address::from(text.parse::<SocketAddr>().unwrap());
        Self {
            first: at(opened),
            ended: at(ended),
            opened: at(opened).time,
            last_frame: at(opened).time,
            key: None,
            traffic: None,
            id,
            stream: id,
            storm: None,
            ends: PerSide { client: address(client), server: address(server) },
            code: None,
            kind,
            by,
            has_holes: false,
            is_http2: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back_as_they_were() {
        for text in ["10.0.0.1:80", "[2001:db8::1]:443", "[::1]:1", "0.0.0.0:0", "255.255.255.255:65535"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(Address::from(address).socket(), address);
        }
    }
}
