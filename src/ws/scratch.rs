//! Buffers that all decoders of a thread share. They hold no state of a connection, except previews for a while.

use super::Previews;
use super::deflate::Permits;
use crate::limits;

/// Buffers to unmask and to inflate into.
#[derive(Debug)]
pub struct Scratch {
    plain: Vec<u8>,
    inflated: Vec<u8>,
    permits: Permits,
    /// The beginnings of messages.
    pub previews: Previews,
}

/// The part of a [`Scratch`] that reading a message needs, while the other part is borrowed for the unmasked bytes.
#[derive(Debug)]
pub struct Inflating<'s> {
    /// The buffer for inflated bytes.
    pub inflated: &'s mut [u8],
    /// The permits to create inflaters.
    pub permits: &'s Permits,
    /// The beginnings of messages.
    pub previews: &'s mut Previews,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            plain: vec![0; limits::SCRATCH],
            inflated: vec![0; limits::SCRATCH],
            permits: Permits::default(),
            previews: Previews::default(),
        }
    }
}

impl Scratch {
    /// Sets how many inflaters the decoders may have at once. Has to be called before the first frame.
    pub fn limit_inflaters(&mut self, most: usize) {
        self.permits = Permits::new(most);
    }

    /// Returns the buffer for unmasked bytes, and the rest.
    #[inline]
    pub fn split(&mut self) -> (&mut [u8], Inflating<'_>) {
        let Self { plain, inflated, permits, previews } = self;
        (plain, Inflating { inflated, permits, previews })
    }
}
