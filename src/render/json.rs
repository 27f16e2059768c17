//! Reports and the reference as JSON, in the forms that [`Report`](crate::report::Report) and
//! [`Reference`](crate::reference::Reference) describe.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::is_hidden;

/// Writes a value indented, with a line end.
pub fn render(report: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    // Reports are written in pieces of a few bytes, and each would be a call through `dyn`.
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    report.serialize(&mut Serializer::with_formatter(&mut out, Layout::default()))?;
    writeln!(out)?;
    out.flush()
}

/// Writes a value on one line, with a line end.
pub fn line<W: ?Sized + Write>(value: &impl Serialize, out: &mut W) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Compact))?;
    out.write_all(b"\n")
}

/// Writes a piece of a string that JSON does not require to be escaped. Hidden characters are escaped nevertheless:
/// programs read the same value, and a person who reads the text sees them.
fn fragment<W: ?Sized + Write>(text: &str, out: &mut W) -> io::Result<()> {
    // Fast path: printable ASCII, as in most of a report.
    if text.bytes().all(|byte| byte < 0x7F) {
        return out.write_all(text.as_bytes());
    }
    let mut rest = text;
    while let Some((at, hidden)) = rest.char_indices().find(|(_, character)| is_hidden(*character)) {
        let (before, behind) = rest.split_at(at);
        out.write_all(before.as_bytes())?;
        for unit in hidden.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        rest = behind.get(hidden.len_utf8()..).unwrap_or_default();
    }
    out.write_all(rest.as_bytes())
}

/// A formatter without spaces between the values.
struct Compact;

impl Formatter for Compact {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        fragment(text, out)
    }
}

/// The number of levels that are laid out in lines: the report, its connections, their fields. Deeper values, such as a
/// frame of a timeline, are easier to read on one line.
const IN_LINES: usize = 4;

/// The line break and indentation of the deepest of these levels.
const DEEPEST: &[u8] = b"\n        ";

/// The same after a comma, in one write, since a report has many lines.
const NEXT_DEEPEST: &[u8] = b",\n        ";

const _: () = assert!(DEEPEST.len() == 1 + 2 * IN_LINES && NEXT_DEEPEST.len() == 1 + DEEPEST.len());

/// A formatter that puts each value on a line of its own down to a depth, indented by two.
#[derive(Default)]
struct Layout {
    depth: usize,
    /// Whether the list or object that ends has any elements.
    filled: bool,
}

impl Layout {
    fn begin<W: ?Sized + Write>(&mut self, bracket: &[u8], out: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(bracket)
    }

    #[inline]
    fn next<W: ?Sized + Write>(&mut self, first: bool, out: &mut W) -> io::Result<()> {
        match (self.depth <= IN_LINES, first) {
            (true, true) => self.line(DEEPEST, out),
            (true, false) => self.line(NEXT_DEEPEST, out),
            (false, true) => Ok(()),
            (false, false) => out.write_all(b", "),
        }
    }

    fn end<W: ?Sized + Write>(&mut self, bracket: &[u8], out: &mut W) -> io::Result<()> {
        let in_lines = self.depth <= IN_LINES;
        self.depth -= 1;
        if in_lines && self.filled {
            self.line(DEEPEST, out)?;
        }
        self.filled = true;
        out.write_all(bracket)
    }

    /// Begins a line, with the part of the deepest indentation that belongs to this depth.
    fn line<W: ?Sized + Write>(&self, deepest: &[u8], out: &mut W) -> io::Result<()> {
        let less = 2 * IN_LINES.saturating_sub(self.depth);
        out.write_all(deepest.get(..deepest.len().saturating_sub(less)).unwrap_or(deepest))
    }
}

impl Formatter for Layout {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        fragment(text, out)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(b"[", out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(first, out)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(b"]", out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(b"{", out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(first, out)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(b"}", out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_stay_the_same_for_programs() {
        let text = "a\u{202e}b\u{e0041}é\u{7f}\u{9b}";
        let (mut one, mut laid_out) = (Vec::new(), Vec::new());
        line(&text, &mut one).unwrap();
        render(&text, &mut laid_out).unwrap();
        assert_eq!(one, laid_out);
        let json = String::from_utf8(one).unwrap();
        assert_eq!(json, "\"a\\u202eb\\udb40\\udc41é\\u007f\\u009b\"\n");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn what_lies_deep_stands_on_one_line() {
        let value = serde_json::json!({ "a": [], "b": [{ "c": {}, "d": [{ "e": [1, 2], "f": {} }] }] });
        let mut out = Vec::new();
        render(&value, &mut out).unwrap();
        let expected = r#"{
  "a": [],
  "b": [
    {
      "c": {},
      "d": [
        {"e": [1, 2], "f": {}}
      ]
    }
  ]
}
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
