//! The protected records of one direction: which keys and which sequence number open the next one.
//!
//! The keys that a side uses change: from 0-RTT to the handshake to data, with each KeyUpdate, with a renegotiation. Only
//! a record that authenticates shows that they have changed, so the keys that may come next are tried where those in use
//! fail. Messages that announce a change need not be read, and may be lost.

use super::candidate::Candidate;
use super::keys::Known;
use super::protection::Opened;
use super::record::{ContentType, Record};
use super::search::Range;
use super::suite::Suite;
use crate::limits;
use crate::prefetch::prefetch;

/// What keys are for. They are used in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Data with the ClientHello (0-RTT).
    Early,
    /// The handshake of TLS 1.3.
    Handshake,
    /// Data, and everything else after the handshake. Before TLS 1.3, its last message, too.
    Data,
}

/// Keys for one stage of one handshake. Key logs may contradict themselves, so that there are several candidates.
#[derive(Debug)]
struct Epoch {
    /// The number of the handshake.
    handshake: u32,
    stage: Stage,
    candidates: Vec<Candidate>,
}

/// The protected records of one direction.
#[derive(Debug)]
pub struct Direction {
    /// The epoch in use, and those that may follow.
    epochs: Vec<Epoch>,
    /// The sequence number of the next record.
    sequence: u64,
    /// Whether the first epoch's only candidate has opened a record.
    is_proven: bool,
    /// Bytes of the TCP stream that are missing since the last record that was opened.
    missing: u64,
    /// Records since then that could not be opened, and their bytes.
    unopened: u64,
    unopened_bytes: u64,
    /// The nonce of the last record, if it carried one.
    nonce: Option<u64>,
    /// The work that may be spent on searches until the next record is opened.
    work: u64,
}

/// A record that has been opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its contents.
    pub opened: Opened,
    /// What its keys are for.
    pub stage: Stage,
    /// Whether its sequence number had to be searched for.
    pub is_searched: bool,
    /// Bytes of contents that the records before it had that are missing or could not be opened: an estimate.
    pub lost: u64,
}

impl Default for Direction {
    fn default() -> Self {
        Self {
            epochs: Vec::new(),
            sequence: 0,
            is_proven: false,
            missing: 0,
            unopened: 0,
            unopened_bytes: 0,
            nonce: None,
            work: limits::TLS_SEARCH_WORK,
        }
    }
}

impl Direction {
    /// Adds keys that may come next. Those that the same handshake had for the same stage are replaced, unless they have
    /// opened a record.
    pub fn expect(&mut self, handshake: u32, stage: Stage, candidates: Vec<Candidate>) {
        if candidates.is_empty() {
            return;
        }
        let (epoch, key) = (Epoch { handshake, stage, candidates }, (handshake, stage));
        match self.epochs.binary_search_by_key(&key, |epoch| (epoch.handshake, epoch.stage)) {
            Ok(0) if self.is_proven => {}
            Ok(at) => self.epochs.splice(at..=at, [epoch]).for_each(drop),
            Err(0) if self.is_proven => {}
            Err(at) => self.epochs.insert(at, epoch),
        }
    }

    /// Prefetches the epoch in use: the first step.
    #[inline]
    pub fn prefetch_epoch(&self) {
        self.epochs.first().inspect(|epoch| prefetch(*epoch));
    }

    /// Prefetches its first candidate: the second step, by a pointer that the first one has brought into the cache.
    #[inline]
    pub fn prefetch_candidate(&self) {
        self.first().inspect(|candidate| prefetch(&candidate.protection));
    }

    /// Prefetches the candidate's keys: the third step.
    #[inline]
    pub fn prefetch_keys(&self) {
        self.first().inspect(|candidate| candidate.protection.prefetch());
    }

    /// Continues with keys that have opened a record with this sequence number.
    pub fn adopt(&mut self, handshake: u32, candidate: Candidate, sequence: u64) {
        self.epochs = vec![Epoch { handshake, stage: Stage::Data, candidates: vec![candidate] }];
        self.is_proven = true;
        self.settle(sequence);
    }

    /// Gives up the keys of a stage, because they will not be used.
    pub fn drop_stage(&mut self, stage: Stage) {
        if self.epochs.first().is_some_and(|epoch| epoch.stage == stage) {
            (self.is_proven, self.sequence) = (false, 0);
        }
        self.epochs.retain(|epoch| epoch.stage != stage);
    }

