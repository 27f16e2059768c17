//! The page of a single connection: its last moments beside the proof and the advice, and the rest below.

use maud::{Markup, html};

use super::details::Details;
use super::lines::{Line, Lines};
use super::node::Node;
use super::{Page, list, sanitized};
use crate::report::document::{Item, ItemKind};

/// Returns the connection. Of the `sections` of the document only those parts are left to say that the details do not.
pub(super) fn single<'b>(
    page: Page<'_>,
    lines: &Lines<'_>,
    line: &Line<'_>,
    sections: impl Iterator<Item = (&'b String, &'b Vec<Item>)>,
) -> Markup {
    let Details { finding, advice, proof, bytes, ladder, more } =
        Details::new(page, line.connection, lines.cells(page, line));
    html! {
        div.single {
            @if let Some(ladder) = &ladder { section.moments aria-label=(page.word("html_ladder")) { (ladder) } }
            section.answer aria-label=(page.word("html_answer")) {
                dl { (all(&finding)) (all(&proof)) }
                @if let Some(bytes) = &bytes { (bytes) }
                @if !advice.is_empty() { dl { (all(&advice)) } }
            }
            section.more aria-labelledby="more-title" { h2 id="more-title" { (page.word("html_details")) } dl { (all(&more)) } }
        }
        @for (title, items) in sections {
            @let told = items.iter().filter(|item| item.kind == ItemKind::Reference || item.label.is_empty());
            @if told.clone().next().is_some() { section.subject { h2 { (sanitized(title)) } (list(told)) } }
        }
    }
}

fn all(nodes: &[Node]) -> Markup {
    html! { @for node in nodes { (node) } }
}
