//! The rows of a registry. Those of a built-in one are parsed when they are asked for first: a report needs only a few.

use std::sync::OnceLock;

use serde::Deserialize;

use super::close_codes::{Codes, Row};

/// The rows of a registry, in their order.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<Row>")]
pub struct Rows(Vec<Entry>);

/// A row, and the table that it is parsed from. A fault in the table gives no row.
#[derive(Clone, Debug)]
struct Entry {
    codes: Codes,
    table: &'static str,
    row: OnceLock<Option<Row>>,
}

impl Entry {
    fn row(&self) -> Option<&Row> {
        self.row.get_or_init(|| toml::from_str(self.table).ok()).as_ref()
    }
}

impl From<Vec<Row>> for Rows {
    fn from(rows: Vec<Row>) -> Self {
        let parsed = |row: Row| Entry { codes: row.code, table: "", row: Some(row).into() };
        Self(rows.into_iter().map(parsed).collect())
    }
}

/// The line before the table of a row.
const BEGIN: &str = "\n[[code]]\n";

/// Splits the text of a registry into what stands before its rows, and the tables of the rows.
pub(super) fn split(registry: &str) -> (&str, impl Iterator<Item = &str>) {
    let mut parts = registry.split(BEGIN);
    (parts.next().unwrap_or_default(), parts)
}

impl Rows {
    /// Returns the rows of these tables, each of which has a line `code = …`.
    pub(super) fn of_tables(tables: impl Iterator<Item = &'static str>) -> Self {
        let codes =
            |table: &str| Codes::parse(table.lines().find_map(|line| line.strip_prefix("code = "))?.trim_matches('"'));
        Self(tables.filter_map(|table| Some(Entry { codes: codes(table)?, table, row: OnceLock::new() })).collect())
    }

    /// Returns all rows.
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.0.iter().filter_map(Entry::row)
    }

    /// Returns the codes of all rows, without parsing any.
    pub(super) fn codes(&self) -> impl Iterator<Item = Codes> {
        self.0.iter().map(|entry| entry.codes)
    }

    /// Returns the row of exactly these codes.
    pub fn of(&self, codes: Codes) -> Option<&Row> {
        self.0.iter().find(|entry| entry.codes == codes)?.row()
    }

    /// Returns the first row whose codes contain one.
    pub fn around(&self, code: u16) -> Option<&Row> {
        self.0.iter().find(|entry| entry.codes.contains(code))?.row()
    }

    /// Returns the number of rows.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
