//! The report as a document for people. Only this module chooses words; renderers choose the appearance.
//!
//! ```text
//! headline ─ causes ─ table ─ sections, one for each code ─ timelines, details ─ limits of the view
//! ```

mod bytes;
mod causes;
mod clock;
mod details;
mod headline;
mod list;
mod outside;
mod sections;
mod table;
mod timeline;
mod whole;

use std::collections::BTreeMap;

pub use bytes::{ProofByte, proof_bytes};
pub use clock::{Clock, Precision, Times, in_order};
pub use details::{details, moments, others, why};
pub use list::ending;
pub use timeline::what;
pub use whole::{Extent, about, document, document_of, headline, is_limits, shown};

use super::phrase;
use super::selection::Selection;
use super::{Code, Connection, Report, codes};
use crate::catalog::{Language, words};
use crate::diagnose::Confidence;
use crate::ending::Kind;

/// Columns of the table of connections.
pub const COLUMNS: [&str; 9] = ["id", "time", "lifetime", "endpoints", "request", "closed_by", "code", "reason", "why"];

/// The index of the column that names the side that began the end.
pub const CLOSED_BY: usize = 5;

/// The index of the column that describes the end of a connection.
pub const HOW: usize = 6;

/// The index of the column for the reason that the closing side gave, in quotation marks.
pub const REASON: usize = 7;

/// The index of the column that says why a connection ended.
pub const WHY: usize = 8;

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// The answer.
    Headline(String),
    /// The captures, and when they were made.
    Captured(String),
    /// The file whose packets and streams are numbered, if not those of the captures.
    Numbers(String),
    /// A remark.
    Remark(String),
    /// The table of causes, if there is more than one connection.
    Causes(Table),
    /// The table of connections.
    Table(Table),
    /// A heading, and the items under it.
    Section(String, Vec<Item>),
    /// A table of its own.
    Annex(Box<Annex>),
}

/// A table beside the main one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annex {
    /// The heading.
    pub title: String,
    /// A remark before the table.
    pub remark: String,
    /// The table.
    pub table: Table,
    /// The items after it.
    pub items: Vec<Item>,
}

/// A table; neighbouring columns of a group may be stacked in one where there is little room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The number of columns in each group.
    pub groups: Vec<usize>,
    /// The columns' headings.
    pub header: Vec<String>,
    /// The cells.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its severity.
    pub tone: Tone,
    /// Its cells.
    pub cells: Vec<String>,
}

/// The severity of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// The normal case.
    Good,
    /// Neither good nor bad.
    Neutral,
    /// A fault.
    Bad,
}

impl Tone {
    /// Returns the severity of an end. A connection that is still open has not ended.
    pub fn of(ending: Kind, is_normal: bool) -> Self {
        match ending {
            _ if is_normal => Self::Good,
            Kind::Open => Self::Neutral,
            _ => Self::Bad,
        }
    }
}

/// A labelled text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The label; empty for one more text under the label above.
    pub label: String,
    /// The text.
    pub text: String,
    /// The kind of text.
    pub kind: ItemKind,
}

/// The kind of a labelled text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// Documentation.
    Reference,
    /// An observation in this capture.
    Fact,
    /// A recommendation.
    Advice,
    /// A text to be copied, such as a filter.
    Code,
    /// References for further reading: names and addresses, which are not broken.
    Link,
}

/// Returns the connections that are shown as lines, with the parts of each as cells.
pub fn list(report: &Report, selection: &Selection, language: Language) -> Vec<Row> {
    Writer { clock: report.clock(), codes: &report.codes, language, more: false, extent: Extent::default() }
        .list(report, selection)
}

/// Returns the headings of the table of connections.
pub fn header(clock: Clock<'_>, language: Language) -> Vec<String> {
    Writer { clock, codes: &[], language, more: false, extent: Extent::default() }.header(&COLUMNS)
}

/// Returns a connection as a row of the table, column by column ([`COLUMNS`]).
///
/// `codes` must contain at least the codes that occurred in it.
pub fn row(connection: &Connection, codes: &[Code], clock: Clock<'_>, language: Language) -> Row {
    Writer { clock, codes, language, more: false, extent: Extent::default() }.row(connection, clock)
}

/// Names a confidence in a few letters.
pub fn confidence(confidence: Confidence, language: Language) -> &'static str {
    Writer { clock: Clock::default(), codes: &[], language, more: false, extent: Extent::default() }
        .confidence(confidence)
}

