//! An opening handshake that was not answered.
//!
//! Refuted if bytes of the server are missing: they may have been the answer. Over HTTP/2, not certain unless it is known whether
//! the server had offered WebSockets: that may be the cause.

use std::time::Duration;

use crate::diagnose::extended::{failure, may_explain};
use crate::diagnose::{Blame, Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};
use crate::ending::Kind;
use crate::side::Side;

pub static RULE: Rule =
    Rule::new("handshake_unanswered", Role::Cause, detect, include_str!("handshake_unanswered.toml"))
        .resting_on(&[Ground::Silence])
        .with_values(&["packet", "waited"])
        .with_variants(&[
            Variant::BASE,
            Variant::with("client_left", &["side"]),
            Variant::with("server_left", &["side"]),
            Variant::with("server_late", &["side"]),
            Variant::with("problem", &["side", "problem"]),
        ]);

/// The time within which a server that does not understand a request leaves.
const AT_ONCE: Duration = Duration::from_secs(1);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let request = case.facts.handshake.request.as_ref().filter(|_| case.ending.kind == Kind::NoAnswer)?;
    let server = &case.facts.tcp().sent.server;
    if server.segments == 0 || server.lost_bytes() + server.cut_bytes() > 0 {
        return None;
    }
    if failure(case).is_some() {
        return None;
    }
    let until = case.ending.carrier.map_or(case.capture_end, |carrier| carrier.seen.time);
    let confidence = if may_explain(case) { Confidence::High } else { Confidence::Certain };
    let finding = Finding::new(confidence)
        .packet(request.seen.packet)
        .with("packet", Value::Packet(request.seen.packet))
        .with("waited", Value::Time(until.since(request.seen.time)));
    // While neither side has left, the answer may be on its way.
    let Some(by) = case.ending.by else {
        return Some(finding);
    };
    let heard = server.last().is_some_and(|last| last > request.seen);
    let finding = if heard { finding.blame(Side::Server) } else { finding.blame(Blame::Network) };
    let finding = finding.with("side", Value::Side(by));
    if by == Side::Client {
        return Some(finding.variant("client_left"));
    }
    Some(match case.facts.handshake.problems().first() {
        Some(problem) => {
            finding.with("problem", Value::Problem(problem.clone())).blame(Side::Client).variant("problem")
        }
        None if until.since(request.seen.time) > AT_ONCE => finding.variant("server_late"),
        None => finding.variant("server_left"),
    })
}
