//! The segments of a connection as bytes, so that they can be analysed later, and elsewhere.
//!
//! ```text
//! packets  time   captured  from_low  seq  ack  flags  window  ttl  len  payload
//!  since   since                                                    on the wire
//! the last one
//! ```

use serde::{Deserialize, Serialize};

use super::{Analyzer, Stream};
use crate::chunk::Carrier;
use crate::limits;
use crate::seen::{Seen, Timestamp};
use crate::sink::Sink;
use crate::tcp::{Endpoints, Flags, Segment};

/// The segments of one connection, in the order of the capture. Without sequence numbers of IP and without options of TCP: the
/// analysis uses neither.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    bytes: Vec<u8>,
    last: Seen,
}

/// A segment as it is recorded.
#[derive(Serialize, Deserialize)]
struct Recorded<'a> {
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
    #[serde(with = "serde_bytes", borrow)]
    payload: &'a [u8],
}

impl Recording {
    /// Adds a segment, whose packet has so many captured bytes. Returns the bytes that this takes.
    pub fn push(&mut self, segment: &Segment<'_>, captured: usize) -> usize {
        let (seen, before) = (segment.carrier.seen, self.bytes.len());
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
            payload: segment.payload,
        };
        // Writing to a vector never fails.
        self.bytes = postcard::to_extend(&recorded, std::mem::take(&mut self.bytes)).unwrap_or_default();
        self.last = seen;
        self.bytes.len() - before
    }

    /// Returns the number of bytes.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
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
        let (recorded, rest) = postcard::take_from_bytes::<Recorded<'r>>(self.rest).ok()?;
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
            payload: recorded.payload.get(..recorded.len as usize).unwrap_or(recorded.payload),
            payload_len: recorded.len.min(limits::PACKET as u32).max(recorded.payload.len() as u32),
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
