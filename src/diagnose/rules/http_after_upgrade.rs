//! An HTTP response where a frame should begin: the HTTP server still believes that the connection is its own.
//!
//! Refuted if the closer had not received the proof, had read on, or only answered an end. If the server itself ends the
//! connection after its response, the client need not have objected.

use crate::diagnose::provoked::{OF_FRAME, OPTIONAL, PROTOCOL, by_own_end, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule};
use crate::ws::Kind;

pub static RULE: Rule = Rule::new("http_after_upgrade", Role::Failure, detect, include_str!("http_after_upgrade.toml"))
    .with_values(OF_FRAME)
    .with_optional(OPTIONAL);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, PROTOCOL, is_kind).or_else(|| by_own_end(case, is_kind))
}

const fn is_kind(kind: &Kind) -> bool {
    matches!(kind, Kind::HttpAfterUpgrade)
}
