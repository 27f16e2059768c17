//! The report as plain data: what renderers, tests and other programs share. Its JSON form is a contract: fields may be
//! added, those here keep their names and meaning.

mod apart;
pub mod close;
pub mod codes;
pub mod community_id;
pub mod connection;
pub mod document;
pub mod finding;
pub mod handshake;
pub mod pending;
pub mod phrase;
pub mod redact;
pub mod schema;
pub mod selection;
pub mod timeline;
pub mod visibility;

use serde::Serialize;

pub use codes::Code;
pub use connection::Connection;
pub use pending::Pending;

use crate::capture::Summary;
use crate::catalog::{Language, Registries};
use crate::facts::Facts;
use crate::packet::Skipped;
use crate::seen::Timestamp;
use crate::sink::{Counts, Unanswered};

use self::redact::{Privacy, Redactor};

/// Version of the JSON form.
pub const VERSION: u32 = 1;

/// Everything a report says.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Version of this form.
    pub version: u32,
    /// The program and its version.
    pub generator: String,
    /// `redacted`, or `shown`: whether secrets are replaced by `[redacted:kind#n]`, the same `n` for the same value.
    pub secrets: &'static str,
    /// The files read.
    pub captures: Vec<Capture>,
    /// Every WebSocket connection and attempt, in order of first packet.
    pub connections: Vec<Box<Connection>>,
    /// Every close code that occurred, on the wire or at an endpoint.
    pub codes: Vec<Code>,
    /// What limited the view of the capture as a whole.
    pub notes: Vec<String>,
}

/// One file.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capture {
    /// Its path; `-` is standard input.
    pub path: String,
    /// Its format.
    pub format: String,
    /// Packets.
    pub packets: u64,
    /// Bytes, uncompressed: all, or those before what could not be read.
    pub bytes: u64,
    /// Time of its first packet.
    pub first: Option<String>,
    /// Time of its last packet.
    pub last: Option<String>,
    /// What the reader met.
    pub notes: Vec<String>,
}

/// What a report is made of.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// The files read.
    pub captures: Vec<Summary>,
    /// The connections.
    pub facts: Vec<Box<Facts>>,
    /// What else there was.
    pub counts: Counts,
    /// Attempts that nobody answered, beyond those among `facts`.
    pub unanswered: Unanswered,
    /// Packets that could not be decoded.
    pub skipped: Vec<(Skipped, u64)>,
    /// What may be told of whose traffic it was.
    pub privacy: Privacy,
    /// The registries that codes are named by.
    pub registries: Registries,
}

impl Report {
    /// Judges every connection and puts the report together, its texts in a language.
    pub fn new(material: Material, language: Language) -> Self {
        Pending::new(material, language).finish()
    }
}

impl Capture {
    fn new(summary: Summary, redactor: &Redactor, language: Language) -> Self {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        Self {
            path: redactor.path(summary.path),
            format: summary.format,
            packets: summary.packets,
            bytes: summary.bytes,
            first: time(summary.first),
            last: time(summary.last),
            notes: summary.notes.iter().map(|note| phrase::note(note, language)).collect(),
        }
    }
}

/// Marks the connections in whose time packets were dropped while capturing.
fn note_drops(material: &mut Material) {
    let Material { captures, facts, .. } = material;
    for facts in facts {
        // What goes on may have ended unseen.
        let last = if facts.is_over() { facts.last.time } else { Timestamp::from_nanos(i64::MAX) };
        let mut drops = captures.iter().flat_map(|capture| &capture.drops);
        facts.drops = drops.any(|drops| drops.touch(facts.first.time, last));
    }
}

/// The servers that most attempts went to in vain.
fn unanswered_servers(material: &Material, redactor: &Redactor, language: Language) -> String {
    /// Servers that a note names.
    const NAMED: usize = 3;
    let servers = material.unanswered.servers();
    let said = servers.iter().map(|(server, count)| {
        let server = redactor.endpoint(*server).to_string();
        phrase::counted("note_unanswered_server", *count, &[("server", &server)], language)
    });
    phrase::first(said, NAMED)
}

/// What limited the view of the capture as a whole.
fn notes(material: &Material, redactor: &Redactor, language: Language) -> Vec<String> {
    let note = |name: &str, count: u64, what: &str| phrase::counted(name, count, &[("what", what)], language);
    let mut notes = Vec::new();
    if material.privacy.show_secrets {
        notes.push(phrase::word("note_secrets_shown", &[], language));
    }
    if material.privacy.anonymize {
        notes.push(phrase::word("note_anonymized", &[], language));
    }
    if material.counts.encrypted > 0 {
        notes.push(note("note_encrypted", material.counts.encrypted, ""));
    }
    for (skipped, count) in material.skipped.iter().filter(|(skipped, _)| skipped.is_fault()) {
        notes.push(note(
            "note_skipped",
            *count,
            &phrase::word(&format!("skipped_{}", skipped.name()), &[("what", &skipped.what())], language),
        ));
    }
    let copies = material.facts.iter().map(|facts| facts.tcp().copies()).sum();
    if copies > 0 {
        notes.push(note("note_copies", copies, ""));
    }
    if material.unanswered.count() > 0 {
        notes.push(note(
            "note_unanswered",
            material.unanswered.count(),
            &unanswered_servers(material, redactor, language),
        ));
    }
    if material.counts.given_up > 0 {
        notes.push(note("note_given_up", material.counts.given_up, ""));
    }
    notes
}
