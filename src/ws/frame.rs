//! The header of a WebSocket frame (RFC 6455 §5.2).
//!
//! ```text
//!  0               1               2 … 9            then
//! ├─┬─┬─┬─┬───────┼─┬─────────────┼────────────────┼─────────────┤
//! │F│R│R│R│opcode │M│ length      │ 16 or 64 bits  │ masking key │
//! │I│S│S│S│  (4)  │A│  (7)        │ if length is   │ if MASK     │
//! │N│V│V│V│       │S│             │ 126 or 127     │             │
//! │ │1│2│3│       │K│             │                │             │
//! ```

use nom::bytes::streaming::take;
use nom::combinator::map_opt;
use nom::{IResult, Parser};

/// Bytes of the longest header: 2 + 8 + 4.
pub const HEADER: usize = 14;

/// The opcode of a frame (RFC 6455 §11.8). Reserved values are representable, because they are what the report is
/// about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Opcode(pub u8);

impl Opcode {
    /// A further fragment of a message.
    pub const CONTINUATION: Self = Self(0x0);
    /// UTF-8 text.
    pub const TEXT: Self = Self(0x1);
    /// Bytes.
    pub const BINARY: Self = Self(0x2);
    /// The closing handshake.
    pub const CLOSE: Self = Self(0x8);
    /// Requests a pong.
    pub const PING: Self = Self(0x9);
    /// Answers a ping, or is an unsolicited heartbeat.
    pub const PONG: Self = Self(0xA);

    /// Returns whether the opcode is of a control frame, which may not be fragmented nor longer than 125 bytes.
    pub const fn is_control(self) -> bool {
        self.0 & 0x8 != 0
    }

    /// Returns whether the opcode is reserved: 3–7 and B–F have no meaning.
    pub const fn is_reserved(self) -> bool {
        matches!(self.0, 0x3..=0x7 | 0xB..=0xF)
    }
}

/// The encoding of a payload length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthForm {
    /// In the second byte.
    Bits7,
    /// In the two bytes after it.
    Bits16,
    /// In the eight bytes after it.
    Bits64,
}

/// The first two bytes of a header. They show most violations, and endpoints object without waiting for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// FIN: the last, or only, fragment of its message.
    pub fin: bool,
    /// RSV1, RSV2, RSV3 as the bits 4, 2, 1.
    pub rsv: u8,
    /// The opcode.
    pub opcode: Opcode,
    /// Whether a masking key follows.
    pub masked: bool,
    /// The length if below 126; 126 or 127 if 16 or 64 bits of it follow.
    pub length: u8,
}

/// A frame header as on the wire: parsed, not validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its first two bytes.
    pub start: Start,
    /// The masking key, if the payload is masked.
    pub key: Option<[u8; 4]>,
    /// Payload bytes.
    pub length: u64,
    /// The encoding of the length.
    pub form: LengthForm,
    /// Bytes of the header itself, 2–14.
    pub size: u8,
}

impl Start {
    /// Returns whether the frame is a whole text or binary message, not changed by an extension.
    pub const fn is_plain_message(&self) -> bool {
        self.fin && self.rsv == 0 && matches!(self.opcode, Opcode::TEXT | Opcode::BINARY)
    }
}

/// RSV1, which permessage-deflate uses for "compressed" (RFC 7692 §6).
pub const RSV1: u8 = 4;

impl Header {
    /// Returns whether the length is in its shortest form (RFC 6455 §5.2: "the minimal number of bytes MUST be used").
    pub const fn is_minimal(&self) -> bool {
        match self.form {
            LengthForm::Bits7 => true,
            LengthForm::Bits16 => self.length > 125,
            LengthForm::Bits64 => self.length > 0xFFFF,
        }
    }
}

/// Bytes of a [`Start`].
pub const START: usize = 2;

/// Parses the next `N` bytes.
#[inline(always)]
fn array<const N: usize>(input: &[u8]) -> IResult<&[u8], [u8; N]> {
    map_opt(take(N), |bytes: &[u8]| bytes.first_chunk().copied()).parse(input)
}

/// Parses the first two bytes of a header. Any two bytes are valid.
#[inline]
pub fn start(input: &[u8]) -> IResult<&[u8], Start> {
    let (rest, [first, second]) = array(input)?;
    let start = Start {
        fin: first & 0x80 != 0,
        rsv: (first >> 4) & 0x7,
        opcode: Opcode(first & 0xF),
        masked: second & 0x80 != 0,
        length: second & 0x7F,
    };
    Ok((rest, start))
}

