//! The causes of the document, and the connections that are counted under each.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::look::Look;
use crate::report::Connection;
use crate::report::document::{Block, CLOSED_BY, HOW, Row, WHY};

/// The table of causes; empty if the document has none.
#[derive(Default)]
pub(super) struct Causes {
    /// The headings.
    pub header: Vec<String>,
    /// The causes, the most frequent first.
    pub rows: Vec<Cause>,
    /// The remark on those that the table leaves out.
    pub remark: Option<String>,
    /// The places of the causes by what rows of connections say: why they ended, how, and who began the end.
    places: HashMap<[String; 3], usize, RandomState>,
}

/// A cause.
pub(super) struct Cause {
    /// Its cells.
    pub cells: Vec<String>,
    /// The kind of the ends.
    pub look: Look,
    /// The number of connections.
    pub count: usize,
    /// The number of the connection that is its example; `None` if none of them is listed.
    pub example: Option<usize>,
}

impl Causes {
    /// The column of the number of connections, after why, how and by whom they ended.
    pub(super) const COUNT: usize = 3;

    /// The column of the example.
    pub(super) const EXAMPLE: usize = 8;

    /// Takes over the table of a document, without counting anything yet.
    pub(super) fn new(blocks: &[Block]) -> Self {
        let mut causes = Self::default();
        let mut blocks = blocks.iter();
        let Some(table) = blocks.find_map(|block| if let Block::Causes(table) = block { Some(table) } else { None })
        else {
            return causes;
        };
        causes.header.clone_from(&table.header);
        if let Some(Block::Remark(remark)) = blocks.next() {
            causes.remark = Some(remark.clone());
        }
        for Row { cells, .. } in &table.rows {
            if let [why, how, by, ..] = &**cells {
                causes.places.insert([why.clone(), how.clone(), by.clone()], causes.rows.len());
            }
            causes.rows.push(Cause { cells: cells.clone(), look: Look::Open, count: 0, example: None });
        }
        causes
    }

    /// Counts a connection, by its row. Returns the place of its cause; `None` if the table does not have it. The first
    /// connection of a cause is its example. Those that are listed have to come before the others.
    pub(super) fn count(&mut self, connection: &Connection, row: &Row, is_listed: bool) -> Option<usize> {
        let key = [WHY, HOW, CLOSED_BY].map(|at| row.cells.get(at).cloned().unwrap_or_default());
        let place = *self.places.get(&key)?;
        let cause = self.rows.get_mut(place)?;
        if cause.count == 0 {
            (cause.look, cause.example) = (Look::of(connection), is_listed.then_some(connection.id));
        }
        cause.count += 1;
        Some(place)
    }
}
