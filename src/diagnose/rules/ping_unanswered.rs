//! A ping without its pong, then the end by the one who had pinged (RFC 6455 §5.5.2).
//!
//! Certain where the reason says so; refuted by a pong with the same payload before the end.

use std::time::Duration;

use crate::diagnose::provoked::{closer, reason_has};
use crate::diagnose::{Blame, Case, Confidence, Finding, Value};

/// A ping younger than this may have been answered in time.
const YOUNG: Duration = Duration::from_millis(250);

/// Words of the reasons that libraries give for it.
const REASONS: &[&str] = &["ping timeout", "ping timed out", "heartbeat timeout", "pong timeout"];

/// Codes that libraries send for it: 1011 Python `websockets`, 1000 tornado, none engine.io, 1002 and 1008 others.
const CODES: &[u16] = &[1000, 1002, 1008, 1011];

pub fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    let pings = &case.facts.sent[by].unanswered_pings;
    let first = pings.iter().find(|ping| ping.seen < reaction.carrier.seen)?;
    let waited = reaction.after(first.seen);
    if waited < YOUNG {
        return None;
    }
    let said_so = reason_has(&reaction, REASONS);
    let fits = reaction.code().is_none_or(|code| CODES.contains(&code));
    let confidence = match (said_so, fits, reaction.code()) {
        (true, ..) => Confidence::Certain,
        (false, true, Some(1011) | None) => Confidence::High,
        (false, true, Some(1000)) => Confidence::Low,
        (false, true, _) => Confidence::Medium,
        _ => return None,
    };
    // The peer's kernel acknowledges what its program does not answer; a dead path acknowledges nothing.
    let path_is_dead = case.facts.tcp().sent[by].unanswered().count > 0;
    let finding = Finding::new(confidence)
        .packet(first.seen.packet)
        .packet(reaction.carrier.seen.packet)
        .with("side", Value::Side(!by))
        .with("closer", Value::Side(by))
        .with("packet", Value::Number(first.seen.packet))
        .with("waited", Value::Time(waited));
    Some(if path_is_dead { finding.blame(Blame::Network).variant("network") } else { finding.blame(!by) })
}
