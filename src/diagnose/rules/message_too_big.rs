//! A message larger than the receiver takes: Close 1009 (RFC 6455 §7.4.1), often before all of it was sent.
//!
//! Proved by the code, and by the header of the message that the closer had received. Refuted where the same side took a
//! larger one before, or had answered this one and been sent another since.

use crate::diagnose::known::Limit;
use crate::diagnose::provoked::{closer, could_have_received};
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value};
use crate::facts::{Facts, Moment};
use crate::side::Side;
use crate::ws::{CloseCode, Kind};

pub static RULE: Rule = Rule::new("message_too_big", Role::Failure, detect, include_str!("message_too_big.toml"));

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    let close = reaction.close.filter(|close| close.code == Some(CloseCode::MESSAGE_TOO_BIG))?;
    let sender = &case.facts.sent[!by];
    let received = |needed, seen| could_have_received(&reaction, needed, seen);
    let impossible = case.facts.violations.iter().find(|violation| {
        violation.side != by
            && violation.kind == Kind::LengthTopBit
            && received(violation.needed, violation.seen).is_some()
    });
    let finding = Finding::new(Confidence::Certain)
        .blame(!by)
        .packet(reaction.carrier.seen.packet)
        .with("side", Value::Side(!by))
        .with("reason", Value::Wire(close.reason.to_string()));
    if let Some(violation) = impossible {
        let finding = finding.packet(violation.seen.packet).with("packet", Value::Number(violation.seen.packet));
        return Some(finding.variant("impossible"));
    }
    let message = sender
        .messages()
        .filter(|message| received(message.header_end, message.seen).is_some() && !was_taken(case.facts, by, message))
        .max_by_key(|message| message.size)?;
    let larger_was_taken = sender.largest_before > message.size;
    let proved = received(message.header_end, message.seen) == Some(true);
    let confidence = match (larger_was_taken, proved) {
        (true, _) => Confidence::Low,
        (false, true) => Confidence::Certain,
        (false, false) => Confidence::High,
    };
    let stated = stated_limit(&close.reason, message.size);
    let server = case.facts.handshake.response.as_ref().and_then(|response| response.server.as_deref());
    let server = server.filter(|_| by == Side::Server);
    let known = Limit::between(sender.largest_before, message.size, server).filter(|_| confidence != Confidence::Low);
    let wire_size = if message.inflated { u64::from(message.wire_size) } else { message.size };
    let variant = match (message.inflated, stated, message.complete) {
        (true, ..) => "inflated",
        (false, Some(_), _) => "stated",
        (false, None, true) => "",
        (false, None, false) => "declared",
    };
    let finding = Finding { confidence, ..finding }
        .packet(message.seen.packet)
        .with("closer", Value::Side(by))
        .with("packet", Value::Number(message.seen.packet))
        .with("size", Value::Bytes(message.size))
        .with("wire_size", Value::Bytes(wire_size))
        .with("largest_before", Value::Bytes(sender.largest_before))
        .variant(variant);
    Some(match (stated, known) {
        (Some(stated), _) => finding.with("limit", Value::Bytes(stated)),
        (None, Some(known)) => {
            finding.with("limit", Value::Bytes(known.bytes)).with("limit_of", Value::Token(known.name.clone()))
        }
        (None, None) => finding,
    })
}

/// Whether a side answered a message, so that the other sent its next one: a message that is too big ends all that.
fn was_taken(facts: &Facts, by: Side, message: &Moment) -> bool {
    let next = facts.sent[!by].messages().map(|other| other.seen).find(|seen| *seen > message.seen);
    let answered = |next| facts.sent[by].messages().any(|answer| message.seen < answer.seen && answer.seen < next);
    message.complete && next.is_some_and(answered)
}

/// The limit that a reason states: "frame with 2097152 bytes exceeds limit of 4096 bytes".
fn stated_limit(reason: &str, size: u64) -> Option<u64> {
    /// No message is limited to less.
    const LEAST: u64 = 64;
    let mut numbers =
        reason.split(|character: char| !character.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    numbers.rfind(|number| (LEAST..size).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_state_limits() {
        let of = |reason| stated_limit(reason, 2_097_152);
        assert_eq!(of("frame with 2097152 bytes exceeds limit of 4096 bytes"), Some(4096));
        assert_eq!(of("read limited at 32769 bytes"), Some(32_769));
        assert_eq!(of("Max frame length of 65536 has been exceeded."), Some(65_536));
        assert_eq!(of("message too big"), None);
        assert_eq!(of("error 17"), None);
    }
}
