//! What is said of one file: counts, times, notes.

use super::window::Window;
use super::{Drops, Summary};
use crate::limits;
use crate::seen::Timestamp;

/// Counts of one file's packets, and notes on it.
#[derive(Debug)]
pub(super) struct Tally {
    /// Packets read.
    pub(super) packets: u64,
    earliest: Timestamp,
    latest: Timestamp,
    notes: Vec<String>,
    unkept: u64,
    skipped: Skipped,
    drops: Vec<Drops>,
}

/// Blocks passed over because they made no sense.
#[derive(Debug, Default)]
struct Skipped {
    count: u64,
    first: Option<(u64, &'static str)>,
}

impl Tally {
    /// Nothing seen yet.
    pub(super) fn new() -> Self {
        Self {
            packets: 0,
            earliest: Timestamp::from_nanos(i64::MAX),
            latest: Timestamp::from_nanos(i64::MIN),
            notes: Vec::new(),
            unkept: 0,
            skipped: Skipped::default(),
            drops: Vec::new(),
        }
    }

    /// Counts a packet.
    #[inline]
    pub(super) fn packet(&mut self, time: Timestamp) {
        self.packets = self.packets.saturating_add(1);
        self.earliest = self.earliest.min(time);
        self.latest = self.latest.max(time);
    }

    /// Adds a note.
    pub(super) fn note(&mut self, text: String) {
        if self.notes.len() < limits::NOTES {
            self.notes.push(text);
        } else {
            self.unkept = self.unkept.saturating_add(1);
        }
    }

    /// Packets were dropped within a span of time.
    pub(super) fn dropped(&mut self, span: Drops) {
        span.add_to(&mut self.drops);
    }

    /// Counts a block skipped, with the byte where it begins and what is wrong with it; only the first gets its words.
    pub(super) fn skipped(&mut self, position: u64, fault: &'static str) {
        self.skipped.count = self.skipped.count.saturating_add(1);
        self.skipped.first.get_or_insert((position, fault));
    }

    /// Notes how a file ended of which `window` holds no further whole `unit`.
    pub(super) fn ended(&mut self, window: &Window, unit: &str) {
        let (begins, ends) = (window.position(), window.read());
        let inside =
            if begins == ends { "" } else { &format!(", in the middle of the {unit} that begins at byte {begins}") };
        if let Some(error) = window.broken() {
            self.note(format!("{error}: reading ended at byte {ends} of the uncompressed capture{inside}"));
        } else if begins < ends {
            self.note(format!("the file is cut off at byte {ends}{inside}"));
        }
    }

    /// Notes that reading ended at what `window` holds, for `fault`.
    pub(super) fn corrupt(&mut self, window: &Window, fault: &str) {
        self.note(format!("reading ended at byte {}: {fault}", window.position()));
    }

    /// The summary of the file at `path`; `more` are notes that hold until now.
    pub(super) fn summary(&self, path: &str, format: &str, bytes: u64, more: impl Iterator<Item = String>) -> Summary {
        let seen = self.packets > 0;
        let mut notes = Vec::new();
        if let Some((position, fault)) = self.skipped.first {
            notes.push(match self.skipped.count {
                1 => format!("a corrupt block at byte {position} was skipped: {fault}"),
                count => format!("{count} corrupt blocks were skipped, the first at byte {position}: {fault}"),
            });
        }
        notes.extend(self.notes.iter().cloned());
        let room = limits::NOTES.saturating_sub(self.notes.len());
        let mut more = more.fuse();
        notes.extend(more.by_ref().take(room));
        let unkept = self.unkept.saturating_add(more.count() as u64);
        if unkept > 0 {
            notes.push(format!("{unkept} further notes were left out"));
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
            tally.skipped(position, "bad");
            tally.note(format!("{position}"));
        }
        let notes = tally.summary("a", "pcapng", 0, (0..10).map(|i| i.to_string())).notes;
        assert_eq!(notes.len(), limits::NOTES + 2);
        assert_eq!(notes[0], "5000 corrupt blocks were skipped, the first at byte 0: bad");
        assert_eq!(notes.last().unwrap(), &format!("{} further notes were left out", 5010 - limits::NOTES));
    }
}
