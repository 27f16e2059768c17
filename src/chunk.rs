//! Contiguous bytes of one direction and their carrier, as TCP delivers them to the protocols above it.

use crate::seen::Seen;

/// Contiguous bytes of one direction, or a gap in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
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
}

/// A chunk that is kept for later, because its meaning is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The segment that carried it.
    pub carrier: Carrier,
    /// Stream offset of its first byte.
    pub offset: u64,
    bytes: Vec<u8>,
    /// The length of the gap and its reason, if it is one.
    gap: Option<(u64, Missing)>,
}

impl Kept {
    /// Copies a chunk.
    pub fn new(carrier: &Carrier, offset: u64, chunk: Chunk<'_>) -> Self {
        let (bytes, gap) = match chunk {
            Chunk::Bytes(bytes) => (bytes.to_vec(), None),
            Chunk::Gap { len, missing } => (Vec::new(), Some((len, missing))),
        };
        Self { carrier: *carrier, offset, bytes, gap }
    }

    /// Returns the chunk.
    pub fn chunk(&self) -> Chunk<'_> {
        match self.gap {
            Some((len, missing)) => Chunk::Gap { len, missing },
            None => Chunk::Bytes(&self.bytes),
        }
    }

    /// Returns the number of bytes that it takes in memory.
    pub const fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }

    /// Drops the bytes before a stream offset.
    pub fn begin_at(&mut self, offset: u64) {
        let before = offset.saturating_sub(self.offset);
        self.bytes.drain(..self.bytes.len().min(usize::try_from(before).unwrap_or(usize::MAX)));
        self.offset = self.offset.saturating_add(before);
    }

    /// Appends the next chunk, as if the same segment had carried it. After a gap, bytes are added to the gap. Returns
    /// `false` for a gap after bytes, which cannot be appended.
    pub fn append(&mut self, chunk: Chunk<'_>) -> bool {
        match (&mut self.gap, chunk) {
            (Some((len, _)), Chunk::Bytes(bytes)) => *len = len.saturating_add(bytes.len() as u64),
            (Some((len, _)), Chunk::Gap { len: more, .. }) => *len = len.saturating_add(more),
            (None, Chunk::Bytes(bytes)) => self.bytes.extend_from_slice(bytes),
            (None, Chunk::Gap { .. }) => return false,
        }
        true
    }
}

/// The segment that carried a chunk or an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
