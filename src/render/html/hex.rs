//! Shows the bytes around the proof, in hexadecimal and as text, with the one at fault marked.

use super::Page;
use super::node::{Node, element, labelled};
use crate::report::Connection;

/// Bytes in a line.
const LINE: usize = 8;

/// Returns the bytes; `None` if the proof is not among the bytes of a message.
pub(super) fn hex(page: Page<'_>, connection: &Connection) -> Option<Node> {
    let evidence = &connection.verdict.evidence;
    let (bytes, fault) = (evidence.text("bytes")?, evidence.fault("bytes"));
    let bytes: Vec<_> = bytes.split(' ').filter(|byte| !byte.is_empty()).enumerate().collect();
    let shown = |at: usize, text: &str| match fault == Some(at) {
        true => labelled("mark", text),
        false => Node::text(text),
    };
    let mut lines = Vec::new();
    for line in bytes.chunks(LINE) {
        if !lines.is_empty() {
            lines.push(Node::Text("\n".to_owned()));
        }
        for (at, byte) in line {
            lines.extend([shown(*at, byte), Node::text(" ")]);
        }
        lines.push(Node::Text(" ".repeat((LINE - line.len()) * 3 + 1)));
        lines.extend(line.iter().map(|(at, byte)| shown(*at, &letter(byte).to_string())));
    }
    let title = labelled("figcaption", &page.word("html_bytes"));
    (!bytes.is_empty()).then(|| element("figure.hex", [title, element("pre", lines)]))
}

fn letter(byte: &str) -> char {
    match u8::from_str_radix(byte, 16) {
        Ok(byte @ b' '..=b'~') => char::from(byte),
        Ok(_) => '.',
        Err(_) => '·',
    }
}
