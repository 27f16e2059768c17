//! Assembles the document: the order of the blocks, and the extent of each.

use super::{Block, Connection, Writer};
use crate::catalog::{Language, words};
use crate::report::Report;
use crate::report::order::Order;
use crate::report::selection::Selection;

/// The number of connections shown in each part.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Rows of the table of causes.
    pub causes: usize,
    /// Rows of the table of connections; JSON has them all.
    pub rows: usize,
    /// Connections with the same cause that are shown with their proof; the others are only listed.
    pub examples: usize,
    /// Connections whose timeline is shown.
    pub timelines: usize,
    /// Connections that are described in full.
    pub details: usize,
}

impl Default for Extent {
    fn default() -> Self {
        Self { causes: 20, rows: 50, examples: 3, timelines: 10, details: 0 }
    }
}

/// Returns the connections of a report that are shown to a reader, in the order in which they are.
pub fn shown<'r>(report: &'r Report, selection: &Selection) -> Vec<&'r Connection> {
    selection.shown(report, Some(Order::Severity))
}

/// Builds the document of a report for the selected connections. `more` adds the other findings and the codes reported
/// by endpoints.
pub fn document(report: &Report, selection: &Selection, more: bool, language: Language) -> Vec<Block> {
    let usual = Extent::default();
    let extent = Extent { rows: selection.top.unwrap_or(usual.rows), ..usual };
    let writer = Writer { clock: report.clock(), codes: &report.codes, language, more, extent };
    writer.document(report, selection, more || !selection.ids.is_empty())
}

/// Builds the same document within an extent, and without timelines.
pub fn document_of(report: &Report, selection: &Selection, extent: Extent, language: Language) -> Vec<Block> {
    Writer { clock: report.clock(), codes: &report.codes, language, more: false, extent }
        .document(report, selection, false)
}

/// Returns the answer: the first sentence of a document of all connections.
pub fn headline(report: &Report, language: Language) -> String {
    let connections: Vec<_> = report.connections.iter().map(AsRef::as_ref).collect();
    Writer { clock: report.clock(), codes: &report.codes, language, more: false, extent: Extent::default() }
        .headline(report, &connections)
}

/// Returns what a document says besides its connections: of the captures, of encrypted connections, and of the limits of the
/// view.
pub fn about(report: &Report, language: Language) -> Vec<Block> {
    let connections: Vec<_> = report.connections.iter().map(AsRef::as_ref).collect();
    let writer =
        Writer { clock: report.clock(), codes: &report.codes, language, more: false, extent: Extent::default() };
    let mut blocks = vec![Block::Headline(writer.headline(report, &connections))];
    blocks.extend(writer.captured(report).map(Block::Captured));
    blocks.push(Block::Remark(writer.what_was_read(report)));
    blocks.extend(writer.outside(report, &Selection { all: true, ..Selection::default() }));
    let limits = writer.limits(report, &connections);
    if !limits.is_empty() {
        blocks.push(Block::Section(writer.word("limits").to_owned(), limits));
    }
    blocks
}

/// Returns whether a block describes the limits of the view.
pub fn is_limits(block: &Block, language: Language) -> bool {
    matches!(block, Block::Section(title, _) if title == words().get("limits", language))
}

impl Writer<'_> {
    fn document(&self, report: &Report, selection: &Selection, timelines: bool) -> Vec<Block> {
        let connections = report.connections.iter().map(AsRef::as_ref);
        let matching: Vec<&Connection> = connections.filter(|connection| selection.matches(connection)).collect();
        let shown = shown(report, selection);
        let listed = shown.get(..selection.top.unwrap_or(shown.len())).unwrap_or(&shown);
        let mut blocks = vec![Block::Headline(self.headline(report, &matching))];
        blocks.extend(self.captured(report).map(Block::Captured));
        let numbered = report.numbers_of.as_deref();
        blocks.extend(numbered.map(|slice| Block::Numbers(self.fill("numbers_of", &[("slice", slice)]))));
        if report.connections.is_empty() {
            blocks.push(Block::Remark(self.what_was_read(report)));
        }
        if !shown.is_empty() {
            blocks.extend(self.causes_table(&shown));
            blocks.push(Block::Table(self.table(listed)));
        }
        let hidden = matching.len() - shown.len();
        if hidden > 0 && !shown.is_empty() {
            blocks.push(Block::Remark(self.counted("hidden", hidden, &[])));
        }
        if let Some(more @ 1..) = shown.len().checked_sub(listed.len().min(self.extent.rows)) {
            blocks.push(Block::Remark(self.counted("more_rows", more, &[])));
        }
        blocks.extend(self.sections(listed));
        if timelines {
            blocks.extend(self.timelines(listed));
        }
        blocks.extend(self.outside(report, selection));
        let limits = self.limits(report, &shown);
        if !limits.is_empty() {
            blocks.push(Block::Section(self.word("limits").to_owned(), limits));
        }
        blocks
    }
}
