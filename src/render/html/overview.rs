//! The overview of many connections: how many ended in which way, and the causes as bars. With scripts, each of them
//! filters the table, unless none of its connections is listed.

use maud::{Markup, html};

use super::causes::Causes;
use super::lines::Lines;
use super::look::Look;
use super::{Page, sanitized};
use crate::report::phrase::number;

/// Returns a tile for each kind of end; they are the legend of the colours, too.
pub(super) fn tiles(page: Page<'_>, lines: &Lines<'_>) -> Markup {
    let count = |look: Look| lines.all.iter().filter(|line| line.look == look).count() as u64;
    let is_listed = |look: Look| lines.listed().iter().any(|line| line.look == look);
    html! {
        ul.tiles aria-label=(page.word("html_overview")) {
            @for look in Look::ALL {
                li.(look.class()) {
                    // The script enables the buttons that have data.
                    button type="button" aria-pressed="false" data-look=[is_listed(look).then_some(look.number())] disabled {
                        span.count { (number(count(look), page.language)) }
                        " "
                        span.label { (page.word(&format!("html_{}", look.class()))) }
                    }
                }
            }
        }
    }
}

/// Returns the table of causes, with a bar for the number of connections.
pub(super) fn causes(page: Page<'_>, causes: &Causes) -> Markup {
    let most = causes.rows.iter().map(|cause| cause.count).max().unwrap_or(1).max(1) as f64;
    html! {
        @if !causes.rows.is_empty() {
            section.causes aria-labelledby="causes-title" {
                h2 id="causes-title" { (page.word("html_causes")) }
                table {
                    caption.vh { (page.word("html_causes")) }
                    thead { tr { @for heading in &causes.header { th scope="col" { (sanitized(heading)) } } } }
                    tbody {
                        @for (at, cause) in causes.rows.iter().enumerate() {
                            tr.(cause.look.class()) {
                                @for (column, cell) in cause.cells.iter().enumerate() {
                                    @match column {
                                        0 => th scope="row" {
                                            button type="button" aria-pressed="false" data-cause=[cause.example.map(|_| at)] disabled { (sanitized(cell)) }
                                        }
                                        Causes::COUNT => td.count { div {
                                            span { (sanitized(cell)) }
                                            svg.bar aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none" {
                                                rect width=(format!("{:.1}", cause.count as f64 / most * 100.0)) height="10" {}
                                            }
                                        } }
                                        Causes::EXAMPLE => td data-example=[cause.example] { (sanitized(cell)) }
                                        _ => td data-label=(causes.header.get(column).map(|heading| sanitized(heading)).unwrap_or_default()) { (sanitized(cell)) }
                                    }
                                }
                            }
                        }
                    }
                }
                @if let Some(remark) = &causes.remark { p.remark { (sanitized(remark)) } }
            }
        }
    }
}
