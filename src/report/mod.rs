//! The report as plain data, shared by renderers, tests and other programs. Its JSON form is a contract: fields may be
//! added, existing ones keep their names and meanings.

mod apart;
mod brief;
mod close;
pub(crate) mod codes;
mod community_id;
pub mod connection;
mod continuity;
pub mod document;
mod encrypted;
mod finding;
mod handshake;
mod held;
mod judging;
mod numbering;
pub mod order;
mod pending;
pub mod phrase;
mod places;
mod processes;
mod read;
pub mod redact;
pub mod schema;
pub mod selection;
mod spans;
mod surroundings;
mod timeline;
mod tls;
mod unread;
mod values;
mod visibility;
mod within;

use serde::Serialize;

pub use brief::{Brief, Told};
pub use close::Close;
pub use codes::Code;
pub use community_id::community_id;
pub use connection::Connection;
pub use continuity::Continuity;
pub use encrypted::Encrypted;
pub use finding::Finding;
pub use handshake::Handshake;
pub use held::{Collected, Collection, Ended, Spill, Unanswered};
pub use numbering::{NamesPackets, Numbering, Original, Renumbered};
pub use pending::Pending;
pub use places::{Files, InFile, Merge};
pub use processes::{Process, Processes};
pub use read::Read;
pub use timeline::{Moment, What};
pub use unread::{NotRead, Unread};
pub use values::Values;
pub use within::Within;

use crate::capture::{Note, Summary};
use crate::catalog::{Language, Registries};
use crate::facts::Facts;
use crate::packet::Skipped;
use crate::seen::Timestamp;
use crate::sink::{Counts, TlsCounts};

use self::document::{Clock, Times, in_order};
use self::redact::{Privacy, Redactor, Secrets};
use crate::tls::session::Obstacle;

/// Version of the JSON form.
pub const VERSION: u32 = 1;

/// The report.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Version of this form.
    pub version: u32,
    /// The program and its version.
    pub generator: String,
    /// `redacted`, or `shown`: whether secrets are replaced by `[redacted:kind#n]`, the same `n` for the same value.
    pub secrets: &'static str,
    /// The file whose packets and streams the report numbers, if not those of the captures: the slice in a bundle. The
    /// numbers in the captures are beside them (`original`), and only the connections that are in the slice are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers_of: Option<String>,
    /// The files read.
    pub captures: Vec<Capture>,
    /// The captures that consist of several files, merged by time; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub merges: Vec<Merge>,
    /// The traffic in them, and how much of it could be read.
    pub read: Read,
    /// Every WebSocket connection and attempt: those of each capture in order of first packet.
    pub connections: Vec<Box<Connection>>,
    /// TLS connections that could not be decrypted, and are, or seem to be, WebSockets, in the same order. They are counted
    /// nowhere else; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub encrypted: Vec<Encrypted>,
    /// Every close code that occurred, on the wire or at an endpoint.
    pub codes: Vec<Code>,
    /// Limits of the view of the capture as a whole.
    pub notes: Vec<String>,
    /// The files that could not be read, or not to their ends; `notes` names them, too.
    #[serde(skip)]
    pub not_read: Vec<NotRead>,
    /// The form of times in documents that are made of it; here they are by RFC 3339, in UTC.
    #[serde(skip)]
    pub times: Times,
}

/// One capture file.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capture {
    /// Its path; `-` is standard input.
    pub path: String,
    /// Its format.
    pub format: String,
    /// The number of its packets.
    pub packets: u64,
    /// Its size in bytes, uncompressed: of the whole file, or of the part before an error.
    pub bytes: u64,
    /// The time of its first packet, by RFC 3339 in UTC.
    pub first: Option<String>,
    /// The time of its last packet, by RFC 3339 in UTC.
    pub last: Option<String>,
    /// The number of the capture that it belongs to, from 1. Files with the same number were merged by time: the numbers of
    /// packets and streams are those of the merge. Otherwise they are those in the file.
    pub capture: u32,
    /// Remarks of the reader on the file.
    pub notes: Vec<String>,
    /// The number of packets that were dropped while capturing, as far as the file says so; among `notes`, too.
    #[serde(skip)]
    pub dropped: u64,
    /// The note on damage that ended the reading; among `notes`, too.
    #[serde(skip)]
    pub damage: Option<String>,
}

/// The input of a report.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// The files read, those of each capture together.
    pub captures: Vec<Summary>,
    /// The files that could not be read.
    pub unread: Vec<Unread>,
    /// The time at which a live capture ended; `None` for files, which end with their last packets.
    pub until: Option<Timestamp>,
    /// The connections.
    pub facts: Ended,
    /// The secrets of these connections; `None` if they are yet to be learnt.
    pub secrets: Option<Secrets>,
    /// TLS connections that could not be decrypted, and are, or seem to be, WebSockets.
    pub outside: Vec<Box<Facts>>,
    /// Counts of the other traffic.
    pub counts: Counts,
    /// Unanswered attempts, beyond those among `facts`.
    pub unanswered: Unanswered,
    /// Packets that could not be decoded.
    pub skipped: Vec<(Skipped, u64)>,
    /// The period in which the last packets of the connections in the report lie; the others only inform the rules.
    pub within: Within,
    /// The privacy settings of the report.
    pub privacy: Privacy,
    /// The registries of close codes.
    pub registries: Registries,
    /// The numbers that packets and streams get in the report, if not those of the captures.
    pub numbering: Option<Numbering>,
}

