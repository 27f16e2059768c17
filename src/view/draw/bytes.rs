//! The bytes of the proof in hexadecimal and as text; the one at fault is marked, and stands in brackets.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::look::Look;
use crate::report::Connection;
use crate::report::document::{ProofByte, proof_bytes};
use crate::report::phrase::counted;
use crate::view::popup::plain;
use crate::view::state::State;

/// Bytes in a line, with little and with more room.
const LINE: [usize; 2] = [8, 16];

/// The columns from which there is more room.
const ROOM: u16 = 76;

/// Returns the lines of the tab.
pub(super) fn lines(state: &State, connection: &Connection, look: Look, width: u16) -> Vec<Line<'static>> {
    let bytes = proof_bytes(connection);
    if bytes.is_empty() {
        return plain(&state.word("no_bytes", &[]), width).into_iter().map(Line::raw).collect();
    }
    let [few, many] = LINE;
    let in_line = if width < ROOM { few } else { many };
    let packets = connection.verdict.packets.first().map(|packet| packet.to_string()).unwrap_or_default();
    let title = counted("proof", 1, &[("packets", &packets)], state.language());
    let dump = bytes.chunks(in_line).map(|line| dumped(line, in_line, look));
    [look.prose(&title)].into_iter().chain(dump).collect()
}

/// Returns the digits of some bytes, then their characters.
fn dumped(bytes: &[ProofByte], in_line: usize, look: Look) -> Line<'static> {
    let style = |byte: &ProofByte| if byte.is_fault { look.fault() } else { Style::new() };
    let mut spans = vec![Span::raw(" ")];
    let mut was_fault = false;
    for byte in bytes {
        spans.push(Span::raw(match (was_fault, byte.is_fault) {
            (_, true) => "[",
            (true, false) => "]",
            (false, false) => " ",
        }));
        spans.push(Span::styled(byte.digits.clone(), style(byte)));
        was_fault = byte.is_fault;
    }
    let fill = " ".repeat((in_line - bytes.len()) * 3 + 2);
    spans.push(Span::raw(format!("{}{fill}", if was_fault { "]" } else { " " })));
    spans.extend(bytes.iter().map(|byte| Span::styled(byte.letter.to_string(), style(byte))));
    Line::from(spans)
}
