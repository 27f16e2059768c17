//! The three blocks that carry a packet (draft-ietf-opsawg-pcapng §4.3, §4.4, appendix A).
//!
//! ```text
//! Enhanced Packet  interface:4          time high:4 low:4  captured length:4  original length:4  data  [padding] [options]
//! Simple Packet                                                               original length:4  data  [padding]
//! Packet, obsolete interface:2 drops:2  time high:4 low:4  captured length:4  original length:4  data  [padding] [options]
//! ```

use nom::number::Endianness;
use nom::number::complete::{u16, u64};
use nom::{IResult, Parser};

use super::number::u32;
use super::options::{number, options};
use crate::limits;

/// The fields of a block about its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Captured {
    /// The index of the interface in the section, from 0.
    pub(super) interface: u32,
    /// The time, in units of the interface's clock. A Simple Packet Block has none.
    pub(super) time: Option<u64>,
    /// Bytes of the packet in the block.
    pub(super) captured: u32,
    /// Bytes on the wire.
    pub(super) length: u32,
    /// Packets lost before this one, if the block has a field for them; otherwise 0.
    pub(super) lost: u16,
}

pub(super) const EPB_FLAGS: u16 = 2;
pub(super) const EPB_DROPCOUNT: u16 = 4;

/// The value in an obsolete Packet Block if the number of lost packets is unknown.
const UNKNOWN: u16 = 0xffff;

/// Parses the body of an Enhanced Packet Block up to the packet's data. Fails if its lengths are impossible.
#[inline]
pub(super) fn enhanced(body: &[u8], order: Endianness) -> IResult<&[u8], Captured> {
    let (body, interface) = u32(order)(body)?;
    timed(body, order, interface)
}

/// Parses the body of an obsolete Packet Block, like [`enhanced`].
pub(super) fn obsolete(body: &[u8], order: Endianness) -> IResult<&[u8], Captured> {
    let (body, (interface, lost)) = (u16(order), u16(order)).parse(body)?;
    let (body, packet) = timed(body, order, interface.into())?;
    Ok((body, Captured { lost: if lost == UNKNOWN { 0 } else { lost }, ..packet }))
}

#[inline]
fn timed(body: &[u8], order: Endianness, interface: u32) -> IResult<&[u8], Captured> {
    let field = || u32(order);
    let (body, (high, low, captured, length)) = (field(), field(), field(), field()).parse(body)?;
    let time = Some(u64::from(high) << 32 | u64::from(low));
    plausible(body, Captured { interface, time, captured, length, lost: 0 })
}

/// Returns the number of packets lost between the previous packet of the same interface and this one, from the options
/// after its data; `None` if they do not say.
pub(super) fn lost(rest: &[u8], order: Endianness) -> Option<u64> {
    let (_, value) = options(rest, order).find(|(code, _)| *code == EPB_DROPCOUNT)?;
    u64::<_, nom::error::Error<_>>(order)(value).ok().map(|(_, count)| count)
}

/// Returns the flags of a packet, from the options after its data; `None` if it has none.
pub(super) fn flags(rest: &[u8], order: Endianness) -> Option<u32> {
    let (_, value) = options(rest, order).find(|(code, _)| *code == EPB_FLAGS)?;
    number(value, order)
}

/// Parses the body of a Simple Packet Block, like [`enhanced`]. It belongs to the first interface, and its packet is
/// cut to that interface's `snaplen` (0: none).
pub(super) fn simple(body: &[u8], order: Endianness, snaplen: u32) -> IResult<&[u8], Captured> {
    let (body, length) = u32(order)(body)?;
    let captured = if snaplen == 0 { length } else { length.min(snaplen) };
    plausible(body, Captured { interface: 0, time: None, captured, length, lost: 0 })
}

#[inline]
fn plausible(data: &[u8], packet: Captured) -> IResult<&[u8], Captured> {
    let captured = packet.captured as usize;
    let fits = captured <= data.len() && captured <= limits::PACKET && packet.captured <= packet.length;
    if fits { Ok((data, packet)) } else { nom::combinator::fail().parse(data) }
}