/// The subject of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Code(u16),
    NoCode,
    NoClose,
    Refused,
    Open,
}

impl Subject {
    fn of(connection: &Connection) -> Self {
        match connection.ending {
            Kind::Open => Self::Open,
            Kind::Refused | Kind::NoAnswer => Self::Refused,
            Kind::Fin | Kind::Reset | Kind::EndStream | Kind::StreamReset => Self::NoClose,
            // 1005 may have been sent, although it must not be.
            Kind::CloseHandshake | Kind::CloseUnanswered => {
                connection.first_close().and_then(|close| close.code).map_or(Self::NoCode, Self::Code)
            }
        }
    }

    /// Returns the code under which the subject is documented.
    const fn code(self) -> Option<u16> {
        match self {
            Self::Code(code) => Some(code),
            Self::NoCode => Some(1005),
            Self::NoClose => Some(1006),
            Self::Refused | Self::Open => None,
        }
    }
}

struct Writer<'r> {
    clock: Clock<'r>,
    codes: &'r [Code],
    language: Language,
    more: bool,
    extent: Extent,
}

impl Writer<'_> {
    fn word(&self, name: &str) -> &'static str {
        words().get(name, self.language)
    }

    /// Returns the headings of columns.
    fn header(&self, columns: &[&str]) -> Vec<String> {
        let zone = self.clock.zone(self.language);
        columns.iter().map(|name| self.fill(&format!("column_{name}"), &[("zone", &zone)])).collect()
    }

    fn fill(&self, name: &str, values: &[(&str, &str)]) -> String {
        phrase::word(name, values, self.language)
    }

    /// Returns the text `NAME_one` for one, `NAME` with `{count}` for more.
    fn counted(&self, name: &str, count: usize, values: &[(&str, &str)]) -> String {
        phrase::counted(name, count as u64, values, self.language)
    }

    /// Returns "1007 (Invalid frame payload data)".
    fn code(&self, connection: &Connection, code: u16) -> String {
        format!("{code} ({})", self.name(connection, code))
    }

    /// Returns the name of a code, by the registry that the connection shows.
    fn name(&self, connection: &Connection, code: u16) -> &str {
        codes::find(self.codes, connection, code).map_or("", |code| &code.name)
    }

    /// Returns the limits of the view, as items.
    fn limits(&self, report: &Report, shown: &[&Connection]) -> Vec<Item> {
        let mut by_kind: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for connection in shown {
            for kind in &connection.visibility {
                by_kind.entry(kind).or_default().push(connection.id);
            }
        }
        let views = by_kind.into_iter().map(|(kind, connections)| self.limit(kind, &connections));
        let files = report.captures.iter().flat_map(|capture| {
            capture.notes.iter().map(|note| self.fill("note_file", &[("path", &capture.path), ("note", note)]))
        });
        let notes = report.notes.iter().map(|note| capitalized(note));
        let texts = views.map(|view| capitalized(&view)).chain(files).chain(notes);
        let merges = report.merges.iter().flat_map(|merge| {
            let text = self.counted("merged", merge.files.len(), &[]);
            [(text, ItemKind::Fact), (merge.command(), ItemKind::Code)]
        });
        let items = merges.chain(texts.map(|text| (text, ItemKind::Fact)));
        items.map(|(text, kind)| Item { label: String::new(), text, kind }).collect()
    }

    /// Describes a limit of the view of some connections.
    fn limit(&self, kind: &str, connections: &[usize]) -> String {
        self.counted(&format!("visibility_{kind}"), connections.len(), &[("ids", &ids(connections.iter()))])
    }

    /// Names the confidence in a finding.
    fn confidence(&self, confidence: Confidence) -> &'static str {
        self.word(confidence.name())
    }

    fn item(&self, label: &str, text: String, kind: ItemKind) -> Item {
        Item { label: if label.is_empty() { String::new() } else { self.word(label).to_owned() }, text, kind }
    }
}

/// Lists ids as "1, 2, 5", at most one line of them.
fn ids(ids: impl Iterator<Item = impl ToString>) -> String {
    const SHOWN: usize = 20;
    let all: Vec<_> = ids.map(|id| id.to_string()).collect();
    let shown = all.get(..SHOWN).unwrap_or(&all).join(", ");
    if all.len() > SHOWN { format!("{shown}, …") } else { shown }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
