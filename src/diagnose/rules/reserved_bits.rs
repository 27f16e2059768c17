//! RSV bits to which no agreed extension gives a meaning (RFC 6455 §5.2).
//!
//! Refuted if the closer had not received the proof, had read on, or only answered an end.

use crate::diagnose::provoked::{OPTIONAL, PROTOCOL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule, Variant};
use crate::ws::Kind;

pub static RULE: Rule = Rule::new("reserved_bits", Role::Failure, detect, include_str!("reserved_bits.toml"))
    .with_values(&["side", "packet", "bytes", "bits"])
    .with_optional(OPTIONAL)
    .with_variants(&[Variant::BASE, Variant::plain("rsv1")]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, PROTOCOL, |kind| matches!(kind, Kind::ReservedBits(_)))
}
