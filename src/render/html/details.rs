//! Details of each connection: the reason for its end, its last moments as a ladder, and the bytes that prove it.

use maud::{Markup, html};

use super::{Page, ladder, list, sanitized};
use crate::report::Connection;
use crate::report::document::{self, Clock};

/// Bytes in a line of the hex view.
const LINE: usize = 8;

pub(super) fn details(page: Page<'_>, detailed: &[&Connection], all: &[&Connection]) -> Markup {
    let bad = all.iter().filter(|connection| !connection.is_normal()).count();
    let left_out = bad.saturating_sub(detailed.len());
    html! {
        @if !detailed.is_empty() {
            section.details aria-labelledby="details-title" {
                h2 id="details-title" data-open=(page.word("html_open_all")) data-close=(page.word("html_close_all")) {
                    (page.word("html_details"))
                }
                @for (at, connection) in detailed.iter().enumerate() { (one(page, connection, at == 0)) }
                @if left_out > 0 { p { (page.counted("html_left_out", left_out)) } }
            }
        }
    }
}

fn one(page: Page<'_>, connection: &Connection, is_open: bool) -> Markup {
    let row = document::row(connection, &page.report.codes, Clock::default(), page.language);
    let cell = |at: usize| row.cells.get(at).map(|cell| sanitized(cell)).unwrap_or_default();
    html! {
        details id=(format!("c{}", connection.id)) open[is_open] {
            summary {
                h3 { "#" (connection.id) " · " (cell(document::HOW)) " · " (cell(document::WHY)) }
                span.endpoints { (sanitized(&connection.client)) " → " (sanitized(&connection.server)) }
            }
            div.body {
                (list(&document::details(connection, &page.report.codes, page.language)))
                div.evidence {
                    (ladder::ladder(page, connection))
                    (bytes(page, connection))
                }
            }
        }
    }
}

/// Draws the bytes around the proof, in hexadecimal and as text.
fn bytes(page: Page<'_>, connection: &Connection) -> Markup {
    let text = |name: &str| connection.verdict.value(name).and_then(|value| value.as_str());
    let bytes: Vec<&str> = text("bytes").unwrap_or_default().split(' ').filter(|byte| !byte.is_empty()).collect();
    // The sentence writes 0xE9, the hex view e9.
    let marked = text("byte").and_then(|byte| byte.strip_prefix("0x")).map(str::to_ascii_lowercase);
    let is_marked = |byte: &str| marked.as_deref() == Some(byte);
    html! {
        @if !bytes.is_empty() {
            figure.hex {
                figcaption { (page.word("html_bytes")) }
                pre tabindex="0" {
                    @for (line, bytes) in bytes.chunks(LINE).enumerate() {
                        @if line > 0 { "\n" }
                        @for byte in bytes { @if is_marked(byte) { mark { (byte) } } @else { (byte) } " " }
                        (" ".repeat((LINE - bytes.len()) * 3)) " "
                        @for byte in bytes { @if is_marked(byte) { mark { (letter(byte)) } } @else { (letter(byte)) } }
                    }
                }
            }
        }
    }
}

fn letter(byte: &str) -> char {
    match u8::from_str_radix(byte, 16) {
        Ok(byte @ b' '..=b'~') => char::from(byte),
        Ok(_) => '.',
        Err(_) => '·',
    }
}
