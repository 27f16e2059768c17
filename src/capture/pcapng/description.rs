//! The Interface Description Block (draft-ietf-opsawg-pcapng §4.2).
//!
//! ```text
//! LinkType:2  reserved:2  snaplen:4  options
//! ```

use nom::number::Endianness;
use nom::number::complete::{i64, u16, u32};
use nom::{IResult, Parser};

use super::clock::Clock;
use super::interface::Interface;
use super::options::options;
use crate::capture::LinkType;
use crate::limits;

pub(super) const IF_NAME: u16 = 2;
pub(super) const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// Parses the body of the block.
pub(super) fn parse(body: &[u8], order: Endianness) -> IResult<&[u8], Interface> {
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
    Ok((&[], Interface::new(LinkType(link_type), snaplen, Clock::new(resolution, offset), name)))
}

fn seconds(value: &[u8], order: Endianness) -> i64 {
    i64::<_, nom::error::Error<_>>(order)(value).map_or(0, |(_, seconds)| seconds)
}

fn printable(name: &[u8]) -> String {
    let name = name.get(..limits::INTERFACE_NAME).unwrap_or(name);
    String::from_utf8_lossy(name).chars().filter(|char| !char.is_control()).collect()
}
