//! Contiguous bytes of one direction of a layer's stream, as each layer delivers them to the one above it.
//!
//! A byte has two numbers. Its offset is its position in the stream of its own layer, and identifies it. What it needs is
//! a number of TCP bytes: a receiver can know the byte only once it has received that many, which is what its segments
//! acknowledge. On plain TCP both are the same number. The bytes of a TLS record all need its last byte:
//!
//! ```text
//! offset         0   1   2   3   4 │ 5   6   7          the plaintext of two records
//! needed        27  27  27  27  27 │52  52  52          header:5, ciphertext, tag:16 …
//! ```

use crate::seen::{Seen, Sights};
use crate::side::PerSide;

/// Contiguous bytes of one direction of a layer's stream, or a gap in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The place of its first byte.
    pub place: Place<'a>,
    /// The bytes.
    pub data: Data<'a>,
}

/// The contents of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// The next bytes of the stream.
    Bytes(&'a [u8]),
    /// The next `len` bytes of the stream were not captured.
    Gap {
        /// The number of missing bytes.
        len: u64,
        /// The reason.
        missing: Missing,
    },
}

/// The reason that bytes are missing from a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No packet with them was captured, although the receiver has them, or later ones.
    NeverCaptured,
    /// The packet was captured, but its end was cut off by the snaplen.
    CutBySnaplen,
    /// The TLS records, or the frames of HTTP/2, that hold them were not captured, or could not be decrypted. Their
    /// number is an estimate.
    Undecrypted,
}

/// A place in one direction of a layer's stream, and the segment that carried what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The segment; the last one, if a layer has put the bytes together from several.
    pub carrier: &'a Carrier,
    /// Bytes of the layer's stream before it.
    pub offset: u64,
    /// What the bytes around it need.
    pub wire: Wire,
}

/// What bytes need: the number of bytes of their direction's TCP stream that a receiver must have received to know
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    needed: u64,
    /// All bits if each byte needs one TCP byte more than the byte before it; none if all need the same.
    step: u64,
}

impl<'a> Chunk<'a> {
    /// Creates a chunk of bytes of the TCP stream itself, which begin at its byte `offset`.
    pub const fn of_tcp(carrier: &'a Carrier, offset: u64, data: Data<'a>) -> Self {
        Self { place: Place { carrier, offset, wire: Wire::plain(offset) }, data }
    }

    /// Returns the chunk without its first `len` bytes. A gap is left as it is.
    pub fn after(self, len: usize) -> Self {
        match self.data {
            Data::Bytes(bytes) => {
                Self { place: self.place.after(len), data: Data::Bytes(bytes.get(len..).unwrap_or_default()) }
            }
            Data::Gap { .. } => self,
        }
    }
}

impl Place<'_> {
    /// Returns the place `len` bytes further on in the same chunk.
    #[inline]
    pub const fn after(self, len: usize) -> Self {
        let len = len as u64;
        Self { carrier: self.carrier, offset: self.offset.saturating_add(len), wire: self.wire.after(len) }
    }

    /// Returns the TCP bytes that the bytes before the place need, as far as they are in the same chunk.
    pub const fn needed(self) -> u64 {
        self.wire.needed()
    }
}

impl Wire {
    /// Creates the wire of bytes that travel as they are: those before the place need `needed` TCP bytes, and each one
    /// after it needs one more.
    pub const fn plain(needed: u64) -> Self {
        Self { needed, step: u64::MAX }
    }

    /// Creates the wire of bytes that are known all at once, with the TCP byte before `needed`: those of a TLS record,
    /// which its receiver has to authenticate first.
    pub const fn record(needed: u64) -> Self {
        Self { needed, step: 0 }
    }

    /// Returns whether the bytes travel as they are.
    pub const fn is_plain(self) -> bool {
        self.step > 0
    }

    /// Returns the wire `len` bytes further on.
    #[inline]
    pub const fn after(self, len: u64) -> Self {
        Self { needed: self.needed.saturating_add(len & self.step), step: self.step }
    }

    /// Returns the TCP bytes that everything before this place needs.
    #[inline]
    pub const fn needed(self) -> u64 {
        self.needed
    }
}

