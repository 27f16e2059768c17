//! A report as a ticket: the answer, the table, the evidence, the advice and the environment.

use std::io::{self, Write};

use super::Flavor;
use crate::catalog::Language;
use crate::report::document::{self, Block, Extent, Item, ItemKind, shown};
use crate::report::phrase::{number, word};
use crate::report::selection::Selection;
use crate::report::{Capture, Connection, Report};

/// The maximal size of a ticket in bytes: GitHub accepts 65,536 characters.
const MOST: usize = 60_000;

/// Extents from large to small; the first whose text fits is used. The ticket says what it omits.
const EXTENTS: &[Extent] = &[
    Extent { causes: 20, rows: 150, examples: 3, timelines: 5, details: 10 },
    Extent { causes: 20, rows: 80, examples: 2, timelines: 3, details: 5 },
    Extent { causes: 10, rows: 40, examples: 1, timelines: 2, details: 2 },
    Extent { causes: 10, rows: 10, examples: 1, timelines: 1, details: 0 },
    Extent { causes: 5, rows: 3, examples: 0, timelines: 0, details: 0 },
];

/// The options of a ticket.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// The connections to report.
    pub selection: &'r Selection,
    /// The command line, so that the report can be repeated; empty if it must not be shown.
    pub command: &'r str,
    /// The markup language.
    pub flavor: Flavor,
    /// The language.
    pub language: Language,
}

/// Writes as much of the report as a tracker accepts.
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
    // The limits of the view come after the evidence.
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

/// Lists the captures of the report, the program, and the command that repeats it.
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

/// Describes a file: its path, format, packets and time span.
fn capture(capture: &Capture, language: Language) -> String {
    let packets = word("html_packets", &[("count", &number(capture.packets, language))], language);
    let times = capture.first.as_ref().zip(capture.last.as_ref());
    let span = times.map_or_else(String::new, |(first, last)| format!(", {first} – {last}"));
    format!("{}, {}, {packets}{span}", capture.path, capture.format)
}

/// Writes further details of some connections, folded if the markup allows it.
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
