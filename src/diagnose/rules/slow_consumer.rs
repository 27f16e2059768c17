//! A receiver that does not keep up is dropped by the sender, which says so in the reason.

use crate::diagnose::known::Class;
use crate::diagnose::provoked::closer;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};

pub static RULE: Rule = Rule::new("slow_consumer", Role::Cause, detect, include_str!("slow_consumer.toml"))
    .with_values(&["side", "closer", "reason", "packet"])
    .with_variants(&[Variant::BASE, Variant::with("window", &["stalled"])]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    let close = reaction.close.filter(|_| case.reason == Some(Class::Slow))?;
    let window = case.facts.tcp().sent[!by].zero_window();
    let finding = Finding::new(Confidence::Certain)
        .blame(!by)
        .packet(reaction.carrier.seen.packet)
        .with("side", Value::Side(!by))
        .with("closer", Value::Side(by))
        .with("reason", Value::Wire(close.reason.to_string()))
        .with("packet", Value::Packet(reaction.carrier.seen.packet));
    Some(match window.first {
        Some(first) => finding.packet(first.packet).with("stalled", Value::Time(window.longest)).variant("window"),
        None => finding,
    })
}
