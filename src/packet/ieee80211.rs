//! Wireless frames, with and without a radiotap header (IEEE 802.11 §9; <https://www.radiotap.org>).

use nom::bytes::complete::take;
use nom::combinator::{cond, verify};
use nom::multi::many0_count;
use nom::number::complete::{le_u16, le_u32, u8};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::body::Body;
use super::walk::{Found, Walk};
use super::{Skipped, ethernet};

/// Parses a radiotap header, which gives its own length and the fields it has, and the frame after it. The header may
/// also announce a checksum at the end of the frame, but IP gives the end of its packet.
///
/// ```text
/// | version 1 | 0 | length 2 LE | present 4 LE, bit 31: another follows … | fields, each aligned to its size … |
/// ```
pub(super) fn radiotap<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const NAME: &str = "radiotap";
    const PADDED: u8 = 0x20;
    let ((length, flags), read) = body.peel(NAME, radiotap_flags)?;
    let length = usize::from(length);
    if length < body.length.saturating_sub(read.length) {
        return Err(Skipped::Broken(NAME));
    }
    frame(walk, body.skip(NAME, length)?, flags & PADDED != 0)
}

/// Parses the header's length, and the field of flags (0 if absent): the second field, after the clock of 8 bytes.
fn radiotap_flags(input: &[u8]) -> IResult<&[u8], (u16, u8), ()> {
    const CLOCK: u32 = 1 << 0;
    const FLAGS: u32 = 1 << 1;
    const MORE: u32 = 1 << 31;
    let (fields, (length, present)) = (preceded(take(2usize), le_u16), le_u32).parse(input)?;
    let (fields, further) = cond(
        present & MORE != 0,
        (many0_count(verify(le_u32, |word| word & MORE != 0)), le_u32).map(|(count, _)| count + 1),
    )
    .parse(fields)?;
    // The fields begin after 8 bytes and 4 for each further word, so an odd number of further words requires padding
    // before the clock.
    let alignment = if further.unwrap_or(0) % 2 == 1 { 4usize } else { 0 };
    let (fields, _) = cond(present & CLOCK != 0, (take(alignment), take(8usize))).parse(fields)?;
    let (fields, flags) = cond(present & FLAGS != 0, u8).parse(fields)?;
    Ok((fields, (length, flags.unwrap_or(0))))
}

/// Parses a frame. An encrypted one is only reported as encrypted.
///
/// ```text
/// | control 2 | duration 2 | addresses 3 × 6 | sequence 2 | [ address 6 ] | [ QoS 2 ] | [ HT control 4 ] | LLC
/// ```
pub(super) fn frame<'a>(walk: Walk, body: Body<'a>, padded: bool) -> Found<'a> {
    let (header, mut rest) = body.peel("802.11", header)?;
    if padded {
        let length = body.length.saturating_sub(rest.length);
        rest = rest.skip("802.11", length.next_multiple_of(4) - length)?;
    }
    match header {
        Header { data: false, .. } => Err(Skipped::NotTcp),
        Header { protected: true, .. } => Err(Skipped::Encrypted("802.11")),
        Header { fragmented: true, .. } => Err(Skipped::Unsupported("fragmented 802.11 frame")),
        Header { aggregate: true, .. } => Err(Skipped::Unsupported("802.11 A-MSDU")),
        _ => ethernet::llc(walk.deeper()?, rest),
    }
}

/// The parts of the header that decide how to read on.
struct Header {
    /// Whether it is a data frame that carries data, not a management or control frame.
    data: bool,
    protected: bool,
    fragmented: bool,
    /// Whether it aggregates several frames.
    aggregate: bool,
}

/// Parses the control field, and the fields that it announces.
///
/// ```text
/// byte 0: | subtype 4: QoS 8, no data 4 | type 2: data 2 | version 2 |
/// byte 1: | order 80 | protected 40 | more data 20 | power 10 | retry 08 | more fragments 04 | from DS 02 | to DS 01 |
/// ```
fn header(input: &[u8]) -> IResult<&[u8], Header, ()> {
    const AGGREGATE: u16 = 0x80;
    let (rest, (kind, flags)) = (u8, u8).parse(input)?;
    let data = kind & 0x0c == 0x08 && kind & 0x40 == 0;
    if !data {
        return Ok((rest, Header { data, protected: false, fragmented: false, aggregate: false }));
    }
    let qos = kind & 0x80 != 0;
    let (rest, sequence) = preceded(take(20usize), le_u16).parse(rest)?;
    let (rest, _) = cond(flags & 0x03 == 0x03, take(6usize)).parse(rest)?;
    let (rest, qos_control) = cond(qos, le_u16).parse(rest)?;
    let (rest, _) = cond(qos && flags & 0x80 != 0, take(4usize)).parse(rest)?;
    let header = Header {
        data,
        protected: flags & 0x40 != 0,
        fragmented: flags & 0x04 != 0 || sequence & 0x000f != 0,
        aggregate: qos_control.is_some_and(|control| control & AGGREGATE != 0),
    };
    Ok((rest, header))
}
