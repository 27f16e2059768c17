//! A server stops: it closes several connections at once with a code that says so, or gives it as the reason.
//!
//! Refuted where its other connections go on.

use std::time::Duration;

use crate::diagnose::known::Class;
use crate::diagnose::provoked::closer;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value};
use crate::side::Side;

pub static RULE: Rule = Rule::new("server_restart", Role::Cause, detect, include_str!("server_restart.toml"));

/// A server closes all its connections within this time.
const TOGETHER: Duration = Duration::from_secs(2);

/// Codes of a stop: Going Away, Service Restart.
const CODES: &[u16] = &[1001, 1012];

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case).filter(|(by, _)| *by == Side::Server)?;
    let close = reaction.close?;
    let code = reaction.code()?;
    let own = case.member?;
    let said_so = case.reason == Some(Class::Restart);
    if !said_so && (!CODES.contains(&code) || !close.reason.is_empty()) {
        return None;
    }
    let around = case.fleet.ended_around(own, TOGETHER);
    let same = around.iter().filter(|other| other.by == by && other.code == Some(code)).count();
    let confidence = match same {
        _ if said_so => Confidence::Certain,
        3.. => Confidence::High,
        2 => Confidence::Medium,
        _ => return None,
    };
    Some(
        Finding::new(confidence)
            .blame(by)
            .packet(reaction.carrier.seen.packet)
            .with("others", Value::Number(same.saturating_sub(1) as u64))
            .with("code", Value::Number(u64::from(code)))
            .with("reason", Value::Wire(close.reason.to_string()))
            .with("packet", Value::Number(reaction.carrier.seen.packet))
            .variant(if said_so { "said" } else { "" }),
    )
}
