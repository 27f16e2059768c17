//! The analysis of one capture on several threads. Every thread takes every block of packets, and keeps the segments of
//! its own share of the connections; so no segment has to be handed from thread to thread, and each thread puts fragments
//! together for itself.
//!
//! ```text
//!          ┌─ Arc<Lent> ─→ Analyzer (share 1 of 2) ─→ Collection ─┐
//! Turns ───┤                                                      ├─ Analysed
//!   ↑      └─ Arc<Lent> ─→ Analyzer (share 2 of 2) ─→ Collection ─┘
//!   └───────── the thread that has no block reads the next ones
//! ```
//!
//! The results do not depend on the number of threads: each thread counts alike what concerns all connections (times,
//! packets), or orders it by packets ([`ledger`](crate::tls::ledger)). Only bounds that hold over all connections are
//! divided.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle, scope};

use super::Analyzer;
use super::followed::Followed;
use super::share::{Births, Share};
use crate::capture::{Block, Deal, End, Lent, Packet, Source, Summary, Turns};
use crate::error::Error;
use crate::limits;
use crate::packet::{Decoder, Skipped};
use crate::report::Collection;
use crate::sink::Counts;

/// The results of an analysis: of one capture, or of several, one after another.
#[derive(Debug, Default)]
pub struct Analysed {
    /// The connections.
    pub collection: Collection,
    /// The counts that a report gives beside them.
    pub counts: Counts,
    /// The reasons that packets gave no segment, and the number of packets of each.
    pub skipped: Vec<(Skipped, u64)>,
    /// One summary for each file of the capture.
    pub captures: Vec<Summary>,
    /// The first error that ended a capture; everything before it has been analysed.
    pub error: Option<Error>,
}

/// A thread that waits for its analyzer.
struct Worker<'s> {
    begin: SyncSender<(Analyzer, Collection, Arc<Turns>)>,
    thread: ScopedJoinHandle<'s, Option<(Analyzer, Collection)>>,
}

impl Analyzer {
    /// Reads a capture to its end like [`read`](Self::read), and adds its connections to an empty collection. So many
    /// threads read and analyse packets, one of them the caller's; if reading [takes time](Source::takes_time), yet another
    /// one reads. If the system grants fewer, these do all the work. Has to be called before the first packet.
    pub fn read_in_parallel(
        mut self,
        mut source: Box<dyn Source + Send>,
        threads: NonZero<usize>,
        mut collection: Collection,
        progress: impl FnMut(u64),
    ) -> Analysed {
        scope(|scope| {
            let (mut workers, mut readers) = (Vec::new(), Vec::new());
            while workers.len() + 1 < threads.get()
                && let Some((worker, reader)) = Worker::start(scope)
            {
                workers.push(worker);
                readers.push(reader);
            }
            if workers.is_empty() {
                let error = self.read(&mut *source, &mut collection, progress).err();
                return Analysed::new(&self, collection, source.summaries(), error);
            }
            let (reader, lent) = sync_channel(limits::BLOCKS);
            readers.push(reader);
            let has_reading_thread = source.takes_time();
            let deal = Deal { readers: readers.len(), reader_of: share_of };
            let turns = Arc::new(Turns::new(source, readers, deal));
            if has_reading_thread {
                let reading = Arc::clone(&turns);
                // If the system grants no thread, the others read by turns.
                drop(Builder::new().name("reading".to_owned()).spawn_scoped(scope, move || reading.read_to_end()));
            }
            let mut shares = Share::among(workers.len() + 1);
            let own = shares.next().map_or_else(Self::default, |share| self.part(share));
            // The channels have room, and the threads wait for them.
            for (worker, share) in workers.iter().zip(shares) {
                drop(worker.begin.send((self.part(share), collection.beside(), Arc::clone(&turns))));
            }
            // It does not take part, and nobody has to wait for it.
            drop(self);
            let own = own.work(&turns, &lent, collection.beside(), progress);
            let others = workers
                .into_iter()
                .filter_map(|worker| worker.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            let shares = std::iter::once(own).chain(others).collect();
            merged(shares, collection, turns.end())
        })
    }

    /// Returns an analyzer for a share of the connections.
    fn part(&self, share: Share) -> Self {
        Self { followed: self.followed.part(share), ..Self::default() }
    }

    /// Analyses all blocks.
    fn work(
        mut self,
        turns: &Turns,
        own: &Receiver<Arc<Lent>>,
        mut collection: Collection,
        mut progress: impl FnMut(u64),
    ) -> (Self, Collection) {
        while let Some(lent) = turns.next(own) {
            let block = &lent.block;
            if !block.secrets().is_empty() {
                self.push_secrets(block.secrets(), &mut collection);
            }
            self.push_own(block, &mut collection);
            if let Some(last) = block.len().checked_sub(1).and_then(|last| block.number(last)) {
                progress(last);
            }
            self.followed.publish();
        }
        self.finish(&mut collection);
        collection.sort();
        (self, collection)
    }

    /// Processes the packets of a block, but for the segments of other shares: nothing of those that were dealt to others is
    /// looked at.
    fn push_own(&mut self, block: &Block, sink: &mut Collection) {
        let mut met = 0;
        for own in block.of_reader(self.followed.share.part()).chunks(limits::BATCH) {
            let place = |at: usize| own.get(at).map(|place| *place as usize);
            let is_own = |at: usize| place(at).is_some_and(|place| block.is_dealt(place));
            let behind_last = own.last().map_or(met, |last| *last as usize + 1);
            let counted = self.followed.count_all(block, met..behind_last);
            let meet = |followed: &mut Followed, at: usize, sink: &mut Collection| {
                let passing = met..place(at).map_or(met, |place| place + 1);
                met = passing.end;
                match counted {
                    Some(latest) => followed.meet_counted(block, passing, latest, sink),
                    None => followed.meet_all(block, passing, sink),
                }
            };
            self.push_each(&block.batch_of(own), is_own, meet, sink);
        }
        self.followed.meet_all(block, met..block.len(), sink);
    }
}

/// Returns the index of the share, among so many, that a packet's connection belongs to; `None` if a glance does not show
/// its connection.
fn share_of(packet: &Packet<'_>, shares: usize) -> Option<usize> {
    Decoder::endpoints(packet).map(|endpoints| Share::index(&endpoints, shares))
}

impl Analysed {
    /// Returns the results of an analyzer that has finished, the connections that it has handed out, and what its source
    /// says of the capture.
    pub fn new(analyzer: &Analyzer, collection: Collection, captures: Vec<Summary>, error: Option<Error>) -> Self {
        let (counts, skipped) = (analyzer.counts(), analyzer.decoder.skipped().collect());
        Self { collection, counts, skipped, captures, error }
    }

