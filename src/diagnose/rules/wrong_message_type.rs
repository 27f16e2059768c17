//! A message of a type that the receiver does not accept: Close 1003 right after a text or binary message.
//!
//! High if messages of the other type had been accepted before. Low if one of this type had.

use crate::diagnose::provoked::{closer, could_have_received};
use crate::diagnose::stride::may_have_minded;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::ws::{CloseCode, Opcode};

pub static RULE: Rule = Rule::new("wrong_message_type", Role::Cause, detect, include_str!("wrong_message_type.toml"))
    .with_values(&["side", "packet", "size", "reaction"])
    .with_variants(&[Variant::plain("text"), Variant::plain("binary")]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    reaction.close.filter(|close| close.code == Some(CloseCode::UNSUPPORTED_DATA))?;
    let sender = &case.facts.sent[!by];
    let message = sender
        .messages()
        .rfind(|message| message.complete && could_have_received(&reaction, message.begun, message.seen).is_some())?;
    let is_text = message.opcode == Opcode::TEXT;
    let (same, other) = if is_text { (sender.texts, sender.binaries) } else { (sender.binaries, sender.texts) };
    let confidence = match (same, other) {
        _ if may_have_minded(case.facts, by, &reaction) => Confidence::Low,
        (0 | 1, 1..) => Confidence::High,
        (0 | 1, 0) => Confidence::Medium,
        _ => Confidence::Low,
    };
    Some(
        Finding::new(confidence)
            .blame(!by)
            .packet(message.seen.packet)
            .packet(reaction.carrier.seen.packet)
            .with("side", Value::Side(!by))
            .with("packet", Value::Packet(message.seen.packet))
            .with("size", Value::Bytes(message.size))
            .with("reaction", Value::Time(reaction.took(message.seen)))
            .variant(if is_text { "text" } else { "binary" }),
    )
}
