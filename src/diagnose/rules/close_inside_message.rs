//! A Close frame in the middle of a fragmented message. RFC 6455 §5.4 allows control frames there, yet some receivers
//! answer it with 1002.
//!
//! Refuted by any other answer.

use crate::diagnose::provoked::{PROTOCOL, reason_has};
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value};
use crate::ending::Reaction;

pub static RULE: Rule =
    Rule::new("close_inside_message", Role::Cause, detect, include_str!("close_inside_message.toml"))
        .with_values(&["side", "packet"]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let close = case.close.filter(|close| close.inside_message && close.is_valid())?;
    let answer = Reaction::of(case.facts, !close.side)
        .filter(|answer| answer.code().is_some_and(|code| PROTOCOL.contains(&code)))?;
    let confidence = if reason_has(&answer, &["incomplete"]) { Confidence::Certain } else { Confidence::High };
    Some(
        Finding::new(confidence)
            .blame(close.side)
            .packet(close.carrier.seen.packet)
            .packet(answer.carrier.seen.packet)
            .with("side", Value::Side(close.side))
            .with("packet", Value::Packet(close.carrier.seen.packet)),
    )
}
