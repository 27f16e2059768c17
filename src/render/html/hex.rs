//! Shows the bytes around the proof, in hexadecimal and as text, with the one at fault marked.

use super::Page;
use super::node::{Node, element, labelled};
use crate::report::Connection;

/// Bytes in a line.
const LINE: usize = 8;

/// Returns the bytes; `None` if the proof is not among the bytes of a message.
pub(super) fn hex(page: Page<'_>, connection: &Connection) -> Option<Node> {
    let text = |name: &str| connection.verdict.evidence.text(name);
    let bytes = text("bytes")?;
    let bytes: Vec<&str> = bytes.split(' ').filter(|byte| !byte.is_empty()).collect();
    // The sentence writes 0xE9, these lines e9.
    let marked = text("byte").and_then(|byte| Some(byte.strip_prefix("0x")?.to_ascii_lowercase()));
    let shown = |byte: &str, text: String| match marked.as_deref() == Some(byte) {
        true => labelled("mark", &text),
        false => Node::text(&text),
    };
    let mut lines = Vec::new();
    for (at, bytes) in bytes.chunks(LINE).enumerate() {
        if at > 0 {
            lines.push(Node::Text("\n".to_owned()));
        }
        for byte in bytes {
            lines.extend([shown(byte, (*byte).to_owned()), Node::text(" ")]);
        }
        lines.push(Node::Text(" ".repeat((LINE - bytes.len()) * 3 + 1)));
        lines.extend(bytes.iter().map(|byte| shown(byte, letter(byte).to_string())));
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
