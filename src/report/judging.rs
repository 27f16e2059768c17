//! The connections of a report, judged by several threads, and written in their order.
//!
//! ```text
//! the caller's   diagnose 0 ─ word 0 ─ render 0 ─ write 0 ─ diagnose 2 ─ word 2 ─ render 2 ─ write 1, 2 ─ …
//! another one    diagnose 1 ─ ┄┄┄┄┄┄┄┄ word 1 ─ render 1 ──────────────────────────────────────┘
//! ```
//!
//! Only words are put to verdicts in the order of the connections: secrets are numbered in it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, Builder, panicking};

use super::codes::Occurred;
use super::continuity::filter_by_endpoints;
use super::numbering::Numbering;
use super::places::Places;
use super::redact::Redactor;
use super::surroundings::Surroundings;
use super::{Connection, Ended, Within};
use crate::catalog::{Language, Registries};
use crate::diagnose::{Case, Verdict, diagnose};

/// Connections that a thread judges at once.
const AT_ONCE: usize = 64;

/// The memory of the connections that were put into words before the next one.
pub(super) struct Wording {
    pub redactor: Redactor,
    pub places: Places,
    pub occurred: Occurred,
    pub numbering: Option<Numbering>,
    pub registries: Registries,
    pub language: Language,
}

impl Wording {
    /// Puts the verdict on a connection into words.
    pub fn connection(&mut self, id: usize, case: &Case<'_>, verdicts: &[Verdict]) -> Box<Connection> {
        let Self { redactor, places, occurred, numbering, registries, language } = self;
        let mut connection = Box::new(Connection::new(id, (case, verdicts), registries, *language, redactor));
        (connection.files, connection.file) = places.of(case.facts);
        places.place(case.facts, std::iter::once(&mut *connection.verdict).chain(&mut connection.findings));
        if connection.continuity.is_some() {
            let findings = std::iter::once(&mut *connection.verdict).chain(&mut connection.findings);
            filter_by_endpoints((&connection.client, &connection.server), findings);
        }
        numbering.iter().for_each(|numbering| numbering.apply(&mut *connection));
        occurred.add(&connection);
        connection
    }
}

/// The connections that are yet to be judged.
pub(super) struct Judging<'p> {
    pub facts: &'p Ended,
    pub surroundings: &'p [Surroundings],
    pub within: Within,
    pub wording: &'p mut Wording,
}

impl Judging<'_> {
    /// Judges the connections on so many threads, this one among them, or as many as the system grants. `render` gets each on
    /// the thread that has judged it, with a buffer for what is written of it, and returns what is to be kept of it. `write`
    /// gets the buffers and what was kept on this thread, in the order of the connections; after an error, it is not called
    /// again.
    pub fn each<K: Send, E>(
        self,
        threads: usize,
        render: impl Fn(Box<Connection>, &mut Vec<u8>) -> K + Sync,
        mut write: impl FnMut(&[u8], Vec<K>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { facts, surroundings, within, wording } = self;
        let (wording, next, written) = (InOrder::new(wording), AtomicUsize::new(0), AtomicUsize::new(0));
        let judge = Judge { facts, surroundings, within, wording, render, next, written };
        let others = threads.min(facts.len().div_ceil(AT_ONCE)).saturating_sub(1);
        thread::scope(|scope| {
            let (to_writer, judged) = sync_channel(threads);
            for _ in 0..others {
                let (judge, to_writer) = (&judge, to_writer.clone());
                let work = move || judge.work(&to_writer);
                if Builder::new().name("judging".to_owned()).spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            drop(to_writer);
            let (mut early, mut due) = (BTreeMap::new(), 0);
            let mut take = |(batch, some)| {
                early.insert(batch, some);
                while let Some(Rendered { bytes, kept }) = early.remove(&due) {
                    write(&bytes, kept)?;
                    due += 1;
                }
                Ok(())
            };
            let _panicking = judge.wording.abandoned_by_panic();
            while let Some(own) = judge.next() {
                std::iter::once(own).chain(judged.try_iter()).try_for_each(&mut take)?;
            }
            judged.into_iter().try_for_each(take)
        })
    }
}

/// The state that the threads share.
struct Judge<'p, R> {
    facts: &'p Ended,
    surroundings: &'p [Surroundings],
    within: Within,
    wording: InOrder<&'p mut Wording>,
    render: R,
    /// The number of the next batch of connections.
    next: AtomicUsize,
    /// The bytes of the last batch that was written: the next one has about as many.
    written: AtomicUsize,
}

