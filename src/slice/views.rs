//! Views of a file in which secrets can be searched for: without escapes, and decoded from hexadecimal and base64.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The least number of characters of a run that is decoded.
const LEAST: usize = 8;

/// Returns the text without the escapes of URLs, JSON and HTML, and with ASCII colons and equals signs in place of
/// fullwidth ones.
pub fn decoded(text: &[u8]) -> Vec<u8> {
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [first, behind @ ..] = rest {
        let (byte, length) = match first {
            b'%' => number(behind.get(..2)).map_or((b'%', 1), |byte| (byte, 3)),
            b'\\' => match behind {
                [b'u', b'0', b'0', digits @ ..] => number(digits.get(..2)).map_or((b'\\', 1), |byte| (byte, 6)),
                [b'n', ..] => (b'\n', 2),
                [b'r', ..] => (b'\r', 2),
                [b't', ..] => (b'\t', 2),
                [quote @ (b'"' | b'\'' | b'\\' | b'/'), ..] => (*quote, 2),
                _ => (b'\\', 1),
            },
            b'&' => {
                let named = [("&amp;", b'&'), ("&quot;", b'"'), ("&lt;", b'<'), ("&gt;", b'>'), ("&#39;", b'\'')];
                let found = named.iter().find(|(name, _)| rest.starts_with(name.as_bytes()));
                found.map_or((b'&', 1), |(name, byte)| (*byte, name.len()))
            }
            0xEF => match behind {
                [0xBC, 0x9A, ..] => (b':', 3),
                [0xBC, 0x9D, ..] => (b'=', 3),
                _ => (*first, 1),
            },
            other => (*other, 1),
        };
        plain.push(byte);
        rest = rest.get(length..).unwrap_or_default();
    }
    plain
}

/// Decodes runs of hexadecimal digits, with or without spaces between the bytes. Each run gives two lines, because
/// either of its first two digits may begin a byte.
pub fn from_hex(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    for run in text.split(|byte| !byte.is_ascii_hexdigit() && *byte != b' ') {
        let digits: Vec<u8> = run.iter().copied().filter(u8::is_ascii_hexdigit).collect();
        if digits.len() >= LEAST {
            for start in 0..2 {
                plain.extend(digits.get(start..).unwrap_or_default().chunks(2).filter_map(|pair| number(Some(pair))));
                plain.push(b'\n');
            }
        }
    }
    plain
}

/// Decodes runs of base64. Each run gives up to four lines, because any of its first four characters may begin a group.
pub fn from_base64(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    for run in text.split(|byte| !byte.is_ascii_alphanumeric() && !b"+/-_".contains(byte)) {
        for start in (0..4).filter(|_| run.len() >= LEAST) {
            let group = run.get(start..).unwrap_or_default();
            let whole = if group.len() % 4 == 1 { group.len() - 1 } else { group.len() };
            let group = group.get(..whole).unwrap_or_default();
            // Bits after the last whole byte belong to the text around the value.
            let whole = group.get(..group.len() / 4 * 4).unwrap_or_default();
            let decode = |run| STANDARD_NO_PAD.decode(run).or_else(|_| URL_SAFE_NO_PAD.decode(run));
            if let Ok(bytes) = decode(group).or_else(|_| decode(whole)) {
                plain.extend(bytes);
                plain.push(b'\n');
            }
        }
    }
    plain
}

fn number(digits: Option<&[u8]>) -> Option<u8> {
    let digits = std::str::from_utf8(digits?).ok().filter(|digits| digits.len() == 2 && !digits.starts_with('+'))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_taken_off() {
        assert_eq!(decoded(br#"%61\u0062\"&lt;\n100%"#), b"ab\"<\n100%");
        let has = |plain: Vec<u8>| memchr::memmem::find(&plain, b"zorvak").is_some();
        assert!(has(from_hex(b"x 7a 6f 72 76 61 6b")) && has(from_hex(b"7a6f7276616b")));
        for text in ["zorvak", "_zorvak", "__zorvak?", "___zorvak"] {
            assert!(has(from_base64(STANDARD_NO_PAD.encode(text).as_bytes())), "{text}");
            assert!(has(from_base64(URL_SAFE_NO_PAD.encode(text).as_bytes())), "{text}");
        }
    }
}
