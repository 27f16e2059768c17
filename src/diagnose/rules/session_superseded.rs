//! The same user has connected again, and the service keeps only the newer connection: the reason says so.
//!
//! A reason that only says that there are two connections is refuted if there is no newer one: then the older one was kept.

use std::time::Duration;

use crate::diagnose::known::Class;
use crate::diagnose::provoked::closer;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};

pub static RULE: Rule = Rule::new("session_superseded", Role::Cause, detect, include_str!("session_superseded.toml"))
    .with_values(&["closer", "reason", "packet"])
    .with_variants(&[Variant::BASE, Variant::with("newer", &["newer"])]);

/// The longest time from the beginning of the newer connection to the end of the older one.
const BEFORE: Duration = Duration::from_secs(10);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    let close = reaction.close.filter(|_| matches!(case.reason, Some(Class::Superseded | Class::Duplicate)))?;
    let own = case.member?;
    let newer = case.fleet.newer(own).filter(|newer| own.ended.time.since(newer.first.time) <= BEFORE);
    let confidence = match (case.reason, newer) {
        (Some(Class::Superseded), _) => Confidence::Certain,
        (_, Some(_)) => Confidence::High,
        (_, None) => return None,
    };
    let finding = Finding::new(confidence)
        .blame(!by)
        .packet(reaction.carrier.seen.packet)
        .with("closer", Value::Side(by))
        .with("reason", Value::Wire(close.reason.to_string()))
        .with("packet", Value::Packet(reaction.carrier.seen.packet));
    Some(match newer {
        Some(newer) => finding.with("newer", Value::Number(newer.id.into())).variant("newer"),
        None => finding,
    })
}
