//! A ping without its pong, and then an end by the side that had sent the ping (RFC 6455 §5.5.2).
//!
//! Certain if the reason says so. Refuted by a pong with the same payload before the end, by other messages meanwhile,
//! and if other connections are closed at the same moment.

use std::time::Duration;

use crate::diagnose::provoked::{closer, reason_has};
use crate::diagnose::silence::{YOUNG, open_ping};
use crate::diagnose::{Blame, Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};
use crate::ending::{Reaction, sent_before};
use crate::side::Side;

pub static RULE: Rule = Rule::new("ping_unanswered", Role::Cause, detect, include_str!("ping_unanswered.toml"))
    .resting_on(&[Ground::Silence])
    .with_values(&["side", "closer", "packet", "waited"])
    .with_variants(&[Variant::BASE, Variant::plain("network")]);

/// The time below which a side may have left for another reason.
const WAITED: Duration = Duration::from_secs(1);

/// The most unanswered pings of a side that waits for pongs.
const LET_PASS: usize = 3;

/// The time within which connections that end together were not each waiting for a pong.
const TOGETHER: Duration = Duration::from_secs(1);

/// The least number of connections that do not end together by chance.
const MANY: usize = 3;

/// Words of the reasons that libraries send for it.
const REASONS: &[&str] = &["ping timeout", "ping timed out", "heartbeat timeout", "pong timeout"];

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    if let Some(finding) = engine_io(case, by, &reaction) {
        return Some(finding);
    }
    let open = open_ping(case, by, &reaction)?;
    let said_so = reason_has(&reaction, REASONS);
    let may_be_lost = case.facts.tcp().sent[!by].lost_bytes() > 0;
    let confidence = match reaction.code() {
        _ if said_so => Confidence::Certain,
        _ if may_be_lost || !open.is_silent || ended_with_others(case) => Confidence::Low,
        None | Some(1000..=1002 | 1008 | 1011) => match open.count {
            2..=LET_PASS => Confidence::High,
            1 if reaction.code() == Some(1011) || reaction.close.is_none() => Confidence::High,
            1 if open.waited < WAITED => Confidence::Low,
            _ => Confidence::Medium,
        },
        Some(_) => return None,
    };
    // The peer's kernel acknowledges a ping that its program does not answer; on a dead path nothing is acknowledged.
    let path_is_dead = case.facts.tcp().sent[by].unanswered().count > 0;
    let finding = Finding::new(confidence)
        .packet(open.first.packet)
        .packet(reaction.carrier.seen.packet)
        .with("side", Value::Side(!by))
        .with("closer", Value::Side(by))
        .with("packet", Value::Packet(open.first.packet))
        .with("waited", Value::Time(open.waited));
    Some(if path_is_dead { finding.blame(Blame::Network).variant("network") } else { finding.blame(!by) })
}

/// Returns the finding for Socket.IO, whose server pings with the text `2`, which the client answers with `3`; if it does
/// not, the server closes without a code.
fn engine_io(case: &Case<'_>, by: Side, reaction: &Reaction<'_>) -> Option<Finding> {
    let request = case.facts.handshake.request.as_deref().filter(|request| request.target.contains("EIO="))?;
    let end = reaction.carrier.seen;
    let ping = sent_before(case.facts, by, by, reaction.carrier).rfind(|moment| moment.is_message())?;
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
            .with("packet", Value::Packet(ping.seen.packet))
            .with("waited", Value::Time(waited))
            .blame(!by),
    )
}

/// Returns whether other connections were ended in the same way at the same moment: pongs are not missed together.
fn ended_with_others(case: &Case<'_>) -> bool {
    case.member.is_some_and(|own| case.fleet.company(own, TOGETHER).alike >= MANY)
}
