//! The copying of the wanted connections' packets.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::io::Write;
use std::net::SocketAddr;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::comments::Comments;
use super::fragmented::Fragmented;
use super::messages::Compression;
use super::redaction::Redaction;
use super::survey::Survey;
use crate::capture::pcapng::Relay;
use crate::capture::{Packet, Source};
use crate::error::Error;
use crate::facts::{Facts, Id};
use crate::packet::{Decoder, Part};
use crate::side::{PerSide, Side};
use crate::tcp::{Endpoints, Segment};

/// A connection as a slice needs it.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Its identity.
    pub id: Id,
    /// Its endpoints.
    pub addresses: PerSide<SocketAddr>,
    /// Its first and last packets. The same endpoints may have other connections before and after it.
    pub packets: (u64, u64),
    /// Whether it is TLS.
    pub is_tls: bool,
    /// Whether it is HTTP/2 in the clear: compressed heads, and the frames of many WebSockets between one another.
    pub is_http2: bool,
    /// The compression of each side's messages, if any.
    pub compression: PerSide<Option<Compression>>,
}

impl Origin {
    /// Extracts what a slice needs from the facts of a connection.
    pub fn new(facts: &Facts) -> Self {
        let agreed = facts.handshake.agreed_deflate();
        let is_tls = facts.rare.client_hello.is_some() || facts.rare.session.is_some();
        let compression =
            |side| agreed.map(|no_context_takeover| Compression { no_context_takeover: no_context_takeover[side] });
        Self {
            id: facts.id(),
            addresses: facts.addresses(),
            packets: (facts.rare.http2.as_ref().map_or(facts.first.packet, |http2| http2.begun), facts.last.packet),
            is_tls,
            is_http2: facts.rare.http2.is_some() && !is_tls,
            compression: PerSide { client: compression(Side::Client), server: compression(Side::Server) },
        }
    }

    /// Returns whether its heads and frames are in the bytes of its TCP stream.
    pub(super) const fn is_readable(&self) -> bool {
        !self.is_tls && !self.is_http2
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints::of(self.addresses.client, self.addresses.server).0
    }
}

/// The packets among which a connection's are.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// Its first packet.
    first: u64,
    /// The last packet of this connection and of all that began before it.
    last: u64,
    /// The index of the connection.
    at: u32,
}

/// The connections between two endpoints: mostly one.
#[derive(Debug)]
enum Between {
    One(u32),
    /// In the order in which they begin.
    Many(Vec<Span>),
}

impl Between {
    /// Returns the index of one of them: all have the same endpoints.
    fn any(&self) -> u32 {
        match self {
            Self::One(at) => *at,
            Self::Many(spans) => spans.first().map_or(u32::MAX, |span| span.at),
        }
    }
}

/// The wanted connections, and the comments on their packets. There may be very many.
#[derive(Debug, Default)]
pub struct Wanted {
    connections: Vec<Origin>,
    /// The index of each stream's first connection. Further connections of a stream count as the first.
    by_stream: HashMap<u32, u32, RandomState>,
    /// The connections by their endpoints, which are stored in `connections`.
    by_endpoints: HashTable<Between>,
    hasher: RandomState,
    pub(super) comments: Comments,
}

