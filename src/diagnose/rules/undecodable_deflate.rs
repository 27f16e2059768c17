//! A compressed message that does not inflate (RFC 7692 §7.2.2). The RFC names no code for it, and endpoints differ.
//!
//! Refuted if the closer had not received the proof, had read on, or only answered an end.

use crate::diagnose::provoked::{OF_FRAME, OPTIONAL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule};
use crate::ws::Kind;

pub static RULE: Rule =
    Rule::new("undecodable_deflate", Role::Failure, detect, include_str!("undecodable_deflate.toml"))
        .with_values(OF_FRAME)
        .with_optional(OPTIONAL);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, &[1002, 1007], |kind| matches!(kind, Kind::UndecodableDeflate))
}
