//! Frames of HTTP/2 (RFC 9113 §4.1, §6).
//!
//! ```text
//! ├ length ┼ type ┼ flags ┼ R, stream ┼ payload …
//!     3       1       1        4
//! ```

use nom::bytes::complete::take;
use nom::combinator::{map, map_opt, rest};
use nom::multi::fold_many0;
use nom::number::complete::{be_u8, be_u16, be_u32};
use nom::{IResult, Parser};

/// Bytes of a frame's header.
pub const HEADER: usize = 9;

/// The bytes that a client sends first (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type(pub u8);

impl Type {
    /// Bytes of a stream.
    pub const DATA: Self = Self(0);
    /// A block of header fields, or its beginning.
    pub const HEADERS: Self = Self(1);
    /// The priority of a stream; deprecated.
    pub const PRIORITY: Self = Self(2);
    /// The end of a stream at once.
    pub const RST_STREAM: Self = Self(3);
    /// What an endpoint is ready for.
    pub const SETTINGS: Self = Self(4);
    /// The announcement of a response without a request.
    pub const PUSH_PROMISE: Self = Self(5);
    /// A check of the connection.
    pub const PING: Self = Self(6);
    /// The announcement that no more streams are served.
    pub const GOAWAY: Self = Self(7);
    /// Room for more bytes of DATA.
    pub const WINDOW_UPDATE: Self = Self(8);
    /// More of a block.
    pub const CONTINUATION: Self = Self(9);
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of its payload.
    pub length: u32,
    /// Its type.
    pub kind: Type,
    /// Its flags, whose meaning depends on the type.
    pub flags: u8,
    /// Whether the reserved bit is set.
    pub reserved: bool,
    /// Its stream; 0 for the connection.
    pub stream: u32,
}

impl Header {
    /// Returns whether its sender sends no more on the stream.
    pub fn ends_stream(self) -> bool {
        matches!(self.kind, Type::DATA | Type::HEADERS) && self.flags & 1 != 0
    }

    /// Returns whether its block ends with it.
    pub const fn ends_block(self) -> bool {
        self.flags & 4 != 0
    }

    /// Returns whether padding follows its contents.
    pub const fn is_padded(self) -> bool {
        self.flags & 8 != 0
    }
}

/// The announcement that its sender serves no streams beyond `last` (RFC 9113 §6.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoAway<'a> {
    /// The last stream of the other side that it has dealt with, or may deal with.
    pub last: u32,
    /// The error code; 0 for none.
    pub code: u32,
    /// Text for people.
    pub debug: &'a [u8],
}

/// Parses a frame's header.
#[inline]
pub fn header(input: &[u8]) -> IResult<&[u8], Header> {
    // At once: every packet begins with one.
    let (rest, fields) = map_opt(take(HEADER), |bytes: &[u8]| <[u8; HEADER]>::try_from(bytes).ok()).parse(input)?;
    let [high, middle, low, kind, flags, stream @ ..] = fields;
    let (length, stream) = (u32::from_be_bytes([0, high, middle, low]), u32::from_be_bytes(stream));
    let (reserved, stream) = (stream >> 31 != 0, stream & 0x7FFF_FFFF);
    Ok((rest, Header { length, kind: Type(kind), flags, reserved, stream }))
}

/// Parses the error code of RST_STREAM.
pub fn rst_stream(payload: &[u8]) -> IResult<&[u8], u32> {
    be_u32(payload)
}

/// Parses the increment of WINDOW_UPDATE.
pub fn window_update(payload: &[u8]) -> IResult<&[u8], u32> {
    map(be_u32, |increment| increment & 0x7FFF_FFFF).parse(payload)
}

/// Parses the payload of GOAWAY.
pub fn goaway(payload: &[u8]) -> IResult<&[u8], GoAway<'_>> {
    map((be_u32, be_u32, rest), |(last, code, debug)| GoAway { last: last & 0x7FFF_FFFF, code, debug }).parse(payload)
}

/// Parses the payload of SETTINGS, and returns the last value of a setting, if it is there.
pub fn setting(payload: &[u8], id: u16) -> IResult<&[u8], Option<u32>> {
    let keep = |last, (other, value)| if other == id { Some(value) } else { last };
    fold_many0((be_u16, be_u32), || None, keep).parse(payload)
}

/// Parses the payload of HEADERS, PUSH_PROMISE or CONTINUATION, and returns its part of the block: without padding, and
/// without a priority or the number of the promised stream. Fails if there is more padding than payload.
pub fn block(header: Header, payload: &[u8]) -> IResult<&[u8], &[u8]> {
    if header.kind == Type::CONTINUATION {
        return rest(payload);
    }
    let (payload, padding) = if header.is_padded() { be_u8(payload)? } else { (payload, 0) };
    let payload = match header.kind {
        Type::PUSH_PROMISE => be_u32(payload)?.0,
        _ if header.flags & 0x20 != 0 => (be_u32, be_u8).parse(payload)?.0,
        _ => payload,
    };
    let Some(len) = payload.len().checked_sub(usize::from(padding)) else {
        return Err(nom::Err::Error(nom::error::Error::new(payload, nom::error::ErrorKind::Eof)));
    };
    take(len).parse(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_payloads() {
        let bytes = [0, 0, 5, 1, 0x25, 0x80, 0, 0, 3];
        let (_, header) = header(&bytes).unwrap();
        let expected = Header { length: 5, kind: Type::HEADERS, flags: 0x25, reserved: true, stream: 3 };
        assert_eq!(header, expected);
        assert!(header.ends_stream() && header.ends_block() && !header.is_padded());
        assert_eq!(block(header, &[0, 0, 0, 0, 16, 0x82]).unwrap().1, [0x82]);
        let padded = Header { flags: 8, ..header };
        assert_eq!(block(padded, &[2, 0x82, 0x84, 0, 0]).unwrap().1, [0x82, 0x84]);
        assert!(block(padded, &[3, 0x82, 0]).is_err());
        assert_eq!(setting(&[0, 8, 0, 0, 0, 1, 0, 3, 0, 0, 0, 100, 0], 8).unwrap().1, Some(1));
        assert_eq!(setting(&[0, 3, 0, 0, 0, 1], 8).unwrap().1, None);
        let away = goaway(&[0x80, 0, 0, 7, 0, 0, 0, 11, b'x']).unwrap().1;
        assert_eq!((away.last, away.code, away.debug), (7, 11, &b"x"[..]));
    }
}
