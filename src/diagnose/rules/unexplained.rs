//! The last rule, which always fits and claims nothing.

use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};

pub static RULE: Rule = Rule::new("unexplained", Role::Description, detect, include_str!("unexplained.toml"))
    .with_variants(&[
        Variant::with("", &["side", "packet"]),
        Variant::with("outside", &["side", "packet"]),
        Variant::with("undecided", &["packet"]),
        Variant::plain("open"),
    ])
    .without_plaintext();

fn detect(case: &Case<'_>) -> Option<Finding> {
    let finding = Finding::new(Confidence::Low);
    Some(match (case.ending.by, case.ending.carrier) {
        (Some(by), Some(carrier)) => finding
            .packet(carrier.seen.packet)
            .with("side", Value::Side(by))
            .with("packet", Value::Packet(carrier.seen.packet))
            .variant(if case.facts.rare.outside.is_some() { "outside" } else { "" }),
        (None, Some(carrier)) if case.facts.rare.outside.is_some() => {
            finding.packet(carrier.seen.packet).with("packet", Value::Packet(carrier.seen.packet)).variant("undecided")
        }
        _ => finding.packet(case.facts.last.packet).variant("open"),
    })
}
