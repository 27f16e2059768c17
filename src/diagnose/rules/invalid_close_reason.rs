//! A close reason that is not UTF-8 (RFC 6455 §5.5.1).
//!
//! If that Close frame began the end, nothing refutes it, whatever the other side's reaction.

use crate::diagnose::provoked::{OPTIONAL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule};
use crate::ws::Kind;

pub static RULE: Rule =
    Rule::new("invalid_close_reason", Role::Failure, detect, include_str!("invalid_close_reason.toml"))
        .with_values(&["side", "packet", "bytes", "byte_offset", "byte"])
        .with_optional(OPTIONAL);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, &[1002, 1007], is_kind)
}

const fn is_kind(kind: &Kind) -> bool {
    matches!(kind, Kind::InvalidCloseReason { .. })
}