    /// Adds the results of another capture, which was analysed by itself.
    pub fn append(&mut self, mut other: Self) {
        let capture = self.captures.last().map_or(0, |last| last.capture.saturating_add(1));
        other.captures.iter_mut().for_each(|summary| summary.capture = capture);
        other.collection.set_capture(capture);
        self.collection.merge(other.collection);
        self.counts.add(&other.counts);
        for (skipped, count) in other.skipped {
            match self.skipped.iter_mut().find(|(known, _)| *known == skipped) {
                Some((_, known)) => *known += count,
                None => self.skipped.push((skipped, count)),
            }
        }
        self.captures.append(&mut other.captures);
        self.error = self.error.take().or(other.error);
    }
}

impl<'s> Worker<'s> {
    /// Starts a worker. Returns it, and the way to send blocks to it; `None` if the system grants no thread.
    fn start<'e>(scope: &'s Scope<'s, 'e>) -> Option<(Self, SyncSender<Arc<Lent>>)> {
        let (begin, begun) = sync_channel::<(Analyzer, Collection, Arc<Turns>)>(1);
        let (reader, lent) = sync_channel(limits::BLOCKS);
        let work = move || {
            let (analyzer, collection, turns) = begun.recv().ok()?;
            Some(analyzer.work(&turns, &lent, collection, |_| {}))
        };
        let thread = Builder::new().name("analysis".to_owned()).spawn_scoped(scope, work).ok()?;
        Some((Self { begin, thread }, reader))
    }
}

/// Puts the results of several shares together, in `all`.
fn merged(shares: Vec<(Analyzer, Collection)>, mut all: Collection, end: End) -> Analysed {
    let (mut counts, mut skipped) = (Counts::default(), Vec::new());
    let (mut births, mut collections) = (Vec::new(), Vec::new());
    for (analyzer, collection) in shares {
        counts.add(&analyzer.counts());
        // Each has seen all packets, and so skipped the same.
        skipped = analyzer.decoder.skipped().collect();
        collections.push(collection);
        births.push(analyzer.followed.into_births());
    }
    for (mut collection, streams) in collections.into_iter().zip(Births::ranked(&births)) {
        // A single share has numbered its streams itself.
        collection.number(|stream| streams.get(stream as usize).copied().unwrap_or(stream));
        all.merge(collection);
    }
    Analysed { collection: all, counts, skipped, captures: end.summaries, error: end.error }
}
