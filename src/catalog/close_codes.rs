//! Registries of close codes, with the meaning of each code.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::evidence::Evidence;
use super::rows::{Rows, split};
use super::{Language, Localized};

/// A registry: IANA's, that of an application or a library, or a user's own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// The id in reports and on the command line; a user's own registry without one takes the name of its file.
    #[serde(default)]
    pub id: String,
    /// The title, which names the owner of the codes.
    pub name: String,
    /// The address of the documentation.
    #[serde(default)]
    pub source: String,
    /// The evidence by which a connection shows that it uses these codes.
    #[serde(default)]
    pub evidence: Evidence,
    /// The codes, and ranges for codes without a row of their own.
    #[serde(rename = "code", default)]
    pub rows: Rows,
}

/// The entry of a registry for a code, or for a range of codes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The code or the range.
    pub code: Codes,
    /// The name. Registries keep the names of codes in English.
    pub name: Localized,
    /// The meaning.
    pub meaning: Localized,
    /// The kind of code, which supplies the texts that the row itself lacks.
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    cause: Option<Localized>,
    #[serde(default)]
    fix: Option<Localized>,
    /// Whether the code may occur in a Close frame.
    #[serde(default = "yes")]
    pub wire: bool,
    /// The side that is meant to send it.
    #[serde(default)]
    pub sender: Sender,
    #[serde(default)]
    retry: Option<Retry>,
    /// The standard and section, or the page.
    #[serde(default)]
    reference: Option<String>,
    /// The practice of implementations.
    #[serde(default)]
    pub practice: Option<Localized>,
    /// Advice on when to choose the code.
    #[serde(default)]
    pub choose: Option<Localized>,
    /// Codes that it is confused with.
    #[serde(default)]
    pub confused: Vec<u16>,
}

/// One code, `4401`, or a range, `"4100-4199"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Codes {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

/// The side that is meant to send a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// Either side.
    Either,
    /// The client.
    Client,
    /// The server.
    #[default]
    Server,
    /// Neither side: the code must not be sent.
    Nobody,
}

/// The recommended reaction of a client to a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Nothing: the end was intended.
    None,
    /// Reconnect after a short random pause.
    Soon,
    /// Reconnect with growing random pauses.
    Backoff,
    /// Get new credentials, then reconnect.
    Login,
    /// Reconnect only after the cause is fixed.
    Mend,
    /// It depends on the application.
    #[default]
    Application,
}

/// The properties that all codes of a kind share, in any registry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    retry: Retry,
    cause: Localized,
    fix: Localized,
}

impl Registry {
    /// Parses a registry that is compiled in, but its rows only when they are asked for. A fault in it gives an empty registry,
    /// or leaves out a row, which a test detects.
    pub(super) fn built_in(toml: &'static str) -> Self {
        let (head, tables) = split(toml);
        Self { rows: Rows::of_tables(tables), ..toml::from_str(head).unwrap_or_default() }
    }

    /// Returns the row of the code itself, else that of a range that contains it.
    pub fn row(&self, code: u16) -> Option<&Row> {
        self.rows.of(Codes::one(code)).or_else(|| self.rows.around(code))
    }

    /// Returns the documentation of a row: its own reference, else the registry's source.
    pub fn reference<'r>(&'r self, row: &'r Row) -> &'r str {
        row.reference.as_deref().unwrap_or(&self.source)
    }
}

impl Row {
    /// Returns the documented cause: its own, else that of its kind, else an empty text.
    pub fn cause(&self, language: Language) -> &str {
        self.cause.as_ref().or_else(|| Some(&self.kind()?.cause)).map_or("", |text| text.get(language))
    }

    /// Returns the documented fix: its own, else that of its kind, else an empty text.
    pub fn fix(&self, language: Language) -> &str {
        self.fix.as_ref().or_else(|| Some(&self.kind()?.fix)).map_or("", |text| text.get(language))
    }