    /// Returns whether there are keys for the data of a handshake.
    pub fn has_data_keys(&self, handshake: u32) -> bool {
        self.epochs.iter().any(|epoch| epoch.stage == Stage::Data && epoch.handshake >= handshake)
    }

    /// Returns whether the keys for the data of a handshake have opened a record.
    pub fn reads_data(&self, handshake: u32) -> bool {
        let first = self.epochs.first();
        self.is_proven && first.is_some_and(|epoch| epoch.stage == Stage::Data && epoch.handshake >= handshake)
    }

    /// Returns the suite of the keys in use, once they have opened a record.
    pub fn suite(&self) -> Option<&'static Suite> {
        self.first().filter(|_| self.is_proven).map(Candidate::suite)
    }

    /// Returns whether records are missing since the last one that was opened.
    pub const fn has_lost(&self) -> bool {
        self.missing > 0
    }

    /// Notes that bytes of the TCP stream are missing, or could not be read as records.
    pub fn lose(&mut self, bytes: u64) {
        self.missing = self.missing.saturating_add(bytes);
        if let Some(epoch) = self.epochs.first_mut() {
            epoch.candidates.iter_mut().for_each(|candidate| candidate.protection.miss());
        }
    }

    /// Returns the bytes of contents that are lost behind the last record that was opened: an estimate. They are not
    /// counted again.
    pub fn lost_at_end(&mut self) -> u64 {
        let lost = self.lost_with(self.unopened.max(1));
        (self.missing, self.unopened, self.unopened_bytes) = (0, 0, 0);
        lost
    }

    /// Returns the secret of the keys in use, once they have opened a record.
    pub fn known(&self) -> Option<Known> {
        self.first().filter(|_| self.is_proven).map(Candidate::known)
    }

    /// Opens the next record into `out`. Returns `None`, and counts it, if it does not authenticate with any keys that
    /// may be in use; an uncertain one is not counted. Searches take from the work `left` over all connections.
    pub fn open(&mut self, record: Record<'_>, is_certain: bool, left: &mut u64, out: &mut [u8]) -> Option<Found> {
        let found = self.next(record, out).or_else(|| {
            let mut work = self.work.min(*left);
            let before = work;
            let found = self.search(record, &mut work, out);
            self.work = self.work.saturating_sub(before - work);
            *left = left.saturating_sub(before - work);
            found
        });
        match &found {
            Some(_) => self.nonce = self.first().and_then(|candidate| candidate.protection.explicit_nonce(record)),
            None => {
                self.unopened += u64::from(is_certain);
                self.unopened_bytes = self.unopened_bytes.saturating_add(record.header.wire_len());
            }
        }
        if let Some(epoch) = self.epochs.first_mut() {
            epoch.candidates.iter_mut().for_each(|candidate| candidate.protection.pass(record));
        }
        found
    }

    /// Fast path: opens the next record into `out` if it is data, follows the one before, and belongs to the only keys for
    /// data that may be in use. Returns the bytes of its contents, at least one. Changes nothing otherwise.
    #[inline]
    pub fn open_data(&mut self, record: Record<'_>, out: &mut [u8]) -> Option<usize> {
        let [epoch] = self.epochs.as_mut_slice() else { return None };
        let [candidate] = epoch.candidates.as_mut_slice() else { return None };
        if !self.is_proven || epoch.stage != Stage::Data || self.missing > 0 || self.unopened > 0 {
            return None;
        }
        let opened = candidate.protection.open(self.sequence, record, out)?;
        if opened.content_type != ContentType::APPLICATION_DATA || opened.len == 0 {
            return None;
        }
        self.nonce = candidate.protection.explicit_nonce(record);
        candidate.protection.pass(record);
        self.settle(self.sequence);
        Some(opened.len)
    }

    /// Tries the next sequence number, and the first one of the keys that may follow.
    fn next(&mut self, record: Record<'_>, out: &mut [u8]) -> Option<Found> {
        for (at, epoch) in self.epochs.iter().enumerate() {
            let sequence = if at == 0 { self.sequence } else { 0 };
            for (which, candidate) in epoch.candidates.iter().enumerate() {
                if let Some(opened) = candidate.protection.open(sequence, record, out) {
                    return Some(self.accept(at, which, sequence, opened));
                }
            }
        }
        let next = self.updated()?;
        let opened = next.protection.open(0, record, out)?;
        Some(self.update(next, 0, opened))
    }

    /// Tries the sequence numbers that the record may have if others are missing before it.
    fn search(&mut self, record: Record<'_>, work: &mut u64, out: &mut [u8]) -> Option<Found> {
        let most = self.most_lost();
        if most == 0 {
            return None;
        }
        for (at, epoch) in self.epochs.iter().enumerate() {
            let first = if at == 0 { self.sequence } else { 0 };
            let range = Range { first: first.saturating_add(1), last: first.saturating_add(most) };
            for (which, candidate) in epoch.candidates.iter().enumerate() {
                let guessed = self.counted(candidate, record).filter(|guess| at == 0 && *guess <= range.last);
                let found = guessed
                    .and_then(|guess| Some((guess, candidate.protection.open(guess, record, out)?)))
                    .or_else(|| candidate.find(record, range, work, out));
                if let Some((sequence, opened)) = found {
                    return Some(self.accept(at, which, sequence, opened));
                }
            }
        }
        let next = self.updated()?;
        let (sequence, opened) = next.find(record, Range { first: 1, last: most }, work, out)?;
        Some(self.update(next, sequence, opened))
    }

    /// Returns the most records that may be missing. Only keys that have opened one justify a search behind records that
    /// they do not open.
    fn most_lost(&self) -> u64 {
        let missing = self.overhead().map_or(0, |overhead| self.missing.div_ceil(overhead.max(1)));
        let unopened = if self.is_proven { self.unopened.min(limits::TLS_SEARCH_UNOPENED) } else { 0 };
        let in_gap = if self.missing > 0 { missing.max(1).saturating_add(self.unopened) } else { 0 };
        in_gap.max(unopened).min(limits::TLS_SEARCH_RECORDS)
    }

    /// Returns the sequence number of a record that carries a nonce, if its sender counts them.
    fn counted(&self, candidate: &Candidate, record: Record<'_>) -> Option<u64> {
        let passed = candidate.protection.explicit_nonce(record)?.checked_sub(self.nonce?)?;
        self.sequence.checked_add(passed.checked_sub(1)?)
    }

    /// Returns the keys after a KeyUpdate, if one may have come.
    fn updated(&self) -> Option<Candidate> {
        let epoch = self.epochs.first().filter(|epoch| self.is_proven && epoch.stage == Stage::Data)?;
        epoch.candidates.first()?.next()
    }

    /// Notes that a candidate of an epoch has opened a record.
    fn accept(&mut self, at: usize, which: usize, sequence: u64, opened: Opened) -> Found {
        let skipped = sequence - if at == 0 { self.sequence } else { 0 };
        let lost = self.lost_with(skipped);
        self.epochs.drain(..at);
        if let Some(epoch) = self.epochs.first_mut() {
            epoch.candidates.truncate(which + 1);
            epoch.candidates.drain(..which);
        }
        self.is_proven = true;
        let stage = self.epochs.first().map_or(Stage::Data, |epoch| epoch.stage);
        self.settle(sequence);
        Found { opened, stage, is_searched: skipped > 0, lost }
    }

    /// Notes that the keys after a KeyUpdate have opened a record. Where records are missing before it, the message that
    /// announced the keys is among them.
    fn update(&mut self, next: Candidate, sequence: u64, opened: Opened) -> Found {
        let is_searched = self.missing > 0;
        let lost = self.lost_with(sequence.saturating_add(u64::from(is_searched)));
        if let Some(epoch) = self.epochs.first_mut() {
            epoch.candidates = vec![next];
        }
        self.settle(sequence);
        Found { opened, stage: Stage::Data, is_searched, lost }
    }

    /// Returns the bytes of contents of so many records that have been missed.
    fn lost_with(&self, records: u64) -> u64 {
        let wire = self.missing.saturating_add(self.unopened_bytes);
        let overhead = self.overhead().unwrap_or(0).saturating_mul(records);
        if records > 0 { wire.saturating_sub(overhead) } else { 0 }
    }

    fn settle(&mut self, sequence: u64) {
        self.sequence = sequence.saturating_add(1);
        (self.missing, self.unopened, self.unopened_bytes) = (0, 0, 0);
        self.work = limits::TLS_SEARCH_WORK;
    }

    fn first(&self) -> Option<&Candidate> {
        self.epochs.first()?.candidates.first()
    }

    /// Returns the bytes of a record that are not contents.
    fn overhead(&self) -> Option<u64> {
        self.first().map(|candidate| candidate.protection.overhead())
    }
}
