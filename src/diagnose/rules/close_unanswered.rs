//! A Close frame that was not answered (RFC 6455 §5.5.1: the other endpoint must send one).
//!
//! Refuted if the sender did not wait for an answer, or if the other side ended the connection in another way.

use std::time::Duration;

use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};
use crate::ending::{Kind, Reaction, first_end};

pub static RULE: Rule = Rule::new("close_unanswered", Role::Description, detect, include_str!("close_unanswered.toml"))
    .resting_on(&[Ground::Silence])
    .with_values(&["side", "closer", "packet", "waited"])
    .with_variants(&[Variant::BASE, Variant::plain("open")])
    .saying_unanswered();

/// The shortest time that counts as waiting for an answer.
const WAITED: Duration = Duration::from_millis(500);

fn detect(case: &Case<'_>) -> Option<Finding> {
    if case.ending.kind != Kind::CloseUnanswered {
        return None;
    }
    let close = case.close?;
    let own_end = first_end(case.facts).filter(|(_, side, _)| *side == close.side);
    let answer = Reaction::of(case.facts, !close.side);
    let until = own_end.map_or(case.capture_end, |(.., carrier)| carrier.seen.time);
    let waited = until.since(close.carrier.seen.time);
    let answered_otherwise = answer.is_some_and(|answer| answer.carrier.seen.time < until);
    if waited < WAITED || answered_otherwise {
        return None;
    }
    Some(
        Finding::new(Confidence::Certain)
            .blame(!close.side)
            .packet(close.carrier.seen.packet)
            .with("side", Value::Side(!close.side))
            .with("closer", Value::Side(close.side))
            .with("packet", Value::Packet(close.carrier.seen.packet))
            .with("waited", Value::Time(waited))
            .variant(if own_end.is_some() { "" } else { "open" }),
    )
}
