//! How long nothing was said before the end, and who else fell silent as long.

use std::time::Duration;

use super::{Case, Confidence, Member};
use crate::ending::Reaction;
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
            let moments = facts.sent[side].moments().map(|moment| moment.seen).filter(|seen| *seen <= end.carrier.seen);
            end.after(moments.max().unwrap_or(opened))
        };
        let (own, received) = (since(by), since(!by));
        Some(Self { by, end, of_either: own.min(received), received, age: end.after(opened) })
    }
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
    /// Whether most of them have it in common: some always do by chance.
    pub const fn agree(self) -> bool {
        self.alike * 2 > self.all
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
