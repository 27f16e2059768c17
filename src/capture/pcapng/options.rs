//! Options at the end of a pcapng block (draft-ietf-opsawg-pcapng §3.5).
//!
//! ```text
//! code:2  length:2  value  [padding to 4]   …   0:2  0:2
//! ```

use nom::bytes::complete::take;
use nom::combinator::opt;
use nom::multi::length_data;
use nom::number::Endianness;
use nom::number::complete::u16;
use nom::{IResult, Parser};

use super::number::u32;

/// The code that marks the end. It may be missing.
const END_OF_OPTIONS: u16 = 0;

/// Returns the options at the start of `input`, each with its code and value. Ends before one that is cut off.
pub(super) fn options(mut input: &[u8], order: Endianness) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (rest, (code, value)) = option(input, order).ok()?;
        input = rest;
        (code != END_OF_OPTIONS).then_some((code, value))
    })
    .fuse()
}

/// Returns the number that the value of an option begins with; `None` if it is too short.
pub(super) fn number(value: &[u8], order: Endianness) -> Option<u32> {
    u32(order)(value).ok().map(|(_, number)| number)
}

fn option(input: &[u8], order: Endianness) -> IResult<&[u8], (u16, &[u8])> {
    let (input, code) = u16(order)(input)?;
    let (input, value) = length_data(u16(order)).parse(input)?;
    let padding = value.len().wrapping_neg() % 4;
    let (input, _padding) = opt(take(padding)).parse(input)?;
    Ok((input, (code, value)))
}
