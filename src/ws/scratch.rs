//! Buffers that all decoders of a thread share: nothing of a connection stays in them.

use super::Previews;
use super::deflate::Permits;
use crate::limits;

/// Room to unmask and to inflate.
#[derive(Debug)]
pub struct Scratch {
    plain: Vec<u8>,
    inflated: Vec<u8>,
    permits: Permits,
    /// How messages began.
    pub previews: Previews,
}

/// What reading a message needs, while the other part of a [`Scratch`] lends the unmasked bytes.
#[derive(Debug)]
pub struct Inflating<'s> {
    /// Room for inflated bytes.
    pub inflated: &'s mut [u8],
    /// The right to make an inflater.
    pub permits: &'s Permits,
    /// How messages began.
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
    /// Room for unmasked bytes, and what reading them needs.
    #[inline]
    pub fn split(&mut self) -> (&mut [u8], Inflating<'_>) {
        let Self { plain, inflated, permits, previews } = self;
        (plain, Inflating { inflated, permits, previews })
    }
}
