//! A text message that is not UTF-8 (RFC 6455 §8.1). Most endpoints close with 1007, Chromium with 1002, several with a bare FIN.
//!
//! Refuted if the closer had not received the proof, had read on, or only answered an end.

use crate::diagnose::provoked::{OPTIONAL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule, Variant};
use crate::ws::Kind;

pub static RULE: Rule = Rule::new("invalid_utf8", Role::Failure, detect, include_str!("invalid_utf8.toml"))
    .with_values(&["side", "packet", "bytes", "byte_offset", "byte"])
    .with_optional(OPTIONAL)
    .with_variants(&[Variant::BASE, Variant::plain("at_end")]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, &[1007, 1002], |kind| matches!(kind, Kind::InvalidUtf8 { .. }))
}