/// A chunk that is kept for later, because its meaning is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    carrier: Carrier,
    offset: u64,
    wire: Wire,
    bytes: Vec<u8>,
    /// The length of the gap and its reason, if it is one.
    gap: Option<(u64, Missing)>,
}

impl Kept {
    /// Copies a chunk.
    pub fn new(chunk: Chunk<'_>) -> Self {
        let (bytes, gap) = match chunk.data {
            Data::Bytes(bytes) => (bytes.to_vec(), None),
            Data::Gap { len, missing } => (Vec::new(), Some((len, missing))),
        };
        let Place { carrier, offset, wire } = chunk.place;
        Self { carrier: *carrier, offset, wire, bytes, gap }
    }

    /// Returns the chunk.
    pub fn chunk(&self) -> Chunk<'_> {
        let data = match self.gap {
            Some((len, missing)) => Data::Gap { len, missing },
            None => Data::Bytes(&self.bytes),
        };
        Chunk { place: Place { carrier: &self.carrier, offset: self.offset, wire: self.wire }, data }
    }

    /// Returns the segment that carried it.
    pub const fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    /// Returns the number of bytes that it takes in memory.
    pub const fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }

    /// Drops the bytes before an offset of the stream.
    pub fn begin_at(&mut self, offset: u64) {
        let before = offset.saturating_sub(self.offset);
        self.bytes.drain(..self.bytes.len().min(usize::try_from(before).unwrap_or(usize::MAX)));
        self.offset = self.offset.saturating_add(before);
        self.wire = self.wire.after(before);
    }

    /// Appends the next chunk, as if the same segment had carried it: its bytes then need what the last of them needs.
    /// After a gap, bytes are added to the gap. Returns `false` for a gap after bytes, which cannot be appended.
    pub fn append(&mut self, chunk: Chunk<'_>) -> bool {
        match (&mut self.gap, chunk.data) {
            (Some((len, _)), Data::Bytes(bytes)) => *len = len.saturating_add(bytes.len() as u64),
            (Some((len, _)), Data::Gap { len: more, .. }) => *len = len.saturating_add(more),
            (None, Data::Bytes(bytes)) => {
                let wire = chunk.place.wire;
                if self.wire.after(self.bytes.len() as u64) != wire {
                    self.wire = Wire::record(wire.after(bytes.len() as u64).needed());
                }
                self.bytes.extend_from_slice(bytes);
            }
            (None, Data::Gap { .. }) => return false,
        }
        true
    }
}

/// The segment that carried a chunk or an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Carrier {
    /// Its packet.
    pub seen: Seen,
    /// The acknowledged bytes; [`u64::MAX`] if unknown. An `Option` would cost every connection 40 bytes.
    acked: u64,
    /// Its time to live, or hop limit. A reset forged on the way often has a different one from its supposed sender.
    pub ttl: u8,
}

impl Carrier {
    /// Creates the carrier for a segment in packet `seen`.
    pub fn new(seen: Seen, acked: Option<u64>, ttl: u8) -> Self {
        Self { seen, acked: acked.unwrap_or(u64::MAX), ttl }
    }

    /// Sets the number of bytes that it acknowledges.
    #[inline]
    pub fn acknowledges(&mut self, acked: Option<u64>) {
        self.acked = acked.unwrap_or(u64::MAX);
    }

    /// Returns the number of bytes of the *other* direction that it acknowledges, counted from that stream's first
    /// byte; `None` if unknown. An endpoint cannot react to bytes that it has not received, which refutes some
    /// suspected causes.
    pub fn acked(&self) -> Option<u64> {
        (self.acked != u64::MAX).then_some(self.acked)
    }
}

impl Default for Carrier {
    fn default() -> Self {
        Self::new(Seen::default(), None, 0)
    }
}

impl Sights for Carrier {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        visit(&mut self.seen);
    }
}

// Here, because neither a side nor a packet knows the other.
impl<T: Sights> Sights for PerSide<T> {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        self.client.each_seen(visit);
        self.server.each_seen(visit);
    }
}
