//! A message larger than the receiver takes: Close 1009 (RFC 6455 §7.4.1), often before all of it was sent.
//!
//! Proved by the code, and by the header of the message that the closer had received. Refuted where the same side took a
//! larger one before.

use crate::diagnose::provoked::{closer, could_have_received};
use crate::diagnose::{Case, Confidence, Finding, Value};
use crate::ws::{CloseCode, Kind};

pub fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    let close = reaction.close.filter(|close| close.code == Some(CloseCode::MESSAGE_TOO_BIG))?;
    let sender = &case.facts.sent[!by];
    let received = |needed, seen| could_have_received(&reaction, needed, seen);
    let impossible = case.facts.violations.iter().find(|violation| {
        violation.side != by && violation.kind == Kind::LengthTopBit && received(violation.needed, violation.seen).is_some()
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
        .filter(|message| received(message.header_end, message.seen).is_some())
        .max_by_key(|message| message.size)?;
    let larger_was_taken = sender.largest_before > message.size;
    let proved = received(message.header_end, message.seen) == Some(true);
    let confidence = match (larger_was_taken, proved) {
        (true, _) => Confidence::Low,
        (false, true) => Confidence::Certain,
        (false, false) => Confidence::High,
    };
    let wire_size = if message.inflated { u64::from(message.wire_size) } else { message.size };
    let variant = if message.inflated { "inflated" } else if message.complete { "" } else { "declared" };
    Some(
        Finding { confidence, ..finding }
            .packet(message.seen.packet)
            .with("packet", Value::Number(message.seen.packet))
            .with("size", Value::Bytes(message.size))
            .with("wire_size", Value::Bytes(wire_size))
            .with("largest_before", Value::Bytes(sender.largest_before))
            .variant(variant),
    )
}
