//! The table of all connections. The first ones are in it as markup; the script replaces them by all, from the data.

use maud::{Markup, html};

use super::Page;
use super::lines::{Cell, Line, Lines};

/// The rows that are shown without scripts, and printed.
const FIRST: usize = 500;

/// Returns the table of the first connections.
pub(super) fn table(page: Page<'_>, lines: &Lines<'_>) -> Markup {
    let title = page.counted("html_all", lines.all.len());
    let has = |name| lines.columns().any(|(column, _)| column == name);
    html! {
        section.list id="connections" tabindex="-1" {
            h2 id="connections-title" { (title) }
            div.panes {
                div.rows role="region" aria-labelledby="connections-title" tabindex="0" {
                    table.connections.reasoned[has("reason")].filed[has("file")].long-times[lines.has_long_times()] {
                        caption.vh { (title) }
                        thead { tr { @for (column, heading) in lines.columns() { th scope="col" class=(column) { (heading) } } } }
                        tbody { @for line in lines.listed().iter().take(FIRST) { (row(page, lines, line)) } }
                    }
                }
            }
            @if let Some(more @ 1..) = lines.listed.checked_sub(FIRST) { p.rest { (page.counted("html_rest", more)) } }
            @if let Some(more @ 1..) = lines.all.len().checked_sub(lines.listed) { p.remark { (page.counted("more_rows", more)) } }
        }
    }
}

fn row(page: Page<'_>, lines: &Lines<'_>, line: &Line<'_>) -> Markup {
    html! {
        tr.(line.look.class()) {
            @for Cell { column, text, .. } in lines.cells(page, line) {
                @if column == "id" { th scope="row" class=(column) { (text) } } @else { td class=(column) { (text) } }
            }
        }
    }
}
