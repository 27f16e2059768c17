//! One side stops reading: it announces a window of zero for long, and the other ends the connection.
//!
//! Refuted where the window opened again before the end.

use std::time::Duration;

use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value};
use crate::side::Side;

pub static RULE: Rule = Rule::new("receiver_stalled", Role::Cause, detect, include_str!("receiver_stalled.toml"));

/// Full buffers of busy readers empty sooner.
const STALLED: Duration = Duration::from_secs(1);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let end = case.ending.carrier?;
    let by = case.ending.by?;
    let stalled = |side: &Side| {
        let zero = case.facts.tcp().sent[*side].zero_window();
        zero.closed.is_some_and(|since| end.seen.time.since(since.time) >= STALLED)
    };
    let side = Side::BOTH.into_iter().find(stalled)?;
    let since = case.facts.tcp().sent[side].zero_window().closed?;
    let confidence = if by == side { Confidence::Medium } else { Confidence::High };
    Some(
        Finding::new(confidence)
            .blame(side)
            .packet(since.packet)
            .packet(end.seen.packet)
            .with("side", Value::Side(side))
            .with("packet", Value::Number(since.packet))
            .with("stalled", Value::Time(end.seen.time.since(since.time))),
    )
}
