//! The table of all connections, one row each. The script adds pages, sorting and filtering.

use maud::{Markup, html};

use super::{Page, sanitized};
use crate::report::Connection;
use crate::report::document::{self, Clock, Tone};

pub(super) fn table(page: Page<'_>, connections: &[&Connection], detailed: &[&Connection]) -> Markup {
    let clock = page.report.clock().of(connections.iter().map(|connection| &*connection.opened));
    let is_detailed = |connection: &Connection| detailed.iter().any(|other| other.id == connection.id);
    html! {
        section id="connections" tabindex="-1" aria-labelledby="connections-title" {
            h2 id="connections-title" { (page.counted("html_all", connections.len())) }
            div.scroll role="region" aria-labelledby="connections-title" tabindex="0" {
                table.connections data-filter=(page.word("html_filter")) data-bad=(page.word("html_only_bad"))
                    data-before=(page.word("html_before")) data-next=(page.word("html_next")) data-shown=(page.word("html_shown")) {
                    caption.vh { (page.counted("html_all", connections.len())) }
                    thead { tr { @for column in document::header(page.report.clock(), page.language) { th scope="col" { (column) } } } }
                    tbody {
                        @for connection in connections { (row(page, connection, clock, is_detailed(connection))) }
                    }
                }
            }
        }
    }
}

fn row(page: Page<'_>, connection: &Connection, clock: Clock<'_>, is_detailed: bool) -> Markup {
    let row = document::row(connection, &page.report.codes, clock, page.language);
    let tone = match row.tone {
        Tone::Good => "good",
        Tone::Neutral => "open",
        Tone::Bad => "bad",
    };
    html! {
        tr class=(tone) {
            @for (at, cell) in row.cells.iter().enumerate() {
                @match at {
                    0 if is_detailed => th scope="row" { a href=(format!("#c{}", connection.id)) { (cell) } },
                    0 => th scope="row" { (cell) },
                    // The table is sorted by the exact number, not by the text shown.
                    2 => td data-v=(format!("{:.6}", connection.lifetime)) { (cell) },
                    _ => td { (sanitized(cell)) },
                }
            }
        }
    }
}
