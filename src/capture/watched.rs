//! A source whose packets are also shown to an observer, for a second pass over a capture.

use super::{Batch, Marks, Packet, Source, Summary};
use crate::error::Error;

/// A source of the first packets of another one, which also shows each to an observer.
pub struct Watched<S, W> {
    source: S,
    /// The packets that are still to come.
    left: u64,
    watch: W,
}

impl<S: Source, W: FnMut(&Packet<'_>)> Watched<S, W> {
    /// Creates a source of at most `most` packets. `watch` is called with each before it is returned.
    pub const fn new(source: S, most: u64, watch: W) -> Self {
        Self { source, left: most, watch }
    }
}

impl<S: Source, W: FnMut(&Packet<'_>)> Source for Watched<S, W> {
    fn advance(&mut self) -> Result<bool, Error> {
        let is_there = self.left > 0 && self.source.advance()?;
        if is_there {
            self.left -= 1;
            (self.watch)(&self.source.packet());
        }
        Ok(is_there)
    }

    fn packet(&self) -> Packet<'_> {
        self.source.packet()
    }

    fn batch(&mut self) -> Result<Batch<'_>, Error> {
        if self.left == 0 {
            return Ok(Batch::new());
        }
        let mut batch = self.source.batch()?;
        batch.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= batch.len() as u64;
        batch.iter().for_each(&mut self.watch);
        Ok(batch)
    }

    fn takes_time(&self) -> bool {
        self.source.takes_time()
    }

    fn marks(&self) -> Marks {
        self.source.marks()
    }

    fn take_secrets(&mut self) -> Vec<u8> {
        self.source.take_secrets()
    }

    fn summaries(&self) -> Vec<Summary> {
        self.source.summaries()
    }
}
