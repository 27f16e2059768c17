//! A work item: one of several parts of an archive, each read by itself, so that together they give what one run would.
//!
//! ```text
//!             FROM                         TO                    end of the files
//!   not read   │        the item            │        halo          │
//!              ├──── SYN … FIN ─────        │                      │    whole
//!              │              SYN ──────────┼─────── FIN           │    whole: the halo is read for what has begun before TO
//!              │                     SYN ───┼──────────────────────┼──  part, up to TO
//!  ────────────┼── … FIN                    │                      │    part, from FROM on
//!  ────────────┼────────────────────────────┼───                   │    part, from FROM to TO
//!              │                            │  SYN ── FIN          │    the next item's
//! ```
//!
//! The cuts are at FROM and TO, whatever the length of the halo: so each packet of a connection that is put together from
//! parts is in one of them.

mod open;

use std::collections::HashMap;

use foldhash::fast::RandomState;

pub use self::open::Owned;
use self::open::{Open, Recorder};
use super::followed::Followed;
use super::{Analyzer, Part};
use crate::capture::{Packet, Source};
use crate::error::Error;
use crate::facts::Facts;
use crate::limits;
use crate::seen::Timestamp;
use crate::sink::Sink;
use crate::tcp::{Endpoints, Segment};

/// A receiver of what a work item has seen of its connections.
pub trait Members {
    /// Receives the facts of a connection that was seen from its beginning to its end.
    fn whole(&mut self, owned: Owned);

    /// Receives a part of a connection, and its facts by themselves.
    fn part(&mut self, part: Part, facts: Vec<Owned>);
}

/// The analysis of one work item.
pub struct Item {
    analyzer: Analyzer,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    stage: Stage,
    /// The number of packets before the item's first one.
    before: u64,
    /// The number of the item's packets.
    packets: u64,
    open: Table,
    recorder: Recorder,
    /// The number of open connections at which those that are over are looked for.
    sweep_at: usize,
}

type Table = HashMap<Endpoints, Open, RandomState>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Before,
    Inside,
    Halo,
}

/// The facts that the analyzer hands out, until it is known what they are a part of.
#[derive(Default)]
struct Handed(Vec<Owned>);

impl Sink for Handed {
    fn connection(&mut self, facts: Box<Facts>) {
        self.0.push(Owned { facts, is_outside: false });
    }

    fn outside(&mut self, facts: Box<Facts>) {
        self.0.push(Owned { facts, is_outside: true });
    }
}

impl Item {
    /// Creates the analysis of the item that owns the connections which begin at `from` or later, and before `to`. The
    /// analyzer has not processed any packet.
    pub fn new(analyzer: Analyzer, from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        Self {
            analyzer,
            from,
            to,
            stage: Stage::Before,
            before: 0,
            packets: 0,
            open: Table::default(),
            recorder: Recorder::default(),
            sweep_at: limits::UNKNOWN_CONNECTIONS,
        }
    }

    /// Reads a capture to its end, or to an error, calls `progress` with the number of the last packet now and then, and
    /// finishes.
    pub fn read(
        &mut self,
        source: &mut dyn Source,
        members: &mut impl Members,
        mut progress: impl FnMut(u64),
    ) -> Result<(), Error> {
        let end = loop {
            let secrets = source.take_secrets();
            if !secrets.is_empty() {
                self.push_secrets(&secrets, members);
            }
            match source.batch() {
                Ok(packets) => {
                    let Some(last) = packets.last() else { break Ok(()) };
                    packets.iter().for_each(|packet| self.push(packet, members));
                    progress(last.number);
                }
                Err(error) => break Err(error),
            }
        };
        self.finish(members);
        end
    }

    /// Returns the analyzer, which counts what it has met, and could not decode.
    pub const fn analyzer(&self) -> &Analyzer {
        &self.analyzer
    }

    /// Returns the number of packets before the item's first one, and of its own, once it is finished.
    pub const fn packets(&self) -> (u64, u64) {
        (self.before, self.packets)
    }

    /// Takes the contents of Decryption Secrets Blocks.
    fn push_secrets(&mut self, secrets: &[u8], members: &mut impl Members) {
        let mut handed = Handed::default();
        self.analyzer.push_secrets(secrets, &mut handed);
        settle(handed, &self.analyzer.followed, (&mut self.open, &mut self.recorder), members);
    }

    /// Processes the next packet.
    pub fn push(&mut self, packet: &Packet<'_>, members: &mut impl Members) {
        if !self.is_reached(packet, members) {
            return;
        }
        let packet = &Packet { number: packet.number - self.before, ..*packet };
        let (stage, mut handed) = (self.stage, Handed::default());
        let Self { analyzer: Analyzer { decoder, followed }, open, recorder, .. } = self;
        followed.meet(packet, &mut handed);
        let is_wanted = |segment: &Segment<'_>| stage == Stage::Inside || open.contains_key(&segment.endpoints);
        let Some(mut segment) = decoder.decode(packet).filter(is_wanted) else {
            return settle(handed, followed, (open, recorder), members);
        };
        let streams = followed.streams();
        let hint = followed.hint(&segment);
        let stream = followed.push(&mut segment, hint, &mut handed);
        packet.process.iter().for_each(|process| followed.attribute(&segment, process));
        settle(handed, followed, (open, recorder), members);
        let (Some(stream), key) = (stream, segment.endpoints) else { return };
        if open.get(&key).is_some_and(|known| known.stream != stream.number) {
            // A SYN has begun another connection, and this one was handed out before.
            close(&key, (open, recorder), members);
        }
        match stage {
            Stage::Halo if !open.contains_key(&key) => followed.forget(&key),
            Stage::Inside if open.contains_key(&key) || stream.is_followed || stream.number >= streams => {
                let known = open.entry(key).or_insert_with(|| Open::new(stream.number, &segment));
                known.note(&segment, (packet, stream.is_followed), recorder);
                if known.begins && !stream.is_followed {
                    close(&key, (open, recorder), members);
                }
            }
            Stage::Before | Stage::Inside | Stage::Halo => {}
        }
        if self.open.len() > self.sweep_at {
            self.sweep(members);
        }
    }

