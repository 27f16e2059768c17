//! A client frame without a mask (RFC 6455 §5.1).
//!
//! Refuted where the closer had not received the proof, or closed for another reason.

use crate::diagnose::provoked::{by_violation};
use crate::diagnose::{Case, Finding};
use crate::ws::Kind;

pub fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, &[1002, 1011], |kind| matches!(kind, Kind::Unmasked))
}
