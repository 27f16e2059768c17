//! Registries of close codes.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Localized;

/// A registry: codes, and ranges for what has no row.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Registry {
    /// Its id in reports.
    pub id: String,
    /// Its title.
    pub name: String,
    /// Where it is kept.
    pub source: String,
    #[serde(rename = "code", default)]
    codes: Vec<Code>,
    #[serde(rename = "range", default)]
    ranges: Vec<Range>,
}

#[derive(Clone, Debug, Deserialize)]
struct Code {
    code: u16,
    name: String,
    #[serde(flatten)]
    entry: Entry,
}

#[derive(Clone, Debug, Deserialize)]
struct Range {
    first: u16,
    last: u16,
    name: Localized,
    #[serde(flatten)]
    entry: Entry,
}

/// What a registry says of a code, or of the range it lies in.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// Whether it may stand in a Close frame.
    pub wire: bool,
    /// Who is meant to send it: `either`, `client`, `server`, `nobody`.
    pub sender: String,
    /// The standard and section, or the registry.
    pub reference: String,
    /// What it says.
    pub meaning: Localized,
    /// When it is seen: its documented cause.
    pub cause: Localized,
    /// What helps: its documented fix.
    pub fix: Localized,
}

impl Registry {
    /// The code's name, in English as registries keep it, if it has a row.
    pub fn name_of(&self, code: u16) -> Option<&str> {
        self.codes.iter().find(|row| row.code == code).map(|row| row.name.as_str())
    }

    /// The name of the range that a code lies in.
    pub fn range_of(&self, code: u16) -> Option<&Localized> {
        self.range(code).map(|range| &range.name)
    }

    /// What is said of the code, else of its range.
    pub fn entry(&self, code: u16) -> Option<&Entry> {
        let row = self.codes.iter().find(|row| row.code == code).map(|row| &row.entry);
        row.or_else(|| self.range(code).map(|range| &range.entry))
    }

    fn range(&self, code: u16) -> Option<&Range> {
        self.ranges.iter().find(|range| (range.first..=range.last).contains(&code))
    }
}

/// IANA's registry (RFC 6455 §11.7).
pub fn iana() -> &'static Registry {
    static IANA: LazyLock<Registry> =
        LazyLock::new(|| toml::from_str(include_str!("close_codes/iana.toml")).unwrap_or_default());
    &IANA
}
