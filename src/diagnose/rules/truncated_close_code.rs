//! A Close frame with half a code (RFC 6455 §5.5.1).
//!
//! If that Close frame began the end, nothing refutes it, whatever the other side's reaction.

use crate::diagnose::provoked::{OPTIONAL, PROTOCOL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule};
use crate::ws::Kind;

pub static RULE: Rule =
    Rule::new("truncated_close_code", Role::Failure, detect, include_str!("truncated_close_code.toml"))
        .with_values(&["side", "packet", "byte"])
        .with_optional(OPTIONAL);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, PROTOCOL, is_kind)
}

const fn is_kind(kind: &Kind) -> bool {
    matches!(kind, Kind::TruncatedCloseCode(_))
}