impl Report {
    /// Judges every connection and assembles the report, with texts in a language.
    pub fn new(material: Material, language: Language) -> Self {
        Pending::new(material, language).finish()
    }

    /// Returns the time of the first packet, by RFC 3339; `None` if there is no packet.
    pub fn start(&self) -> Option<&str> {
        self.captures.iter().filter_map(|capture| capture.first.as_deref()).min_by_key(in_order)
    }

    /// Returns the clock for the times of documents.
    pub fn clock(&self) -> Clock<'_> {
        Clock::new(&self.times, self.start())
    }
}

impl Capture {
    fn new(summary: Summary, redactor: &Redactor, language: Language) -> Self {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let is_damage = |note: &&Note| matches!(note, Note::Damaged { .. } | Note::Unreadable { .. });
        let dropped = summary.notes.iter().map(|note| if let Note::Dropped { count, .. } = note { *count } else { 0 });
        Self {
            path: redactor.path(summary.path),
            format: summary.format,
            packets: summary.packets,
            bytes: summary.bytes,
            first: time(summary.first),
            last: time(summary.last),
            capture: summary.capture.saturating_add(1),
            notes: summary.notes.iter().map(|note| phrase::note(note, language)).collect(),
            dropped: dropped.sum(),
            damage: summary.notes.iter().find(is_damage).map(|note| phrase::note(note, language)),
        }
    }
}

/// Returns the summaries of one capture's files among those of all.
fn files_of(files: &[Summary], capture: u32) -> &[Summary] {
    let [from, to] =
        [capture, capture.saturating_add(1)].map(|capture| files.partition_point(|file| file.capture < capture));
    files.get(from..to).unwrap_or_default()
}

/// Lists the servers with the most unanswered attempts.
fn unanswered_servers(material: &Material, redactor: &Redactor, language: Language) -> String {
    /// The number of servers that a note names.
    const NAMED: usize = 3;
    let servers = material.unanswered.servers();
    let said = servers.iter().map(|(server, count)| {
        let server = redactor.endpoint(*server).to_string();
        phrase::counted("note_unanswered_server", *count, &[("server", &server)], language)
    });
    phrase::first(said, NAMED)
}

/// Returns the number of the connections that are seen from outside because there are no keys at all.
fn listed_without_keys(outside: &[Box<Facts>]) -> u64 {
    let obstacles = outside.iter().filter_map(|facts| facts.rare.session.as_deref()?.obstacle);
    obstacles.filter(|obstacle| *obstacle == Obstacle::NoKeys).count() as u64
}

/// Returns notes on the TLS connections: how many were decrypted, and why the others were not, without the `listed` ones
/// for which there are no keys.
fn of_tls(counts: &TlsCounts, listed: u64, language: Language) -> impl Iterator<Item = String> {
    let all = counts.decrypted + counts.unread();
    let decrypted = counts.decrypted.to_string();
    // Without any key it is enough to say that they are missing.
    let has_keys = all > counts.without_keys;
    let whole = has_keys.then(|| phrase::counted("note_decrypted", all, &[("what", &decrypted)], language));
    let reasons = [
        ("note_encrypted", counts.without_keys.saturating_sub(listed)),
        ("note_keys_handshake", counts.without_handshake),
        ("note_keys_other", counts.of_other_sessions),
        ("note_keys_incomplete", counts.with_incomplete_keys),
        ("note_keys_unsupported", counts.unsupported),
        ("note_keys_wrong", counts.with_wrong_keys),
    ];
    let reasons = reasons.into_iter().filter(|(_, count)| *count > 0);
    whole.into_iter().chain(reasons.map(move |(name, count)| phrase::counted(name, count, &[], language)))
}

/// Returns notes on the limits of the view of the capture as a whole.
fn notes(material: &Material, read: &Read, redactor: &Redactor, language: Language) -> Vec<String> {
    let note = |name: &str, count: u64, what: &str| phrase::counted(name, count, &[("what", what)], language);
    let mut notes: Vec<_> = material.unread.iter().map(|file| file.note(redactor, language)).collect();
    if material.privacy.show_secrets {
        notes.push(phrase::word("note_secrets_shown", &[], language));
    }
    if material.privacy.anonymize {
        notes.push(phrase::word("note_anonymized", &[], language));
    }
    notes.extend(of_tls(&material.counts.tls, listed_without_keys(&material.outside), language));
    for (skipped, count) in material.skipped.iter().filter(|(skipped, _)| skipped.is_fault()) {
        notes.push(note(
            "note_skipped",
            *count,
            &phrase::word(&format!("skipped_{}", skipped.name()), &[("what", &skipped.what())], language),
        ));
    }
    let copies = material.facts.copies();
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
    for (name, count) in [
        ("note_http2", read.http2),
        ("note_quic", read.quic_packets),
        ("note_unrecognised", material.counts.unrecognised),
    ] {
        if count > 0 {
            notes.push(note(name, count, ""));
        }
    }
    for (name, count) in [("note_given_up", material.counts.given_up), ("note_not_held", material.facts.lost())] {
        if count > 0 {
            notes.push(note(name, count, ""));
        }
    }
    notes
}
