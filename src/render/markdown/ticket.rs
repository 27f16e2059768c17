//! A report as a ticket: the answer, the table, the evidence, what to do, and where it comes from.

use std::io::{self, Write};

use super::Flavor;
use crate::catalog::Language;
use crate::report::document::{self, Block, Extent, Item, ItemKind, shown};
use crate::report::phrase::{number, word};
use crate::report::selection::Selection;
use crate::report::{Capture, Connection, Report};

/// Bytes that a ticket may have: GitHub takes 65,536 characters.
const MOST: usize = 60_000;

/// From much to little; the first that fits is taken. What is left out is said.
const EXTENTS: &[Extent] = &[
    Extent { rows: 150, examples: 3, timelines: 5, details: 10 },
    Extent { rows: 80, examples: 2, timelines: 3, details: 5 },
    Extent { rows: 40, examples: 1, timelines: 2, details: 2 },
    Extent { rows: 10, examples: 1, timelines: 1, details: 0 },
    Extent { rows: 3, examples: 0, timelines: 0, details: 0 },
];

/// What is asked of a ticket.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// Which connections.
    pub selection: &'r Selection,
    /// The command line that asks, so that it can be repeated; empty where it is not to be told.
    pub command: &'r str,
    /// Whose marks.
    pub flavor: Flavor,
    /// In which language.
    pub language: Language,
}

/// Writes the report, as much of it as a tracker takes.
pub fn ticket(report: &Report, request: Request<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut written = Vec::new();
    for extent in EXTENTS {
        written.clear();
        whole(report, request, *extent, &mut written)?;
        if written.len() <= MOST {
            break;
        }
    }
    out.write_all(&written)
}

fn whole(report: &Report, request: Request<'_>, extent: Extent, out: &mut dyn Write) -> io::Result<()> {
    let Request { selection, flavor, language, .. } = request;
    let connections = shown(report, selection);
    let mut blocks = document::document_of(report, selection, extent, language);
    // What limits the view stands behind the evidence.
    let limits = blocks.pop_if(|block| document::is_limits(block, language));
    flavor.blocks(&blocks, out)?;
    for connection in connections.iter().take(extent.timelines) {
        let title = word("section_timeline", &[("id", &connection.id.to_string())], language);
        let moments = document::moments(connection, language);
        let width = moments.iter().map(|item| item.label.chars().count()).max().unwrap_or_default();
        let lines: Vec<_> = moments.iter().map(|item| format!("{:>width$}  {}", item.label, item.text)).collect();
        writeln!(out, "\n{}\n\n{}", flavor.heading(&title), flavor.fenced(&lines))?;
    }
    if connections.len() > extent.timelines {
        let count = number((connections.len() - extent.timelines) as u64, language);
        writeln!(out, "\n{}", flavor.escaped(&word("ticket_timelines", &[("count", &count)], language)))?;
    }
    if let Some(limits) = limits {
        writeln!(out)?;
        flavor.blocks(&[limits], out)?;
    }
    writeln!(out)?;
    flavor.blocks(&[Block::Section(word("html_environment", &[], language), environment(report, request))], out)?;
    rest(report, request, connections.get(..extent.details).unwrap_or(&connections), out)
}

/// What the report was made of, by what, and how to make it again.
fn environment(report: &Report, request: Request<'_>) -> Vec<Item> {
    let language = request.language;
    let item = |label: &str, text: String, kind| Item { label: word(label, &[], language), text, kind };
    let mut items: Vec<_> =
        report.captures.iter().map(|of| item("html_capture", capture(of, language), ItemKind::Fact)).collect();
    items.push(item("html_program", report.generator.clone(), ItemKind::Fact));
    if !request.command.is_empty() {
        items.push(item("ticket_command", request.command.to_owned(), ItemKind::Code));
    }
    items
}

/// A file, what it is, and from when to when.
fn capture(capture: &Capture, language: Language) -> String {
    let packets = word("html_packets", &[("count", &number(capture.packets, language))], language);
    let times = capture.first.as_ref().zip(capture.last.as_ref());
    let span = times.map_or_else(String::new, |(first, last)| format!(", {first} – {last}"));
    format!("{}, {}, {packets}{span}", capture.path, capture.format)
}

/// What else is known of some connections, folded where that can be.
fn rest(report: &Report, request: Request<'_>, connections: &[&Connection], out: &mut dyn Write) -> io::Result<()> {
    let Request { flavor, language, .. } = request;
    if connections.is_empty() {
        return Ok(());
    }
    let title = word("ticket_rest", &[], language);
    match flavor {
        Flavor::Github => writeln!(out, "\n<details><summary>{}</summary>\n", flavor.escaped(&title))?,
        Flavor::Jira => writeln!(out, "\n{}\n", flavor.heading(&title))?,
    }
    for connection in connections {
        let name = word("connection", &[("id", &connection.id.to_string())], language);
        writeln!(out, "{}\n", flavor.strong(&flavor.escaped(name.trim_end_matches([':', ' ']))))?;
        flavor.items(&document::details(connection, &report.codes, language), out)?;
        writeln!(out)?;
    }
    if flavor == Flavor::Github { writeln!(out, "</details>") } else { Ok(()) }
}
