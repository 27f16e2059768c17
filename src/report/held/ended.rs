//! Connections that are over, in few bytes each until the report is written.
//!
//! ```text
//! members  ┌ its way to end, and its relations ┬ …          in memory
//!                                     │
//! entries  ┌ capture, first packet, member, place ┬ …       in memory
//!                                            │
//! chunks   ┌ facts ┬ facts ┬ … ┐ ┌ facts ┬ …                in memory, then in a temporary file
//! ```
//!
//! The facts of a connection take about 5 KiB as values, and a tenth to a half of that as bytes.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::spill::{Chunk, Spill};
use crate::diagnose::Member;
use crate::facts::Facts;
use crate::limits;
use crate::seen::Seen;

/// Connections that are over. They come out as they went in.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    entries: Vec<Entry>,
    /// Those that have ended, in the order in which they came.
    members: Vec<Member>,
    chunks: Vec<Chunk>,
    /// The last chunk, until it is full.
    last: Vec<u8>,
    spill: Arc<Spill>,
    lost: u64,
}

/// A connection, with what it is found and sorted by. Its stream and its capture may be others than in its facts.
#[derive(Clone, Copy, Debug)]
struct Entry {
    first: Seen,
    capture: u32,
    stream: u32,
    /// Its index among the members.
    member: Option<u32>,
    /// Its copies of segments.
    copies: u32,
    /// Its place: the number of the chunk, and the bytes in it.
    chunk: u32,
    from: u32,
    to: u32,
    is_evident: bool,
}

impl Ended {
    /// Returns an empty collection that holds so many bytes in memory, and has its temporary file in a folder.
    pub fn new(room: usize, folder: PathBuf) -> Self {
        Self { spill: Arc::new(Spill::new(room, folder)), ..Self::default() }
    }

    /// Returns an empty collection whose temporary file is there already: later, the program may not be allowed to create
    /// one.
    pub fn prepared() -> Self {
        let ended = Self::default();
        ended.spill.prepare();
        ended
    }

    /// Returns an empty collection that keeps its connections in the same temporary file.
    pub fn beside(&self) -> Self {
        Self { spill: Arc::clone(&self.spill), ..Self::default() }
    }

    /// Adds a connection.
    pub fn push(&mut self, facts: &Facts) {
        let from = self.last.len();
        match postcard::to_extend(facts, std::mem::take(&mut self.last)) {
            Ok(bytes) => self.last = bytes,
            Err(_) => {
                self.lost += 1;
                return self.lose_last();
            }
        }
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let member = Member::new(facts).map(|member| {
            self.members.push(member);
            place(self.members.len() - 1)
        });
        self.entries.push(Entry {
            first: facts.first,
            capture: facts.capture,
            stream: facts.stream,
            member,
            copies: u32::try_from(facts.tcp().copies()).unwrap_or(u32::MAX),
            chunk: place(self.chunks.len()),
            from: place(from),
            to: place(self.last.len()),
            is_evident: facts.is_evident(),
        });
        if self.last.len() >= limits::ENDED_CHUNK {
            self.complete();
        }
    }

    /// Completes the last chunk. If there is no room for it, its connections are lost.
    fn complete(&mut self) {
        if self.last.is_empty() {
            return;
        }
        match self.spill.keep(&self.last) {
            Some(chunk) => self.chunks.push(chunk),
            None => self.lose_last(),
        }
        self.last.clear();
    }

    /// Drops the connections of the last chunk, and counts them.
    fn lose_last(&mut self) {
        while self.entries.pop_if(|entry| entry.chunk as usize >= self.chunks.len()).is_some() {
            self.lost += 1;
        }
    }

    /// Adds the connections of another collection, behind these.
    pub fn append(&mut self, mut other: Self) {
        self.complete();
        other.complete();
        let [chunks, members] =
            [self.chunks.len(), self.members.len()].map(|len| u32::try_from(len).unwrap_or(u32::MAX));
        for entry in &mut other.entries {
            entry.chunk += chunks;
            entry.member = entry.member.map(|member| member + members);
        }
        join(&mut self.chunks, other.chunks);
        join(&mut self.members, other.members);
        join(&mut self.entries, other.entries);
        self.lost += other.lost;
    }

    /// Returns the number of connections.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there is no connection.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of connections that were lost, because there was no room for them in the temporary file.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Returns the place of the connections, which knows of errors.
    pub fn spill(&self) -> Arc<Spill> {
        Arc::clone(&self.spill)
    }

