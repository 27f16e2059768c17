//! The bytes of one direction of a connection, all of them.

use crate::limits;
use crate::tcp::sequence::distance;
use crate::tcp::{Flags, Segment};

/// One direction. The first copy of a byte counts.
#[derive(Debug, Default)]
pub struct Stream {
    /// Sequence number and stream offset of the segment before.
    last: Option<(u32, i64)>,
    bytes: Vec<u8>,
    /// Which of them were captured.
    known: Vec<bool>,
}

impl Stream {
    /// Where a segment's payload lies in the stream; the segments before it must have been seen.
    pub fn place(&mut self, segment: &Segment<'_>) -> Option<usize> {
        let seq = if segment.flags.has(Flags::SYN) { segment.seq.wrapping_add(1) } else { segment.seq };
        let at = self.last.map_or(0, |(before, at)| at + distance(before, seq));
        self.last = Some((seq, at));
        usize::try_from(at).ok().filter(|at| at + segment.payload.len() <= limits::SLICED_STREAM)
    }

    /// Takes a segment; where its payload lies, if it is kept.
    pub fn push(&mut self, segment: &Segment<'_>) -> Option<usize> {
        let at = self.place(segment)?;
        let end = at + segment.payload.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
            self.known.resize(end, false);
        }
        let (bytes, known) = (self.bytes.get_mut(at..end), self.known.get_mut(at..end));
        for ((byte, known), new) in bytes.into_iter().flatten().zip(known.into_iter().flatten()).zip(segment.payload) {
            if !std::mem::replace(known, true) {
                *byte = *new;
            }
        }
        Some(at)
    }

    /// Its bytes, zero where they were not captured.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The runs of a range that were captured.
    pub fn captured(&self, range: std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
        let known = self.known.get(range.clone()).unwrap_or_default();
        let mut at = range.start;
        let runs = known.chunk_by(|a, b| a == b).filter_map(|run| {
            let start = at;
            at += run.len();
            run.first().is_some_and(|known| *known).then_some(start..at)
        });
        runs.collect()
    }

    /// Whether all of a range was captured.
    pub fn has(&self, range: std::ops::Range<usize>) -> bool {
        self.known.get(range).is_some_and(|known| known.iter().all(|known| *known))
    }
}
