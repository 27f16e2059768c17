//! A message larger than the receiver accepts: Close 1009 (RFC 6455 §7.4.1), often before all of it was sent; or an end in
//! the middle of it.
//!
//! Proved by the code, and by the header of the message that the closer had received. Refuted if the same side accepted one
//! as large before, or answered this one and was sent something since.

use std::time::Duration;

use crate::diagnose::known::{Limit, Stated};
use crate::diagnose::provoked::{closer, could_have_received};
use crate::diagnose::stride::may_have_minded;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::ending::Reaction;
use crate::facts::{Close, Facts, Moment};
use crate::side::Side;
use crate::ws::{CloseCode, Kind, Opcode};

pub static RULE: Rule = Rule::new("message_too_big", Role::Failure, detect, include_str!("message_too_big.toml"))
    .with_values(&["side", "packet"])
    .with_optional(&["limit", "limit_of"])
    .with_variants(&[
        Variant::with("", OF_MESSAGE),
        Variant::with("declared", OF_MESSAGE),
        Variant::with("stated", WITH_LIMIT),
        Variant::with("wire", WITH_LIMIT),
        Variant::with("inflated", OF_MESSAGE),
        Variant::with("compressed", OF_MESSAGE),
        Variant::with("cut", OF_MESSAGE),
        Variant::plain("impossible"),
    ]);

/// The values of findings about a message.
const OF_MESSAGE: &[&str] = &["reason", "closer", "size", "wire_size", "largest_before"];

/// The values of findings about a message larger than the limit that the reason states.
const WITH_LIMIT: &[&str] = &["reason", "closer", "size", "wire_size", "largest_before", "limit"];

/// The longest time to an objection. A receiver objects when it has the header, or the byte that is too much; this leaves
/// room for slow ones.
const PROMPT: Duration = Duration::from_secs(1);

/// The longest time after a message within which an end instead of an answer is a reaction to it.
const AT_ONCE: Duration = Duration::from_millis(100);

/// The smallest message that may have been too big for a receiver that does not say so.
const LEAST_UNSAID: u64 = 4096;

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    let is_said = reaction.code() == Some(CloseCode::MESSAGE_TOO_BIG.0);
    if is_said && let Some(found) = impossible(case, by, &reaction) {
        return Some(found);
    }
    let message = largest(case.facts, by, &reaction)?;
    let before = largest_before(case.facts, !by, message);
    if message.size <= before {
        return None;
    }
    let proved = could_have_received(&reaction, message.begun, message.seen) == Some(true);
    let confidence = match (is_said, proved) {
        (true, _) if may_have_minded(case.facts, by, &reaction) => Confidence::Low,
        (true, true) => Confidence::Certain,
        (true, false) => Confidence::High,
        (false, true) if is_unsaid(case, by, &reaction, message, before) => Confidence::Medium,
        (false, _) => return None,
    };
    Some(of_message(case, &reaction, by, message, before, confidence))
}

/// Returns whether a message may have been too big for a receiver that did not send 1009. Either the receiver ended the
/// connection in the middle of it; or it had answered all messages before, but ended the connection instead of answering
/// this one, and a known limit lies between their size and this one's.
fn is_unsaid(case: &Case<'_>, by: Side, reaction: &Reaction<'_>, message: &Moment, before: u64) -> bool {
    let says_why = |close: &Close| {
        !matches!(close.code.map(|code| code.0), None | Some(1000 | 1002 | 1006 | 1011)) || case.reason.is_some()
    };
    if message.size < LEAST_UNSAID || reaction.close.is_some_and(says_why) {
        return false;
    }
    if !message.complete {
        return true;
    }
    let facts = case.facts;
    // A client also closes when it has what it wanted.
    let answered_all_before = by == Side::Server && before > 0 && facts.sent[by].said() + 1 >= facts.sent[!by].said();
    let answers = facts.sent[by].messages().any(|answer| answer.answers(message));
    let has_limit = Limit::between(before, message.size, None).is_some();
    has_limit && answered_all_before && !answers && reaction.took(message.seen) <= AT_ONCE
}

