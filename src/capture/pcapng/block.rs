//! The frame of every pcapng block, and the section header (draft-ietf-opsawg-pcapng §3.1, §4.1).
//!
//! ```text
//! type:4  total length:4  body  [padding to 4]  total length:4
//!                         body of a section header: byte-order magic:4  major:2 minor:2  section length:8  options
//! ```

use nom::bytes::complete::take;
use nom::combinator::{map_opt, peek, verify};
pub(super) use nom::number::Endianness;
use nom::number::complete::{be_u32, u16};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::number::u32;
use crate::limits;

/// Bytes of the shortest block, and the number of bytes that [`head`] looks at.
pub(super) const SHORTEST: usize = 12;

/// Bytes of the total length repeated at the end.
const TRAILER: usize = 4;

/// Block types.
pub(super) mod kind {
    pub(in super::super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub(in super::super) const INTERFACE_DESCRIPTION: u32 = 1;
    pub(in super::super) const PACKET: u32 = 2;
    pub(in super::super) const SIMPLE_PACKET: u32 = 3;
    pub(in super::super) const INTERFACE_STATISTICS: u32 = 5;
    pub(in super::super) const ENHANCED_PACKET: u32 = 6;
    pub(in super::super) const DECRYPTION_SECRETS: u32 = 10;
    /// Of macOS, from the range for local use.
    pub(in super::super) const PROCESS_EVENT: u32 = 0x8000_0001;
}

/// The head of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The type: one of [`kind`], or another.
    pub(super) kind: u32,
    /// Bytes of the block, including padding and both lengths.
    pub(super) length: usize,
    /// The byte order of the block: that of its section, or the one that a section header announces.
    pub(super) order: Endianness,
}

impl Head {
    /// Returns the number of bytes of the block before `rest`, which is what a parser left of its [`body`].
    #[inline]
    pub(super) fn before(&self, rest: &[u8]) -> usize {
        self.length.saturating_sub(TRAILER).saturating_sub(rest.len())
    }
}

/// Parses the head of a block in a section of byte order `order`. Fails if its length is impossible.
#[inline]
pub(super) fn head(input: &[u8], order: Endianness) -> IResult<&[u8], Head> {
    let (input, kind) = u32(order)(input)?;
    // This type is the same in both byte orders.
    let (input, order) = if kind == kind::SECTION_HEADER { announced_order(input)? } else { (input, order) };
    let (input, length) = map_opt(u32(order), |length| {
        // Some writers leave the padding out of the length.
        let length = (length as usize).checked_next_multiple_of(4)?;
        (SHORTEST..=limits::BLOCK).contains(&length).then_some(length)
    })
    .parse(input)?;
    Ok((input, Head { kind, length, order }))
}

/// Reads the byte order that a section header announces after its length, without consuming anything.
fn announced_order(input: &[u8]) -> IResult<&[u8], Endianness> {
    let magic = map_opt(be_u32, |magic| match magic {
        0x1a2b_3c4d => Some(Endianness::Big),
        0x4d3c_2b1a => Some(Endianness::Little),
        _ => None,
    });
    peek(preceded(be_u32, magic)).parse(input)
}

/// Returns whether a file with these first bytes claims to be pcapng.
pub(in crate::capture) fn is_pcapng(input: &[u8]) -> bool {
    head(input, Endianness::Big).is_ok_and(|(_, head)| head.kind == kind::SECTION_HEADER)
}

/// Parses a whole block. Returns the body between its two lengths; fails if they differ.
#[inline]
pub(super) fn body(block: &[u8], order: Endianness) -> IResult<&[u8], &[u8]> {
    let (input, length) = preceded(be_u32, u32(order)).parse(block)?;
    let (input, body) = take(input.len().saturating_sub(TRAILER))(input)?;
    let (input, _) = verify(u32(order), |&again| again == length).parse(input)?;
    Ok((input, body))
}

/// Parses the body of a section header. Returns the major version; fails if it is unknown.
pub(super) fn section_header(body: &[u8], order: Endianness) -> IResult<&[u8], u16> {
    preceded(be_u32, verify(u16(order), |&major| major == 1)).parse(body)
}
