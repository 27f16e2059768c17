//! A report whose connections are judged one at a time. A writer that needs each connection only once need not keep
//! them all in memory, which matters with a hundred thousand connections.

use std::cell::RefCell;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
use std::thread;

use serde::ser::{Error, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};

use super::apart::Apart;
use super::codes::Occurred;
use super::document::Times;
use super::numbering::Numbering;
use super::places::Places;
use super::redact::Redactor;
use super::spans::Spans;
use super::{Capture, Connection, Encrypted, Material, Read, Report, VERSION, files_of, notes};
use crate::capture::Drops;
use crate::catalog::{Language, Registries};
use crate::diagnose::{Case, Fleet, Member};
use crate::facts::{Ended, Facts, Spill};
use crate::seen::Timestamp;

/// A report with connections yet to be judged.
pub struct Pending {
    report: Report,
    /// The connections, in their order.
    facts: Ended,
    /// The number of connections that have been judged.
    judged: usize,
    occurred: Occurred,
    /// The encrypted connections, which are judged after the others.
    #[expect(clippy::vec_box, reason = "as the material of a report holds them")]
    outside: Vec<Box<Facts>>,
    surroundings: Vec<Surroundings>,
    places: Places,
    registries: Registries,
    redactor: Redactor,
    numbering: Option<Numbering>,
    language: Language,
    is_judged_ahead: bool,
}

/// What judging a connection needs to know of its capture.
#[derive(Debug)]
struct Surroundings {
    fleet: Fleet,
    outside_fleet: Fleet,
    spans: Spans,
    /// The periods of dropped packets.
    drops: Vec<Drops>,
}

impl Surroundings {
    /// Returns those of each capture. The `members`, which are those of the connections, and the connections that are seen
    /// from outside are in the order of the captures.
    fn of_each(material: &Material, mut members: Vec<Member>) -> Vec<Self> {
        let Material { captures, until, facts, outside, .. } = material;
        let last_outside = outside.last().map(|facts| facts.capture);
        let last_file = captures.last().map(|file| file.capture);
        let last = [last_file, facts.last_capture(), last_outside].into_iter().flatten().max();
        let mut outside_before = 0;
        let of_one = |capture| {
            let outsiders = those_in(outside, capture);
            let last_id = facts.of_capture(capture).end;
            let later = members.split_off(members.partition_point(|member| member.id <= last_id));
            let fleet = Fleet::new(std::mem::replace(&mut members, later));
            let outside_members = outsiders.iter().zip(outside_before + 1..);
            let outside_members = outside_members.filter_map(|(facts, id)| Member::new(id, facts)).collect();
            let outside_fleet = Fleet::new(outside_members).before(&fleet);
            outside_before += outsiders.len();
            let files = files_of(captures, capture);
            let drops = files.iter().flat_map(|file| file.drops.iter().copied()).collect();
            Self { fleet, outside_fleet, spans: Spans::new(files, *until), drops }
        };
        (0..=last.unwrap_or_default()).map(of_one).collect()
    }

    /// Returns whether packets were dropped by the capture during a connection.
    fn had_drops(&self, facts: &Facts) -> bool {
        // A connection that is still open may have ended unseen.
        let last = if facts.is_over() { facts.last.time } else { Timestamp::from_nanos(i64::MAX) };
        self.drops.iter().any(|drops| drops.touch(facts.first.time, last))
    }
}

/// Returns the connections of one capture among those of all, in the order of the captures.
fn those_in(facts: &[Box<Facts>], capture: u32) -> &[Box<Facts>] {
    let from = facts.partition_point(|facts| facts.capture < capture);
    let to = facts.partition_point(|facts| facts.capture <= capture);
    facts.get(from..to).unwrap_or_default()
}

impl Pending {
    /// Sorts the connections by their captures and first packets, sets apart those without evidence of a WebSocket, and
    /// collects the secrets of all.
    pub fn new(material: Material, language: Language) -> Self {
        Self::on_threads(material, language, NonZero::<usize>::MIN)
    }

