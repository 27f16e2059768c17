//! A control frame of more than 125 bytes (RFC 6455 §5.5).
//!
//! Refuted if the closer had not received the proof, had read on, or only answered an end.

use crate::diagnose::provoked::{OPTIONAL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule};
use crate::ws::Kind;

pub static RULE: Rule =
    Rule::new("oversized_control_frame", Role::Failure, detect, include_str!("oversized_control_frame.toml"))
        .with_values(&["side", "packet", "bytes", "length", "opcode"])
        .with_optional(OPTIONAL);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, &[1002, 1009], |kind| matches!(kind, Kind::OversizedControl(_)))
}
