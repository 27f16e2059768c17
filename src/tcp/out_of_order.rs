//! Bytes of a stream that arrived out of order.
//!
//! The first copy of a byte wins: of a later segment, only the parts that are not held yet are kept.

use std::collections::BTreeMap;

use crate::chunk::Carrier;
use crate::limits;

/// Segments that wait for bytes before them, without overlaps. Most connections never have any.
#[derive(Debug, Default)]
pub(super) struct OutOfOrder(Option<Box<Pieces>>);

#[derive(Debug, Default)]
struct Pieces {
    /// The segments, by the stream offset of their first bytes.
    pieces: BTreeMap<u64, Piece>,
    bytes: usize,
    conflicts: u32,
}

/// A segment, or the new part of one.
#[derive(Debug)]
pub(super) struct Piece {
    pub carrier: Carrier,
    /// Bytes on the wire.
    pub len: u64,
    /// The captured bytes.
    pub bytes: Vec<u8>,
}

impl OutOfOrder {
    /// Returns the bytes held, including the overhead of holding them: a segment of one byte takes a hundred.
    pub fn size(&self) -> usize {
        let size_of = |held: &Pieces| held.pieces.len().saturating_mul(size_of::<(u64, Piece)>());
        self.0.as_deref().map_or(0, |held| held.bytes.saturating_add(size_of(held)))
    }

    /// Returns the number of overlaps with different contents.
    pub fn conflicts(&self) -> u32 {
        self.0.as_ref().map_or(0, |held| held.conflicts)
    }

    /// Returns whether nothing is held, and no overlap with different contents has to be reported.
    pub fn is_unused(&self) -> bool {
        self.0.as_ref().is_none_or(|held| held.pieces.is_empty() && held.conflicts == 0)
    }

    /// Returns the stream offset of the first segment.
    pub fn first(&self) -> Option<u64> {
        self.0.as_ref()?.pieces.keys().next().copied()
    }

    /// Returns the segment that begins at `offset`.
    pub fn at(&self, offset: u64) -> Option<&Piece> {
        self.0.as_ref()?.pieces.get(&offset)
    }

    /// Returns whether more is held than allowed.
    pub fn over_bounds(&self) -> bool {
        let is_over = |held: &Pieces| {
            held.bytes > limits::OUT_OF_ORDER_BYTES || held.pieces.len() > limits::OUT_OF_ORDER_SEGMENTS
        };
        self.0.as_deref().is_some_and(is_over)
    }

    /// Keeps those parts of a segment that are not held yet.
    pub fn insert(&mut self, carrier: &Carrier, start: u64, len: u64, bytes: &[u8]) {
        let all = self.0.get_or_insert_default();
        let end = start.saturating_add(len);
        let slice = |from: u64, to: u64| {
            let at = |offset: u64| usize::try_from(offset - start).unwrap_or(usize::MAX).min(bytes.len());
            bytes.get(at(from)..at(to)).unwrap_or_default()
        };
        let mut fresh = Vec::new();
        let mut at = start;
        let before = all.pieces.range(..start).next_back().map(|(key, _)| *key).unwrap_or(start);
        for (&held_start, held) in all.pieces.range(before..end) {
            let held_end = held_start.saturating_add(held.len);
            if held_end <= at {
                continue;
            }
            if held_start > at {
                fresh.push((at, held_start));
                at = held_start;
            }
            let overlap_end = held_end.min(end);
            let first_copy =
                held.bytes.get(usize::try_from(at - held_start).unwrap_or(usize::MAX)..).unwrap_or_default();
            let second_copy = slice(at, overlap_end);
            if first_copy.iter().zip(second_copy).any(|(first, second)| first != second) {
                all.conflicts = all.conflicts.saturating_add(1);
            }
            at = overlap_end;
        }
        if at < end {
            fresh.push((at, end));
        }
        for (from, to) in fresh {
            let bytes = slice(from, to).to_vec();
            all.bytes = all.bytes.saturating_add(bytes.len());
            all.pieces.insert(from, Piece { carrier: *carrier, len: to - from, bytes });
        }
    }

    /// Removes and returns the first segment if it begins at or before `offset`.
    pub fn take_until(&mut self, offset: u64) -> Option<(u64, Piece)> {
        let held = self.0.as_mut()?;
        let entry = held.pieces.first_entry().filter(|entry| *entry.key() <= offset)?;
        let (start, piece) = entry.remove_entry();
        held.bytes = held.bytes.saturating_sub(piece.bytes.len());
        Some((start, piece))
    }
}