/// Parses one header. The only error is `Incomplete`, if more bytes are needed.
#[inline(always)]
pub fn header(input: &[u8]) -> IResult<&[u8], Header> {
    let (rest, start) = start(input)?;
    let (rest, (length, form)) = match start.length {
        126 => array.map(|length| (u64::from(u16::from_be_bytes(length)), LengthForm::Bits16)).parse(rest)?,
        127 => array.map(|length| (u64::from_be_bytes(length), LengthForm::Bits64)).parse(rest)?,
        short => (rest, (u64::from(short), LengthForm::Bits7)),
    };
    let (rest, key) = if start.masked { array.map(Some).parse(rest)? } else { (rest, None) };
    let size = (input.len() - rest.len()) as u8;
    Ok((rest, Header { start, key, length, form, size }))
}

/// Unmasks a whole payload into `room`, which must have the same length, and returns it (RFC 6455 §5.3).
#[inline]
pub fn unmasked<'r>(payload: &[u8], key: [u8; 4], room: &'r mut [u8]) -> &'r [u8] {
    let key = u32::from_ne_bytes(key);
    let ((from, end), (to, end_to)) = (payload.as_chunks(), room.as_chunks_mut());
    for (to, from) in to.iter_mut().zip(from) {
        *to = (u32::from_ne_bytes(*from) ^ key).to_ne_bytes();
    }
    for (to, (from, key)) in end_to.iter_mut().zip(end.iter().zip(key.to_ne_bytes())) {
        *to = from ^ key;
    }
    room
}

/// Masks or unmasks `bytes` in place. The first byte has the masking phase `phase`, its offset in the payload (RFC 6455
/// §5.3).
pub fn unmask(bytes: &mut [u8], key: [u8; 4], phase: u64) {
    let mut rotated = key;
    rotated.rotate_left((phase % 4) as usize);
    let word = u64::from_ne_bytes([
        rotated[0], rotated[1], rotated[2], rotated[3], rotated[0], rotated[1], rotated[2], rotated[3],
    ]);
    let mut words = bytes.chunks_exact_mut(8);
    for chunk in &mut words {
        if let Ok(eight) = <[u8; 8]>::try_from(&*chunk) {
            chunk.copy_from_slice(&(u64::from_ne_bytes(eight) ^ word).to_ne_bytes());
        }
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(rotated.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 6455 §5.7.
    #[test]
    fn the_examples_of_the_rfc() {
        let single = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
        let (rest, parsed) = header(&single).unwrap();
        assert_eq!(rest, b"Hello");
        assert_eq!((parsed.start.fin, parsed.start.opcode, parsed.key, parsed.length), (true, Opcode::TEXT, None, 5));

        let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        let (rest, parsed) = header(&masked).unwrap();
        let mut payload = rest.to_vec();
        unmask(&mut payload, parsed.key.unwrap(), 0);
        assert_eq!(payload, b"Hello");

        let (_, fragment) = header(&[0x01, 0x03, 0x48, 0x65, 0x6c]).unwrap();
        assert_eq!((fragment.start.fin, fragment.start.opcode), (false, Opcode::TEXT));
        let (_, last) = header(&[0x80, 0x02, 0x6c, 0x6f]).unwrap();
        assert_eq!((last.start.fin, last.start.opcode), (true, Opcode::CONTINUATION));

        let (_, medium) = header(&[0x82, 0x7E, 0x01, 0x00]).unwrap();
        assert_eq!((medium.length, medium.size), (256, 4));
        let (_, large) = header(&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]).unwrap();
        assert_eq!((large.length, large.size), (65536, 10));
        assert!(medium.is_minimal() && large.is_minimal());
    }

    proptest! {
        #[test]
        fn every_prefix_of_a_header_is_incomplete(bytes in proptest::array::uniform14(any::<u8>())) {
            let (_, parsed) = header(&bytes).unwrap();
            let size = usize::from(parsed.size);
            for cut in 0..size {
                prop_assert!(matches!(header(&bytes[..cut]), Err(nom::Err::Incomplete(_))));
            }
            prop_assert_eq!(header(&bytes[..size]).unwrap().1, parsed);
        }

        #[test]
        fn unmasking_is_bytewise_exclusive_or(mut bytes: Vec<u8>, key: [u8; 4], phase in 0u64..9) {
            let expected: Vec<u8> =
                bytes.iter().enumerate().map(|(i, byte)| byte ^ key[(i + phase as usize) % 4]).collect();
            if phase == 0 {
                let mut room = vec![0; bytes.len()];
                prop_assert_eq!(unmasked(&bytes, key, &mut room), &expected);
            }
            unmask(&mut bytes, key, phase);
            prop_assert_eq!(bytes, expected);
        }
    }
}
