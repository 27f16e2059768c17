//! The segments of a connection as bytes, so that they can be analysed later, and elsewhere.
//!
//! ```text
//! packets  time   captured  from_low  seq  ack  flags  window  ttl  len  payload
//!  since   since                                                    on the wire
//! the last one
//! ```
//!
//! Most recordings are thrown away when their connection ends. So they are kept in chunks, which the next ones use again.

use serde::{Deserialize, Serialize};

use super::{Analyzer, Stream};
use crate::chunk::Carrier;
use crate::limits;
use crate::seen::{Seen, Timestamp};
use crate::sink::Sink;
use crate::tcp::{Endpoints, Flags, Segment};

/// The segments of one connection, in the order of the capture. Without sequence numbers of IP and without options of TCP: the
/// analysis uses neither.
#[derive(Debug, Default)]
pub struct Recording {
    /// The chunks, of which all but the last one are full.
    chunks: Vec<Chunk>,
    last: Seen,
}

/// A piece of a recording, at most as long as its capacity of [`CHUNK`].
type Chunk = Vec<u8>;

/// The length of a chunk in bytes: that of an opening handshake and a little more, so that little of the last one is unused.
const CHUNK: usize = 1024;

/// The chunks that no recording uses.
#[derive(Debug, Default)]
pub struct Chunks(Vec<Chunk>);

/// A segment as it is recorded, but for its payload.
#[derive(Serialize, Deserialize)]
struct Recorded {
    packets: u64,
    nanos: i64,
    captured: u32,
    from_low: bool,
    seq: u32,
    ack: u32,
    flags: u8,
    window: u16,
    ttl: u8,
    len: u32,
    /// The bytes of the payload, which follow.
    payload: usize,
}

/// The most bytes that a [`Recorded`] takes: one for every 7 bits of each number.
const HEAD: usize = 64;

impl Recording {
    /// Adds a segment, whose packet has so many captured bytes. Returns the bytes of memory that this takes.
    pub fn push(&mut self, segment: &Segment<'_>, captured: usize, unused: &mut Chunks) -> usize {
        let (seen, before) = (segment.carrier.seen, self.size());
        let recorded = Recorded {
            packets: seen.packet.wrapping_sub(self.last.packet),
            nanos: seen.time.as_nanos().wrapping_sub(self.last.time.as_nanos()),
            captured: u32::try_from(captured).unwrap_or(u32::MAX),
            from_low: segment.from_low,
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags.0,
            window: segment.window,
            ttl: segment.carrier.ttl,
            len: segment.payload_len,
            payload: segment.payload.len(),
        };
        let mut room = [0; HEAD];
        // There is room for all numbers.
        let head = postcard::to_slice(&recorded, &mut room).unwrap_or_default();
        self.append(head, unused);
        self.append(segment.payload, unused);
        self.last = seen;
        self.size() - before
    }

    fn append(&mut self, mut bytes: &[u8], unused: &mut Chunks) {
        while !bytes.is_empty() {
            let Some(chunk) = self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) else {
                self.chunks.push(unused.0.pop().unwrap_or_else(|| Chunk::with_capacity(CHUNK)));
                continue;
            };
            let (now, rest) = bytes.split_at(bytes.len().min(CHUNK - chunk.len()));
            chunk.extend_from_slice(now);
            bytes = rest;
        }
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.size() - self.chunks.last().map_or(0, |last| CHUNK - last.len())
    }

    /// Returns the bytes of memory that it takes.
    pub const fn size(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    /// Throws the recording away. Its chunks are used again.
    pub fn recycle(mut self, unused: &mut Chunks) {
        self.chunks.iter_mut().for_each(Vec::clear);
        unused.0.append(&mut self.chunks);
    }

    /// Returns the bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.chunks.concat()
    }
}

/// The segments of a recording, one after another.
#[derive(Clone, Debug)]
pub struct Replayed<'r> {
    rest: &'r [u8],
    endpoints: Endpoints,
    last: Seen,
    /// The number of packets before the recording's first one.
    before: u64,
}

impl<'r> Replayed<'r> {
    /// Creates the replay of the connection between these endpoints. Its packets are numbered behind so many others.
    pub fn new(bytes: &'r [u8], endpoints: Endpoints, before: u64) -> Self {
        Self { rest: bytes, endpoints, last: Seen::default(), before }
    }

    /// Returns the next segment, and the number of captured bytes of its packet; `None` at the end, or where the bytes are
    /// damaged.
    fn next(&mut self) -> Option<(Segment<'r>, usize)> {
        let (recorded, mut rest) = postcard::take_from_bytes::<Recorded>(self.rest).ok()?;
        let payload = rest.split_off(..recorded.payload)?;
        self.rest = rest;
        let time = Timestamp::from_nanos(self.last.time.as_nanos().wrapping_add(recorded.nanos));
        self.last = Seen { packet: self.last.packet.wrapping_add(recorded.packets), time };
        let seen = Seen { packet: self.before.saturating_add(self.last.packet), time };
        let segment = Segment {
            carrier: Carrier::new(seen, None, recorded.ttl),
            endpoints: self.endpoints,
            from_low: recorded.from_low,
            seq: recorded.seq,
            ack: recorded.ack,
            flags: Flags(recorded.flags),
            window: recorded.window,
            payload: payload.get(..recorded.len as usize).unwrap_or(payload),
            payload_len: recorded.len.min(limits::PACKET as u32).max(payload.len() as u32),
        };
        Some((segment, recorded.captured as usize))
    }
}

impl<'r> Iterator for Replayed<'r> {
    type Item = (Segment<'r>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        Replayed::next(self)
    }
}

impl Analyzer {
    /// Processes the segment of a recording. Returns its connection.
    pub(crate) fn replay(
        &mut self,
        (mut segment, captured): (Segment<'_>, usize),
        sink: &mut impl Sink,
    ) -> Option<Stream> {
        let Seen { packet, time } = segment.carrier.seen;
        self.followed.meet_bytes((packet, time, captured), sink);
        let hint = self.followed.hint(&segment);
        self.followed.push(&mut segment, hint, sink)
    }
}
