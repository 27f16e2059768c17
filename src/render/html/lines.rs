//! The connections as the page lists them.

use std::collections::HashSet;

use super::causes::Causes;
use super::look::Look;
use super::{Page, sanitized};
use crate::report::document::{self, COLUMNS, Clock, REASON};
use crate::report::order::Order;
use crate::report::selection::Selection;
use crate::report::{Connection, Told};

/// The name of the column of files.
const FILE: &str = "file";

/// The most connections with details in the page, at about 1.5 KB each.
const DETAILED: usize = 1500;

/// The connections that match a selection, in the order in which they are listed.
pub(super) struct Lines<'r> {
    /// The connections.
    pub all: Vec<Line<'r>>,
    /// The number of them that the table has.
    pub listed: usize,
    /// The headings of all columns.
    header: Vec<String>,
    /// The form of their times.
    clock: Clock<'r>,
    /// Whether anybody gave a reason.
    has_reasons: bool,
    /// The heading of the column of files, which is the last, if there are several captures.
    files: Option<String>,
}

/// A connection as the page lists it.
pub(super) struct Line<'r> {
    /// The connection.
    pub connection: &'r Connection,
    /// The kind of its end.
    pub look: Look,
    /// The place of its cause in the table of causes.
    pub cause: Option<usize>,
    /// Whether the page has its details.
    pub is_detailed: bool,
}

/// A cell of the table.
pub(super) struct Cell<'l> {
    /// The name of its column.
    pub column: &'static str,
    /// The heading of its column.
    pub heading: &'l str,
    /// Its text, without characters that affect others.
    pub text: String,
}

impl<'r> Lines<'r> {
    /// Lists the connections that match the selection, those that ended badly first unless another order was asked for, and
    /// counts them in `causes`.
    pub(super) fn new(page: Page<'r>, selection: &Selection, causes: &mut Causes) -> Self {
        let connections = page.report.connections.iter().map(AsRef::as_ref);
        let mut connections: Vec<&Connection> = connections.filter(|one| selection.matches(one)).collect();
        let mut told = Told::new(selection);
        let told: HashSet<usize> = connections.iter().filter(|one| told.is_next(one)).map(|one| one.id).collect();
        selection.order.unwrap_or(Order::Severity).sort(&mut connections, |connection| connection);

        let listed = selection.top.unwrap_or(connections.len()).min(connections.len());
        let (mut detailed, mut has_reasons) = (0, false);
        let line = |(at, connection): (usize, &&'r Connection)| {
            let row = document::row(connection, &page.report.codes, Clock::default(), page.language);
            has_reasons |= row.cells.get(REASON).is_some_and(|reason| !reason.is_empty());
            let cause = if selection.shows(connection) { causes.count(connection, &row, at < listed) } else { None };
            // The filters of a bundle's report are for the slice in it.
            let has_filter = page.report.numbers_of.is_none() || connection.original.is_some();
            let is_detailed = told.contains(&connection.id) && has_filter && detailed < DETAILED;
            detailed += usize::from(is_detailed);
            Line { connection, look: Look::of(connection), cause, is_detailed }
        };
        let all: Vec<_> = connections.iter().enumerate().map(line).collect();
        let clock = page.report.clock().of(connections.iter().map(|connection| &*connection.opened));
        let has_files = connections.iter().any(|connection| connection.file.is_some());
        let files = has_files.then(|| page.word("column_file"));
        Self { all, listed, header: document::header(clock, page.language), clock, has_reasons, files }
    }

    /// Returns the connections that the table has.
    pub(super) fn listed(&self) -> &[Line<'r>] {
        self.all.get(..self.listed).unwrap_or_default()
    }

    /// Returns whether the times take more room than those of a day, in milliseconds.
    pub(super) fn has_long_times(&self) -> bool {
        let time = self.all.first().map(|line| self.clock.write(&line.connection.opened));
        time.is_some_and(|time| time.len() > "12:31:07.123".len())
    }

    /// Returns the table's columns: their names and headings.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.kept().map(|(at, column)| (column, self.heading(at))).chain(self.files.iter().map(|file| (FILE, &**file)))
    }

    /// Returns the cells of a connection's row.
    pub(super) fn cells(&self, page: Page<'_>, line: &Line<'_>) -> impl Iterator<Item = Cell<'_>> {
        let row = document::row(line.connection, &page.report.codes, self.clock, page.language);
        let cells = self.kept().map(move |(at, column)| Cell {
            column,
            heading: self.heading(at),
            text: row.cells.get(at).map(|cell| sanitized(cell)).unwrap_or_default(),
        });
        let file = line.connection.file.as_deref().map(sanitized).unwrap_or_default();
        cells.chain(self.files.iter().map(move |heading| Cell { column: FILE, heading, text: file.clone() }))
    }

    /// Returns the places and names of the columns, without that of the reasons if nobody gave any.
    fn kept(&self) -> impl Iterator<Item = (usize, &'static str)> + use<> {
        let has_reasons = self.has_reasons;
        COLUMNS.into_iter().enumerate().filter(move |(at, _)| has_reasons || *at != REASON)
    }

    fn heading(&self, at: usize) -> &str {
        self.header.get(at).map_or("", String::as_str)
    }
}
