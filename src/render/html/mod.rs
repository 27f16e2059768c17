//! The report as one HTML file that loads nothing from the network: for one connection its last moments and the proof; for
//! many an overview, the causes, when they ended, and a table with the details of each beside it.
//!
//! It is written with `maud`: the templates are Rust and escape by type, so that no text gets into the page as markup. Without
//! scripts, the page has the causes and the first rows. Scripts show the others, from data that are in the page once.

mod annex;
mod causes;
mod chart;
mod data;
mod details;
mod hex;
mod ladder;
mod lines;
mod look;
mod node;
mod overview;
mod rows;
mod single;
mod texts;

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use self::causes::Causes;
use self::lines::Lines;
use super::sanitized;
use crate::catalog::Language;
use crate::report::Report;
use crate::report::document::{self, Block, Item};
use crate::report::phrase::{counted, word};
use crate::report::selection::Selection;

const STYLE: &str = concat!(
    include_str!("style/base.css"),
    include_str!("style/overview.css"),
    include_str!("style/table.css"),
    include_str!("style/details.css"),
    include_str!("style/print.css"),
);

/// The parts of the script share one scope.
const SCRIPT: &str = concat!(
    "'use strict';\n{\n",
    include_str!("script/data.js"),
    include_str!("script/details.js"),
    include_str!("script/list.js"),
    include_str!("script/filter.js"),
    include_str!("script/sort.js"),
    include_str!("script/page.js"),
    "}\n",
);

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
        counted(name, count as u64, &[], self.language)
    }
}

/// Writes the page, part by part: only the table of many connections is long.
pub fn render(report: &Report, selection: &Selection, language: Language, out: &mut dyn Write) -> io::Result<()> {
    let page = Page { report, language };
    let blocks = document::document(report, selection, false, language);
    let mut causes = Causes::new(&blocks);
    let lines = Lines::new(page, selection, &mut causes);
    write!(out, "<!DOCTYPE html><html lang=\"{}\">", language.code())?;
    let mut put = |part: Markup| out.write_all(part.into_string().as_bytes());
    put(head(page))?;
    put(PreEscaped("<body>".to_owned()))?;
    put(header(page, &blocks, lines.all.len()))?;
    put(PreEscaped("<main>".to_owned()))?;
    match lines.all.as_slice() {
        [only] => put(single::single(page, &lines, only, sections(&blocks)))?,
        several => {
            if !several.is_empty() {
                put(overview::tiles(page, &lines))?;
                put(overview::causes(page, &causes))?;
                put(chart::chart(page, several))?;
                put(rows::table(page, &lines))?;
            }
            put(
                html! { @for (title, items) in sections(&blocks) { section.subject { h2 { (sanitized(title)) } (list(items)) } } },
            )?;
        }
    }
    put(html! { @for block in &blocks { @if let Block::Annex(annex) = block { (annex::annex(annex)) } } })?;
    put(html! { (PreEscaped("</main>")) footer { (environment(page)) } })?;
    if lines.all.len() > 1 {
        out.write_all(b"<script type=\"application/json\" id=\"data\">")?;
        data::write(page, &lines, out)?;
        write!(out, "</script><script>{SCRIPT}</script>")?;
    }
    out.write_all(b"</body></html>\n")
}

fn head(page: Page<'_>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta http-equiv="Content-Security-Policy" content=(policy());
            title { "whyclosed: " (captures(page)) }
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// Returns the policy: nothing is loaded, and no style and no script applies except [`STYLE`] and [`SCRIPT`], by their
/// SHA-256.
fn policy() -> String {
    let [style, script] = [STYLE, SCRIPT].map(|text| STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
    )
}

/// Returns the answer, and what it is about.
fn header(page: Page<'_>, blocks: &[Block], connections: usize) -> Markup {
    html! {
        @if connections > 1 { a.skip href="#connections" { (page.word("html_skip")) } }
        header {
            @for block in blocks { @if let Block::Captured(text) = block { p.captures { (sanitized(text)) } } }
            @for block in blocks { @if let Block::Numbers(text) = block { p.captures { (sanitized(text)) } } }
            @for block in blocks { @if let Block::Headline(text) = block { h1 { (sanitized(text)) } } }
            // With connections, the remarks are on the document's own table.
            @for block in blocks {
                @if let (Block::Remark(text), 0) = (block, connections) { p.remark { (sanitized(text)) } }
            }
        }
    }
}

fn sections(blocks: &[Block]) -> impl Iterator<Item = (&String, &Vec<Item>)> {
    blocks.iter().filter_map(|block| match block {
        Block::Section(title, items) => Some((title, items)),
        _ => None,
    })
}

fn captures(page: Page<'_>) -> String {
    let paths: Vec<_> = page.report.captures.iter().map(|capture| sanitized(&capture.path)).collect();
    paths.join(", ")
}

/// Lists labels and texts; a text without a label belongs to the label above.
fn list<'i>(items: impl IntoIterator<Item = &'i Item> + Clone) -> Markup {
    html! {
        @if items.clone().into_iter().all(|item| item.label.is_empty()) {
            ul { @for item in items { li { (sanitized(&item.text)) } } }
        } @else {
            dl { @for item in items { @for node in details::pair(item) { (node) } } }
        }
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
