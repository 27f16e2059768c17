//! The report as a document for people: the only file that chooses words. Renderers choose looks.

mod details;
mod timeline;
mod whole;

use std::collections::BTreeMap;

pub use details::{details, moments};
pub use timeline::what;
pub use whole::{Extent, document, document_of, is_limits, shown};

use super::phrase::{self, number};
use super::{Code, Connection, Report, codes};
use crate::catalog::{Language, words};
use crate::diagnose::{Blame, Confidence};
use crate::ending::Kind;

/// Columns of the table of connections.
pub const COLUMNS: [&str; 8] = ["id", "time", "lifetime", "endpoints", "request", "closed_by", "code", "why"];

/// Which of them tells how a connection ended.
pub const HOW: usize = 6;

/// Which of them tells why.
pub const WHY: usize = 7;

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// The answer.
    Headline(String),
    /// A remark.
    Remark(String),
    /// The table of connections.
    Table(Table),
    /// A heading, and what stands under it.
    Section(String, Vec<Item>),
}

/// A table; neighbouring columns of a group may be stacked in one where there is little room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// How many columns each group has.
    pub groups: Vec<usize>,
    /// The columns' headings.
    pub header: Vec<String>,
    /// The cells.
    pub rows: Vec<Row>,
}

/// A row, and how grave it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How grave.
    pub tone: Tone,
    /// Its cells.
    pub cells: Vec<String>,
}

/// How grave something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Neither.
    Neutral,
    /// A fault.
    Bad,
}

/// A labelled text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The label; empty for one more text under the label above.
    pub label: String,
    /// The text.
    pub text: String,
    /// What it is.
    pub kind: ItemKind,
}

/// What a labelled text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// What is documented.
    Reference,
    /// What happened in this capture.
    Fact,
    /// What to do about it.
    Advice,
    /// To be copied: a filter.
    Code,
    /// Where to read on: names and addresses, which stay whole.
    Link,
}

/// A connection in a few words: what its row of the table says, column by column ([`COLUMNS`]).
///
/// `codes` are at least those that occurred in it.
pub fn row(connection: &Connection, codes: &[Code], language: Language) -> Row {
    Writer { codes, language, more: false, extent: Extent::default() }.row(connection)
}

/// What a section is about.
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
        match (connection.ending, connection.code()) {
            (Kind::Open, _) => Self::Open,
            (Kind::Refused | Kind::NoAnswer, _) => Self::Refused,
            (Kind::Fin | Kind::Reset, _) => Self::NoClose,
            (_, Some(1005)) | (_, None) => Self::NoCode,
            (_, Some(code)) => Self::Code(code),
        }
    }

    /// The code that its documentation is found under.
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
    codes: &'r [Code],
    language: Language,
    more: bool,
    extent: Extent,
}

