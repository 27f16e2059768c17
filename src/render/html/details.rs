//! The details of one connection: why it ended, what to do, its last moments, the proof, and what else is known.

use super::Page;
use super::hex::hex;
use super::ladder::ladder;
use super::lines::Cell;
use super::node::{Node, element, labelled};
use crate::report::Connection;
use crate::report::document::{self, Item, ItemKind};

/// The columns whose cells are in the details anyway: the number and the end in the title, the request with the handshake,
/// the file with the proof.
const ELSEWHERE: [&str; 5] = ["id", "request", "code", "why", "file"];

/// The parts of the details. Each may be empty.
pub(super) struct Details {
    /// What happened, in a sentence.
    pub finding: Vec<Node>,
    /// The cause, and what to do.
    pub advice: Vec<Node>,
    /// The packets that prove it, and the filter that shows them.
    pub proof: Vec<Node>,
    /// The bytes around the proof.
    pub bytes: Option<Node>,
    /// The last moments, as a diagram.
    pub ladder: Option<Node>,
    /// The row of the table, the handshake and the traffic.
    pub more: Vec<Node>,
}

impl Details {
    /// Returns the details of a connection. `cells` are those of its row.
    pub(super) fn new<'l>(page: Page<'_>, connection: &Connection, cells: impl Iterator<Item = Cell<'l>>) -> Self {
        let (mut finding, mut advice, mut proof) = (Vec::new(), Vec::new(), Vec::new());
        let cells = cells.filter(|cell| !ELSEWHERE.contains(&cell.column) && !cell.text.is_empty());
        let pair_of = |cell: Cell<'_>| [labelled("dt", cell.heading), labelled("dd", &cell.text)];
        let mut more: Vec<Node> = cells.flat_map(pair_of).collect();
        // The document begins with what happened; the proof ends with a filter.
        let mut is_proved = false;
        for item in document::details(connection, &page.report.codes, page.language) {
            let part = match item.kind {
                ItemKind::Advice => &mut advice,
                _ if finding.is_empty() => &mut finding,
                _ if is_proved => &mut more,
                _ => &mut proof,
            };
            is_proved |= item.kind == ItemKind::Code;
            part.extend(pair(&item));
        }
        Self { finding, advice, proof, bytes: hex(page, connection), ladder: ladder(page, connection), more }
    }

    /// Returns the parts in the order in which they are read beside a table.
    pub(super) fn into_nodes(self) -> impl Iterator<Item = Node> {
        let answer = self.finding.into_iter().chain(self.advice);
        let parts = [Some(element("dl", answer)), Some(element("dl", self.proof)), self.bytes, self.ladder];
        parts.into_iter().flatten().chain([element("dl", self.more)])
    }
}

/// Returns a label and its text; a text without a label belongs to the label above.
pub(super) fn pair(item: &Item) -> impl Iterator<Item = Node> {
    let label = (!item.label.is_empty()).then(|| labelled("dt", &item.label));
    let text = match item.kind {
        ItemKind::Code => element("dd", [labelled("code", &item.text)]),
        _ => labelled("dd", &item.text),
    };
    label.into_iter().chain([text])
}
