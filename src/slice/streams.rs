//! The bytes of one direction of a connection, as far as they were captured.

use std::collections::BTreeMap;
use std::ops::Range;

use super::room::Room;
use crate::limits;
use crate::tcp::sequence::distance;
use crate::tcp::{Flags, Segment};

/// The size up to which a run grows, in bytes. A larger one would be copied again and again.
const RUN: usize = 64 * 1024;

/// Bytes that a run takes in memory in addition to its own, for the allocator.
const OVERHEAD: usize = 16;
/// The same for the place of a run in the tree, where all but the first run of a stream are. Half of a node may be
/// empty.
const IN_TREE: usize = 96;

/// The positions of one direction's segments in its stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// The sequence number and the stream offset of the previous segment.
    last: Option<(u32, i64)>,
}

impl Place {
    /// Returns the stream offset of a segment's payload; `None` outside the bytes that are rewritten. Must be called
    /// with every segment in turn.
    pub fn of(&mut self, segment: &Segment<'_>) -> Option<usize> {
        let seq = if segment.flags.has(Flags::SYN) { segment.seq.wrapping_add(1) } else { segment.seq };
        let at = self.last.map_or(0, |(before, at)| at + distance(before, seq));
        self.last = Some((seq, at));
        usize::try_from(at).ok().filter(|at| at + segment.payload.len() <= limits::SLICED_STREAM)
    }
}

/// The bytes of one direction. The first copy of a byte wins. Bytes that were not captured take no memory.
///
/// The runs of captured bytes do not overlap; some follow each other without a hole. Most streams have one run, and it
/// is held without a tree, because there may be very many streams, of a head and a few frames each.
#[derive(Debug, Default)]
pub struct Stream {
    /// The run that begins first; empty if there is none.
    first: Vec<u8>,
    /// The offset of that run.
    start: u32,
    /// The offset after the last byte of any segment.
    end: u32,
    /// The other runs, by their offsets.
    #[expect(clippy::box_collection, reason = "hardly any stream has some, and there are very many streams")]
    others: Option<Box<BTreeMap<usize, Vec<u8>>>>,
}

impl Stream {
    /// Adds bytes at an offset. Returns whether there was room for all of them.
    pub fn push(&mut self, mut at: usize, mut bytes: &[u8], room: &mut Room) -> bool {
        self.end = self.end.max(offset(at + bytes.len()));
        while !bytes.is_empty() {
            let known = self.last_run(at).map_or(0, |(start, run)| start + run.len());
            let taken = match known.checked_sub(at) {
                Some(known @ 1..) => known.min(bytes.len()),
                _ => {
                    let next = self.runs(at + 1..usize::MAX).next().map_or(usize::MAX, |(start, _)| start);
                    let new = bytes.get(..bytes.len().min(next - at)).unwrap_or_default();
                    let Some(added) = self.add(at, new, room) else { return false };
                    added
                }
            };
            (at, bytes) = (at + taken, bytes.get(taken..).unwrap_or_default());
        }
        true
    }

    /// Adds bytes of which none is known, or the first of them. Returns how many were added; `None` if there is no
    /// room.
    fn add(&mut self, at: usize, bytes: &[u8], room: &mut Room) -> Option<usize> {
        if let Some((start, run)) = self.last_run_mut(at)
            && start + run.len() == at
            && run.len() < RUN
        {
            let more = bytes.get(..bytes.len().min(RUN - run.len())).unwrap_or_default();
            return room.grow(run, more.len(), RUN).then(|| {
                run.extend_from_slice(more);
                more.len()
            });
        }
        if self.first.is_empty() {
            return room.take(OVERHEAD + bytes.len()).then(|| {
                (self.first, self.start) = (bytes.to_vec(), offset(at));
                bytes.len()
            });
        }
        room.take(OVERHEAD + IN_TREE + bytes.len()).then(|| {
            let (mut at, mut run) = (at, bytes.to_vec());
            if at < self.start as usize {
                let before = std::mem::replace(&mut self.start, offset(at));
                (at, run) = (before as usize, std::mem::replace(&mut self.first, run));
            }
            self.others.get_or_insert_default().insert(at, run);
            bytes.len()
        })
    }

