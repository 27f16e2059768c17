//! Strings in quotes, at any depth of nesting in other strings.

use std::ops::Range;

/// The opening quotes, each with the one that closes it.
const QUOTES: &[(&[u8], &[u8])] = &[
    (b"\"", b"\""),
    (b"'", b"'"),
    (b"`", b"`"),
    ("“".as_bytes(), "”".as_bytes()),
    ("„".as_bytes(), "“".as_bytes()),
    ("«".as_bytes(), "»".as_bytes()),
    ("「".as_bytes(), "」".as_bytes()),
];

/// A quote that opens a string.
#[derive(Clone, Copy, Debug)]
pub struct Quote {
    /// The number of backslashes before it: 1, 3 or 7 in nested strings.
    depth: usize,
    closed_by: &'static [u8],
    /// Its length in bytes, including the backslashes.
    pub length: usize,
}

impl Quote {
    /// Returns the quote that `text` begins with, if it does.
    pub fn opening(text: &[u8]) -> Option<Self> {
        let depth = text.iter().take_while(|byte| **byte == b'\\').count();
        let behind = text.get(depth..)?;
        let (open, closed_by) = QUOTES.iter().find(|(open, _)| behind.starts_with(open))?;
        Some(Self { depth, closed_by, length: depth + open.len() })
    }

    /// Returns the length in bytes of the string at the beginning of `text`, which follows the quote. If nothing closes
    /// the string, it is all of `text`.
    pub fn string(self, text: &[u8]) -> usize {
        let places = memchr::memmem::find_iter(text, self.closed_by);
        let mut closing = places.filter_map(|at| {
            let before = text.get(..at)?;
            let slashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
            // Additional backslashes that form complete escaped ones are the end of the string. A quote with fewer
            // backslashes than the opening one closes an enclosing string.
            let rest = slashes.checked_sub(self.depth);
            let closes = rest.is_none_or(|rest| rest % (2 * (self.depth + 1)) == 0);
            closes.then(|| at - slashes.min(self.depth))
        });
        closing.next().unwrap_or(text.len())
    }
}

/// The maximum number of strings read from a list.
const STRINGS: usize = 8;

/// Returns the ranges of the first strings in a comma-separated list that begins at `at`, at most [`STRINGS`].
pub fn list(text: &[u8], mut at: usize) -> Vec<Range<usize>> {
    let mut strings = Vec::new();
    while let Some(start) = opened(text, at).filter(|_| strings.len() < STRINGS) {
        let Some(quote) = text.get(start..).and_then(Quote::opening) else { break };
        let from = start + quote.length;
        let end = from + quote.string(text.get(from..).unwrap_or_default());
        strings.push(from..end);
        let behind = end + quote.length;
        let Some(comma) = skip_space(text, behind).filter(|at| text.get(*at) == Some(&b',')) else { break };
        at = comma + 1;
    }
    strings
}

/// Returns the position of the quote that follows white space at `at`, if one does.
fn opened(text: &[u8], at: usize) -> Option<usize> {
    skip_space(text, at).filter(|at| text.get(*at..).and_then(Quote::opening).is_some())
}

/// Returns the first position from `at` on that is not white space, or the end of the text; `None` if `at` is beyond
/// it.
pub fn skip_space(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    Some(at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> &str {
        let quote = Quote::opening(text.as_bytes()).unwrap();
        let behind = &text[quote.length..];
        &behind[..quote.string(behind.as_bytes())]
    }

    #[test]
    fn a_string_runs_to_its_own_quote() {
        for (text, expected) in [
            (r#""a b, c" d"#, "a b, c"),
            (r#""a\"b" c"#, r#"a\"b"#),
            (r#""a\\" b"#, r"a\\"),
            (r#"\"a\\\"b\" c"#, r#"a\\\"b"#),
            (r#"\"a\\\\\" c"#, r"a\\\\"),
            (r#"\\\"a b\\\" c"#, "a b"),
            (r#"\"a" c"#, "a"),
            ("“a b” c", "a b"),
            ("'open", "open"),
        ] {
            assert_eq!(string(text), expected, "{text}");
        }
        assert_eq!(list(b" \"a\", 'b c' ,\"d\"] \"e\"", 0), [2..3, 7..10, 14..15]);
    }
}
