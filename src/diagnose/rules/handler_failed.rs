//! A program failed while it handled a message: 1011 right after the message, or an end without a Close frame by a library
//! that is known to do that.
//!
//! Refuted if the program had answered that message.

use std::time::Duration;

use crate::diagnose::known::{Class, Library};
use crate::diagnose::provoked::{closer, could_have_received};
use crate::diagnose::stride::may_have_minded;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::ending::sent_before;
use crate::side::Side;
use crate::ws::CloseCode;

pub static RULE: Rule = Rule::new("handler_failed", Role::Cause, detect, include_str!("handler_failed.toml"))
    .with_values(&["closer", "packet"])
    .with_variants(&[
        Variant::BASE,
        Variant::with("message", &["side", "message", "reaction"]),
        Variant::with("bare", &["side", "message", "reaction"]),
    ]);

/// The longest time to the end after an exception (measured: 120 ms at most, except for daphne with 390 ms).
const PROMPT: Duration = Duration::from_millis(500);

/// The messages in a second from which on the last one before the end means nothing.
const MANY: u32 = 10;

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    case.facts.switched?;
    let is_internal = reaction.code() == Some(CloseCode::INTERNAL_ERROR.0);
    let is_bare = reaction.close.is_none() && Library::of(case.facts, by).is_some_and(Library::fails_bare);
    // The timeout of a ping is not a failure of a handler, and a broken frame explains an end better.
    let has_reason = case.reason == Some(Class::Ping);
    let by_other = || case.facts.rare.breaches.iter().any(|breach| breach.violation.side != by);
    let is_broken = may_have_minded(case.facts, by, &reaction) || (is_bare && by_other());
    if !(is_internal || is_bare) || has_reason || is_broken {
        return None;
    }
    let end = reaction.carrier.seen;
    let last = case.facts.sent[!by].messages().rfind(|message| message.complete && message.seen <= end);
    let own = || sent_before(case.facts, by, by, reaction.carrier).filter(|moment| moment.is_message());
    let answered = |since| own().any(|message| message.seen > since);
    let trigger = last.filter(|message| {
        let received = could_have_received(&reaction, message.needed(), message.seen).is_some();
        received && reaction.took(message.seen) <= PROMPT && !answered(message.seen)
    });
    // In a stream of messages one always precedes the end, and a client rarely objects to a message.
    let by_chance = by == Side::Client || case.facts.sent[!by].pace.per_second() >= MANY;
    let confidence = match (is_internal, trigger.is_some()) {
        (true, true) if by_chance => Confidence::Low,
        (true, true) => Confidence::High,
        (true, false) | (false, true) => Confidence::Low,
        (false, false) => return None,
    };
    let finding = Finding::new(confidence)
        .blame(by)
        .packet(end.packet)
        .with("closer", Value::Side(by))
        .with("packet", Value::Packet(end.packet));
    Some(match trigger {
        Some(message) => finding
            .packet(message.seen.packet)
            .with("side", Value::Side(!by))
            .with("message", Value::Packet(message.seen.packet))
            .with("reaction", Value::Time(reaction.took(message.seen)))
            .variant(if is_internal { "message" } else { "bare" }),
        None => finding,
    })
}