    /// Does the same on so many threads. With more than one, connections are judged on a thread of their own while those
    /// before them are written ([`Streamed`]).
    pub fn on_threads(mut material: Material, language: Language, threads: NonZero<usize>) -> Self {
        material.facts.sort();
        material.outside.sort_by_cached_key(|facts| (facts.capture, facts.first, facts.stream));
        let apart = Apart::of(&mut material.facts);
        let mut redactor = Redactor::new(material.privacy);
        let read = Read::new(&material);
        let places = Places::new(&material.captures, &redactor);
        let numbering = material.numbering.take();
        let of_captures = numbering.as_ref().map(|numbering| &*numbering.captures);
        let copies = AtomicU64::new(0);
        let members = redactor.meet_all(&material.facts, threads, &|place, facts| {
            copies.fetch_add(facts.tcp().copies(), Relaxed);
            Member::new(place + 1, facts)
        });
        let surroundings = Surroundings::of_each(&material, members);
        let mut notes = notes(&material, (&read, copies.into_inner()), &redactor, language);
        notes.extend(apart.notes(&places, of_captures, language));
        let Material { captures, facts, outside, privacy, registries, .. } = material;
        let report = Report {
            version: VERSION,
            generator: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
            secrets: if privacy.show_secrets { "shown" } else { "redacted" },
            numbers_of: numbering.as_ref().map(|numbering| numbering.slice.clone()),
            captures: captures.into_iter().map(|summary| Capture::new(summary, &redactor, language)).collect(),
            merges: places.merges(),
            read,
            connections: Vec::new(),
            encrypted: Vec::new(),
            codes: Vec::new(),
            notes,
            times: Times::Utc,
        };
        let occurred = Occurred::default();
        Self {
            report,
            facts,
            judged: 0,
            occurred,
            outside,
            surroundings,
            places,
            registries,
            redactor,
            numbering,
            language,
            is_judged_ahead: threads.get() > 1,
        }
    }

    /// Returns the place of the connections, which knows of errors.
    pub fn spill(&self) -> Arc<Spill> {
        self.facts.spill()
    }

    /// Returns the number of connections yet to be judged.
    pub fn remaining(&self) -> usize {
        self.facts.len() - self.judged
    }

    /// Judges each connection on the thread that writes it. That takes longer, and less memory: allocators do not give
    /// what one thread has freed to another at once.
    pub fn judged_in_place(self) -> Self {
        Self { is_judged_ahead: false, ..self }
    }

    /// Judges the remaining connections, and returns the whole report.
    pub fn finish(mut self) -> Report {
        let connections = self.by_ref().collect();
        Report { connections, ..self.without_connections() }
    }

    /// Returns the time of the first packet, by RFC 3339; `None` if there is no packet.
    pub fn start(&self) -> Option<&str> {
        self.report.start()
    }

    /// Leaves the encrypted connections out of the report.
    pub fn without_encrypted(&mut self) {
        self.outside = Vec::new();
    }

    /// Judges the encrypted connections. Has to be called after the last of the others has been judged: secrets are
    /// numbered in this order.
    fn judge_encrypted(&mut self) {
        let Self { report, outside, surroundings, places, language, redactor, numbering, .. } = self;
        for (mut facts, id) in std::mem::take(outside).into_iter().zip(1..) {
            let Some(around) = surroundings.get(facts.capture as usize) else { continue };
            facts.drops = around.had_drops(&facts);
            let case = Case::new(&facts, &around.outside_fleet, around.spans.end_after(facts.last.time));
            let Some(seen) = facts.outside.as_deref() else { continue };
            let mut encrypted = Encrypted::new(id, (&case, seen), *language, redactor);
            (encrypted.files, encrypted.file) = places.of(&facts);
            places.place(&facts, std::iter::once(&mut *encrypted.verdict).chain(&mut encrypted.findings));
            numbering.iter().for_each(|numbering| numbering.apply(&mut encrypted));
            report.encrypted.push(encrypted);
        }
    }

    /// Returns the report without its connections, which have all been judged.
    fn without_connections(mut self) -> Report {
        self.judge_encrypted();
        let codes = self.occurred.codes(&self.registries, self.language);
        Report { codes, ..self.report }
    }
}

/// Judges the next connection, and frees its facts.
impl Iterator for Pending {
    type Item = Box<Connection>;

