//! The interfaces of a section, with counts of the packets that they missed.

use super::clock::Clock;
use super::statistics::Counted;
use crate::capture::{Drops, LinkType, Note};
use crate::seen::Timestamp;

/// An interface of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    /// The link type of its packets.
    pub(super) link_type: LinkType,
    /// Bytes kept of each packet; 0 for all.
    pub(super) snaplen: u32,
    /// The clock of its timestamps.
    pub(super) clock: Clock,
    /// The system's name for it; empty if the capture does not say.
    pub(super) name: String,
    /// Packets it missed while capturing, according to its statistics.
    dropped: u64,
    /// The time of the latest statistics that have one.
    counted: Option<Timestamp>,
    /// Packets it missed while capturing, according to its packets.
    pub(super) lost: u64,
    /// The time of the last packet that had options or a count of lost packets.
    pub(super) marked: Option<Timestamp>,
}

impl Interface {
    /// Returns an interface that has missed no packets so far.
    pub(super) const fn new(link_type: LinkType, snaplen: u32, clock: Clock, name: String) -> Self {
        Self { link_type, snaplen, clock, name, dropped: 0, counted: None, lost: 0, marked: None }
    }

    /// Returns the number of packets it missed while capturing, as far as is known. Both counts are of the same
    /// packets, so the larger one is used.
    pub(super) fn missed(&self) -> u64 {
        self.dropped.max(self.lost)
    }

    /// Takes over its next statistics. Returns the span in which packets were dropped that were not counted before; `None`
    /// if there were none.
    pub(super) fn count(&mut self, counted: Counted) -> Option<Drops> {
        // Writers without a clock write 0.
        let time = Some(counted.time).filter(|units| *units > 0).map(|units| self.clock.time(units));
        let after = self.counted.unwrap_or(Timestamp::from_nanos(i64::MIN));
        let until = time.unwrap_or(Timestamp::from_nanos(i64::MAX));
        self.counted = time.or(self.counted);
        let has_grown = counted.dropped > self.missed();
        self.dropped = self.dropped.max(counted.dropped);
        has_grown.then_some(Drops { after, until })
    }
}

/// Returns a note for each interface that missed packets.
pub(super) fn drops(interfaces: &[Interface]) -> impl Iterator<Item = Note> {
    interfaces.iter().enumerate().filter(|(_, interface)| interface.missed() > 0).map(|(id, interface)| {
        let (count, name) = (interface.missed(), interface.name.clone());
        Note::Dropped { count, interface: if name.is_empty() { id.to_string() } else { name } }
    })
}
