//! How long nothing was said before the end, and who else fell silent as long.

use std::time::Duration;

use super::{Case, Member};
use crate::ending::Reaction;
use crate::side::Side;

/// Ends of one timer differ by so much at most, however short it is.
const JITTER: Duration = Duration::from_millis(150);

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
    one.abs_diff(other) <= JITTER.max(one / 50)
}

/// Other connections to the same server that were ended in the same way, at another time, and that have this in common:
/// no more than can be looked at.
pub fn alike<'f>(case: &Case<'f>, in_common: impl Fn(&Member, &Member) -> bool) -> Vec<&'f Member> {
    /// Neighbours looked at on either side: whoever has a timer shows it again and again.
    const NEIGHBOURS: usize = 50;
    let Some(own) = case.member else {
        return Vec::new();
    };
    let all = case.fleet.of_server(own.addresses.server);
    let at = all.partition_point(|other| other.ended < own.ended);
    let near = all.get(at.saturating_sub(NEIGHBOURS)..(at + NEIGHBOURS).min(all.len())).unwrap_or_default();
    near.iter()
        .filter(|other| (other.by, other.is_bare(), other.code) == (own.by, own.is_bare(), own.code))
        .filter(|other| !is_same(other.ended.time.since(own.first.time), own.ended.time.since(own.first.time)))
        .filter(|other| in_common(own, other))
        .collect()
}
