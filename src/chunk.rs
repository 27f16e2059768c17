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

/// The segment that carried something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// Its packet.
    pub seen: Seen,
    /// [`u64::MAX`] where it is not known: an `Option` would cost every connection 40 bytes.
    acked: u64,
    /// Its time to live.
    pub ttl: u8,
}

impl Carrier {
    /// A segment in that packet.
    pub fn new(seen: Seen, acked: Option<u64>, ttl: u8) -> Self {
        Self { seen, acked: acked.unwrap_or(u64::MAX), ttl }
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
