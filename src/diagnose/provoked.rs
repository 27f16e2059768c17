//! Did a frame provoke the end? The acknowledgement test, the order, the time, and the code must all allow it.

use std::time::Duration;

use super::{Case, Confidence, Finding, Value};
use crate::ending::{Reaction, beginning_close};
use crate::facts::{Close, Facts};
use crate::seen::Seen;
use crate::side::Side;
use crate::ws::{Kind, Violation};

/// A parser reacts within milliseconds; this leaves room for slow machines and a round trip.
const PROMPT: Duration = Duration::from_secs(1);

/// A reaction that comes later than this was not provoked.
const LATE: Duration = Duration::from_secs(10);

/// Close codes that say the peer broke the protocol, whatever the rule (RFC 6455 §7.4.1; measured on 14 servers).
pub const PROTOCOL: &[u16] = &[1002];

/// The finding of a rule whose mechanism is a broken frame: the first violation of these kinds that can have provoked
/// the other side's end of the connection, with one of these codes or with none.
pub fn by_violation(case: &Case<'_>, codes: &[u16], is_kind: impl Fn(&Kind) -> bool) -> Option<Finding> {
    let (violation, reaction, confidence) =
        case.facts.violations.iter().filter(|violation| is_kind(&violation.kind)).find_map(|violation| {
            provocation(case, violation, codes).map(|(reaction, sure)| (violation, reaction, sure))
        })?;
    let most = match (is_first(case, violation), is_at_the_end(case.facts, violation)) {
        (false, _) => Confidence::Medium,
        (true, true) => Confidence::High,
        (true, false) => Confidence::Certain,
    };
    let confidence = confidence.max(most);
    Some(finding(violation, &reaction, confidence))
}

/// The finding of a rule whose mechanism is a broken Close frame: it began the end itself, whatever the answer was.
pub fn by_close(case: &Case<'_>, is_kind: impl Fn(&Kind) -> bool) -> Option<Finding> {
    let begun = beginning_close(case.facts)?;
    let violation = case.facts.violations.iter().find(|violation| {
        violation.side == begun.side && violation.frame == begun.carrier.seen && is_kind(&violation.kind)
    })?;
    let finding = Finding::new(Confidence::Certain)
        .blame(violation.side)
        .packet(violation.seen.packet)
        .with("side", Value::Side(violation.side))
        .with("packet", Value::Number(violation.seen.packet));
    Some(particulars(finding, violation))
}

/// Whether no other frame of the same sender broke a rule before: an endpoint objects to the first one that it minds.
fn is_first(case: &Case<'_>, violation: &Violation) -> bool {
    case.facts
        .violations
        .iter()
        .filter(|other| other.side == violation.side && !is_often_tolerated(&other.kind))
        .all(|other| other.needed >= violation.needed)
}

/// Whether it is the Close frame that began the end whose framing breaks a rule: the end had its reason before that.
fn is_at_the_end(facts: &Facts, violation: &Violation) -> bool {
    let is_what_it_says = matches!(
        violation.kind,
        Kind::InvalidCloseCode(_) | Kind::TruncatedCloseCode(_) | Kind::InvalidCloseReason { .. }
    );
    let begins = |close: &Close| close.side == violation.side && close.carrier.seen == violation.frame;
    !is_what_it_says && beginning_close(facts).is_some_and(begins)
}

/// Whether a client may have closed with 1000 because of this, as some do whatever they object to: it was the last thing
/// that the client received.
fn may_be_hidden(facts: &Facts, reaction: &Reaction<'_>, violation: &Violation) -> bool {
    let last = facts.sent[violation.side].moments().rfind(|moment| moment.seen <= reaction.carrier.seen);
    violation.side == Side::Server
        && reaction.code() == Some(1000)
        && last.is_none_or(|last| last.header_end <= violation.needed)
}

/// Broken rules that most implementations let pass.
const fn is_often_tolerated(kind: &Kind) -> bool {
    matches!(kind, Kind::NonMinimalLength(_) | Kind::AfterClose)
}

