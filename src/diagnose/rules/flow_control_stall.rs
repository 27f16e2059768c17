//! Flow control of HTTP/2 (RFC 9113 §5.2): a side had used up its window, waited for WINDOW_UPDATE for a long time, and then the
//! stream ended.
//!
//! Refuted by a WINDOW_UPDATE before the end, and by lost frames, among which one may have been.

use crate::diagnose::silence::starved;
use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};

pub static RULE: Rule = Rule::new("flow_control_stall", Role::Cause, detect, include_str!("flow_control_stall.toml"))
    .resting_on(&[Ground::Silence])
    .with_values(&["side", "other", "packet", "stalled"])
    .with_variants(&[Variant::BASE, Variant::plain("connection")]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, end) = (case.ending.by?, case.ending.carrier?.seen);
    let waited = starved(case)?;
    // A frame that stops in the middle shows that its sender had more to send.
    let is_cut = case.facts.sent[waited.side].unfinished.is_some();
    let confidence = if is_cut || by == waited.side { Confidence::High } else { Confidence::Medium };
    Some(
        Finding::new(confidence)
            .blame(!waited.side)
            .packet(waited.since.packet)
            .packet(end.packet)
            .with("side", Value::Side(!waited.side))
            .with("other", Value::Side(waited.side))
            .with("packet", Value::Packet(waited.since.packet))
            .with("stalled", Value::Time(end.time.since(waited.since.time)))
            .variant(if waited.of_connection { "connection" } else { "" }),
    )
}
