//! The headers of a pcap file (draft-ietf-opsawg-pcap), as bytes.
//!
//! ```text
//! file    magic:4  major:2 minor:2  reserved:4  reserved:4  snaplen:4  FCS:4bit 0:12bit LinkType:16bit
//! record  seconds:4  micro- or nanoseconds:4  captured length:4  original length:4  [modified: index:4 protocol:2 type:1 0:1]
//! ```

use nom::bytes::complete::take;
use nom::combinator::{fail, map_opt};
use nom::number::Endianness;
use nom::number::complete::{be_u32, u32};
use nom::{IResult, Parser};

use crate::capture::LinkType;
use crate::limits;
use crate::seen::Timestamp;

/// Bytes of the file header.
pub(super) const FILE_HEADER: usize = 24;

/// The contents of the file header, which hold for every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileHeader {
    /// The variant's name.
    pub(super) format: &'static str,
    /// The byte order of the file.
    pub(super) order: Endianness,
    /// Nanoseconds per unit of a timestamp's second half.
    pub(super) unit: u32,
    /// Bytes of a record header.
    pub(super) record_header: usize,
    /// The link type of every packet.
    pub(super) link_type: LinkType,
}

struct Variant {
    magic: u32,
    format: &'static str,
    unit: u32,
    record_header: usize,
}

/// The variants. The last is that of Alexey Kuznetzov's patched libpcap of 1999, which old appliances still write.
const VARIANTS: [Variant; 3] = [
    Variant { magic: 0xa1b2_c3d4, format: "pcap", unit: 1000, record_header: 16 },
    Variant { magic: 0xa1b2_3c4d, format: "pcap (ns)", unit: 1, record_header: 16 },
    Variant { magic: 0xa1b2_cd34, format: "pcap (modified)", unit: 1000, record_header: 24 },
];

/// Returns whether a file with these first bytes claims to be pcap.
pub(in crate::capture) fn is_pcap(input: &[u8]) -> bool {
    variant(input).is_ok()
}

fn variant(input: &[u8]) -> IResult<&[u8], (&'static Variant, Endianness)> {
    let known = |magic| VARIANTS.iter().find(|variant| variant.magic == magic);
    map_opt(be_u32, |magic| match known(magic) {
        Some(variant) => Some((variant, Endianness::Big)),
        None => known(magic.swap_bytes()).map(|variant| (variant, Endianness::Little)),
    })
    .parse(input)
}

/// Parses the file header.
pub(super) fn file_header(input: &[u8]) -> IResult<&[u8], FileHeader> {
    let (input, (&Variant { format, unit, record_header, .. }, order)) = variant(input)?;
    let (input, _versions_reserved_snaplen) = take(16usize)(input)?;
    let (input, link_type) = u32(order)(input)?;
    // The upper half describes the frame check sequence.
    let link_type = LinkType((link_type & 0xffff) as u16);
    Ok((input, FileHeader { format, order, unit, record_header, link_type }))
}

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The time of capture.
    pub(super) time: Timestamp,
    /// Bytes of the packet in the file, which follow.
    pub(super) captured: u32,
    /// Bytes on the wire.
    pub(super) length: u32,
}

/// Splits a record off the bytes that are held of a file: its header, its packet, and what follows. Returns `None` if it is
/// not held whole, or if its lengths are impossible.
#[inline]
pub(super) fn whole_record<'a>(file: &FileHeader, held: &'a [u8]) -> Option<(Record, &'a [u8], &'a [u8])> {
    let (_, next) = record(file, held).ok()?;
    let (whole, rest) = held.split_at_checked(file.record_header.saturating_add(next.captured as usize))?;
    Some((next, whole.get(file.record_header..)?, rest))
}

/// Parses the header of a record. Fails if its lengths are impossible.
#[inline]
pub(super) fn record<'a>(file: &FileHeader, input: &'a [u8]) -> IResult<&'a [u8], Record> {
    let (input, fields) = take(16usize)(input)?;
    let is_big = file.order == Endianness::Big;
    let number = |bytes| if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    let (&[seconds, fraction, captured, length], []) = fields.as_chunks() else { return fail().parse(input) };
    let [seconds, fraction, captured, length] = [seconds, fraction, captured, length].map(number);
    if captured > length || captured as usize > limits::PACKET {
        return fail().parse(input);
    }
    // Below 2^32 * (10^9 + 1000), which fits into an i64.
    let time = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * i64::from(file.unit);
    Ok((input, Record { time: Timestamp::from_nanos(time), captured, length }))
}
