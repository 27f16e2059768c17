//! A report as a ticket: the answer, the table, the evidence, the advice and the environment.

use std::io::{self, Write};

use super::Flavor;
use crate::catalog::Language;
use crate::report::document::{self, Block, Extent, Item, ItemKind, shown};
use crate::report::phrase::{counted, number, word};
use crate::report::selection::Selection;
use crate::report::{Capture, Connection, Report};

/// Extents from large to small; the first whose text fits is used. The ticket counts what it leaves out.
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
    /// The number of characters that the tracker accepts.
    pub most: usize,
    /// The language.
    pub language: Language,
}

/// Writes as much of the report as a tracker accepts.
pub fn ticket(report: &Report, request: Request<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut all = Vec::new();
    for extent in EXTENTS {
        all = parts(report, request, *extent)?;
        if length(&all) <= request.most {
            break;
        }
    }
    out.write_all(fitting(all, request).join("\n").as_bytes())
}

/// Counts the characters of parts that are joined by line breaks.
fn length(parts: &[String]) -> usize {
    parts.iter().map(|part| part.chars().count() + 1).sum()
}

/// Drops the last parts if not all of them fit, and adds how many.
fn fitting(mut parts: Vec<String>, request: Request<'_>) -> Vec<String> {
    let Request { flavor, most, language, .. } = request;
    if length(&parts) <= most {
        return parts;
    }
    let left_out = |count: usize| {
        let values = [("most", &*number(most as u64, language))];
        flavor.escaped(&counted("ticket_left_out", count as u64, &values, language)) + "\n"
    };
    let mut room = most.saturating_sub(left_out(parts.len()).chars().count());
    let fits = |part: &&String| {
        let rest = room.checked_sub(part.chars().count() + 1);
        room = rest.unwrap_or_default();
        rest.is_some()
    };
    let kept = parts.iter().take_while(fits).count();
    let dropped = parts.split_off(kept).len();
    parts.push(left_out(dropped));
    parts
}

/// Returns the parts of a ticket, each of which ends with a line break.
fn parts(report: &Report, request: Request<'_>, extent: Extent) -> io::Result<Vec<String>> {
    let Request { selection, flavor, language, .. } = request;
    let connections = shown(report, selection);
    let mut blocks = document::document_of(report, selection, extent, language);
    // The limits of the view come after the evidence.
    let limits = blocks.pop_if(|block| document::is_limits(block, language));
    let block = |block: &Block| written(|out| flavor.blocks(std::slice::from_ref(block), out));
    let mut parts = blocks.iter().map(block).collect::<io::Result<Vec<_>>>()?;
    for connection in connections.iter().take(extent.timelines) {
        let title = word("section_timeline", &[("id", &connection.id.to_string())], language);
        parts.push(format!("{}\n\n{}\n", flavor.heading(&title), flavor.timeline(connection, language)));
    }
    if connections.len() > extent.timelines {
        let more = (connections.len() - extent.timelines) as u64;
        parts.push(flavor.escaped(&counted("ticket_timelines", more, &[], language)) + "\n");
    }
    parts.extend(limits.as_ref().map(block).transpose()?);
    let environment = Block::Section(word("html_environment", &[], language), environment(report, request));
    parts.push(block(&environment)?);
    let detailed = connections.get(..extent.details).unwrap_or(&connections);
    if !detailed.is_empty() {
        parts.push(written(|out| rest(report, request, detailed, out))?);
    }
    Ok(parts)
}

/// Returns what `write` writes.
fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let mut text = Vec::new();
    write(&mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
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
    let packets = counted("captured_packets", capture.packets, &[], language);
    let times = capture.first.as_ref().zip(capture.last.as_ref());
    let span = times.map_or_else(String::new, |(first, last)| format!(", {first} – {last}"));
    format!("{}, {}, {packets}{span}", capture.path, capture.format)
}

/// Writes further details of some connections, folded if the markup allows it.
fn rest(report: &Report, request: Request<'_>, connections: &[&Connection], out: &mut dyn Write) -> io::Result<()> {
    let Request { flavor, language, .. } = request;
    let title = word("ticket_rest", &[], language);
    match flavor {
        Flavor::Github => writeln!(out, "<details><summary>{}</summary>\n", flavor.escaped(&title))?,
        Flavor::Jira => writeln!(out, "{}\n", flavor.heading(&title))?,
    }
    for connection in connections {
        let name = word("connection", &[("id", &connection.id.to_string())], language);
        writeln!(out, "{}\n", flavor.strong(&flavor.escaped(name.trim_end_matches([':', ' ']))))?;
        flavor.items(&document::details(connection, &report.codes, language), out)?;
        writeln!(out)?;
    }
    if flavor == Flavor::Github { writeln!(out, "</details>") } else { Ok(()) }
}
