//! The Huffman code of HPACK (RFC 7541 §5.2, Appendix B).
//!
//! The code is canonical: in order of length, and of symbol among those of one length, each code follows from the one
//! before it. The lengths are therefore all that has to be written down.

use std::sync::LazyLock;

/// The bits of each symbol's code; the last symbol is EOS.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28,
    28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15,
    6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20,
    20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23,
    24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22,
    22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27,
    24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26,
    26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

/// The symbol that never occurs in a string.
const EOS: u16 = 256;

/// The bits of the longest code.
const LONGEST: usize = 30;

static CODE: LazyLock<Code> = LazyLock::new(Code::new);

/// The code, arranged for decoding.
struct Code {
    /// The symbols in the order of their codes.
    symbols: Vec<u16>,
    /// For each length: the first code, the number of codes, and the index of the first one's symbol.
    lengths: [(u32, u32, u32); LONGEST + 1],
}

impl Code {
    fn new() -> Self {
        let mut symbols: Vec<u16> = (0..=EOS).collect();
        let length = |symbol: &u16| LENGTHS.get(usize::from(*symbol)).copied().unwrap_or_default();
        symbols.sort_by_key(length);
        let (mut lengths, mut code, mut index) = ([(0, 0, 0); LONGEST + 1], 0, 0);
        for (bits, entry) in lengths.iter_mut().enumerate().skip(1) {
            let count = LENGTHS.iter().filter(|length| usize::from(**length) == bits).count() as u32;
            *entry = (code, count, index);
            code = (code + count) << 1;
            index += count;
        }
        Self { symbols, lengths }
    }

    /// Returns the symbol of a code with so many bits; `None` if no code of that length has this value.
    fn symbol(&self, code: u32, bits: usize) -> Option<u16> {
        let (first, count, index) = *self.lengths.get(bits)?;
        let at = code.checked_sub(first).filter(|at| *at < count)?;
        self.symbols.get((index + at) as usize).copied()
    }
}

/// Appends the decoded string to `out`; `None` if it is not a valid code, or if its padding is longer than seven bits or
/// not a prefix of EOS.
pub fn decode(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let table = &*CODE;
    let (mut code, mut bits) = (0_u32, 0);
    for byte in bytes {
        for place in (0..8).rev() {
            code = code << 1 | u32::from(byte >> place & 1);
            bits += 1;
            if let Some(symbol) = table.symbol(code, bits) {
                out.push(u8::try_from(symbol).ok()?);
                (code, bits) = (0, 0);
            } else if bits >= LONGEST {
                return None;
            }
        }
    }
    let is_of_ones = code == (1 << bits) - 1;
    (bits < 8 && is_of_ones).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_has_one_code() {
        let table = &*CODE;
        assert_eq!(table.symbols.len(), 257);
        // A complete code: the sum of 2^-length is 1 (Kraft).
        let sum: u64 = LENGTHS.iter().map(|length| 1 << (LONGEST - usize::from(*length))).sum();
        assert_eq!(sum, 1 << LONGEST);
        assert_eq!(table.symbol(0x3fff_ffff, 30), Some(EOS));
        assert_eq!((table.symbol(0x1ff8, 13), table.symbol(0, 5)), (Some(0), Some(u16::from(b'0'))));
    }

    #[test]
    fn padding_is_checked() {
        let decoded = |bytes: &[u8]| {
            let mut out = Vec::new();
            decode(bytes, &mut out).map(|()| out)
        };
        // '0' is 00000; 'a' is 00011.
        assert_eq!(decoded(&[0b0000_0111]).as_deref(), Some(&b"0"[..]));
        assert_eq!(decoded(&[0b0000_0110]), None, "padding with a zero");
        assert_eq!(decoded(&[0b0000_0111, 0xFF]), None, "padding of eleven bits");
        assert_eq!(decoded(&[0xFF; 4]), None, "EOS");
        assert_eq!(decoded(&[]).as_deref(), Some(&b""[..]));
    }
}