    /// Returns the last run that begins at or before an offset.
    fn last_run(&self, at: usize) -> Option<(usize, &[u8])> {
        let first = (!self.first.is_empty() && self.start as usize <= at).then(|| (self.start as usize, &*self.first));
        let others = self.others.iter().find_map(|others| others.range(..=at).next_back());
        others.map(|(start, run)| (*start, &**run)).or(first)
    }

    fn last_run_mut(&mut self, at: usize) -> Option<(usize, &mut Vec<u8>)> {
        let start = self.start as usize;
        let first = (!self.first.is_empty() && start <= at).then_some((start, &mut self.first));
        let others = self.others.iter_mut().find_map(|others| others.range_mut(..=at).next_back());
        others.map(|(start, run)| (*start, run)).or(first)
    }

    /// Returns the runs that begin in a range.
    fn runs(&self, range: Range<usize>) -> impl Iterator<Item = (usize, &[u8])> {
        let start = self.start as usize;
        let first = (!self.first.is_empty() && range.contains(&start)).then_some((start, &*self.first));
        let others = self.others.iter().flat_map(move |others| others.range(range.clone()));
        first.into_iter().chain(others.map(|(start, run)| (*start, &**run)))
    }

    /// Returns the offset after the last byte of any segment, captured or not.
    pub const fn end(&self) -> usize {
        self.end as usize
    }

    /// Drops the bytes from an offset on.
    pub fn truncate(&mut self, end: usize) {
        if let Some(others) = &mut self.others {
            drop(others.split_off(&end));
        }
        if let Some((start, run)) = self.last_run_mut(end) {
            run.truncate(end - start);
        } else {
            self.first = Vec::new();
        }
        self.end = self.end.min(offset(end));
    }

    /// Returns a copy of a range, with zeros where it was not captured.
    pub fn copy(&self, range: Range<usize>) -> Vec<u8> {
        let mut bytes = vec![0; range.len()];
        for (at, piece) in self.pieces(&range) {
            let at = at - range.start;
            bytes.get_mut(at..at + piece.len()).unwrap_or_default().copy_from_slice(piece);
        }
        bytes
    }

    /// Overwrites the bytes from an offset on, where they were captured.
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        self.change(at..at + bytes.len(), |offset, piece| {
            piece.copy_from_slice(bytes.get(offset..offset + piece.len()).unwrap_or_default());
        });
    }

    /// Overwrites a range with zeros, where it was captured.
    pub fn blank(&mut self, range: Range<usize>) {
        self.change(range, |_, piece| piece.fill(0));
    }

    /// Returns the parts of a range that were captured.
    pub fn captured(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        for (at, piece) in self.pieces(&range) {
            match parts.last_mut().filter(|last| last.end == at) {
                Some(last) => last.end += piece.len(),
                None => parts.push(at..at + piece.len()),
            }
        }
        parts
    }

    /// Returns whether all of a range was captured.
    pub fn has(&self, range: Range<usize>) -> bool {
        self.pieces(&range).map(|(_, piece)| piece.len()).sum::<usize>() == range.len()
    }

    /// Returns the captured bytes of a range in pieces, each with its offset.
    fn pieces(&self, range: &Range<usize>) -> impl Iterator<Item = (usize, &[u8])> {
        let (from, to) = (range.start, range.end);
        self.runs(self.around(range)).filter_map(move |(at, run)| {
            let first = from.saturating_sub(at);
            let piece = run.get(first..run.len().min(to.saturating_sub(at))).filter(|piece| !piece.is_empty())?;
            Some((at + first, piece))
        })
    }

    /// Calls `change` with the captured bytes of a range in pieces, each with its offset in the range.
    fn change(&mut self, range: Range<usize>, mut change: impl FnMut(usize, &mut [u8])) {
        let around = self.around(&range);
        let first = (self.start as usize, &mut self.first);
        let others = self.others.iter_mut().flat_map(|others| others.range_mut(around.clone()));
        for (at, run) in std::iter::once(first).chain(others.map(|(at, run)| (*at, run))) {
            let first = range.start.saturating_sub(at);
            let last = run.len().min(range.end.saturating_sub(at));
            if let Some(piece) = run.get_mut(first..last).filter(|piece| !piece.is_empty()) {
                change(at + first - range.start, piece);
            }
        }
    }

    /// Returns the range in which all runs with bytes of `range` begin.
    fn around(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.last_run(range.start).map_or(range.start, |(start, _)| start);
        first..range.end.max(first)
    }
}

