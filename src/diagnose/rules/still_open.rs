//! The connection had not ended when the capture did. That is not 1006, because nothing ended it.

use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value};
use crate::ending::Kind;

pub static RULE: Rule = Rule::new("still_open", Role::Description, detect, include_str!("still_open.toml"))
    .resting_on(&[Ground::Silence])
    .with_values(&["packet", "silent"])
    .without_plaintext();

fn detect(case: &Case<'_>) -> Option<Finding> {
    if case.ending.kind != Kind::Open {
        return None;
    }
    let silent = case.capture_end.since(case.facts.last.time);
    Some(
        Finding::new(Confidence::Certain)
            .packet(case.facts.last.packet)
            .with("packet", Value::Packet(case.facts.last.packet))
            .with("silent", Value::Time(silent)),
    )
}
