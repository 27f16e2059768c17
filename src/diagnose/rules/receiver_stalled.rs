//! One side stops reading: it announces a window of zero for a long time, and then the connection is ended.
//!
//! Refuted if the window opened again before the end.

use crate::diagnose::silence::stalled;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value};

pub static RULE: Rule = Rule::new("receiver_stalled", Role::Cause, detect, include_str!("receiver_stalled.toml"))
    .with_values(&["side", "packet", "stalled"])
    .without_plaintext();

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, end) = (case.ending.by?, case.ending.carrier?.seen);
    let (side, since) = stalled(case)?;
    let confidence = if by == side { Confidence::Medium } else { Confidence::High };
    Some(
        Finding::new(confidence)
            .blame(side)
            .packet(since.packet)
            .packet(end.packet)
            .with("side", Value::Side(side))
            .with("packet", Value::Packet(since.packet))
            .with("stalled", Value::Time(end.time.since(since.time))),
    )
}
