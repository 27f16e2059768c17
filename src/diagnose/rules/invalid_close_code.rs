//! A close code that must not be sent (RFC 6455 §7.4).
//!
//! If that Close frame began the end, nothing refutes it, whatever the other side's reaction.

use crate::diagnose::provoked::{OPTIONAL, PROTOCOL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule, Variant};
use crate::ws::Kind;

pub static RULE: Rule = Rule::new("invalid_close_code", Role::Failure, detect, include_str!("invalid_close_code.toml"))
    .with_values(&["side", "packet", "code"])
    .with_optional(OPTIONAL)
    .with_variants(&[Variant::BASE, Variant::plain("range")]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, PROTOCOL, is_kind)
}

const fn is_kind(kind: &Kind) -> bool {
    matches!(kind, Kind::InvalidCloseCode(_))
}
