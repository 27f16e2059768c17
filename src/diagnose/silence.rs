//! The silence before an end, and other connections that ended after the same silence.

use std::time::Duration;

use super::{Case, Confidence, Member};
use crate::ending::{Reaction, last_frame_of};
use crate::facts::Starved;
use crate::seen::Seen;
use crate::side::Side;

/// The largest difference between two spans of one timer, however short it is.
const JITTER: Duration = Duration::from_millis(50);

/// An end, and the silence before it.
#[derive(Clone, Copy, Debug)]
pub struct Silence<'f> {
    /// The side that ended the connection.
    pub by: Side,
    /// The way in which it did.
    pub end: Reaction<'f>,
    /// The time since the last frame of either side.
    pub of_either: Duration,
    /// The time since the last frame of the other side.
    pub received: Duration,
    /// The time since the opening handshake.
    pub age: Duration,
}

impl<'f> Silence<'f> {
    /// Returns the silence before the end of a WebSocket; `None` if it has not ended, or was never opened.
    pub fn before(case: &Case<'f>) -> Option<Self> {
        let (facts, by) = (case.facts, case.ending.by?);
        let opened = facts.switched?;
        let end = Reaction::of(facts, by)?;
        let since = |side: Side| end.after(last_frame_of(facts, side, by, end.carrier).unwrap_or(opened));
        let (own, received) = (since(by), since(!by));
        Some(Self { by, end, of_either: own.min(received), received, age: end.after(opened) })
    }
}

/// Pings that had no pong when their sender ended the connection.
#[derive(Clone, Copy, Debug)]
pub struct OpenPing {
    /// The first of them.
    pub first: Seen,
    /// The number of them.
    pub count: usize,
    /// The time from the first one to the end.
    pub waited: Duration,
    /// Whether the other side sent no other frames, either.
    pub is_silent: bool,
}

/// The age below which a ping may still be answered in time; two round trips if those take longer.
pub const YOUNG: Duration = Duration::from_millis(250);

/// Returns the pings of the closer that had no pong at the end; `None` if there are none, or if the first is too young.
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
    // Frames that were on their way when the ping arrived do not answer it.
    let spoke = facts.sent[!by].moments().any(|moment| {
        moment.seen > first && moment.seen <= end.carrier.seen && moment.seen.time.since(first.time) > round_trip
    });
    Some(OpenPing { first, count, waited, is_silent: !spoke })
}

/// The shortest time of a stall. The full buffer of a busy reader empties sooner.
const STALLED: Duration = Duration::from_secs(1);

/// Returns the side that had stopped reading when the connection ended, and the segment by which it closed its window: it
/// had announced a window of zero for a long time.
pub fn stalled(case: &Case<'_>) -> Option<(Side, Seen)> {
    let end = case.ending.carrier?.seen;
    Side::BOTH.into_iter().find_map(|side| {
        let since = case.facts.tcp().sent[side].zero_window().closed?;
        (end.time.since(since.time) >= STALLED).then_some((side, since))
    })
}

/// Returns the side that waited to send when its HTTP/2 stream ended, and since when: the other one had granted nothing for a
/// long time.
pub fn starved(case: &Case<'_>) -> Option<Starved> {
    let (end, starved) = (case.ending.carrier?.seen, case.facts.rare.http2.as_deref()?.starved?);
    (end.time.since(starved.since.time) >= STALLED).then_some(starved)
}

/// Returns whether two spans may be those of one timer.
pub fn is_same(one: Duration, other: Duration) -> bool {
    one.abs_diff(other) <= JITTER.max(one / 200)
}

/// Returns whether a span is one to which timers are set: whole seconds, and a little for the timer's own delay.
pub fn is_round(span: Duration) -> bool {
    let millis = span.as_millis() % 1000;
    !(121..980).contains(&millis)
}

/// Other connections to the same server that were ended by the same side, in the same way, at another time.
#[derive(Clone, Copy, Debug)]
pub struct Others {
    /// The number of those that were compared.
    pub all: usize,
    /// The number of those that have something in common with this one.
    pub alike: usize,
}

impl Others {
    /// Returns `alike` if those are more than half of all, else 0: some always agree by chance.
    pub const fn together(self) -> usize {
        if self.alike * 2 > self.all { self.alike } else { 0 }
    }
}

/// Returns the confidence in a span for which no timer is known, by the number of other connections that agree; one alone
/// may easily agree by chance.
pub fn support(alike: usize, span: Duration) -> Option<Confidence> {
    match (alike, is_round(span)) {
        (3.., _) | (2, true) => Some(Confidence::High),
        (2, false) | (1, true) => Some(Confidence::Medium),
        _ => None,
    }
}

/// Counts the other connections near in time to this one, and those of them for which `in_common` returns `true`.
pub fn others(case: &Case<'_>, in_common: impl Fn(&Member, &Member) -> bool) -> Others {
    /// Connections compared before and after this one. A peer with a timer shows it again and again.
    const NEIGHBOURS: usize = 50;
    let mut others = Others { all: 0, alike: 0 };
    let Some(own) = case.member else {
        return others;
    };
    let all = case.fleet.of_server(own.server());
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
