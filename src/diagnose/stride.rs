//! Did a side take a broken rule in its stride?
//!
//! Kernels acknowledge, programs talk: a bare ACK behind a broken frame says nothing, and neither does an answer to
//! something earlier. Only what the program said *because it had read on* shows that it did not mind.
//!
//! ```text
//! offender  message 1 · message 2 · broken frame · ping 7
//! other                 echo 1 · echo 2 ·············· FIN    echoes of earlier messages: it may well have minded
//! other                 echo 1 · echo 2 · pong 7 ····· FIN    it had read on: it did not
//! ```

use std::time::Duration;

use super::Case;
use super::known::blames_frame;
use super::provoked::could_have_received;
use super::silence::{open_ping, stalled};
use crate::ending::Reaction;
use crate::facts::{Breach, Close, Facts};
use crate::side::Side;
use crate::ws::{Kind, Opcode, Violation};

/// Answers to what came before a broken frame are sent within this, on a machine that is not overloaded.
const QUEUE: Duration = Duration::from_millis(100);

/// Who reacts within this was about nothing else, where its code does not say so.
pub const AT_ONCE: Duration = Duration::from_millis(250);

/// No parser takes so long to object.
const UNMOVED: Duration = Duration::from_secs(2);

/// What shows that the reader of a broken rule did not mind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stride {
    /// It answered a later ping: its parser had gone past the frame.
    ReadOn,
    /// It sent a message that answers nothing earlier. Another thread of its program may have.
    SpokeOn,
}

/// Returns how the reader of a broken rule went on before it reacted, as it does with sound frames; `None` where nothing
/// shows that it did.
pub fn in_stride(facts: &Facts, breach: &Breach, reaction: &Reaction<'_>) -> Option<Stride> {
    let violation = &breach.violation;
    let reader = !violation.side;
    if facts.sent[violation.side].answered_pings > breach.pings_before {
        return Some(Stride::ReadOn);
    }
    let mut moments = facts.sent[reader].moments().filter(|moment| moment.opcode != Opcode::PONG);
    let last = moments.rfind(|moment| violation.seen < moment.seen && moment.seen <= reaction.carrier.seen);
    let since = last.map_or(Duration::ZERO, |last| last.seen.time.since(violation.seen.time));
    // Whoever reads bytes that are out of step may find messages among them.
    let is_out_of_step = violation.kind.loses_the_frames();
    let is_no_answer = !is_out_of_step && breach.messages_behind > unanswered(facts, breach);
    (is_no_answer || since > QUEUE.max(2 * facts.tcp().round_trip())).then_some(Stride::SpokeOn)
}

/// Messages of the offender that its reader can still have owed an answer when it received the broken rule.
pub fn unanswered(facts: &Facts, breach: &Breach) -> u32 {
    let before = facts.sent[!breach.violation.side].said().saturating_sub(breach.messages_behind);
    // Some answer a fragment as if it were a message.
    let fragments = u32::from(breach.violation.opcode == Opcode::CONTINUATION);
    breach.messages_before.saturating_add(fragments).saturating_sub(before)
}

/// The broken rules that a side's reader may have minded: the first of each kind, for whoever lets one pass lets them all.
pub fn first_of_each_kind(facts: &Facts) -> impl Iterator<Item = &Breach> {
    facts.breaches.iter().enumerate().filter_map(|(at, breach)| {
        let before = facts.breaches.get(..at).unwrap_or_default();
        (!before.iter().any(|earlier| is_same_kind(earlier, breach))).then_some(breach)
    })
}

/// The broken rules of a Close frame itself on which its receiver has to fail the connection.
pub fn broken_in<'f>(facts: &'f Facts, close: &Close) -> impl Iterator<Item = &'f Violation> + use<'f> {
    let violations = first_of_each_kind(facts).map(|breach| &breach.violation);
    let (side, frame) = (close.side, close.carrier.seen);
    violations.filter(move |violation| {
        let is_this = violation.opcode == Opcode::CLOSE && violation.frame == frame && violation.side == side;
        is_this && violation.kind.requires_failure()
    })
}

/// Whether one side broke the same rule twice, in the same way.
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

/// Whether the side that reacted may have done so because the other side had broken a rule.
pub fn may_have_minded(facts: &Facts, by: Side, reaction: &Reaction<'_>) -> bool {
    let is_blamed = reaction.close.is_some_and(|close| blames_frame(&close.reason));
    first_of_each_kind(facts).any(|breach| {
        let violation = &breach.violation;
        violation.side != by
            && could_have_received(reaction, violation.needed, violation.seen).is_some()
            && reaction.took(violation.seen) <= longest(&violation.kind, is_blamed)
            && in_stride(facts, breach, reaction).is_none()
    })
}

/// How long after a violation an end may be about it. Whoever may let it pass and minds it does so at once.
const fn longest(kind: &Kind, is_blamed: bool) -> Duration {
    if kind.requires_failure() || is_blamed { UNMOVED } else { AT_ONCE }
}

/// Whether something stands before the end that may be its cause, and that nothing shows the closer to have taken in its
/// stride: a broken rule, in the Close frame itself, too, an unanswered ping, a frame or message that was not finished, a
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
}
