//! The representations of header fields in a block (RFC 7541 §6).
//!
//! ```text
//! 1xxxxxxx  indexed                        001xxxxx  a new size of the table
//! 01xxxxxx  literal, added to the table    000Nxxxx  literal, not added
//! ```

use nom::bytes::complete::take;
use nom::error::{Error, ErrorKind};
use nom::number::complete::be_u8;
use nom::{IResult, Parser};

/// The bytes that continue an integer: more than 32 bits need.
const CONTINUATIONS: u32 = 5;

/// One representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Representation<'a> {
    /// A field of one of the tables.
    Indexed(u32),
    /// A field with its value, and perhaps its name.
    Literal {
        /// The name.
        name: Name<'a>,
        /// The value.
        value: Text<'a>,
        /// Whether the field is added to the dynamic table.
        is_added: bool,
    },
    /// The size that the dynamic table may have from here on.
    Resize(u32),
}

/// The name of a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// That of an entry of one of the tables.
    Index(u32),
    /// Its own.
    Text(Text<'a>),
}

/// A string, as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether they are Huffman-coded.
    pub is_huffman: bool,
}

/// Parses the next representation of a block. Fails if the block ends within it.
pub fn representation(input: &[u8]) -> IResult<&[u8], Representation<'_>> {
    let (_, first) = be_u8(input)?;
    match first {
        0x80.. => {
            let (rest, index) = integer(input, 7)?;
            Ok((rest, Representation::Indexed(index)))
        }
        0x40..0x80 => literal(input, 6),
        0x20..0x40 => {
            let (rest, size) = integer(input, 5)?;
            Ok((rest, Representation::Resize(size)))
        }
        0x00..0x20 => literal(input, 4),
    }
}

/// Parses a literal, whose index has `bits` bits: six if it is added to the table, else four.
fn literal(input: &[u8], bits: u32) -> IResult<&[u8], Representation<'_>> {
    let (rest, index) = integer(input, bits)?;
    let (rest, name) = match index {
        0 => {
            let (rest, name) = text(rest)?;
            (rest, Name::Text(name))
        }
        index => (rest, Name::Index(index)),
    };
    let (rest, value) = text(rest)?;
    Ok((rest, Representation::Literal { name, value, is_added: bits == 6 }))
}

/// Parses a string (§5.2).
fn text(input: &[u8]) -> IResult<&[u8], Text<'_>> {
    let (_, first) = be_u8(input)?;
    let (rest, length) = integer(input, 7)?;
    let (rest, bytes) = take(length).parse(rest)?;
    Ok((rest, Text { bytes, is_huffman: first & 0x80 != 0 }))
}

/// Parses an integer whose prefix has `bits` bits (§5.1). Fails beyond 32 bits.
fn integer(input: &[u8], bits: u32) -> IResult<&[u8], u32> {
    let (mut rest, first) = be_u8(input)?;
    let most = (1_u32 << bits) - 1;
    let mut value = u64::from(u32::from(first) & most);
    if value < u64::from(most) {
        return Ok((rest, value as u32));
    }
    for place in 0..CONTINUATIONS {
        let (behind, byte) = be_u8(rest)?;
        rest = behind;
        value += u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return match u32::try_from(value) {
                Ok(value) => Ok((rest, value)),
                Err(_) => break,
            };
        }
    }
    Err(nom::Err::Failure(Error::new(input, ErrorKind::TooLarge)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7541 §C.1.
    #[test]
    fn integers_of_the_rfc() {
        assert_eq!(integer(&[0b1110_1010], 5), Ok((&[][..], 10)));
        assert_eq!(integer(&[0b1111_1111, 0b1001_1010, 0b0000_1010], 5), Ok((&[][..], 1337)));
        assert_eq!(integer(&[0b0010_1010], 8), Ok((&[][..], 42)));
    }

    #[test]
    fn integers_have_a_bound() {
        assert_eq!(integer(&[0x1F, 0xE0, 0xFF, 0xFF, 0xFF, 0x0F], 5), Ok((&[][..], u32::MAX)));
        assert!(integer(&[0x1F, 0xE1, 0xFF, 0xFF, 0xFF, 0x0F], 5).is_err());
        assert!(integer(&[0x1F, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 5).is_err());
        assert!(integer(&[0x1F, 0x80], 5).is_err());
    }
}
