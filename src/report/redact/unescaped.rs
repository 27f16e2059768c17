//! Decoding of escapes in a text, so that patterns find what the encoding hides.

use std::borrow::Cow;

/// A text without escapes, and the position of each of its bytes in the original text.
#[derive(Debug)]
pub struct Unescaped<'t> {
    /// The text without escapes.
    pub text: Cow<'t, [u8]>,
    /// The positions after each escape, in the text without escapes and in the original. From there on, both run in
    /// parallel up to the next escape.
    jumps: Vec<(usize, usize)>,
}

/// Escapes with a fixed spelling and variants of characters, each with the character they stand for.
const NAMED: &[(&[u8], u8)] = &[
    (b"&quot;", b'"'),
    (b"&#34;", b'"'),
    (b"&#x22;", b'"'),
    (b"&apos;", b'\''),
    (b"&#39;", b'\''),
    (b"&#x27;", b'\''),
    (b"&lt;", b'<'),
    (b"&gt;", b'>'),
    (b"&amp;", b'&'),
    // Fullwidth colon and equals sign, the ideographic space.
    (b"\xef\xbc\x9a", b':'),
    (b"\xef\xbc\x9d", b'='),
    (b"\xe3\x80\x80", b' '),
];

impl<'t> Unescaped<'t> {
    /// Decodes percent-encoding, the escapes of JSON and HTML, and fullwidth punctuation. Quotes and backslashes that
    /// JSON escapes stay escaped, because they show how deeply a string is nested in others.
    pub fn new(text: &'t [u8]) -> Self {
        let mut plain = Self { text: Cow::Borrowed(text), jumps: Vec::new() };
        // Hardly any text has escapes.
        if memchr::memchr3(b'%', b'\\', b'&', text).or_else(|| memchr::memchr2(0xE3, 0xEF, text)).is_none() {
            return plain;
        }
        let mut decoded = Vec::new();
        let mut from = 0;
        let mut next = 0;
        let is_start = |byte: &u8| matches!(byte, b'%' | b'\\' | b'&' | 0xE3 | 0xEF);
        while let Some(at) = text.get(next..).and_then(|rest| Some(next + rest.iter().position(is_start)?)) {
            let rest = text.get(at..).unwrap_or_default();
            let Some((length, bytes)) = escape(rest) else {
                // All backslashes of a run were checked together.
                next = at + rest.iter().take_while(|byte| **byte == b'\\').count().max(1);
                continue;
            };
            decoded.extend_from_slice(text.get(from..at).unwrap_or_default());
            decoded.extend_from_slice(&bytes);
            (from, next) = (at + length, at + length);
            plain.jumps.push((decoded.len(), from));
        }
        if !plain.jumps.is_empty() {
            decoded.extend_from_slice(text.get(from..).unwrap_or_default());
            plain.text = Cow::Owned(decoded);
        }
        plain
    }

    /// Returns whether there were escapes.
    pub const fn has_escapes(&self) -> bool {
        !self.jumps.is_empty()
    }

    /// Returns the position in the original text of a position in the text without escapes.
    pub fn source(&self, at: usize) -> usize {
        let behind = self.jumps.partition_point(|(plain, _)| *plain <= at);
        let jump = behind.checked_sub(1).and_then(|last| self.jumps.get(last));
        jump.map_or(at, |(plain, source)| source + (at - plain))
    }
}

/// Returns the length of the escape that `text` begins with, and the bytes it stands for.
fn escape(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    match text {
        [b'%', high, low, ..] => Some((3, vec![hex(&[*high, *low])?])),
        [b'\\', ..] => {
            let depth = text.iter().take_while(|byte| **byte == b'\\').count();
            match text.get(depth..)? {
                [b'u', digits @ ..] => {
                    let [high, low] = [digits.get(..2)?, digits.get(2..4)?];
                    let plain = hex(low).filter(|byte| hex(high) == Some(0) && byte.is_ascii())?;
                    // A quote in a string: 1, 2 or 4 backslashes before `u` are as deep as 1, 3 or 7 before a quote.
                    let quote = || [b"\\".repeat(2 * depth - 1), vec![plain]].concat();
                    (plain != b'\\').then(|| (depth + 5, if b"\"'".contains(&plain) { quote() } else { vec![plain] }))
                }
                [b'n' | b'r' | b't', ..] if depth <= MOST => {
                    let plain = match text.get(depth)? {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        _ => b'\t',
                    };
                    Some((depth + 1, vec![plain]))
                }
                _ => None,
            }
        }
        _ => NAMED.iter().find(|(name, _)| text.starts_with(name)).map(|(name, plain)| (name.len(), vec![*plain])),
    }
}

/// The maximum number of backslashes before `n`, `r` or `t`: that of eight nested strings.
const MOST: usize = 255;

fn hex(digits: &[u8]) -> Option<u8> {
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_places_kept() {
        for (text, plain) in [
            ("a%20b", "a b"),
            (r#"{\"p\u0061ss\":1}"#, r#"{\"pass\":1}"#),
            (r"\u0022x\u0022", r#"\"x\""#),
            (r"a\nb", "a\nb"),
            ("pin：4711", "pin:4711"),
            ("100% &quot;", "100% \""),
            (r"\u", r"\u"),
        ] {
            let unescaped = Unescaped::new(text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&unescaped.text), plain);
            assert_eq!(unescaped.source(unescaped.text.len()), text.len(), "{text}");
        }
        let unescaped = Unescaped::new(b"x%3Dyz%3Dw");
        assert_eq!([0, 1, 2, 4, 5].map(|at| unescaped.source(at)), [0, 1, 4, 6, 9]);
    }

    #[test]
    fn backslashes_take_linear_time() {
        let text = vec![b'\\'; 4 << 20];
        assert!(!Unescaped::new(&text).has_escapes());
    }
}