    /// Returns whether a packet is part of the item or of its halo. Cuts at the first packet behind the item.
    fn is_reached(&mut self, packet: &Packet<'_>, members: &mut impl Members) -> bool {
        if self.stage == Stage::Before {
            if self.from.is_some_and(|from| packet.time < from) {
                return false;
            }
            (self.stage, self.before) = (Stage::Inside, packet.number - 1);
        }
        if self.stage == Stage::Inside {
            if self.to.is_some_and(|to| packet.time >= to) {
                self.cut(true, members);
            } else {
                self.packets = packet.number - self.before;
            }
        }
        true
    }

    /// Ends the item: hands out the parts of connections that have begun before it, and keeps those that the halo is read
    /// for, if there is any.
    fn cut(&mut self, has_halo: bool, members: &mut impl Members) {
        self.stage = Stage::Halo;
        for (key, stream) in self.in_order() {
            let Self { analyzer: Analyzer { followed, .. }, open, recorder, .. } = self;
            let Some(known) = open.get_mut(&key) else { continue };
            let is_followed = followed.follows(&key, stream);
            match (known.begins, is_followed) {
                (true, false) => close(&key, (open, recorder), members),
                // Without a halo, its facts are those at the end.
                (true, true) if known.is_recorded() || !has_halo => {}
                (true, true) => {
                    known.keep(followed.facts_between(key.low(), key.high(), None));
                    // Only the facts of a single WebSocket can be taken without ending it.
                    if known.snapshot.is_none() {
                        self.end(&key, members);
                    }
                }
                (false, _) => self.end(&key, members),
            }
        }
    }

    /// Ends the capture. Has to be called after the last packet.
    pub fn finish(&mut self, members: &mut impl Members) {
        if self.stage != Stage::Halo {
            self.cut(false, members);
        }
        for (key, stream) in self.in_order() {
            if self.analyzer.followed.follows(&key, stream) {
                self.end(&key, members);
            } else {
                close(&key, (&mut self.open, &mut self.recorder), members);
            }
        }
    }

    /// Hands out a connection as a part.
    fn end(&mut self, key: &Endpoints, members: &mut impl Members) {
        let Self { analyzer: Analyzer { followed, .. }, open, recorder, .. } = self;
        let Some(mut known) = open.remove(key) else { return };
        let (is_over, mut handed) = (followed.is_over(key), Handed::default());
        if followed.follows(key, known.stream) {
            followed.finish_one(key, &mut handed);
        }
        known.facts.append(&mut handed.0);
        let (part, facts) = known.into_part(key, !is_over, recorder);
        members.part(part, facts);
    }

    /// Returns the open connections in the order of their streams.
    fn in_order(&self) -> Vec<(Endpoints, u32)> {
        let mut all: Vec<_> = self.open.iter().map(|(key, known)| (*key, known.stream)).collect();
        all.sort_unstable_by_key(|(_, stream)| *stream);
        all
    }

    /// Closes the connections that the analyzer has dropped because they were no WebSockets.
    #[cold]
    fn sweep(&mut self, members: &mut impl Members) {
        for (key, stream) in self.in_order() {
            if !self.analyzer.followed.follows(&key, stream) && self.open.get(&key).is_some_and(|known| known.begins) {
                close(&key, (&mut self.open, &mut self.recorder), members);
            }
        }
        self.sweep_at = self.open.len() * 2 + limits::UNKNOWN_CONNECTIONS;
    }
}

/// Adds facts to the connections that they are of, and closes those that are over.
fn settle(handed: Handed, followed: &Followed, table: (&mut Table, &mut Recorder), members: &mut impl Members) {
    let (open, recorder) = table;
    let mut over: Vec<Endpoints> = Vec::new();
    for mut owned in handed.0 {
        let key = owned.facts.endpoints();
        match open.get_mut(&key).filter(|known| known.stream == owned.facts.stream) {
            Some(known) => {
                known.facts.push(owned);
                if !followed.follows(&key, known.stream) && !over.contains(&key) {
                    over.push(key);
                }
            }
            None => {
                owned.facts.rare.continuity = Some(Box::default());
                members.whole(owned);
            }
        }
    }
    over.iter().for_each(|key| close(key, (open, recorder), members));
}

/// Hands out a connection that is over.
fn close(key: &Endpoints, (open, recorder): (&mut Table, &mut Recorder), members: &mut impl Members) {
    let Some(known) = open.remove(key) else { return };
    if known.begins {
        known.into_wholes(recorder).for_each(|owned| members.whole(owned));
    } else {
        let (part, facts) = known.into_part(key, false, recorder);
        members.part(part, facts);
    }
}
