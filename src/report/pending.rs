//! A report whose connections are judged while they are written: a writer that needs each of them only once need not keep
//! them all in memory, which matters with a hundred thousand connections.

use std::convert::Infallible;
use std::num::NonZero;
use std::sync::Arc;

use super::apart::Apart;
use super::codes::Occurred;
use super::continuity::filter_by_endpoints;
use super::document::Times;
use super::judging::{Judging, Wording};
use super::places::Places;
use super::redact::Redactor;
use super::surroundings::Surroundings;
use super::{Capture, Connection, Encrypted, Ended, Material, Read, Report, Spill, VERSION, Within, notes};
use crate::catalog::{Language, Registries};
use crate::facts::Facts;

/// A report with connections yet to be judged.
pub struct Pending {
    report: Report,
    /// The connections, in their order.
    facts: Ended,
    /// The encrypted connections, which are judged after the others.
    #[expect(clippy::vec_box, reason = "as the material of a report holds them")]
    outside: Vec<Box<Facts>>,
    surroundings: Vec<Surroundings>,
    wording: Wording,
    within: Within,
    /// The number of threads that judge.
    threads: usize,
}

impl Pending {
    /// Sorts the connections by their captures and first packets, sets apart those without evidence of a WebSocket, and
    /// collects the secrets of all.
    pub fn new(material: Material, language: Language) -> Self {
        Self::on_threads(material, language, NonZero::<usize>::MIN)
    }

    /// Does the same on so many threads, which then judge, too.
    pub fn on_threads(mut material: Material, language: Language, threads: NonZero<usize>) -> Self {
        material.facts.sort();
        material.outside.sort_by_cached_key(|facts| (facts.capture, facts.first, facts.stream));
        let apart = Apart::of(&mut material.facts);
        let mut redactor = Redactor::new(material.privacy);
        let read = Read::new(&material);
        let places = Places::new(&material.captures, &redactor);
        let numbering = material.numbering.take();
        let of_captures = numbering.as_ref().map(|numbering| &*numbering.captures);
        match material.secrets.take() {
            Some(secrets) => {
                redactor.know(secrets);
                if redactor.wants_names() {
                    material.facts.iter().for_each(|facts| redactor.meet_names(&facts));
                }
            }
            None => material.facts.iter().for_each(|facts| redactor.meet(&facts)),
        }
        let surroundings = Surroundings::of_each(&mut material);
        let mut notes = notes(&material, &read, &redactor, language);
        notes.extend(apart.notes(&places, of_captures, language));
        let not_read = material.unread.iter().map(|file| file.not_read(&redactor, language)).collect();
        let Material { captures, facts, outside, within, privacy, registries, .. } = material;
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
            not_read,
            times: Times::Utc,
        };
        let occurred = Occurred::default();
        let wording = Wording { redactor, places, occurred, numbering, registries, language };
        Self { report, facts, outside, surroundings, wording, within, threads: threads.get() }
    }

    /// Returns the place of the connections, which knows of errors.
    pub fn spill(&self) -> Arc<Spill> {
        self.facts.spill()
    }

    /// Returns the number of connections.
    pub const fn count(&self) -> usize {
        self.facts.len()
    }

    /// Judges all connections on the calling thread. That takes longer, and less memory: allocators do not give what one
    /// thread has freed to another at once.
    pub fn judged_in_place(self) -> Self {
        Self { threads: 1, ..self }
    }

    /// Returns the report without its connections, and without everything that is known only once they have been judged.
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the registries that name close codes, and the language of the names.
    pub const fn names(&self) -> (&Registries, Language) {
        (&self.wording.registries, self.wording.language)
    }

    /// Leaves the encrypted connections out of the report.
    pub fn without_encrypted(&mut self) {
        self.outside = Vec::new();
    }

    /// Judges the connections, and returns the whole report.
    pub fn finish(self) -> Report {
        let mut connections = Vec::with_capacity(self.count());
        let report = self.for_each(|connection| connections.push(connection));
        Report { connections, ..report }
    }

    /// Judges the connections, and gives each to `take`. Returns the report without them.
    pub fn for_each(self, mut take: impl FnMut(Box<Connection>)) -> Report {
        let Ok(report) = self.write(
            |connection, _| connection,
            |_, some| {
                some.into_iter().for_each(&mut take);
                Ok::<_, Infallible>(())
            },
        );
        report
    }

    /// Judges the connections, and writes them meanwhile: `render` gets each on the thread that has judged it, with a buffer
    /// for what is written of it, and `write` gets the buffers on the calling thread, in the order of the connections, with
    /// what `render` has returned for them. An error of `write` ends that, and is returned; otherwise the report without
    /// its connections is.
    pub fn write<K: Send, E>(
        mut self,
        render: impl Fn(Box<Connection>, &mut Vec<u8>) -> K + Sync,
        write: impl FnMut(&[u8], Vec<K>) -> Result<(), E>,
    ) -> Result<Report, E> {
        let Self { facts, surroundings, wording, within, threads, .. } = &mut self;
        Judging { facts, surroundings, within: *within, wording }.each(*threads, render, write)?;
        self.judge_encrypted();
        let Wording { occurred, registries, language, .. } = self.wording;
        Ok(Report { codes: occurred.codes(&registries, language), ..self.report })
    }

    /// Judges the encrypted connections, after the last of the others: secrets are numbered in this order.
    fn judge_encrypted(&mut self) {
        let Self { report, outside, surroundings, wording, within, .. } = self;
        let Wording { places, language, redactor, numbering, .. } = wording;
        for (mut facts, id) in std::mem::take(outside).into_iter().zip(1..) {
            let Some(around) = surroundings.get(facts.capture as usize) else { continue };
            if !within.has(&facts) {
                continue;
            }
            facts.drops = around.had_drops(&facts);
            let Some(seen) = facts.rare.outside.as_deref() else { continue };
            let mut encrypted = Encrypted::new(id, (&around.case(&facts), seen), *language, redactor);
            (encrypted.files, encrypted.file) = places.of(&facts);
            places.place(&facts, std::iter::once(&mut *encrypted.verdict).chain(&mut encrypted.findings));
            if encrypted.continuity.is_some() {
                let findings = std::iter::once(&mut *encrypted.verdict).chain(&mut encrypted.findings);
                filter_by_endpoints((&encrypted.client, &encrypted.server), findings);
            }
            numbering.iter().for_each(|numbering| numbering.apply(&mut encrypted));
            report.encrypted.push(encrypted);
        }
    }
}