    fn next(&mut self) -> Option<Box<Connection>> {
        let mut facts = self.facts.get(self.judged)?;
        self.judged += 1;
        let around = self.surroundings.get(facts.capture as usize)?;
        facts.drops = around.had_drops(&facts);
        let case = Case::new(&facts, &around.fleet, around.spans.end_after(facts.last.time));
        let mut connection = Connection::new(self.judged, &case, &self.registries, self.language, &mut self.redactor);
        (connection.files, connection.file) = self.places.of(&facts);
        self.places.place(&facts, std::iter::once(&mut *connection.verdict).chain(&mut connection.findings));
        self.numbering.iter().for_each(|numbering| numbering.apply(&mut connection));
        self.occurred.add(&connection);
        Some(Box::new(connection))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining(), Some(self.remaining()))
    }
}

/// Connections that are handed at once from the thread that judges to the one that writes.
const HANDED_OVER: usize = 64;

/// A report that is judged while it is serialized, in the form of [`Report`]; it can be serialized once. `wanted`
/// selects the connections that are written, and `judged` is called with each connection after that.
pub struct Streamed<W, J>(RefCell<Streaming<W, J>>);

struct Streaming<W, J> {
    pending: Pending,
    wanted: W,
    judged: J,
}

impl<W: FnMut(&Connection) -> bool, J: FnMut(Box<Connection>)> Streamed<W, J> {
    /// Creates the report of the connections for which `wanted` returns true.
    pub const fn new(pending: Pending, wanted: W, judged: J) -> Self {
        Self(RefCell::new(Streaming { pending, wanted, judged }))
    }

    /// Returns the report without its connections, once it has been serialized.
    pub fn into_report(self) -> Report {
        self.0.into_inner().pending.without_connections()
    }
}

impl<W: FnMut(&Connection) -> bool, J: FnMut(Box<Connection>)> Serialize for Streamed<W, J> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Report", 10)?;
        {
            let Report { version, generator, secrets, numbers_of, captures, merges, read, .. } =
                &self.0.borrow().pending.report;
            fields.serialize_field("version", version)?;
            fields.serialize_field("generator", generator)?;
            fields.serialize_field("secrets", secrets)?;
            if let Some(file) = numbers_of {
                fields.serialize_field("numbers_of", file)?;
            }
            fields.serialize_field("captures", captures)?;
            if !merges.is_empty() {
                fields.serialize_field("merges", merges)?;
            }
            fields.serialize_field("read", read)?;
        }
        fields.serialize_field("connections", &Connections(&self.0))?;
        self.0.try_borrow_mut().map_err(S::Error::custom)?.pending.judge_encrypted();
        let Pending { occurred, registries, language, report, .. } = &self.0.borrow().pending;
        let is_numbered = |encrypted: &&Encrypted| report.numbers_of.is_none() || encrypted.original.is_some();
        let encrypted: Vec<_> = report.encrypted.iter().filter(is_numbered).collect();
        if !encrypted.is_empty() {
            fields.serialize_field("encrypted", &encrypted)?;
        }
        fields.serialize_field("codes", &occurred.codes(registries, *language))?;
        fields.serialize_field("notes", &report.notes)?;
        fields.end()
    }
}

struct Connections<'s, W, J>(&'s RefCell<Streaming<W, J>>);

impl<W: FnMut(&Connection) -> bool, J: FnMut(Box<Connection>)> Serialize for Connections<'_, W, J> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Streaming { pending, wanted, judged } = &mut *self.0.try_borrow_mut().map_err(S::Error::custom)?;
        let mut elements = serializer.serialize_seq(None)?;
        let write = |connection: Box<Connection>| {
            if wanted(&connection) {
                elements.serialize_element(&connection)?;
            }
            judged(connection);
            Ok(())
        };
        if pending.is_judged_ahead { judged_ahead(pending, write) } else { pending.try_for_each(write) }?;
        elements.end()
    }
}

/// Judges the connections on a thread of its own, and calls `write` with each, in their order. Without a thread, judges
/// each when it is written.
fn judged_ahead<E>(pending: &mut Pending, mut write: impl FnMut(Box<Connection>) -> Result<(), E>) -> Result<(), E> {
    let written = thread::scope(|scope| {
        let (to_writer, judged) = sync_channel(1);
        let coming = &mut *pending;
        let judge = move || {
            loop {
                let some: Vec<_> = coming.by_ref().take(HANDED_OVER).collect();
                // The writer is gone if it has failed.
                if some.is_empty() || to_writer.send(some).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("judging".to_owned()).spawn_scoped(scope, judge).ok()?;
        Some(judged.iter().flatten().try_for_each(&mut write))
    });
    written.unwrap_or_else(|| pending.try_for_each(write))
}
