//! A table beside that of the connections: it is not sorted or filtered.

use maud::{Markup, html};

use super::{list, sanitized};
use crate::report::document::{Annex, Row, Tone};

pub(super) fn annex(annex: &Annex) -> Markup {
    html! {
        section.subject {
            h2 { (sanitized(&annex.title)) }
            p { (sanitized(&annex.remark)) }
            div.scroll role="region" aria-label=(sanitized(&annex.title)) tabindex="0" {
                table {
                    thead { tr { @for heading in &annex.table.header { th scope="col" { (sanitized(heading)) } } } }
                    tbody { @for row in &annex.table.rows { (line(row)) } }
                }
            }
            @if !annex.items.is_empty() { (list(&annex.items)) }
        }
    }
}

fn line(row: &Row) -> Markup {
    let tone = match row.tone {
        Tone::Good => "good",
        Tone::Neutral => "open",
        Tone::Bad => "bad",
    };
    html! {
        tr class=(tone) {
            @for (at, cell) in row.cells.iter().enumerate() {
                @if at == 0 { th scope="row" { (sanitized(cell)) } } @else { td { (sanitized(cell)) } }
            }
        }
    }
}
