//! The receiver of too many messages closes: its reason or its code says so.
//!
//! Unless the reason says so, refuted if the other side had sent few messages in the seconds before.

use crate::diagnose::known::Class;
use crate::diagnose::provoked::closer;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};

pub static RULE: Rule = Rule::new("rate_limit", Role::Cause, detect, include_str!("rate_limit.toml"))
    .with_values(&["side", "closer", "reason", "pace", "packet"])
    .with_variants(&[Variant::BASE, Variant::plain("said")]);

/// Codes of services that mean too many messages: Discord, AssemblyAI and others, graphql-ws, Pusher.
const CODES: &[u16] = &[4029, 4301, 4429];

/// The messages in a second that a person does not send.
const MANY: u32 = 10;

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    let close = reaction.close?;
    let pace = case.facts.sent[!by].pace.per_second();
    let said_so = case.reason == Some(Class::Rate);
    let confidence = match reaction.code()? {
        _ if said_so => Confidence::Certain,
        code if CODES.contains(&code) && close.reason.is_empty() && pace >= MANY => Confidence::High,
        1008 | 1013 if close.reason.is_empty() && pace >= MANY => Confidence::Low,
        _ => return None,
    };
    let last = case.facts.sent[!by].messages().rfind(|message| message.seen <= reaction.carrier.seen);
    let finding = last.map_or(Finding::new(confidence), |last| Finding::new(confidence).packet(last.seen.packet));
    Some(
        finding
            .blame(!by)
            .packet(reaction.carrier.seen.packet)
            .with("side", Value::Side(!by))
            .with("closer", Value::Side(by))
            .with("reason", Value::Wire(close.reason.to_string()))
            .with("pace", Value::Number(u64::from(pace)))
            .with("packet", Value::Packet(reaction.carrier.seen.packet))
            .variant(if said_so { "said" } else { "" }),
    )
}
