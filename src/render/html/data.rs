//! The data of the page, from which the script shows the connections that are scrolled to: JSON in a `script` element that
//! is not run. It is written as it is made.
//!
//! ```text
//! { words, columns, looks, rows, details: { id: elements }, texts }
//! ```
//!
//! A row is `[id, look, cause, lifetime in µs, what to do, cells …]`. A text is its number in `texts`, or the text itself, or an
//! array of texts to be joined, since addresses and secrets differ in their last characters only.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::details::Details;
use super::lines::{Line, Lines};
use super::look::Look;
use super::texts::Texts;
use super::{Page, sanitized};

/// The words that the script shows.
const WORDS: [&str; 9] = ["details", "filter", "reset", "found", "nothing", "choose", "back", "example", "ask"];

/// Writes the data.
pub(super) fn write(page: Page<'_>, lines: &Lines<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (mut texts, mut out) = (Texts::default(), Inert(out));
    let words = WORDS.map(|name| (name.to_owned(), Value::from(page.word(&format!("html_{name}")))));
    let advice = (String::from("advice"), Value::from(page.word("label_do")));
    field("{\"words\":", &words.into_iter().chain([advice]).collect::<Map<_, _>>(), &mut out)?;
    field(",\"columns\":", &lines.columns().map(|(column, _)| column).collect::<Vec<_>>(), &mut out)?;
    field(",\"looks\":", &Look::ALL.map(Look::class), &mut out)?;
    out.write_all(b",\"rows\":[")?;
    for (at, line) in lines.listed().iter().enumerate() {
        let before = if at == 0 { "" } else { ",\n" };
        field(before, &row(page, lines, line, &mut texts), &mut out)?;
    }
    out.write_all(b"],\"details\":{")?;
    for (at, line) in lines.listed().iter().filter(|line| line.is_detailed).enumerate() {
        let before = format!("{}\"{}\":", if at == 0 { "" } else { ",\n" }, line.connection.id);
        let nodes = Details::new(page, line.connection, lines.cells(page, line)).into_nodes();
        field(&before, &nodes.map(|node| node.data(&mut texts)).collect::<Vec<_>>(), &mut out)?;
    }
    field("},\"texts\":", &texts.into_list(), &mut out)?;
    out.write_all(b"}")
}

fn field(before: &str, value: &impl Serialize, out: &mut Inert<'_>) -> io::Result<()> {
    out.write_all(before.as_bytes())?;
    Ok(serde_json::to_writer(out, value)?)
}

fn row(page: Page<'_>, lines: &Lines<'_>, line: &Line<'_>, texts: &mut Texts) -> Vec<Value> {
    let micros = (line.connection.lifetime * 1e6) as u64;
    let advice = texts.reference(&sanitized(&line.connection.verdict.fix));
    let fields = [line.connection.id.into(), line.look.number().into(), line.cause.into(), micros.into(), advice];
    // The number is a field.
    let cells = lines.cells(page, line).skip(1).map(|cell| text(cell.column, &cell.text, texts));
    fields.into_iter().chain(cells).collect()
}

/// Returns what stands for a cell. What most connections have alone is not numbered.
fn text(column: &str, cell: &str, texts: &mut Texts) -> Value {
    let alone_from = match column {
        "time" => Some(0),
        // The number of a secret.
        "request" => cell.rfind('#').map(|at| at + 1),
        // The client's port.
        "endpoints" => return ends(cell, texts),
        _ => None,
    };
    match alone_from.and_then(|at| cell.split_at_checked(at)) {
        None => texts.reference(cell),
        Some(("", alone)) => alone.into(),
        Some((shared, alone)) => [texts.reference(shared), alone.into()].into_iter().collect(),
    }
}

/// Returns what stands for a client's address and port and a server's: the server's is shared.
fn ends(cell: &str, texts: &mut Texts) -> Value {
    let (client, server) = cell.split_once(' ').map_or((cell, ""), |(client, _)| cell.split_at(client.len()));
    [client.into(), texts.reference(server)].into_iter().collect()
}

/// Writes JSON that cannot end the `script` element that it is in, or begin a comment: `<` occurs only in its strings,
/// where it may be escaped.
struct Inert<'w>(&'w mut dyn Write);

impl Write for Inert<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut parts = bytes.split(|byte| *byte == b'<');
        self.0.write_all(parts.next().unwrap_or_default())?;
        for part in parts {
            self.0.write_all(b"\\u003c")?;
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_data() {
        let mut written = Vec::new();
        let hostile = "</script><!--<script>";
        field("", &hostile, &mut Inert(&mut written)).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert!(!written.contains('<'), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), hostile);
    }

    #[test]
    fn a_cell_is_the_text_that_its_parts_join_to() {
        let mut texts = Texts::default();
        let cells = [
            ("time", "12:31:07.123"),
            ("request", "/socket?token=[redacted:token#17]"),
            ("request", "/socket"),
            ("endpoints", "10.0.0.1:50000 → 10.0.0.2:80"),
            ("why", "going away"),
        ];
        let written = cells.map(|(column, cell)| text(column, cell, &mut texts));
        let texts = texts.into_list();
        let read = |value: &Value| match value {
            Value::Number(number) => texts[number.as_u64().unwrap() as usize].to_string(),
            other => other.as_str().unwrap().to_owned(),
        };
        for ((_, cell), value) in cells.iter().zip(&written) {
            let parts = value.as_array().map_or_else(|| read(value), |parts| parts.iter().map(read).collect());
            assert_eq!(parts, *cell);
        }
    }
}
