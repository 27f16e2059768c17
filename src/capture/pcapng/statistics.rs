//! The Interface Statistics Block (draft-ietf-opsawg-pcapng §4.6).
//!
//! ```text
//! interface:4  time high:4 low:4  options
//! ```

use nom::number::Endianness;
use nom::number::complete::{u32, u64};
use nom::{IResult, Parser};

use super::options::options;

pub(super) const ISB_IFDROP: u16 = 5;
pub(super) const ISB_OSDROP: u16 = 7;

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

/// Parses the body of the block.
pub(super) fn parse(body: &[u8], order: Endianness) -> IResult<&[u8], Counted> {
    let (body, (interface, high, low)) = (u32(order), u32(order), u32(order)).parse(body)?;
    let counts = options(body, order).filter(|(code, _)| matches!(*code, ISB_IFDROP | ISB_OSDROP));
    let dropped = counts
        .filter_map(|(_, value)| u64::<_, nom::error::Error<_>>(order)(value).ok())
        .fold(0, |sum: u64, (_, count)| sum.saturating_add(count));
    Ok((&[], Counted { interface, time: u64::from(high) << 32 | u64::from(low), dropped }))
}
