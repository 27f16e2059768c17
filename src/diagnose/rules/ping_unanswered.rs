//! A ping without its pong, then the end by the one who had pinged (RFC 6455 §5.5.2).
//!
//! Certain where the reason says so; refuted by a pong with the same payload before the end.

use std::time::Duration;

use crate::diagnose::provoked::{closer, reason_has};
use crate::diagnose::{Blame, Case, Confidence, Finding, Ground, Role, Rule, Value};
use crate::ending::Reaction;
use crate::side::Side;

pub static RULE: Rule = Rule::new("ping_unanswered", Role::Cause, detect, include_str!("ping_unanswered.toml"))
    .resting_on(&[Ground::Silence]);

/// A ping younger than this, or than two round trips, may have been answered in time.
const YOUNG: Duration = Duration::from_millis(250);

/// Words of the reasons that libraries give for it.
const REASONS: &[&str] = &["ping timeout", "ping timed out", "heartbeat timeout", "pong timeout"];

/// Codes that libraries send for it: 1011 Python `websockets`, 1000 tornado, none engine.io, 1002 and 1008 others.
const CODES: &[u16] = &[1000, 1002, 1008, 1011];

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    if let Some(finding) = engine_io(case, by, &reaction) {
        return Some(finding);
    }
    let pings = &case.facts.sent[by].unanswered_pings;
    let first = pings.iter().find(|ping| ping.seen < reaction.carrier.seen)?;
    let waited = reaction.after(first.seen);
    let round_trip = case.facts.tcp().away(by) + case.facts.tcp().away(!by);
    if waited < YOUNG.max(2 * round_trip) {
        return None;
    }
    let said_so = reason_has(&reaction, REASONS);
    let fits = reaction.code().is_none_or(|code| CODES.contains(&code));
    let may_be_lost = case.facts.tcp().sent[!by].lost_bytes() > 0;
    let confidence = match (said_so, fits, reaction.code()) {
        (true, ..) => Confidence::Certain,
        (false, true, _) if may_be_lost => Confidence::Low,
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

/// Socket.IO pings with the text `2`, which the client answers with `3`; without that the server closes without a code.
fn engine_io(case: &Case<'_>, by: Side, reaction: &Reaction<'_>) -> Option<Finding> {
    let request = case.facts.handshake.request.as_deref().filter(|request| request.target.contains("EIO="))?;
    let end = reaction.carrier.seen;
    let ping = case.facts.sent[by].messages().rfind(|message| message.seen <= end)?;
    let is_ping = by == Side::Server && case.facts.preview(by, ping) == Some(b"2");
    let answered = case.facts.sent[!by].messages().any(|message| message.seen > ping.seen && message.seen <= end);
    let waited = reaction.after(ping.seen);
    if !is_ping || answered || reaction.code().is_some() || waited < YOUNG || request.seen > end {
        return None;
    }
    Some(
        Finding::new(Confidence::High)
            .packet(ping.seen.packet)
            .packet(end.packet)
            .with("side", Value::Side(!by))
            .with("closer", Value::Side(by))
            .with("packet", Value::Number(ping.seen.packet))
            .with("waited", Value::Time(waited))
            .blame(!by),
    )
}