/// The results of judging a batch of connections.
struct Rendered<K> {
    bytes: Vec<u8>,
    kept: Vec<K>,
}

impl<R, K> Judge<'_, R>
where
    R: Fn(Box<Connection>, &mut Vec<u8>) -> K,
{
    /// Judges batches until there are no more, or nobody wants them.
    fn work(&self, to_writer: &SyncSender<(usize, Rendered<K>)>) {
        let _panicking = self.wording.abandoned_by_panic();
        while let Some(judged) = self.next() {
            if to_writer.send(judged).is_err() {
                return;
            }
        }
    }

    /// Judges the next batch.
    fn next(&self) -> Option<(usize, Rendered<K>)> {
        let batch = self.next.fetch_add(1, Relaxed);
        let from = batch * AT_ONCE;
        let places = from..self.facts.len().min(from + AT_ONCE);
        if places.is_empty() {
            return None;
        }
        let mut facts: Vec<_> = self.facts.among(places).filter(|(_, facts)| self.within.has(facts)).collect();
        let around = |capture: u32| self.surroundings.get(capture as usize);
        for (_, facts) in &mut facts {
            facts.drops = around(facts.capture).is_some_and(|around| around.had_drops(facts));
        }
        let mut cases = Vec::with_capacity(facts.len());
        for (place, facts) in &facts {
            let Some(around) = around(facts.capture) else { continue };
            let case = around.case(facts);
            let verdicts = diagnose(&case);
            cases.push((place + 1, case, verdicts));
        }
        let word = |wording: &mut &mut Wording| {
            let connections = cases.into_iter().map(|(id, case, verdicts)| wording.connection(id, &case, &verdicts));
            connections.collect::<Vec<_>>()
        };
        let connections = self.wording.at(batch, word)?;
        let last = self.written.load(Relaxed);
        let mut bytes = Vec::with_capacity(last + last / 8);
        let kept = connections.into_iter().map(|connection| (self.render)(connection, &mut bytes)).collect();
        self.written.store(bytes.len(), Relaxed);
        Some((batch, Rendered { bytes, kept }))
    }
}

/// A value that several threads use, each in its turn.
struct InOrder<T> {
    state: Mutex<(Turn, T)>,
    moved: Condvar,
}

/// The number of the next turn; `None` after a panic.
type Turn = Option<usize>;

impl<T> InOrder<T> {
    const fn new(value: T) -> Self {
        Self { state: Mutex::new((Some(0), value)), moved: Condvar::new() }
    }

    /// Waits for a turn, and uses the value. Each turn has to be taken, from 0 on. Returns `None` after a panic in another
    /// thread.
    fn at<R>(&self, turn: usize, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_early = |(next, _): &mut (Turn, T)| next.is_some_and(|next| next != turn);
        let mut state = self.moved.wait_while(state, is_early).unwrap_or_else(PoisonError::into_inner);
        let next = state.0?;
        let result = act(&mut state.1);
        state.0 = Some(next + 1);
        self.moved.notify_all();
        Some(result)
    }

    /// Returns a value that, if it is dropped by a panic, sees to it that no other thread waits for ever.
    const fn abandoned_by_panic(&self) -> Abandoned<'_, T> {
        Abandoned(self)
    }
}

struct Abandoned<'o, T>(&'o InOrder<T>);

impl<T> Drop for Abandoned<'_, T> {
    fn drop(&mut self) {
        if panicking() {
            self.0.state.lock().unwrap_or_else(PoisonError::into_inner).0 = None;
            self.0.moved.notify_all();
        }
    }
}
