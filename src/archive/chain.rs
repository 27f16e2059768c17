//! Parts, put together to connections.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::assembly::Streams;
use crate::analyzer::{Analyzer, Part, PartEnd, Replayed};
use crate::chunk::Carrier;
use crate::event::EndKind;
use crate::facts::{Continuity, End, Facts};
use crate::seen::Sights;
use crate::side::Side;
use crate::sink::Sink;
use crate::tcp::Endpoints;

/// A part, with the number of packets before its item; those that it names are counted behind them already.
type Placed = (u64, Part);

/// The parts of all connections of a sensor, those between the same endpoints in order.
pub(super) struct Chains {
    of: BTreeMap<Endpoints, Vec<Placed>>,
}

/// The facts that are put together, each with whether it is one of a TLS connection that was not decrypted.
type Out<'o> = dyn FnMut(Box<Facts>, bool) + 'o;

/// Facts as an analyzer hands them out.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "as connections are handed out")]
struct Handed {
    inside: Vec<Box<Facts>>,
    outside: Vec<Box<Facts>>,
}

impl Sink for Handed {
    fn connection(&mut self, facts: Box<Facts>) {
        self.inside.push(facts);
    }

    fn outside(&mut self, facts: Box<Facts>) {
        self.outside.push(facts);
    }
}

impl Chains {
    /// Groups parts, each with the number of packets before its item. Those that follow a connection that is known as a
    /// whole are only its late segments, or what the halo has shown: they are dropped.
    pub fn new(parts: Vec<Placed>, mut wholes: Vec<(Endpoints, u64)>) -> Self {
        let mut of = BTreeMap::<Endpoints, Vec<Placed>>::new();
        for (before, mut part) in parts {
            part.each_seen(&mut |seen| seen.packet = seen.packet.saturating_add(before));
            let [low, high] = part.endpoints;
            of.entry(Endpoints::of(low, high).0).or_default().push((before, part));
        }
        wholes.sort_unstable();
        for (key, parts) in &mut of {
            parts.sort_by_key(|(_, part)| part.first);
            let mut latest = 0;
            parts.retain(|(_, part)| {
                let at = wholes.partition_point(|whole| *whole < (*key, part.first.packet));
                let whole = at.checked_sub(1).and_then(|at| wholes.get(at)).filter(|whole| whole.0 == *key);
                let is_late = !part.begins && whole.is_some_and(|whole| whole.1 > latest);
                if !is_late {
                    latest = part.first.packet;
                }
                !is_late
            });
        }
        Self { of }
    }

    /// Analyses all parts, with the keys of an analyzer.
    pub fn finish(mut self, analyzer: &Analyzer, mut streams: Streams, out: &mut Out<'_>) {
        let joined = self.of.extract_if(.., |_, parts| parts.iter().any(|(_, part)| part.recording.is_none()));
        let joined: Vec<_> = joined.collect();
        let all: Vec<&Placed> = self.of.values().flatten().collect();
        let mut handed = replayed(analyzer, &all);
        let first = streams.next();
        let most = handed.inside.iter().chain(&handed.outside).map(|facts| facts.stream).max();
        (0..most.unwrap_or_default()).for_each(|_| _ = streams.next());
        for facts in handed.inside.iter_mut().chain(&mut handed.outside) {
            facts.stream = facts.stream.saturating_add(first);
            let key = facts.endpoints();
            complete(facts, self.of.get(&key).map_or(&[], Vec::as_slice));
        }
        handed.inside.into_iter().for_each(|facts| out(facts, false));
        handed.outside.into_iter().for_each(|facts| out(facts, true));
        for (_, parts) in joined {
            for parts in parts.chunk_by(|_, (_, next)| !next.begins) {
                join(analyzer, parts, streams.next(), out);
            }
        }
    }
}

/// Replays the recordings of parts, in the order of their packets.
fn replayed(analyzer: &Analyzer, parts: &[&Placed]) -> Handed {
    let (mut analyzer, mut handed) = (analyzer.for_another(), Handed::default());
    let mut replays: Vec<_> = parts
        .iter()
        .filter_map(|(before, part)| {
            let [low, high] = part.endpoints;
            Some(Replayed::new(part.recording.as_deref()?, Endpoints::of(low, high).0, *before).peekable())
        })
        .collect();
    let mut heads: BinaryHeap<_> = replays
        .iter_mut()
        .enumerate()
        .filter_map(|(at, replay)| Some(Reverse((replay.peek()?.0.carrier.seen.packet, at))))
        .collect();
    while let Some(Reverse((_, at))) = heads.pop() {
        let Some(replay) = replays.get_mut(at) else { continue };
        if let Some(segment) = replay.next() {
            analyzer.replay(segment, &mut handed);
        }
        if let Some((next, _)) = replay.peek() {
            heads.push(Reverse((next.carrier.seen.packet, at)));
        }
    }
    analyzer.finish(&mut handed);
    handed
}