/// The other side's reaction, if this violation can have provoked it, and how sure that is.
fn provocation<'f>(case: &Case<'f>, violation: &Violation, codes: &[u16]) -> Option<(Reaction<'f>, Confidence)> {
    let reaction = Reaction::of(case.facts, !violation.side)?;
    let received = could_have_received(&reaction, violation.needed, violation.seen)?;
    let after = reaction.took(violation.seen);
    let prompt = after <= PROMPT;
    let hidden = prompt && !codes.contains(&1000) && may_be_hidden(case.facts, &reaction, violation);
    let fits = match reaction.close {
        Some(_) if hidden => true,
        Some(_) => reaction.code().is_some_and(|code| codes.contains(&code)),
        None => prompt,
    };
    // Whoever goes on talking after the frame has not minded it.
    let went_on = case.facts.sent[!violation.side].last_acked.is_some_and(|acked| acked >= violation.needed);
    if reaction.close.is_none() && went_on {
        return None;
    }
    let confidence = match (fits, reaction.close.is_some(), received) {
        (false, ..) => return None,
        _ if after > LATE => return None,
        _ if hidden => Confidence::Low,
        (true, true, true) if prompt => Confidence::Certain,
        (true, true, true) | (true, false, true) => Confidence::High,
        (true, true, false) if prompt => Confidence::High,
        _ => Confidence::Medium,
    };
    Some((reaction, confidence))
}

/// The acknowledgement test: `None` if the reaction's sender had not received the byte before `needed`, or reacted before
/// it was seen; else whether that it had is proved.
pub fn could_have_received(reaction: &Reaction<'_>, needed: u64, seen: Seen) -> Option<bool> {
    match reaction.had_received(needed) {
        Some(false) => None,
        Some(true) => Some(true),
        None => (seen <= reaction.carrier.seen).then_some(false),
    }
}

/// Names what every broken frame has: who, which packets, how soon the other side reacted.
fn finding(violation: &Violation, reaction: &Reaction<'_>, confidence: Confidence) -> Finding {
    let finding = Finding::new(confidence)
        .blame(violation.side)
        .packet(violation.frame.packet)
        .packet(violation.seen.packet)
        .packet(reaction.carrier.seen.packet)
        .with("side", Value::Side(violation.side))
        .with("packet", Value::Number(violation.seen.packet))
        .with("reaction", Value::Time(reaction.took(violation.seen)));
    particulars(finding, violation)
}

/// Names what only this kind of broken frame has.
pub fn particulars(finding: Finding, violation: &Violation) -> Finding {
    let opcode = Value::Token(format!("0x{:X}", violation.opcode.0));
    let bytes = |finding: Finding| finding.with("bytes", hex(violation.context.bytes()));
    match &violation.kind {
        Kind::InvalidUtf8 { offset, byte, at_end } => bytes(finding)
            .with("byte_offset", Value::Number(*offset))
            .with("byte", Value::Byte(*byte))
            .variant(if *at_end { "at_end" } else { "" }),
        Kind::InvalidCloseReason { offset, byte } => {
            bytes(finding).with("byte_offset", Value::Number(*offset)).with("byte", Value::Byte(*byte))
        }
        Kind::ReservedBits(bits) => {
            let names: Vec<_> = [(4, "RSV1"), (2, "RSV2"), (1, "RSV3")]
                .iter()
                .filter(|(bit, _)| bits & bit != 0)
                .map(|(_, name)| *name)
                .collect();
            bytes(finding).with("bits", Value::Token(names.join(", "))).variant(if *bits == 4 { "rsv1" } else { "" })
        }
        Kind::OversizedControl(length) | Kind::NonMinimalLength(length) => {
            bytes(finding).with("length", Value::Bytes(*length)).with("opcode", opcode)
        }
        Kind::InvalidCloseCode(code) => finding.with("code", Value::Number(u64::from(code.0))),
        Kind::TruncatedCloseCode(byte) => finding.with("byte", Value::Byte(*byte)),
        Kind::LengthTooShort(excess) => finding
            .with("excess", Value::Bytes(*excess))
            .with("text", Value::Excerpt(violation.context.bytes().to_vec()))
            .variant("length"),
        _ => bytes(finding).with("opcode", opcode),
    }
}

/// Whether a side's reason text has one of these words, whatever their case.
pub fn reason_has(reaction: &Reaction<'_>, words: &[&str]) -> bool {
    let reason = reaction.close.map(|close| close.reason.to_lowercase()).unwrap_or_default();
    words.iter().any(|word| reason.contains(word))
}

/// The side that began the end, and how.
pub fn closer<'f>(case: &Case<'f>) -> Option<(Side, Reaction<'f>)> {
    let by = case.ending.by?;
    Some((by, Reaction::of(case.facts, by)?))
}

fn hex(bytes: &[u8]) -> Value {
    Value::Hex(bytes.iter().copied().map(Some).collect())
}
