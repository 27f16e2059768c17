//! An opcode without a meaning (RFC 6455 §5.2).
//!
//! Refuted if the closer had not received the proof, had read on, or only answered an end.

use crate::diagnose::provoked::{OF_FRAME, OPTIONAL, PROTOCOL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule};
use crate::ws::Kind;

pub static RULE: Rule = Rule::new("reserved_opcode", Role::Failure, detect, include_str!("reserved_opcode.toml"))
    .with_values(OF_FRAME)
    .with_optional(OPTIONAL);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, PROTOCOL, |kind| matches!(kind, Kind::ReservedOpcode))
}
