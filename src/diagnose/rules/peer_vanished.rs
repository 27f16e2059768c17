//! One side retransmits its segments with growing pauses, and nothing comes back.
//!
//! Refuted by any segment of the other side after the retransmissions.

use std::time::Duration;

use crate::diagnose::{Blame, Case, Confidence, Finding, Ground, Role, Rule, Value};
use crate::ending::Kind;
use crate::side::Side;

pub static RULE: Rule = Rule::new("peer_vanished", Role::Cause, detect, include_str!("peer_vanished.toml"))
    .resting_on(&[Ground::Silence])
    .with_values(&["side", "sender", "packet", "repeats", "silent"])
    .without_plaintext();

/// The least number of retransmissions. After a short loss, fewer are needed.
const REPEATS: u32 = 3;

/// A retransmission timer is 200 ms at least, and doubles (RFC 6298 §5): three retransmissions take 1.4 s.
const SPAN: Duration = Duration::from_millis(500);

fn detect(case: &Case<'_>) -> Option<Finding> {
    if matches!(case.ending.kind, Kind::CloseHandshake | Kind::Refused) {
        return None;
    }
    let gave_up = |side: &Side| {
        let unanswered = case.facts.tcp().sent[*side].unanswered();
        unanswered.count >= REPEATS && unanswered.last.time.since(unanswered.first.time) >= SPAN
    };
    let side = Side::BOTH.into_iter().find(gave_up)?;
    let sent = &case.facts.tcp().sent;
    let heard = sent[!side].last()?;
    let unanswered = sent[side].unanswered();
    Some(
        Finding::new(Confidence::High)
            .blame(Blame::Network)
            .packet(heard.packet)
            .packet(unanswered.first.packet)
            .packet(unanswered.last.packet)
            .with("side", Value::Side(!side))
            .with("sender", Value::Side(side))
            .with("packet", Value::Packet(heard.packet))
            .with("repeats", Value::Number(u64::from(unanswered.count)))
            .with("silent", Value::Time(unanswered.last.time.since(heard.time))),
    )
}