/// Converts an offset. All that are rewritten fit: see [`limits::SLICED_STREAM`].
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The expected stream: a byte or none at each offset.
    type Model = Vec<Option<u8>>;

    const LENGTH: usize = 400;

    fn pushed(segments: &[(usize, Vec<u8>)]) -> (Stream, Model) {
        let (mut stream, mut model, mut room) = (Stream::default(), vec![None; LENGTH], Room::default());
        for (at, bytes) in segments {
            assert!(stream.push(*at, bytes, &mut room));
            for (known, new) in model[*at..].iter_mut().zip(bytes) {
                *known = known.or(Some(*new));
            }
        }
        (stream, model)
    }

    fn is_as(stream: &Stream, model: &[Option<u8>], range: Range<usize>) {
        let part = &model[range.clone()];
        assert_eq!(stream.copy(range.clone()), part.iter().map(|byte| byte.unwrap_or(0)).collect::<Vec<_>>());
        assert_eq!(stream.has(range.clone()), part.iter().all(Option::is_some));
        let captured = stream.captured(range.clone());
        assert!(captured.windows(2).all(|pair| pair[0].end < pair[1].start), "{captured:?}");
        let is_captured = |at: &usize| captured.iter().any(|part| part.contains(at));
        assert!(range.clone().all(|at| is_captured(&at) == model[at].is_some()));
    }

    fn segments() -> impl Strategy<Value = Vec<(usize, Vec<u8>)>> {
        proptest::collection::vec((0..300_usize, proptest::collection::vec(any::<u8>(), 0..100)), 0..40)
    }

    proptest! {
        #[test]
        fn a_stream_is_as_one_that_holds_every_byte(
            segments in segments(),
            ranges in proptest::collection::vec((0..LENGTH, 0..LENGTH), 8),
            end in 0..LENGTH,
        ) {
            let (mut stream, mut model) = pushed(&segments);
            let whole = segments.iter().map(|(at, bytes)| at + bytes.len()).max().unwrap_or(0);
            assert_eq!(stream.end(), whole);
            for (one, other) in &ranges {
                is_as(&stream, &model, *one.min(other)..*one.max(other));
            }
            let (one, other) = ranges[0];
            let changed = one.min(other)..one.max(other);
            stream.put(changed.start, &vec![7; changed.len()]);
            model[changed].iter_mut().flatten().for_each(|byte| *byte = 7);
            is_as(&stream, &model, 0..LENGTH);
            stream.truncate(end);
            model[end..].fill(None);
            is_as(&stream, &model, 0..LENGTH);
            assert_eq!(stream.end(), whole.min(end));
        }
    }

    #[test]
    fn holes_take_no_room() {
        let (mut stream, mut room) = (Stream::default(), Room::of(4 * (OVERHEAD + 4) + 3 * IN_TREE));
        for at in [0, limits::SLICED_STREAM - 4, 1 << 20, 1 << 24] {
            assert!(stream.push(at, b"text", &mut room));
        }
        assert!(!stream.push(1 << 25, b"text", &mut room));
        assert_eq!(stream.captured(0..limits::SLICED_STREAM).len(), 4);
        // Known bytes take no room.
        assert!(stream.push(1 << 24, b"text", &mut room));
    }

    #[test]
    fn runs_grow_only_so_far() {
        let (mut stream, mut room) = (Stream::default(), Room::default());
        for at in (0..4 * RUN).step_by(100) {
            assert!(stream.push(at, &[1; 100], &mut room));
        }
        let others = stream.others.as_ref().unwrap();
        assert!(others.values().chain([&stream.first]).all(|run| run.capacity() <= RUN));
        assert_eq!((others.len(), stream.captured(0..4 * RUN).len()), (4, 1));
    }
}
