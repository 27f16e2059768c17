//! Blocks of packets that several threads read, and that are filled again once all of them are done.
//!
//! ```text
//!   Source ─ Block::fill ─┬── Arc<Lent> ──────→ Receiver
//!                 ↑       └── Arc<Lent> ──────→ Receiver
//!                 └───── the last one to drop it gives it back
//! ```

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::block::{Block, Deal};
use super::{Source, Summary};
use crate::error::Error;
use crate::limits;

/// A block that several threads read. It is filled again after the last one has dropped it.
#[derive(Debug)]
pub(crate) struct Lent {
    /// The block.
    pub(crate) block: Block,
    empty: SyncSender<Block>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        // There is room for all blocks; and nobody fills them any more if this was the last one.
        drop(self.empty.try_send(std::mem::take(&mut self.block)));
    }
}

/// The end of a source that was read in blocks.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// The error that ended it.
    pub(crate) error: Option<Error>,
    /// One summary for each file.
    pub(crate) summaries: Vec<Summary>,
}

/// A source whose blocks of packets all go to the same readers.
pub(super) struct Filling {
    source: Box<dyn Source + Send>,
    readers: Vec<SyncSender<Arc<Lent>>>,
    /// The blocks that can be filled, and the way back to them.
    blocks: Receiver<Block>,
    empty: SyncSender<Block>,
    /// The key logs that come before the next block.
    coming: Vec<u8>,
}

impl Filling {
    pub(super) fn new(source: Box<dyn Source + Send>, readers: Vec<SyncSender<Arc<Lent>>>, deal: Deal) -> Self {
        let count = limits::BLOCKS + readers.len();
        let (empty, blocks) = sync_channel(count);
        (0..count).for_each(|_| drop(empty.try_send(Block::new(deal))));
        Self { source, readers, blocks, empty, coming: Vec::new() }
    }

    /// Fills the next block and sends it to all readers; waits until there is one, and for readers that have not taken
    /// the blocks before it. Returns the source's end after its last block, or if no reader is left.
    pub(super) fn send(&mut self) -> Option<End> {
        // The channel is never disconnected: its other end is here, too.
        let mut block = self.blocks.recv().ok()?;
        let filled = block.fill(&mut *self.source, &mut self.coming);
        let lent = Arc::new(Lent { block, empty: self.empty.clone() });
        let takers = self.readers.iter().filter(|reader| reader.send(Arc::clone(&lent)).is_ok()).count();
        let is_over = !matches!(filled, Ok(true)) || takers == 0;
        is_over.then(|| End { error: filled.err(), summaries: self.source.summaries() })
    }
}
