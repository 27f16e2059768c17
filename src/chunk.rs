//! Contiguous bytes of one direction, and what carried them: what TCP hands to the protocols above it.

use crate::seen::Seen;

/// Contiguous bytes of one direction, or the lack of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    /// The next bytes of the stream.
    Bytes(&'a [u8]),
    /// The next `len` bytes of the stream were not captured.
    Gap {
        /// Bytes missing.
        len: u64,
        /// Why.
        missing: Missing,
    },
}

/// Why bytes are missing from a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No packet with them was captured, though the receiver has them, or later ones.
    NeverCaptured,
    /// The packet was captured, but its end was cut off by the snaplen.
    CutBySnaplen,
}

/// A chunk that is kept for later, by what cannot tell yet what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its segment.
    pub carrier: Carrier,
    /// Stream offset of its first byte.
    pub offset: u64,
    bytes: Vec<u8>,
    /// What is missing instead.
    gap: Option<(u64, Missing)>,
}

impl Kept {
    /// A copy of a chunk.
    pub fn new(carrier: &Carrier, offset: u64, chunk: Chunk<'_>) -> Self {
        let (bytes, gap) = match chunk {
            Chunk::Bytes(bytes) => (bytes.to_vec(), None),
            Chunk::Gap { len, missing } => (Vec::new(), Some((len, missing))),
        };
        Self { carrier: *carrier, offset, bytes, gap }
    }

    /// The chunk.
    pub fn chunk(&self) -> Chunk<'_> {
        match self.gap {
            Some((len, missing)) => Chunk::Gap { len, missing },
            None => Chunk::Bytes(&self.bytes),
        }
    }

    /// Bytes that it takes to keep it.
    pub const fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }

    /// Drops what stands before a stream offset.
    pub fn begin_at(&mut self, offset: u64) {
        let before = offset.saturating_sub(self.offset);
        self.bytes.drain(..self.bytes.len().min(usize::try_from(before).unwrap_or(usize::MAX)));
        self.offset = self.offset.saturating_add(before);
    }

    /// Adds the chunk that follows, as if the same segment had brought it; behind a gap, it is missing as well. `false`
    /// where it cannot be added.
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

/// The segment that carried something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// Its packet.
    pub seen: Seen,
    /// [`u64::MAX`] where it is not known: an `Option` would cost every connection 40 bytes.
    acked: u64,
    /// Its time to live, or hop limit: a reset forged on the way often has another than its supposed sender.
    pub ttl: u8,
}

impl Carrier {
    /// A segment in that packet.
    pub fn new(seen: Seen, acked: Option<u64>, ttl: u8) -> Self {
        Self { seen, acked: acked.unwrap_or(u64::MAX), ttl }
    }

    /// Notes what it acknowledges.
    #[inline]
    pub fn acknowledges(&mut self, acked: Option<u64>) {
        self.acked = acked.unwrap_or(u64::MAX);
    }

    /// Bytes of the *other* direction that it acknowledges, counted from that stream's first byte.
    /// An endpoint cannot react to bytes it has not received: this is what refutes a suspected cause.
    pub fn acked(&self) -> Option<u64> {
        (self.acked != u64::MAX).then_some(self.acked)
    }
}

impl Default for Carrier {
    fn default() -> Self {
        Self::new(Seen::default(), None, 0)
    }
}
