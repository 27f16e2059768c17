//! Interface descriptions and statistics (draft-ietf-opsawg-pcapng §4.2, §4.6).
//!
//! ```text
//! Interface Description  LinkType:2  reserved:2  snaplen:4  options
//! Interface Statistics   interface:4  time high:4 low:4  options
//! ```

use nom::number::Endianness;
use nom::number::complete::{i64, u16, u32, u64};
use nom::{IResult, Parser};

use super::clock::Clock;
use super::options::options;
use crate::capture::{Drops, LinkType, Note};
use crate::limits;
use crate::seen::Timestamp;

pub(super) const IF_NAME: u16 = 2;
pub(super) const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;
pub(super) const ISB_IFDROP: u16 = 5;
pub(super) const ISB_OSDROP: u16 = 7;

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
    pub(super) dropped: u64,
    /// The time of the latest statistics that have one.
    pub(super) counted: Option<Timestamp>,
    /// Packets it missed while capturing, according to its packets.
    pub(super) lost: u64,
    /// The time of the last packet that had options or a count of lost packets.
    pub(super) marked: Option<Timestamp>,
}

impl Interface {
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

/// The contents of a statistics block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// The index of the interface in the section, from 0.
    pub(super) interface: u32,
    /// The time, in units of the interface's clock.
    pub(super) time: u64,
    /// Packets missed so far.
    pub(super) dropped: u64,
}

/// Parses the body of an Interface Description Block.
pub(super) fn description(body: &[u8], order: Endianness) -> IResult<&[u8], Interface> {
    let (body, (link_type, _reserved, snaplen)) = (u16(order), u16(order), u32(order)).parse(body)?;
    let (mut resolution, mut offset, mut name) = (None, 0, String::new());
    for (code, value) in options(body, order) {
        match code {
            IF_NAME => name = printable(value),
            IF_TSRESOL => resolution = value.first().copied(),
            IF_TSOFFSET => offset = seconds(value, order),
            _ => {}
        }
    }
    let clock = Clock::new(resolution, offset);
    Ok((
        &[],
        Interface {
            link_type: LinkType(link_type),
            snaplen,
            clock,
            name,
            dropped: 0,
            counted: None,
            lost: 0,
            marked: None,
        },
    ))
}

fn seconds(value: &[u8], order: Endianness) -> i64 {
    i64::<_, nom::error::Error<_>>(order)(value).map_or(0, |(_, seconds)| seconds)
}

fn printable(name: &[u8]) -> String {
    let name = name.get(..limits::INTERFACE_NAME).unwrap_or(name);
    String::from_utf8_lossy(name).chars().filter(|char| !char.is_control()).collect()
}

/// Parses the body of an Interface Statistics Block.
pub(super) fn statistics(body: &[u8], order: Endianness) -> IResult<&[u8], Counted> {
    let (body, (interface, high, low)) = (u32(order), u32(order), u32(order)).parse(body)?;
    let counts = options(body, order).filter(|(code, _)| matches!(*code, ISB_IFDROP | ISB_OSDROP));
    let dropped = counts
        .filter_map(|(_, value)| u64::<_, nom::error::Error<_>>(order)(value).ok())
        .fold(0, |sum: u64, (_, count)| sum.saturating_add(count));
    Ok((&[], Counted { interface, time: u64::from(high) << 32 | u64::from(low), dropped }))
}
