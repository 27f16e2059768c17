//! After a long silence one side sends again, and is answered by a reset at once: the other side, or a device before it,
//! no longer knows the connection.
//!
//! Refuted if the side that resets had sent anything in between, or if its reset carries an acknowledgement: a host that
//! does not know a connection cannot acknowledge what it received (RFC 9293 §3.10.7.1).

use std::time::Duration;

use crate::diagnose::{Blame, Case, Confidence, Finding, Ground, Role, Rule, Value};
use crate::ending::Kind;

pub static RULE: Rule =
    Rule::new("connection_forgotten", Role::Cause, detect, include_str!("connection_forgotten.toml"))
        .resting_on(&[Ground::Silence])
        .with_values(&["side", "silence", "packet", "reaction"]);

/// The shortest silence after which devices forget connections.
const SILENCE: Duration = Duration::from_secs(30);

/// The longest time to a reset for an unknown connection, which takes one round trip.
const PROMPT: Duration = Duration::from_secs(1);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reset) = (case.ending.by?, case.ending.carrier?);
    let (end, knows) = (reset.seen, reset.acked().is_some());
    let sender = &case.facts.sent[!by];
    let mut own = sender.moments().rev().filter(|moment| moment.seen <= end);
    let (last, before) = (own.next()?.seen, own.next().map(|moment| moment.seen));
    let heard = case.facts.sent[by].moments().map(|moment| moment.seen).filter(|seen| *seen <= end).max();
    let previous = before.max(heard).or(case.facts.switched)?;
    let silence = last.time.since(previous.time);
    let is_answer = previous < last && end.time.since(last.time) <= PROMPT;
    if case.ending.kind != Kind::Reset || knows || silence < SILENCE || !is_answer {
        return None;
    }
    Some(
        Finding::new(Confidence::High)
            .blame(Blame::Network)
            .packet(previous.packet)
            .packet(last.packet)
            .packet(end.packet)
            .with("side", Value::Side(!by))
            .with("silence", Value::Time(silence))
            .with("packet", Value::Packet(last.packet))
            .with("reaction", Value::Time(end.time.since(last.time))),
    )
}
