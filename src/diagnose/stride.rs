//! Decides whether a side took a broken rule in its stride.
//!
//! ACKs are sent by kernels, frames by programs: a bare ACK after a broken frame proves nothing, and neither does an answer
//! to something earlier. Only a frame that the program sent *because it had read on* shows that it did not object.
//!
//! ```text
//! offender  message 1 · message 2 · broken frame · ping 7
//! other                 echo 1 · echo 2 ·············· FIN    echoes of earlier messages: it may have objected
//! other                 echo 1 · echo 2 · pong 7 ····· FIN    it had read on: it did not object
//! ```

use std::time::Duration;

use super::Case;
use super::known::blames_frame;
use super::provoked::could_have_received;
use super::silence::{open_ping, stalled, starved};
use crate::ending::Reaction;
use crate::facts::{Breach, Close, Facts};
use crate::side::Side;
use crate::ws::{Kind, Opcode, Violation};

/// The time within which a machine that is not overloaded sends its answers to what came before a broken frame.
const QUEUE: Duration = Duration::from_millis(100);

/// The longest time of a reaction that can have had no other cause, if its code does not name the violation.
pub const AT_ONCE: Duration = Duration::from_millis(250);

/// The longest time that a parser takes to object.
const UNMOVED: Duration = Duration::from_secs(2);

/// A sign that the reader of a broken rule did not object to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stride {
    /// The reader answered a later ping: its parser had gone past the frame.
    ReadOn,
    /// The reader sent a message that answers nothing earlier. Another thread of its program may have sent it.
    SpokeOn,
}

/// Returns the sign that the reader of a broken rule went on, before it reacted, as it does after sound frames; `None` if
/// there is none.
pub fn in_stride(facts: &Facts, breach: &Breach, reaction: &Reaction<'_>) -> Option<Stride> {
    let violation = &breach.violation;
    let reader = !violation.side;
    if facts.sent[violation.side].answered_pings > breach.pings_before {
        return Some(Stride::ReadOn);
    }
    let mut moments = facts.sent[reader].moments().filter(|moment| moment.opcode != Opcode::PONG);
    let last = moments.rfind(|moment| violation.seen < moment.seen && moment.seen <= reaction.carrier.seen);
    let since = last.map_or(Duration::ZERO, |last| last.seen.time.since(violation.seen.time));
    // A reader of bytes that are out of step may find messages among them.
    let is_out_of_step = violation.kind.loses_the_frames();
    let is_no_answer = !is_out_of_step && breach.messages_behind > unanswered(facts, breach);
    (is_no_answer || since > QUEUE.max(2 * facts.tcp().round_trip())).then_some(Stride::SpokeOn)
}

/// Returns the number of the offender's messages that the reader may not yet have answered when it received the broken
/// frame.
pub fn unanswered(facts: &Facts, breach: &Breach) -> u32 {
    let before = facts.sent[!breach.violation.side].said().saturating_sub(breach.messages_behind);
    // Some programs answer a fragment as if it were a message.
    let fragments = u32::from(breach.violation.opcode == Opcode::CONTINUATION);
    breach.messages_before.saturating_add(fragments).saturating_sub(before)
}

/// Returns the broken rules to which a reader may have objected: the first of each kind, because a reader that accepts one
/// accepts them all.
pub fn first_of_each_kind(facts: &Facts) -> impl Iterator<Item = &Breach> {
    facts.rare.breaches.iter().enumerate().filter_map(|(at, breach)| {
        let before = facts.rare.breaches.get(..at).unwrap_or_default();
        (!before.iter().any(|earlier| is_same_kind(earlier, breach))).then_some(breach)
    })
}

/// Returns the rules broken by a Close frame itself on which its receiver has to fail the connection.
pub fn broken_in<'f>(facts: &'f Facts, close: &Close) -> impl Iterator<Item = &'f Violation> + use<'f> {
    let violations = first_of_each_kind(facts).map(|breach| &breach.violation);
    let (side, frame) = (close.side, close.carrier.seen);
    violations.filter(move |violation| {
        let is_this = violation.opcode == Opcode::CLOSE && violation.frame == frame && violation.side == side;
        is_this && violation.kind.requires_failure()
    })
}

/// Returns whether two violations are of the same side, of the same rule, and in the same way.
fn is_same_kind(one: &Breach, other: &Breach) -> bool {
    let (one, other) = (&one.violation, &other.violation);
    let in_the_same_way = match (&one.kind, &other.kind) {
        (Kind::ReservedBits(one), Kind::ReservedBits(other)) => one == other,
        (Kind::ReservedOpcode, Kind::ReservedOpcode) => one.opcode == other.opcode,
        (Kind::InvalidCloseCode(one), Kind::InvalidCloseCode(other)) => one == other,
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    };
    one.side == other.side && in_the_same_way
}

/// Returns whether a side may have reacted because the other side had broken a rule.
pub fn may_have_minded(facts: &Facts, by: Side, reaction: &Reaction<'_>) -> bool {
    // Asked only behind a broken rule, which nearly no connection has.
    let is_blamed = || reaction.close.is_some_and(|close| blames_frame(&close.reason));
    first_of_each_kind(facts).any(|breach| {
        let violation = &breach.violation;
        violation.side != by
            && could_have_received(reaction, violation.needed, violation.seen).is_some()
            && reaction.took(violation.seen) <= longest(&violation.kind, is_blamed())
            && in_stride(facts, breach, reaction).is_none()
    })
}

/// Returns the longest time after a violation within which an end may be a reaction to it. An endpoint that may accept a
/// violation, but does not, objects at once.
const fn longest(kind: &Kind, is_blamed: bool) -> Duration {
    if kind.requires_failure() || is_blamed { UNMOVED } else { AT_ONCE }
}

/// Returns whether something before the end may be its cause, and nothing shows that the closer took it in its stride: a
/// broken rule, also one of the Close frame itself; an unanswered ping; a frame or message that was not finished; a
/// receiver that had stopped reading.
pub fn is_clouded(case: &Case<'_>) -> bool {
    let Some(by) = case.ending.by else {
        return false;
    };
    let Some(reaction) = Reaction::of(case.facts, by) else {
        return false;
    };
    let facts = case.facts;
    let was_broken_itself = case.close.is_some_and(|close| broken_in(facts, close).next().is_some());
    let was_unfinished = case.close.is_some_and(|close| close.inside_message)
        || facts.sent[!by].messages().any(|message| !message.complete && message.seen <= reaction.carrier.seen)
        || (case.close.is_none() && facts.sent[by].unfinished.is_some());
    may_have_minded(facts, by, &reaction)
        || was_broken_itself
        || was_unfinished
        || open_ping(case, by, &reaction).is_some_and(|ping| ping.is_silent)
        || stalled(case).is_some()
        || starved(case).is_some()
}
