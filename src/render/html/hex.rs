//! Shows the bytes around the proof, in hexadecimal and as text, with the one at fault marked.

use super::Page;
use super::node::{Node, element, labelled};
use crate::report::Connection;
use crate::report::document::{ProofByte, proof_bytes};

/// Bytes in a line.
const LINE: usize = 8;

/// Returns the bytes; `None` if the proof is not among the bytes of a message.
pub(super) fn hex(page: Page<'_>, connection: &Connection) -> Option<Node> {
    let bytes = proof_bytes(connection);
    let shown = |byte: &ProofByte, text: &str| match byte.is_fault {
        true => labelled("mark", text),
        false => Node::text(text),
    };
    let mut lines = Vec::new();
    for line in bytes.chunks(LINE) {
        if !lines.is_empty() {
            lines.push(Node::Text("\n".to_owned()));
        }
        for byte in line {
            lines.extend([shown(byte, &byte.digits), Node::text(" ")]);
        }
        lines.push(Node::Text(" ".repeat((LINE - line.len()) * 3 + 1)));
        lines.extend(line.iter().map(|byte| shown(byte, &byte.letter.to_string())));
    }
    let title = labelled("figcaption", &page.word("html_bytes"));
    (!bytes.is_empty()).then(|| element("figure.hex", [title, element("pre", lines)]))
}
