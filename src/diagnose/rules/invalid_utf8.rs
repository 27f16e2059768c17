//! A text message that is not UTF-8 (RFC 6455 §8.1). Most endpoints close with 1007, Chromium with 1002, several with a bare FIN.
//!
//! Refuted where the closer had not received the proof, or closed for another reason.

use crate::diagnose::provoked::{by_violation};
use crate::diagnose::{Case, Finding};
use crate::ws::Kind;

pub fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, &[1007, 1002], |kind| matches!(kind, Kind::InvalidUtf8 { .. }))
}
