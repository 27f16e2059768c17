//! A 101 that breaks RFC 6455 §4.1, and a client that leaves without sending a frame; or an answer that is not HTTP at all.
//!
//! Refuted if the client went on: several clients do not check.

use std::time::Duration;

use crate::diagnose::provoked::{closer, could_have_received};
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::ending::Kind;
use crate::side::Side;
use crate::tls::record::is_alert;

pub static RULE: Rule = Rule::new("handshake_invalid", Role::Cause, detect, include_str!("handshake_invalid.toml"))
    .with_values(&["packet"])
    .with_variants(&[
        Variant::with("", &["problem", "reaction"]),
        Variant::with("accept", &["problem", "reaction"]),
        Variant::with("extension", &["problem", "reaction"]),
        Variant::with("parameter", &["problem", "reaction"]),
        Variant::with("subprotocol", &["problem", "reaction"]),
        Variant::with("no_http", &["bytes"]),
        Variant::with("no_http_problem", &["bytes", "problem"]),
    ]);

/// The longest time of a prompt reaction: a client checks the answer when it arrives.
const PROMPT: Duration = Duration::from_secs(1);

/// The longest time after which the client may have left because of the answer.
const LATE: Duration = Duration::from_secs(10);

fn detect(case: &Case<'_>) -> Option<Finding> {
    if let Some(found) = no_http(case) {
        return Some(found);
    }
    let response = case.facts.handshake.response.as_ref().filter(|response| response.status == 101)?;
    let problems = case.facts.handshake.problems();
    let problem = problems.iter().find(|problem| problem.is_in_response())?;
    let (by, reaction) = closer(case)?;
    let went_on = case.facts.sent.client.frames > u64::from(reaction.close.is_some());
    let normally = reaction.code().is_some_and(|code| !matches!(code, 1002 | 1010));
    could_have_received(&reaction, 0, response.seen)?;
    if by == Side::Server || went_on || normally {
        return None;
    }
    let confidence = match reaction.took(response.seen) {
        after if after <= PROMPT => Confidence::Certain,
        after if after <= LATE => Confidence::Medium,
        _ => return None,
    };
    Some(
        Finding::new(confidence)
            .blame(Side::Server)
            .packet(response.seen.packet)
            .packet(reaction.carrier.seen.packet)
            .with("problem", Value::Problem(problem.clone()))
            .with("packet", Value::Packet(response.seen.packet))
            .with("reaction", Value::Time(reaction.took(response.seen)))
            .variant(RULE.variant(problem.name()).map_or("", |own| own.name)),
    )
}

/// Returns the finding of an answer to the opening handshake that is not HTTP.
fn no_http(case: &Case<'_>) -> Option<Finding> {
    let request = case.facts.handshake.request.as_ref().filter(|_| case.ending.kind == Kind::Refused)?;
    let (seen, context) = case.facts.rare.answered_with.as_deref().filter(|(_, context)| !is_alert(context.bytes()))?;
    let is_text = |bytes: &[u8]| str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control));
    let shown = context.clone().trimmed();
    let bytes = if is_text(shown.bytes()) { Value::Excerpt(shown) } else { Value::Window(shown) };
    let finding = Finding::new(Confidence::Certain)
        .packet(request.seen.packet)
        .packet(seen.packet)
        .with("packet", Value::Packet(seen.packet))
        .with("bytes", bytes);
    Some(match case.facts.handshake.problems().first() {
        Some(problem) => {
            finding.blame(Side::Client).with("problem", Value::Problem(problem.clone())).variant("no_http_problem")
        }
        None => finding.blame(Side::Server).variant("no_http"),
    })
}