/// Completes facts from the parts that they were replayed from, among all between the same endpoints.
fn complete(facts: &mut Facts, parts: &[Placed]) {
    let until = parts.partition_point(|(_, part)| part.first <= facts.first);
    let from = until.saturating_sub(1);
    let (before, rest) = parts.split_at(from.min(parts.len()));
    let Some(((_, first), rest)) = rest.split_first() else { return };
    let more = rest.iter().take_while(|(_, part)| !part.begins && part.first <= facts.last).count();
    let own = before.len()..before.len() + 1 + more;
    let own = parts.get(own).unwrap_or_default();
    let mut continuity = first.continuity(facts.addresses().client);
    own.iter().skip(1).for_each(|(_, part)| follow(&mut continuity, &part.continuity(facts.addresses().client)));
    facts.rare.continuity = Some(Box::new(Continuity { joints: 0, ..continuity }));
    for (from_low, process) in own.iter().flat_map(|(_, part)| &part.processes) {
        facts.attribute(facts.side(*from_low), process);
    }
}

fn follow(own: &mut Continuity, later: &Continuity) {
    own.after = later.after;
    own.last = own.last.max(later.last);
    own.first.client = own.first.client.or(later.first.client);
    own.first.server = own.first.server.or(later.first.server);
    own.next.client = later.next.client.or(own.next.client);
    own.next.server = later.next.server.or(own.next.server);
}

/// Joins the facts of the parts of one TCP connection, not all of which were recorded.
fn join(analyzer: &Analyzer, parts: &[Placed], stream: u32, out: &mut Out<'_>) {
    let mut all = Handed::default();
    for some in parts.chunk_by(|(_, one), (_, next)| one.recording.is_some() && next.recording.is_some()) {
        let Some((_, last)) = some.last() else { continue };
        let mut later = if last.recording.is_some() {
            let some: Vec<_> = some.iter().collect();
            replayed(analyzer, &some)
        } else {
            let boxed = |facts: &Vec<Facts>| facts.iter().cloned().map(Box::new).collect();
            Handed { inside: boxed(&last.facts), outside: boxed(&last.outside) }
        };
        later.inside.iter_mut().chain(&mut later.outside).for_each(|facts| complete(facts, some));
        let was_empty = later.inside.is_empty() && later.outside.is_empty();
        add(&mut all.inside, later.inside);
        add(&mut all.outside, later.outside);
        if was_empty {
            // Nothing was recognised in it. It is known nevertheless that the connection went on, and how TCP ended it.
            for facts in all.inside.iter_mut().chain(&mut all.outside).filter(|facts| is_open(facts)) {
                some.iter().for_each(|(_, part)| go_on(facts, part));
            }
        }
    }
    for (mut facts, is_outside) in
        all.inside.into_iter().map(|facts| (facts, false)).chain(all.outside.into_iter().map(|facts| (facts, true)))
    {
        facts.stream = stream;
        out(facts, is_outside);
    }
}

/// Adds the facts of a later part to those of the connection that they are of.
#[expect(clippy::vec_box, reason = "as connections are handed out")]
fn add(all: &mut Vec<Box<Facts>>, later: Vec<Box<Facts>>) {
    for facts in later {
        let is_same = |known: &&mut Box<Facts>| {
            is_open(known)
                && known.http2_stream() == facts.http2_stream()
                && known.addresses() == facts.addresses()
                && facts.handshake.request.is_none()
        };
        match all.iter_mut().rev().find(is_same) {
            Some(known) => known.join(*facts),
            None => all.push(facts),
        }
    }
}

/// Returns whether TCP has not ended it as far as its facts go.
fn is_open(facts: &Facts) -> bool {
    !facts.ends.iter().any(|end| matches!(end.kind, EndKind::Fin | EndKind::Reset))
}

/// Adds to facts what TCP shows of a part in which nothing was recognised.
fn go_on(facts: &mut Facts, part: &Part) {
    facts.last = facts.last.max(part.last);
    for PartEnd { from_low, is_reset, seen, ttl } in &part.ends {
        let side = facts.side(*from_low);
        let kind = if *is_reset { EndKind::Reset } else { EndKind::Fin };
        if facts.end(side, kind).is_none() {
            facts.ends.push(End { side, kind, carrier: Carrier::new(*seen, None, *ttl), needed: u64::MAX });
        }
    }
    for side in Side::BOTH {
        facts.sent[side].lost = facts.sent[side].lost.saturating_add(1);
        facts.sent[side].is_lost = true;
    }
    let continuity = part.continuity(facts.addresses().client);
    facts.adjoin(continuity);
}
