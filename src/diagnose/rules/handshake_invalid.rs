//! A 101 that breaks RFC 6455 §4.1, and a client that goes without a frame.
//!
//! Refuted where the client went on: several clients do not check.

use crate::diagnose::provoked::could_have_received;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value};
use crate::ending::Reaction;
use crate::side::Side;

pub static RULE: Rule = Rule::new("handshake_invalid", Role::Cause, detect, include_str!("handshake_invalid.toml"));

fn detect(case: &Case<'_>) -> Option<Finding> {
    let response = case.facts.handshake.response.as_ref().filter(|response| response.status == 101)?;
    let problems = case.facts.handshake.problems();
    let problem = problems.iter().find(|problem| problem.is_in_response())?;
    let reaction = Reaction::of(case.facts, Side::Client)?;
    let went_on = case.facts.sent.client.frames > u64::from(reaction.close.is_some());
    let normally = reaction.code().is_some_and(|code| !matches!(code, 1002 | 1010));
    could_have_received(&reaction, 0, response.seen)?;
    let confidence = if went_on || normally { return None } else { Confidence::Certain };
    Some(
        Finding::new(confidence)
            .blame(Side::Server)
            .packet(response.seen.packet)
            .packet(reaction.carrier.seen.packet)
            .with("problem", Value::Problem(problem.clone()))
            .with("packet", Value::Number(response.seen.packet))
            .with("reaction", Value::Time(reaction.took(response.seen)))
            .variant(problem.name()),
    )
}
