//! Packets that are in memory together.

use std::ops::Range;

use arrayvec::ArrayVec;

use super::window::Window;
use super::{LinkType, Packet, Source};
use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

/// Packets in their order, lent until their source moves on.
pub type Batch<'a> = ArrayVec<Packet<'a>, { limits::BATCH }>;

/// A packet, and where in a window its bytes lie.
pub(super) struct Placed {
    pub number: u64,
    pub time: Timestamp,
    pub link_type: LinkType,
    pub length: u32,
    pub data: Range<usize>,
}

impl Placed {
    /// The packet with its bytes.
    #[inline]
    pub fn lent(self, window: &Window) -> Packet<'_> {
        let Self { number, time, link_type, length, data } = self;
        Packet { number, time, link_type, data: window.lent(data), length }
    }
}

/// A reader of a window.
pub(super) trait Windowed: Source {
    /// Its window.
    fn window(&mut self) -> &mut Window;

    /// The packet that it has moved to.
    fn placed(&self) -> Placed;

    /// Moves on over the next packet, and over those behind it that need no reading: its [`Source::batch`].
    #[inline]
    fn in_memory(&mut self) -> Result<Batch<'_>, Error> {
        let mut batch = ArrayVec::<_, { limits::BATCH }>::new();
        if self.advance()? {
            batch.push(self.placed());
            self.window().keep_still(true);
            // An error here only says that there is something to read first.
            while !batch.is_full() && matches!(self.advance(), Ok(true)) {
                batch.push(self.placed());
            }
            self.window().keep_still(false);
        }
        let window = &*self.window();
        Ok(batch.into_iter().map(|placed| placed.lent(window)).collect())
    }
}