    /// Returns the recommended reaction of a client: its own, else that of its kind.
    pub fn retry(&self) -> Retry {
        self.retry.or_else(|| Some(self.kind()?.retry)).unwrap_or_default()
    }

    fn kind(&self) -> Option<&'static Kind> {
        static KINDS: LazyLock<BTreeMap<String, Kind>> =
            LazyLock::new(|| toml::from_str(include_str!("close_codes/kinds.toml")).unwrap_or_default());
        KINDS.get(self.kind.as_deref()?)
    }
}

impl Codes {
    /// Returns the range of a single code.
    pub const fn one(code: u16) -> Self {
        Self { first: code, last: code }
    }

    /// Returns whether the range is a single code.
    pub const fn is_one(self) -> bool {
        self.first == self.last
    }

    /// Returns whether a code is in the range.
    pub const fn contains(self, code: u16) -> bool {
        self.first <= code && code <= self.last
    }

    /// Parses `4401` or `4100-4199`, with a hyphen or an en dash. Returns `None` for other texts and for an empty range.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(['-', '–']).unwrap_or((text, text));
        let codes = Self { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? };
        (codes.first <= codes.last).then_some(codes)
    }
}

impl fmt::Display for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_one() { write!(f, "{}", self.first) } else { write!(f, "{}–{}", self.first, self.last) }
    }
}

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CodesVisitor)
    }
}

struct CodesVisitor;

impl Visitor<'_> for CodesVisitor {
    type Value = Codes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a code such as 4401, or a range such as \"4100-4199\"")
    }

    fn visit_i64<E: de::Error>(self, code: i64) -> Result<Codes, E> {
        let code =
            u16::try_from(code).map_err(|_| E::custom(format!("{code} is not a close code: they end at 65535")))?;
        Ok(Codes::one(code))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Codes, E> {
        Codes::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

const fn yes() -> bool {
    true
}

/// A fault in the text of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The field, or the part of the line before `=`.
    pub field: String,
    /// A description of the fault.
    pub message: String,
}

impl Registry {
    /// Parses a user's own registry; `id` is used if the text has none. Fails with the first fault.
    pub fn parse(text: &str, id: &str) -> Result<Self, Fault> {
        let mut registry: Self = toml::from_str(text).map_err(|error| {
            Fault::at(text, error.span().map_or(0, |span| span.start), error.message().trim().into())
        })?;
        if registry.id.is_empty() {
            id.clone_into(&mut registry.id);
        }
        registry.check(text).map_or(Ok(registry), Err)
    }

    /// Returns the first fault of a registry that could be parsed.
    fn check(&self, text: &str) -> Option<Fault> {
        let near = |what: &str, message: String| Some(Fault::at(text, text.find(what).unwrap_or_default(), message));
        if self.evidence.is_empty() {
            let message =
                "give `hosts`, `paths` or `subprotocols`, or no connection would show that these are its codes";
            return near("[evidence]", message.to_owned());
        }
        let mut lines = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("code"));
        for (at, row) in self.rows.iter().enumerate() {
            let line = lines.next().map_or(0, |(line, _)| line + 1);
            let fault = |message| Some(Fault { line, field: "code".to_owned(), message });
            if row.code.first < 1000 || row.code.last > 4999 {
                return fault(format!("{} is outside 1000–4999, where close codes can be (RFC 6455 §7.4.2)", row.code));
            }
            if self.rows.iter().take(at).any(|other| other.code == row.code) {
                return fault(format!("{} has a row already", row.code));
            }
        }
        None
    }
}

impl Fault {
    fn at(text: &str, offset: usize, message: String) -> Self {
        let before = text.get(..offset).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let field = line.split('=').next().unwrap_or_default().trim();
        Self { line: before.matches('\n').count() + 1, field: field.to_owned(), message }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.field.is_empty() {
            write!(f, ", `{}`", self.field)?;
        }
        write!(f, ": {}", self.message.lines().map(Cow::from).collect::<Vec<_>>().join(" "))
    }
}