/// Returns the finding of a length that no message can have.
fn impossible(case: &Case<'_>, by: Side, reaction: &Reaction<'_>) -> Option<Finding> {
    let mut all = case.facts.rare.breaches.iter().map(|breach| &breach.violation);
    let violation = all.find(|violation| {
        let is_received = || could_have_received(reaction, violation.needed, violation.seen).is_some();
        violation.side != by && violation.kind == Kind::LengthTopBit && is_received()
    })?;
    let finding = Finding::new(Confidence::Certain)
        .blame(!by)
        .packet(violation.seen.packet)
        .packet(reaction.carrier.seen.packet)
        .with("side", Value::Side(!by))
        .with("packet", Value::Packet(violation.seen.packet));
    Some(finding.variant("impossible"))
}

/// Returns the largest message or ping that may have been too big.
fn largest<'f>(facts: &'f Facts, by: Side, reaction: &Reaction<'_>) -> Option<&'f Moment> {
    let candidates = facts.sent[!by].moments().filter(|moment| {
        let received = could_have_received(reaction, moment.begun, moment.seen).is_some();
        received && reaction.took(moment.seen) <= PROMPT && !was_taken(facts, by, moment)
    });
    candidates.max_by_key(|moment| moment.size)
}

/// Returns the size of the largest message or ping that a side had sent before this one.
fn largest_before(facts: &Facts, side: Side, message: &Moment) -> u64 {
    let sent = &facts.sent[side];
    let earlier =
        sent.moments().filter(|other| other.header_end < message.header_end).map(|other| other.size).max().unwrap_or(0);
    let is_latest = sent.messages().next_back().is_none_or(|latest| latest.header_end <= message.header_end);
    // `largest_before` may include this one, unless this is the latest message.
    let longer_ago = sent.largest_before;
    if is_latest && message.opcode != Opcode::PING || longer_ago > message.size {
        earlier.max(longer_ago)
    } else {
        earlier
    }
}

/// Returns whether a side answered a message and the other side went on after the answer: after a message that is too big
/// neither happens. Acknowledgements show what answers what, because captures may hold the packets of the two sides in
/// another order.
fn was_taken(facts: &Facts, by: Side, message: &Moment) -> bool {
    // Any later answer counts, not only the next: messages that were sent together are in one packet or in several.
    let went_on = |answer: &Moment| facts.sent[!by].moments().any(|other| other.follows(answer));
    message.complete && facts.sent[by].messages().any(|answer| answer.answers(message) && went_on(answer))
}

fn of_message(
    case: &Case<'_>,
    reaction: &Reaction<'_>,
    by: Side,
    message: &Moment,
    before: u64,
    confidence: Confidence,
) -> Finding {
    let reason = reaction.close.map(|close| &*close.reason).unwrap_or_default();
    let wire_size = message.wire_bytes();
    let stated = Stated::in_reason(reason, wire_size, message.size);
    let server = case.facts.handshake.response.as_ref().and_then(|response| response.server.as_deref());
    let server = server.filter(|_| by == Side::Server);
    let known = Limit::between(before, message.size, server).filter(|_| confidence != Confidence::Low);
    let variant = match (message.inflated, &stated) {
        _ if reaction.code() != Some(CloseCode::MESSAGE_TOO_BIG.0) => "cut",
        (true, Some(stated)) if stated.of_wire => "wire",
        (true, Some(_)) => "inflated",
        // A larger message before shows that the size on the wire is not the reason.
        (true, None) if wire_size <= before => "inflated",
        (true, None) => "compressed",
        (false, Some(_)) => "stated",
        (false, None) if message.complete => "",
        (false, None) => "declared",
    };
    let finding = Finding::new(confidence)
        .blame(!by)
        .packet(message.seen.packet)
        .packet(reaction.carrier.seen.packet)
        .with("side", Value::Side(!by))
        .with("reason", Value::Wire(reason.to_owned()))
        .with("closer", Value::Side(by))
        .with("packet", Value::Packet(message.seen.packet))
        .with("size", Value::Bytes(message.size))
        .with("wire_size", Value::Bytes(wire_size))
        .with("largest_before", Value::Bytes(before))
        .variant(variant);
    match (stated, known) {
        (Some(stated), _) => finding.with("limit", Value::Bytes(stated.limit)),
        (None, Some(known)) => {
            finding.with("limit", Value::Bytes(known.bytes)).with("limit_of", Value::Token(known.name.clone()))
        }
        (None, None) => finding,
    }
}
