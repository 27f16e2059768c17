//! How long nothing was said before the end, and who else fell silent as long.

use std::time::Duration;

use super::{Case, Confidence, Member};
use crate::ending::{Reaction, sent_before};
use crate::seen::Seen;
use crate::side::Side;

/// Ends of one timer differ by so much at most, however short it is.
const JITTER: Duration = Duration::from_millis(50);

/// An end, and the silence before it.
#[derive(Clone, Copy, Debug)]
pub struct Silence<'f> {
    /// Who ended the connection.
    pub by: Side,
    /// How.
    pub end: Reaction<'f>,
    /// Since the last frame of either side.
    pub of_either: Duration,
    /// Since the last frame of the other side.
    pub received: Duration,
    /// Since the opening handshake.
    pub age: Duration,
}

impl<'f> Silence<'f> {
    /// The silence before a WebSocket's end.
    pub fn before(case: &Case<'f>) -> Option<Self> {
        let (facts, by) = (case.facts, case.ending.by?);
        let opened = facts.switched?;
        let end = Reaction::of(facts, by)?;
        let since = |side: Side| {
            let moments = sent_before(facts, side, by, end.carrier).map(|moment| moment.seen);
            end.after(moments.max().unwrap_or(opened))
        };
        let (own, received) = (since(by), since(!by));
        Some(Self { by, end, of_either: own.min(received), received, age: end.after(opened) })
    }
}

/// Pings that had no pong when their sender ended the connection.
#[derive(Clone, Copy, Debug)]
pub struct OpenPing {
    /// The first of them.
    pub first: Seen,
    /// How many there are.
    pub count: usize,
    /// From the first one to the end.
    pub waited: Duration,
    /// Whether the other side said nothing more, either.
    pub is_silent: bool,
}

/// A ping younger than this, or than two round trips, may have been answered in time.
pub const YOUNG: Duration = Duration::from_millis(250);

/// The pings that the closer had waited for in vain.
pub fn open_ping(case: &Case<'_>, by: Side, end: &Reaction<'_>) -> Option<OpenPing> {
    let facts = case.facts;
    let pings = facts.sent[by].unanswered_pings.iter().map(|ping| ping.seen);
    let count = pings.clone().filter(|ping| *ping < end.carrier.seen).count();
    let first = pings.min().filter(|_| count > 0)?;
    let round_trip = facts.tcp().round_trip();
    let waited = end.after(first);
    if waited < YOUNG.max(2 * round_trip) {
        return None;
    }
    // What was on its way when the ping came is no answer to it.
    let spoke = facts.sent[!by].moments().any(|moment| {
        moment.seen > first && moment.seen <= end.carrier.seen && moment.seen.time.since(first.time) > round_trip
    });
    Some(OpenPing { first, count, waited, is_silent: !spoke })
}

/// Full buffers of busy readers empty sooner.
const STALLED: Duration = Duration::from_secs(1);

/// The side that had stopped reading when the connection ended, and since when: it announced a window of zero for long.
pub fn stalled(case: &Case<'_>) -> Option<(Side, Seen)> {
    let end = case.ending.carrier?.seen;
    Side::BOTH.into_iter().find_map(|side| {
        let since = case.facts.tcp().sent[side].zero_window().closed?;
        (end.time.since(since.time) >= STALLED).then_some((side, since))
    })
}

/// Whether two spans are those of one timer.
pub fn is_same(one: Duration, other: Duration) -> bool {
    one.abs_diff(other) <= JITTER.max(one / 200)
}

/// Whether a span is one that people set timers to: whole seconds, and a little for the timer's own delay.
pub fn is_round(span: Duration) -> bool {
    let millis = span.as_millis() % 1000;
    !(121..980).contains(&millis)
}

/// Other connections to the same server that were ended by the same side, in the same way, at another time.
#[derive(Clone, Copy, Debug)]
pub struct Others {
    /// As many as can be looked at.
    pub all: usize,
    /// Those that have something in common with this one.
    pub alike: usize,
}

impl Others {
    /// Returns the number of those that have it in common if they are most of all, else 0: some always do by chance.
    pub const fn together(self) -> usize {
        if self.alike * 2 > self.all { self.alike } else { 0 }
    }
}

/// How much others that agree prove of a span for which no timer is known: chance gives one of them easily.
pub fn support(alike: usize, span: Duration) -> Option<Confidence> {
    match (alike, is_round(span)) {
        (3.., _) | (2, true) => Some(Confidence::High),
        (2, false) | (1, true) => Some(Confidence::Medium),
        _ => None,
    }
}

/// Counts the others, and those that have this in common.
pub fn others(case: &Case<'_>, in_common: impl Fn(&Member, &Member) -> bool) -> Others {
    /// Neighbours looked at on either side: whoever has a timer shows it again and again.
    const NEIGHBOURS: usize = 50;
    let mut others = Others { all: 0, alike: 0 };
    let Some(own) = case.member else {
        return others;
    };
    let all = case.fleet.of_server(own.addresses.server);
    let at = all.partition_point(|other| other.ended < own.ended);
    let near = all.get(at.saturating_sub(NEIGHBOURS)..(at + NEIGHBOURS).min(all.len())).unwrap_or_default();
    let in_the_same_way =
        near.iter().filter(|other| (other.by, other.is_bare(), other.code) == (own.by, own.is_bare(), own.code));
    for other in in_the_same_way {
        let at_another_time = !is_same(other.ended.time.since(own.first.time), own.ended.time.since(own.first.time));
        if at_another_time {
            others.all += 1;
            others.alike += usize::from(in_common(own, other));
        }
    }
    others
}