impl Writer<'_> {
    fn word(&self, name: &str) -> &'static str {
        words().get(name, self.language)
    }

    fn fill(&self, name: &str, values: &[(&str, &str)]) -> String {
        phrase::word(name, values, self.language)
    }

    /// The text `NAME_one` for one, `NAME` with `{count}` for more.
    fn counted(&self, name: &str, count: usize, values: &[(&str, &str)]) -> String {
        phrase::counted(name, count as u64, values, self.language)
    }

    fn headline(&self, report: &Report, connections: &[&Connection]) -> String {
        let answers: Vec<_> = connections.iter().filter(|connection| !connection.is_normal()).collect();
        match (connections, answers.as_slice()) {
            ([], _) if report.connections.is_empty() => self.word("no_connections").to_owned(),
            ([], _) => self.word("selected_none").to_owned(),
            ([only], _) => self.answer(only),
            (_, []) => self.counted("all_normal", connections.len(), &[]),
            (_, [only]) => {
                let id = self.fill("connection", &[("id", &only.id.to_string())]);
                format!("{} {id}{}", self.count_abnormal(connections, 1), self.answer(only))
            }
            (_, many) => {
                let mut titles: BTreeMap<&str, usize> = BTreeMap::new();
                for connection in many {
                    *titles.entry(connection.verdict.title).or_default() += 1;
                }
                let most = titles.into_iter().max_by_key(|(_, count)| *count).filter(|(_, count)| *count > 1);
                let frequent = most.map_or_else(String::new, |(title, count)| {
                    let count = number(count as u64, self.language);
                    format!(" {}", self.fill("most_frequent", &[("title", title), ("count", &count)]))
                });
                format!("{}{frequent}", self.count_abnormal(connections, many.len()))
            }
        }
    }

    fn count_abnormal(&self, connections: &[&Connection], abnormal: usize) -> String {
        let (abnormal, count) =
            (number(abnormal as u64, self.language), number(connections.len() as u64, self.language));
        self.fill("counted", &[("abnormal", &abnormal), ("count", &count)])
    }

    /// How and why, in one sentence.
    fn answer(&self, connection: &Connection) -> String {
        let ending = capitalized(&self.ending(connection));
        match &*connection.verdict.summary {
            "" => self.fill("answer_alone", &[("ending", &ending)]),
            why => {
                let name = match connection.verdict.confidence {
                    _ if !connection.verdict.is_cause || connection.ending == Kind::Open => "answer",
                    Confidence::Certain => "answer_because",
                    Confidence::High => "answer_likely",
                    Confidence::Medium | Confidence::Low => "answer_perhaps",
                };
                self.fill(name, &[("ending", &ending), ("why", why)])
            }
        }
    }

    fn ending(&self, connection: &Connection) -> String {
        let side = |side| phrase::side_of(side, self.language);
        let closer = connection.closed_by.map_or("", side);
        let other = connection.closed_by.map_or("", |by| side(!by));
        let code = connection
            .closes
            .iter()
            .find(|close| Some(close.side) == connection.closed_by)
            .and_then(|close| close.code);
        let code_text = code.map_or_else(String::new, |code| self.code(connection, code));
        let name = match (connection.ending, connection.code(), code) {
            (Kind::CloseHandshake | Kind::CloseUnanswered, Some(1005), None) => "ended_no_code",
            (Kind::CloseHandshake | Kind::CloseUnanswered, _, None) => "ended_cut_code",
            (Kind::CloseHandshake, ..) => "ended_close_handshake",
            (Kind::CloseUnanswered, ..) => "ended_close_unanswered",
            (Kind::Fin, ..) => "ended_fin",
            (Kind::Reset, ..) if connection.verdict.side == Some(Blame::Network) => "ended_reset_on_the_way",
            (Kind::Reset, ..) => "ended_reset",
            (Kind::Open, ..) => "ended_open",
            (Kind::Refused, ..) => "ended_refused",
            (Kind::NoAnswer, ..) => "ended_no_answer",
        };
        self.fill(name, &[("closer", closer), ("other", other), ("code", &code_text)])
    }

    /// "1007 (Invalid frame payload data)".
    fn code(&self, connection: &Connection, code: u16) -> String {
        format!("{code} ({})", self.name(connection, code))
    }

    /// A code's name, by the registry that the connection shows.
    fn name(&self, connection: &Connection, code: u16) -> &str {
        codes::find(self.codes, connection, code).map_or("", |code| &code.name)
    }

    fn table(&self, connections: &[&Connection]) -> Table {
        Table {
            groups: vec![1, 2, 2, 2, 1],
            header: COLUMNS.iter().map(|name| self.word(&format!("column_{name}")).to_owned()).collect(),
            rows: connections.iter().take(self.extent.rows).map(|connection| self.row(connection)).collect(),
        }
    }

    /// The cells of [`COLUMNS`].
    fn row(&self, connection: &Connection) -> Row {
        let request = connection.handshake.target.clone().unwrap_or_default();
        let time = connection.opened.get(11..19).unwrap_or(&connection.opened).to_owned();
        Row {
            tone: match connection.ending {
                _ if connection.is_normal() => Tone::Good,
                Kind::Open => Tone::Neutral,
                _ => Tone::Bad,
            },
            cells: vec![
                connection.id.to_string(),
                time,
                phrase::duration(std::time::Duration::from_secs_f64(connection.lifetime), self.language),
                format!("{} → {}", connection.client, connection.server),
                request,
                connection
                    .closed_by
                    .map_or(self.word("nobody"), |side| {
                        self.word(if side == crate::side::Side::Client { "client" } else { "server" })
                    })
                    .to_owned(),
                self.how(connection),
                connection.verdict.title.to_owned(),
            ],
        }
    }

    /// How it ended, for a narrow cell.
    fn how(&self, connection: &Connection) -> String {
        match (Subject::of(connection), connection.ending) {
            (Subject::Code(code), _) => format!("{code} {}", self.name(connection, code)),
            (Subject::NoCode, _) => self.word("cell_no_code").to_owned(),
            (Subject::NoClose, Kind::Reset) => self.word("cell_reset").to_owned(),
            (Subject::NoClose, _) => self.word("cell_fin").to_owned(),
            (Subject::Open, _) => self.word("cell_open").to_owned(),
            (Subject::Refused, Kind::NoAnswer) => self.word("cell_no_answer").to_owned(),
            (Subject::Refused, _) => match connection.handshake.status {
                Some(status) => self.fill("cell_refused", &[("status", &status.to_string())]),
                None => self.word("cell_refused_tls").to_owned(),
            },
        }
    }

    fn sections(&self, shown: &[&Connection]) -> Vec<Block> {
        let mut by_subject: BTreeMap<(Subject, Option<&str>), Vec<&Connection>> = BTreeMap::new();
        for connection in shown {
            let subject = Subject::of(connection);
            let documented = subject.code().and_then(|code| codes::find(self.codes, connection, code));
            let registry = documented.and_then(|code| code.registry.as_deref());
            by_subject.entry((subject, registry)).or_default().push(connection);
        }
        by_subject
            .into_iter()
            .map(|((subject, _), connections)| {
                let mut items = self.documented(subject, &connections);
                for group in by_rule(&connections) {
                    items.extend(self.group(&group));
                }
                Block::Section(self.section_title(subject, &connections), items)
            })
            .collect()
    }

    fn section_title(&self, subject: Subject, connections: &[&Connection]) -> String {
        let code = subject.code().map(|code| code.to_string()).unwrap_or_default();
        let named = subject.code().zip(connections.first());
        let name = named.map_or("", |(code, connection)| self.name(connection, code));
        let title = match subject {
            Subject::Code(_) => "section_code",
            Subject::NoCode => "section_ended_1005",
            Subject::NoClose => "section_ended_1006",
            Subject::Refused => "section_refused",
            Subject::Open => "section_open",
        };
        self.counted(title, connections.len(), &[("code", &code), ("name", name)])
    }

    /// What is documented of a subject's code.
    fn documented(&self, subject: Subject, connections: &[&Connection]) -> Vec<Item> {
        let Some((code, connection)) = subject.code().zip(connections.first()) else {
            return Vec::new();
        };
        let Some(row) = codes::find(self.codes, connection, code) else {
            return Vec::new();
        };
        let item = |label, text: &str| self.item(label, text.to_owned(), ItemKind::Reference);
        let meaning = format!("{} ({})", row.meaning, row.reference);
        let mut items =
            vec![item("label_meaning", &meaning), item("label_cause", &row.cause), item("label_fix", &row.fix)];
        if self.more && !row.possible.is_empty() {
            items.push(item("label_possible", &row.possible.join("; ")));
        }
        items
    }

    /// Connections of one cause: the first ones with their proof, the others named, then the advice once.
    fn group(&self, connections: &[&Connection]) -> Vec<Item> {
        let mut items = Vec::new();
        for connection in connections.iter().take(self.extent.examples) {
            items.extend(self.example(connection));
        }
        let others: Vec<_> = connections.iter().skip(self.extent.examples).collect();
        if !others.is_empty() {
            let ids = ids(others.iter().map(|connection| connection.id));
            items.push(self.item(
                "",
                self.fill("here_more", &[("count", &number(others.len() as u64, self.language)), ("ids", &ids)]),
                ItemKind::Fact,
            ));
        }
        if let Some(first) = connections.first() {
            let advice = |label, text: &str| self.item(label, text.to_owned(), ItemKind::Advice);
            items.push(advice("label_why", &first.verdict.cause));
            items.push(advice("label_do", &first.verdict.fix));
        }
        items.retain(|item| !item.text.is_empty());
        items
    }

    fn example(&self, connection: &Connection) -> Vec<Item> {
        let verdict = &connection.verdict;
        let summary = if verdict.summary.is_empty() { self.ending(connection).into() } else { verdict.summary.clone() };
        let values = [
            ("id", &*connection.id.to_string()),
            ("summary", &*summary),
            ("confidence", self.confidence(verdict.confidence)),
        ];
        let mut text = self.fill("here", &values);
        let reason =
            connection.closes.iter().find(|close| Some(close.side) == connection.closed_by && !close.reason.is_empty());
        if let Some(close) = reason.filter(|close| !summary.contains(&*close.reason)) {
            text = format!("{text} {}", self.fill("reason", &[("reason", &close.reason)]));
        }
        let mut items = vec![self.item("label_here", text, ItemKind::Fact)];
        if !verdict.packets.is_empty() {
            let packets = ids(verdict.packets.iter());
            let bytes = verdict.value("bytes").and_then(|bytes| bytes.as_str()).unwrap_or_default();
            let name = if bytes.is_empty() { "proof" } else { "proof_bytes" };
            let proof = self.counted(name, verdict.packets.len(), &[("packets", &packets), ("bytes", bytes)]);
            items.push(self.item("label_proof", proof, ItemKind::Fact));
        }
        items.push(self.item("label_filter", verdict.filter.clone(), ItemKind::Code));
        if self.more {
            let code = |code: Option<u16>| {
                code.map_or_else(|| self.word("nobody").to_owned(), |code| self.code(connection, code))
            };
            if let Some(registry) = &connection.registry {
                let marks: Vec<_> =
                    connection.registry_shown_by.iter().map(|mark| self.word(&format!("mark_{mark}"))).collect();
                let values = [("registry", &**registry), ("marks", &*marks.join(", "))];
                items.push(self.item("label_registry", self.fill("registry", &values), ItemKind::Fact));
            }
            let (client, server) = (code(connection.endpoint_codes.client), code(connection.endpoint_codes.server));
            items.push(self.item(
                "label_api",
                self.fill("api", &[("client", &client), ("server", &server)]),
                ItemKind::Fact,
            ));
            for other in &connection.findings {
                let values = [
                    ("id", &*connection.id.to_string()),
                    ("summary", &*other.summary),
                    ("confidence", self.confidence(other.confidence)),
                ];
                items.push(self.item("label_also", self.fill("here", &values), ItemKind::Fact));
            }
        }
        items
    }

    fn confidence(&self, confidence: Confidence) -> &'static str {
        self.word(match confidence {
            Confidence::Certain => "certain",
            Confidence::High => "high",
            Confidence::Medium => "medium",
            Confidence::Low => "low",
        })
    }

    /// What limited the view.
    fn limits(&self, report: &Report, shown: &[&Connection]) -> Vec<Item> {
        let mut by_kind: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for connection in shown {
            for kind in &connection.visibility {
                by_kind.entry(kind).or_default().push(connection.id);
            }
        }
        let views = by_kind.into_iter().map(|(kind, connections)| {
            let ids = ids(connections.iter());
            self.counted(&format!("visibility_{kind}"), connections.len(), &[("ids", &ids)])
        });
        let files = report.captures.iter().flat_map(|capture| {
            capture.notes.iter().map(|note| self.fill("note_file", &[("path", &capture.path), ("note", note)]))
        });
        let notes = report.notes.iter().map(|note| capitalized(note));
        let texts = views.map(|view| capitalized(&view)).chain(files).chain(notes);
        texts.map(|text| Item { label: String::new(), text, kind: ItemKind::Fact }).collect()
    }

    fn item(&self, label: &str, text: String, kind: ItemKind) -> Item {
        Item { label: if label.is_empty() { String::new() } else { self.word(label).to_owned() }, text, kind }
    }
}

/// Connections by the rule of their verdict, in order of first appearance.
fn by_rule<'c>(connections: &[&'c Connection]) -> Vec<Vec<&'c Connection>> {
    let mut groups: Vec<Vec<&Connection>> = Vec::new();
    for connection in connections {
        let same = |group: &&mut Vec<&Connection>| {
            group.first().is_some_and(|first| {
                first.verdict.rule == connection.verdict.rule && first.verdict.fix == connection.verdict.fix
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(connection),
            None => groups.push(vec![connection]),
        }
    }
    groups
}

/// "1, 2, 5", at most a line of them.
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
