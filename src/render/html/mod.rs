//! The report as one HTML file that loads nothing from the network and works without scripts: charts, every connection,
//! and for those that ended badly the last moments and the bytes that prove why.
//!
//! It is written with `maud`: the templates are Rust and escape by type, so that no text gets into the page as markup.

mod annex;
mod charts;
mod details;
mod ladder;
mod table;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::sanitized;
use crate::catalog::Language;
use crate::report::document::{self, Block, Item, ItemKind};
use crate::report::phrase::{number, word};
use crate::report::selection::Selection;
use crate::report::{Connection, Report};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The policy: nothing is loaded, and no script runs except [`SCRIPT`], by its SHA-256. A test compares the hash.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-WMHb9rl+zjIovrebKlP7z/KWLnNjSYlcVVrNo1tJBiY='; \
                      base-uri 'none'; form-action 'none'";

/// The number of connections with details, those that ended badly first: about 10 KB each.
const DETAILED: usize = 200;

/// The data shared by all parts of the page.
#[derive(Clone, Copy)]
struct Page<'r> {
    report: &'r Report,
    language: Language,
}

impl Page<'_> {
    fn word(&self, name: &str) -> String {
        word(name, &[], self.language)
    }

    fn counted(&self, name: &str, count: usize) -> String {
        word(name, &[("count", &number(count as u64, self.language))], self.language)
    }
}

/// Writes the page.
pub fn render(report: &Report, selection: &Selection, language: Language, out: &mut dyn Write) -> io::Result<()> {
    let page = Page { report, language };
    let connections: Vec<&Connection> =
        report.connections.iter().map(AsRef::as_ref).filter(|connection| selection.matches(connection)).collect();
    let shown = connections.iter().filter(|connection| selection.shows(connection));
    let detailed: Vec<&Connection> = shown.take(DETAILED).copied().collect();
    let blocks = document::document(report, selection, false, language);
    out.write_all(whole(page, &connections, &detailed, &blocks).into_string().as_bytes())
}

fn whole(page: Page<'_>, connections: &[&Connection], detailed: &[&Connection], blocks: &[Block]) -> Markup {
    let headline = blocks.iter().find_map(|block| match block {
        Block::Headline(text) => Some(sanitized(text)),
        _ => None,
    });
    let captured = blocks.iter().find_map(|block| match block {
        Block::Captured(text) => Some(sanitized(text)),
        _ => None,
    });
    let sections = blocks.iter().filter_map(|block| match block {
        Block::Section(title, items) => Some((title, items)),
        _ => None,
    });
    let annexes = blocks.iter().filter_map(|block| match block {
        Block::Annex(annex) => Some(annex),
        _ => None,
    });
    html! {
        (DOCTYPE)
        html lang=(page.language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "whyclosed: " (captures(page)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#connections" { (page.word("html_skip")) }
                header {
                    p.captures { (captured.unwrap_or_default()) }
                    h1 { (headline.unwrap_or_default()) }
                }
                main {
                    (charts::charts(page, connections))
                    (table::table(page, connections, detailed))
                    @for (title, items) in sections {
                        section.subject { h2 { (sanitized(title)) } (list(items)) }
                    }
                    (details::details(page, detailed, connections))
                    @for annex in annexes { (annex::annex(annex)) }
                }
                footer { (environment(page)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn captures(page: Page<'_>) -> String {
    let paths: Vec<_> = page.report.captures.iter().map(|capture| sanitized(&capture.path)).collect();
    paths.join(", ")
}

/// Lists labels and texts; a text without a label belongs to the label above.
fn list(items: &[Item]) -> Markup {
    html! {
        dl {
            @for (at, item) in items.iter().enumerate() {
                @if !item.label.is_empty() { dt { (sanitized(&item.label)) } }
                @else if at == 0 { dt.none {} }
                dd class=(class(item.kind)) {
                    @if item.kind == ItemKind::Code { code { (sanitized(&item.text)) } } @else { (sanitized(&item.text)) }
                }
            }
        }
    }
}

const fn class(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Reference => "reference",
        ItemKind::Fact => "fact",
        ItemKind::Advice => "advice",
        ItemKind::Code => "code",
        ItemKind::Link => "link",
    }
}

/// Lists the captures of the report, and the program.
fn environment(page: Page<'_>) -> Markup {
    html! {
        h2 { (page.word("html_environment")) }
        dl {
            @for capture in &page.report.captures {
                dt { (page.word("html_capture")) }
                dd {
                    (sanitized(&capture.path)) ", " (sanitized(&capture.format)) ", "
                    (page.counted("html_packets", usize::try_from(capture.packets).unwrap_or(usize::MAX)))
                    @if let (Some(first), Some(last)) = (&capture.first, &capture.last) { ", " (first) " – " (last) }
                }
            }
            dt { (page.word("html_program")) }
            dd { (page.report.generator) }
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_allows_this_script() {
        let hash = STANDARD.encode(Sha256::digest(SCRIPT));
        assert!(POLICY.contains(&format!("'sha256-{hash}'")), "sha256-{hash}");
    }
}