    /// Replaces the stream numbers.
    pub fn number(&mut self, of: impl Fn(u32) -> u32) {
        self.entries.iter_mut().for_each(|entry| entry.stream = of(entry.stream));
    }

    /// Sets the capture that the connections are in.
    pub fn set_capture(&mut self, capture: u32) {
        self.entries.iter_mut().for_each(|entry| entry.capture = capture);
    }

    /// Sorts the connections by their captures and first packets. Those that one TCP connection carries stay in their order.
    pub fn sort(&mut self) {
        self.entries.sort_by_key(|entry| (entry.capture, entry.first, entry.stream));
    }

    /// Returns the number of connections in the captures before one, once they are sorted.
    pub fn before(&self, capture: u32) -> usize {
        self.entries.partition_point(|entry| entry.capture < capture)
    }

    /// Returns the capture of the last connection.
    pub fn last_capture(&self) -> Option<u32> {
        self.entries.last().map(|entry| entry.capture)
    }

    /// Returns whether all connections show by themselves that they are WebSockets ([`Facts::is_evident`]).
    pub fn are_evident(&self) -> bool {
        self.entries.iter().all(|entry| entry.is_evident)
    }

    /// Returns the number of copies of segments in all connections.
    pub(in crate::report) fn copies(&self) -> u64 {
        self.entries.iter().map(|entry| u64::from(entry.copies)).sum()
    }

    /// Takes the members, once the connections are in the order of the report, which they are numbered in.
    pub(in crate::report) fn take_members(&mut self) -> Vec<Member> {
        let mut members = std::mem::take(&mut self.members);
        for (entry, id) in self.entries.iter_mut().zip(1..) {
            let member = entry.member.take().and_then(|at| members.get_mut(at as usize));
            if let Some(member) = member {
                (member.id, member.stream) = (id, entry.stream);
            }
        }
        // Others belong to connections that were set apart, or lost.
        members.retain(|member| member.id > 0);
        members.sort_unstable_by_key(|member| member.id);
        members
    }

    /// Drops the connections for which `is_wanted` returns false.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&Facts) -> bool) {
        let mut wanted = vec![false; self.len()];
        for (place, facts) in self.among(0..self.len()) {
            wanted.get_mut(place).into_iter().for_each(|wanted| *wanted = is_wanted(&facts));
        }
        let mut wanted = wanted.into_iter();
        self.entries.retain(|_| wanted.next().unwrap_or_default());
    }

    /// Returns the connections, in their order, but for those that cannot be read.
    pub fn iter(&self) -> impl Iterator<Item = Box<Facts>> {
        self.among(0..self.len()).map(|(_, facts)| facts)
    }

    /// Returns the connections at some places, each with its place, but for those that cannot be read.
    pub fn among(&self, places: Range<usize>) -> impl Iterator<Item = (usize, Box<Facts>)> {
        let mut bytes = Vec::new();
        let entries = self.entries.get(places.clone()).unwrap_or_default();
        places.zip(entries).filter_map(move |(place, entry)| Some((place, self.read(entry, &mut bytes)?)))
    }

    fn read(&self, entry: &Entry, bytes: &mut Vec<u8>) -> Option<Box<Facts>> {
        let Entry { chunk, from, to, capture, stream, .. } = *entry;
        let place = from as usize..to as usize;
        let bytes = match self.chunks.get(chunk as usize) {
            Some(chunk) => chunk.read(place, bytes)?,
            None => self.last.get(place)?,
        };
        let mut facts: Box<Facts> = postcard::from_bytes(bytes).ok()?;
        (facts.capture, facts.stream) = (capture, stream);
        Some(facts)
    }
}

/// Puts a list behind another one. With a long one, as a thread has, no more room is taken than needed: there may be a
/// million elements. Short ones, as a capture has, may be many.
fn join<T>(list: &mut Vec<T>, mut more: Vec<T>) {
    if list.is_empty() {
        *list = more;
        return;
    }
    if more.len() > list.len() / 4 {
        list.reserve_exact(more.len());
    }
    list.append(&mut more);
}

/// Collects connections in memory alone.
impl From<Vec<Box<Facts>>> for Ended {
    fn from(all: Vec<Box<Facts>>) -> Self {
        let mut ended = Self::new(usize::MAX, PathBuf::new());
        all.into_iter().for_each(|facts| ended.push(&facts));
        ended
    }
}
