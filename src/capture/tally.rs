//! The tally of one file: counts, times and notes.

use super::window::Window;
use super::{Drops, Fault, Inside, Note, Summary, Unit};
use crate::limits;
use crate::seen::Timestamp;

/// The counts of one file's packets, and the notes on it.
#[derive(Debug)]
pub(super) struct Tally {
    /// Packets read.
    pub(super) packets: u64,
    earliest: Timestamp,
    latest: Timestamp,
    notes: Vec<Note>,
    unkept: u64,
    skipped: Skipped,
    drops: Vec<Drops>,
    /// Whether the file was read to its end.
    has_ended: bool,
}

/// Invalid blocks that were skipped.
#[derive(Debug, Default)]
struct Skipped {
    count: u64,
    first: Option<(u64, Fault)>,
}

impl Tally {
    /// Returns an empty tally.
    pub(super) fn new() -> Self {
        Self {
            packets: 0,
            earliest: Timestamp::from_nanos(i64::MAX),
            latest: Timestamp::from_nanos(i64::MIN),
            notes: Vec::new(),
            unkept: 0,
            skipped: Skipped::default(),
            drops: Vec::new(),
            has_ended: false,
        }
    }

    /// Counts a packet.
    #[inline]
    pub(super) fn packet(&mut self, time: Timestamp) {
        self.packets = self.packets.saturating_add(1);
        self.earliest = self.earliest.min(time);
        self.latest = self.latest.max(time);
    }

    /// Adds a note. After [`limits::NOTES`], notes are only counted.
    pub(super) fn note(&mut self, note: Note) {
        if self.notes.len() < limits::NOTES {
            self.notes.push(note);
        } else {
            self.unkept = self.unkept.saturating_add(1);
        }
    }

    /// Adds a span of time in which packets were dropped.
    pub(super) fn dropped(&mut self, span: Drops) {
        span.add_to(&mut self.drops);
    }

    /// Counts a skipped block, with its offset and its fault. Only the first of each is kept.
    pub(super) fn skipped(&mut self, position: u64, fault: Fault) {
        self.skipped.count = self.skipped.count.saturating_add(1);
        self.skipped.first.get_or_insert((position, fault));
    }

    /// Notes how a file ended. `window` holds no further whole `unit`.
    pub(super) fn ended(&mut self, window: &Window, unit: Unit) {
        self.has_ended = true;
        let (begins, at) = (window.position(), window.read());
        let inside = (begins < at).then_some(Inside { unit, begins });
        if let Some(damage) = window.broken() {
            self.note(Note::Damaged { damage: damage.clone(), at, inside });
        } else if inside.is_some() {
            self.note(Note::CutOff { at, inside });
        }
    }

    /// Notes that reading ended at the bytes that `window` holds, because of `fault`.
    pub(super) fn corrupt(&mut self, window: &Window, fault: Fault) {
        self.note(Note::Unreadable { at: window.position(), fault });
    }

    /// Returns the number of bytes of the file that have been taken, including `passed` of those that `window` holds.
    /// These are all bytes once the end was reached. Bytes only read ahead are never counted.
    pub(super) fn bytes(&self, window: &Window, passed: usize) -> u64 {
        if self.has_ended { window.read() } else { window.position().saturating_add(passed as u64) }
    }

    /// Returns the summary of the file at `path`. `more` holds further notes on its present state.
    pub(super) fn summary(&self, path: &str, format: &str, bytes: u64, more: impl Iterator<Item = Note>) -> Summary {
        let seen = self.packets > 0;
        let mut notes = Vec::new();
        if let Some((at, fault)) = self.skipped.first {
            notes.push(Note::Skipped { count: self.skipped.count, at, fault });
        }
        notes.extend(self.notes.iter().cloned());
        let room = limits::NOTES.saturating_sub(self.notes.len());
        let mut more = more.fuse();
        notes.extend(more.by_ref().take(room));
        let count = self.unkept.saturating_add(more.count() as u64);
        if count > 0 {
            notes.push(Note::LeftOut { count });
        }
        Summary {
            path: path.to_owned(),
            format: format.to_owned(),
            packets: self.packets,
            bytes,
            first: seen.then_some(self.earliest),
            last: seen.then_some(self.latest),
            notes,
            drops: self.drops.clone(),
            ..Summary::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_extremes_whatever_their_order() {
        let mut tally = Tally::new();
        assert_eq!(tally.summary("a", "pcap", 0, [].into_iter()).first, None);
        for nanos in [5, -3, 9] {
            tally.packet(Timestamp::from_nanos(nanos));
        }
        let summary = tally.summary("a", "pcap", 7, [].into_iter());
        assert_eq!(summary.first, Some(Timestamp::from_nanos(-3)));
        assert_eq!(summary.last, Some(Timestamp::from_nanos(9)));
        assert_eq!((summary.packets, summary.bytes), (3, 7));
    }

    #[test]
    fn notes_are_bounded_and_counted() {
        let mut tally = Tally::new();
        for position in 0..5000 {
            tally.skipped(position, Fault::TooShort);
            tally.note(Note::CutOff { at: position, inside: None });
        }
        let more = (0..10).map(|at| Note::CutOff { at, inside: None });
        let notes = tally.summary("a", "pcapng", 0, more).notes;
        assert_eq!(notes.len(), limits::NOTES + 2);
        assert_eq!(notes[0], Note::Skipped { count: 5000, at: 0, fault: Fault::TooShort });
        assert_eq!(*notes.last().unwrap(), Note::LeftOut { count: 5010 - limits::NOTES as u64 });
    }
}
