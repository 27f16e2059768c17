//! A length not in its shortest form (RFC 6455 §5.2). Most endpoints accept it; browsers, Netty and wsproto do not.
//!
//! Refuted if the closer had not received the proof, had read on, or only answered an end.

use crate::diagnose::provoked::{OPTIONAL, PROTOCOL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule};
use crate::ws::Kind;

pub static RULE: Rule = Rule::new("nonminimal_length", Role::Failure, detect, include_str!("nonminimal_length.toml"))
    .with_values(&["side", "packet", "bytes", "length", "opcode"])
    .with_optional(OPTIONAL);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, PROTOCOL, |kind| matches!(kind, Kind::NonMinimalLength(_)))
}
