//! Reports and the reference as JSON, in the forms that [`Report`] and [`Reference`](crate::reference::Reference)
//! describe.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::is_hidden;
use crate::report::{Connection, Pending, Report};

/// Writes a value indented, with a line end.
pub fn render(report: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    // Reports are written in pieces of a few bytes, and each would be a call through `dyn`.
    let mut out = BufWriter::with_capacity(64 * 1024, Visible(out));
    report.serialize(&mut Serializer::with_formatter(&mut out, Layout::default()))?;
    writeln!(out)?;
    out.flush()
}

/// Writes a report in the form of [`Report`] while its connections are judged: those that are `wanted`. `keep` gets each
/// connection after that, and `take`, in their order, what it returns. Returns the report without its connections.
pub fn render_pending<K: Send>(
    pending: Pending,
    wanted: impl Fn(&Connection) -> bool + Sync,
    keep: impl Fn(Box<Connection>) -> K + Sync,
    mut take: impl FnMut(K),
    out: &mut dyn Write,
) -> io::Result<Report> {
    let mut object = Object { out, is_empty: true };
    let Report { version, generator, secrets, numbers_of, captures, merges, read, .. } = pending.report();
    let is_of_slice = numbers_of.is_some();
    object.field("version", version)?;
    object.field("generator", generator)?;
    object.field("secrets", secrets)?;
    if let Some(file) = numbers_of {
        object.field("numbers_of", file)?;
    }
    object.field("captures", captures)?;
    if !merges.is_empty() {
        object.field("merges", merges)?;
    }
    object.field("read", read)?;
    object.name("connections")?;
    let element = |connection: Box<Connection>, json: &mut Vec<u8>| {
        let written = if wanted(&connection) { append(&connection, 2, b",\n    ", json) } else { Ok(()) };
        written.map(|()| keep(connection))
    };
    let mut is_empty = true;
    let report = pending.write(element, |json, kept| {
        if let Some(behind_comma) = json.get(1..) {
            object.out.write_all(if is_empty { b"[" } else { b"," })?;
            object.out.write_all(behind_comma)?;
            is_empty = false;
        }
        kept.into_iter().try_for_each(|kept| kept.map(&mut take))
    })?;
    object.out.write_all(if is_empty { b"[]" } else { b"\n  ]" })?;
    let Report { encrypted, codes, notes, .. } = &report;
    let encrypted: Vec<_> = encrypted.iter().filter(|one| !is_of_slice || one.original.is_some()).collect();
    if !encrypted.is_empty() {
        object.field("encrypted", &encrypted)?;
    }
    object.field("codes", codes)?;
    object.field("notes", notes)?;
    object.out.write_all(b"\n}\n")?;
    object.out.flush()?;
    Ok(report)
}

/// The outermost object of a document, written field by field.
struct Object<'o> {
    out: &'o mut dyn Write,
    is_empty: bool,
}

impl Object<'_> {
    /// Writes the name of the next field.
    fn name(&mut self, name: &str) -> io::Result<()> {
        let before = if std::mem::take(&mut self.is_empty) { "{" } else { "," };
        write!(self.out, "{before}\n  \"{name}\": ")
    }

    /// Writes the next field.
    fn field(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        self.name(name)?;
        let mut json = Vec::new();
        append(value, 1, b"", &mut json)?;
        self.out.write_all(&json)
    }
}

/// Appends a value that stands at a depth of a document, behind some text.
fn append(value: &impl Serialize, depth: usize, before: &[u8], json: &mut Vec<u8>) -> io::Result<()> {
    json.extend_from_slice(before);
    let from = json.len();
    value.serialize(&mut Serializer::with_formatter(&mut *json, Layout { depth, filled: false }))?;
    if let Cow::Owned(visible) = visible(json.get(from..).unwrap_or_default()) {
        json.truncate(from);
        json.extend_from_slice(&visible);
    }
    Ok(())
}

/// Writes a value on one line, with a line end.
pub fn line<W: ?Sized + Write>(value: &impl Serialize, out: &mut W) -> io::Result<()> {
    let json = serde_json::to_vec(value)?;
    out.write_all(&visible(&json))?;
    out.write_all(b"\n")
}

/// A writer that escapes hidden characters in JSON: programs read the same value, and a person who reads the text sees
/// them. Each write must contain whole characters; those of the serializer, and of a `BufWriter` before it, do.
struct Visible<W>(W);

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.write_all(json)?;
        Ok(json.len())
    }

    fn write_all(&mut self, json: &[u8]) -> io::Result<()> {
        self.0.write_all(&visible(json))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns the JSON with hidden characters escaped. They occur only in strings, since everything else is ASCII, and only
/// from DEL on, since JSON requires lower controls to be escaped.
fn visible(json: &[u8]) -> Cow<'_, [u8]> {
    let (mut visible, mut copied, mut at) = (Vec::new(), 0, 0);
    while let Some(start) = json.get(at..).and_then(first_beyond_ascii).map(|from| at + from) {
        let rest = json.get(start..).unwrap_or_default();
        let run = rest.iter().take_while(|byte| is_beyond_ascii(byte)).count();
        at = start;
        for chunk in rest.get(..run).unwrap_or_default().utf8_chunks() {
            for character in chunk.valid().chars() {
                if is_hidden(character) {
                    visible.extend_from_slice(json.get(copied..at).unwrap_or_default());
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        visible.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                    }
                    copied = at + character.len_utf8();
                }
                at += character.len_utf8();
            }
            at += chunk.invalid().len();
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    visible.extend_from_slice(json.get(copied..).unwrap_or_default());
    Cow::Owned(visible)
}

const fn is_beyond_ascii(byte: &u8) -> bool {
    *byte >= 0x7F
}

/// Returns the position of the first byte that is not printable ASCII. Nearly all bytes of a report are, so whole blocks are
/// tested at once.
fn first_beyond_ascii(json: &[u8]) -> Option<usize> {
    let (blocks, _) = json.as_chunks::<32>();
    let is_ascii = |block: &&[u8; 32]| !block.iter().fold(false, |any, byte| any | is_beyond_ascii(byte));
    let before = 32 * blocks.iter().take_while(is_ascii).count();
    Some(before + json.get(before..)?.iter().position(is_beyond_ascii)?)
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
    fn hidden_characters_are_escaped_wherever_buffers_end() {
        for text in ["é\u{202e}สวัสดี", "\u{7f}", "x\u{e0041}", "\u{2028}é \u{9b}🙂", "plain é"] {
            for before in [0, 1, 31, 32, 65_535] {
                let text = "x".repeat(before) + &text.repeat(70_000 / text.len());
                let value = [&text, &text[..before]];
                let (mut one, mut laid_out) = (Vec::new(), Vec::new());
                line(&value, &mut one).unwrap();
                render(&value, &mut laid_out).unwrap();
                for json in [one, laid_out].map(|json| String::from_utf8(json).unwrap()) {
                    assert!(
                        !json.chars().any(|character| is_hidden(character) && character != '\n'),
                        "{before} {text:.40}"
                    );
                    assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), value, "{before} {text:.40}");
                }
            }
        }
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