impl Wanted {
    /// Adds a connection.
    pub fn add(&mut self, connection: Origin) {
        let Ok(at) = u32::try_from(self.connections.len()) else { return };
        let (key, packets) = (connection.endpoints(), connection.packets);
        let first = *self.by_stream.entry(connection.id.stream).or_insert(at);
        if connection.is_http2
            && let Some(first) = self.connections.get_mut(first as usize)
        {
            first.is_http2 = true;
        }
        self.connections.push(connection);
        let Self { connections, by_endpoints, hasher, .. } = self;
        let of = |between: &Between| connections.get(between.any() as usize);
        let is_same = |between: &Between| of(between).is_some_and(|origin| origin.endpoints() == key);
        let hash = |between: &Between| of(between).map_or(0, |origin| hasher.hash_one(origin.endpoints()));
        let entry = match by_endpoints.entry(hasher.hash_one(key), is_same, hash) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert(Between::One(at));
                return;
            }
        };
        if let Between::One(before) = *entry {
            let (first, last) = connections.get(before as usize).map_or(packets, |origin| origin.packets);
            *entry = Between::Many(vec![Span { first, last, at: before }]);
        }
        let (Between::Many(spans), (first, last)) = (entry, packets) else { return };
        // Connections mostly end in the order in which they begin, so this is nearly always the end of the list.
        let place = spans.partition_point(|span| span.first <= first);
        let before = place.checked_sub(1).and_then(|before| spans.get(before)).map_or(0, |before| before.last);
        spans.insert(place, Span { first, last: last.max(before), at });
        spans.iter_mut().skip(place).for_each(|span| span.last = span.last.max(last));
    }

    /// Sets the comments on packets of a capture that is copied whole.
    pub fn annotate(&mut self, comments: Comments) {
        self.comments = comments;
    }

    /// Returns the wanted connections.
    pub fn connections(&self) -> &[Origin] {
        &self.connections
    }

    /// Returns the index of each stream's first connection.
    pub(super) const fn by_stream(&self) -> &HashMap<u32, u32, RandomState> {
        &self.by_stream
    }

    /// Returns the index of the first connection of the stream that a segment belongs to, and the side that sent it;
    /// `None` if its connection is not wanted.
    pub(super) fn find(&self, segment: &Segment<'_>) -> Option<(usize, Side)> {
        let (packet, key) = (segment.carrier.seen.packet, segment.endpoints);
        let of = |at: u32| self.connections.get(at as usize);
        let is_same = |between: &Between| of(between.any()).is_some_and(|origin| origin.endpoints() == key);
        let connection = match self.by_endpoints.find(self.hasher.hash_one(key), is_same)? {
            Between::One(at) => of(*at).filter(|own| own.packets.0 <= packet && packet <= own.packets.1),
            Between::Many(spans) => {
                let begun = spans.get(..spans.partition_point(|span| span.first <= packet))?;
                let going_on = begun.iter().rev().take_while(|span| packet <= span.last);
                let mut connections = going_on.filter_map(|span| of(span.at));
                connections.find(|own| packet <= own.packets.1)
            }
        }?;
        let side = if connection.addresses.client == segment.source() { Side::Client } else { Side::Server };
        Some((*self.by_stream.get(&connection.id.stream)? as usize, side))
    }
}

/// The packets that are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of the wanted connections.
    Wanted,
    /// All, but of the others only the headers up to that of TCP, since nobody knows what else of them is secret.
    All,
}

/// Copies packets; those of the wanted connections are rewritten if the survey has rewritten their streams. Returns the
/// number of packets. The outer error is that of reading, the inner one that of writing.
pub fn cut<W: Write>(
    source: &mut dyn Source,
    wanted: &Wanted,
    survey: &mut Survey,
    scope: Scope,
    out: &mut Relay<W>,
) -> Result<Result<u64, std::io::Error>, Error> {
    let (fragmented, redaction) = survey.parts();
    let mut cutter = Cutter { wanted, fragmented, redaction, decoder: Decoder::default(), parts: Vec::new() };
    let mut packets = 0;
    while source.advance()? {
        let packet = source.packet();
        let data = match cutter.rewritten(&packet) {
            Ok(data) => data,
            Err(_) if scope == Scope::Wanted => continue,
            Err(headers) => packet.data.get(..headers).unwrap_or_default().to_vec(),
        };
        let mut marks = source.marks();
        if let Some(redaction) = cutter.redaction.as_deref() {
            marks.comments.iter_mut().for_each(|comment| *comment = redaction.comment(comment));
        }
        let comments = wanted.comments.on(packet.number);
        if let Err(error) = out.packet(&Packet { data: &data, ..packet }, &marks, &comments) {
            return Ok(Err(error));
        }
        packets += 1;
    }
    Ok(Ok(packets))
}

/// The wanted connections, and what is needed to find their packets and to rewrite them.
struct Cutter<'w> {
    wanted: &'w Wanted,
    fragmented: &'w Fragmented,
    redaction: Option<&'w mut Redaction>,
    decoder: Decoder,
    parts: Vec<Part>,
}

impl Cutter<'_> {
    /// Returns the bytes of a packet of the wanted connections. Fails for any other packet, with the number of its bytes
    /// that are headers up to that of TCP, as far as they are known.
    fn rewritten(&mut self, packet: &Packet<'_>) -> Result<Vec<u8>, usize> {
        let Self { wanted, fragmented, redaction, decoder, parts } = self;
        if let Some(piece) = fragmented.piece(packet.number) {
            let mut data = packet.data.to_vec();
            if let Some(redaction) = redaction.as_deref() {
                redaction.apply_to_fragment(piece, &mut data, Decoder::fragment(packet).unwrap_or(0..0));
            }
            return Ok(data);
        }
        let Some(segment) = decoder.trace(packet, parts) else {
            return Err(Decoder::fragment(packet).map_or(0, |body| body.start));
        };
        let payload = place(packet, segment.payload);
        let half = wanted.find(&segment).ok_or(payload.unwrap_or_default())?;
        let mut data = packet.data.to_vec();
        match payload {
            Some(payload) => {
                if let Some(redaction) = redaction.as_deref_mut() {
                    redaction.apply(&segment, half, &mut data, payload);
                }
            }
            // The packet was cut within the header.
            None if parts.is_empty() && segment.payload.is_empty() => {}
            // Reassembled from fragments that were not recorded, because there were too many.
            None => return Err(0),
        }
        Ok(data)
    }
}

/// Returns the offset of a payload in its packet; `None` if it was reassembled from several.
fn place(packet: &Packet<'_>, payload: &[u8]) -> Option<usize> {
    let at = payload.as_ptr().addr().checked_sub(packet.data.as_ptr().addr())?;
    (at + payload.len() <= packet.data.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Carrier;
    use crate::tcp::Flags;

    fn origin(stream: u32, packets: (u64, u64)) -> Origin {
        let addresses = PerSide { client: ([10, 0, 0, 1], 5000).into(), server: ([10, 0, 0, 2], 80).into() };
        let compression = PerSide { client: None, server: None };
        Origin {
            id: Id { stream, http2_stream: 0, attempt: 0 },
            addresses,
            packets,
            is_tls: false,
            is_http2: false,
            compression,
        }
    }

    fn place(wanted: &Wanted, packet: u64) -> Option<usize> {
        let PerSide { client, server } = origin(0, (0, 0)).addresses;
        let (endpoints, from_low) = Endpoints::of(client, server);
        let mut carrier = Carrier::default();
        carrier.seen.packet = packet;
        let (flags, payload) = (Flags::ACK, &[][..]);
        let segment =
            Segment { carrier, endpoints, from_low, seq: 0, ack: 0, flags, window: 0, payload, payload_len: 0 };
        wanted.find(&segment).map(|(at, side)| {
            assert_eq!(side, Side::Client);
            at
        })
    }

    #[test]
    fn a_packet_is_of_the_connection_that_goes_on() {
        let mut wanted = Wanted::default();
        // One connection within another, one out of order, and one with the stream of the first.
        let connections = [(7, (10, 40)), (8, (20, 25)), (9, (50, 60)), (10, (1, 5)), (7, (70, 80))];
        connections.into_iter().for_each(|(stream, packets)| wanted.add(origin(stream, packets)));
        for (packets, at) in [
            (1..=5, Some(3)),
            (10..=19, Some(0)),
            (20..=25, Some(1)),
            (26..=40, Some(0)),
            (50..=60, Some(2)),
            (70..=80, Some(0)),
            (6..=9, None),
            (41..=49, None),
            (61..=69, None),
            (81..=90, None),
        ] {
            for packet in packets {
                assert_eq!(place(&wanted, packet), at, "{packet}");
            }
        }
    }
}
