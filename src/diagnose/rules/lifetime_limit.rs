//! Connections are ended at a fixed age, whatever their traffic: a limit of a load balancer, a service or a session.
//!
//! Certain only if the reason says so. Refuted if ages vary, or if the silence fits better.

use std::time::Duration;

use crate::diagnose::known::{Class, Timer};
use crate::diagnose::provoked::closer;
use crate::diagnose::silence::{Silence, is_same, others, support};
use crate::diagnose::timeout::{Timeout, VARIANTS};
use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule};
use crate::side::Side;

pub static RULE: Rule = Rule::new("lifetime_limit", Role::Cause, detect, include_str!("lifetime_limit.toml"))
    .resting_on(&[Ground::Silence])
    .with_values(&["closer", "age", "others", "packet"])
    .with_optional(&["timers"])
    .with_variants(VARIANTS)
    .without_plaintext();

/// The shortest age at which a limit may have ended a connection.
const LEAST: Duration = Duration::from_millis(900);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, end) = closer(case)?;
    let (close, code) = (end.close, end.code());
    let said_so = case.reason == Some(Class::Lifetime);
    let by_code = close.is_some_and(|close| {
        by == Side::Server
            && close.reason.is_empty()
            && code.is_some_and(|code| matches!(code, 1001 | 1008 | 3008 | 4000..=4999))
    });
    let shows_otherwise = case.closing.is_some_and(|closing| by == Side::Client || closing.reason > 0);
    if !said_so && (close.is_some() && !by_code || shows_otherwise) {
        return None;
    }
    let silence = Silence::before(case).filter(|silence| said_so || silence.age >= LEAST)?;
    let talked = std::cell::Cell::new(silence.of_either * 2 < silence.age);
    let others = others(case, |own, other| {
        let same = is_same(own.age(), other.age());
        talked.set(talked.get() || same && other.silence() * 2 < other.age());
        same
    });
    let together = others.together();
    let timer = Timer::lifetime(case, silence.age);
    let confidence = match (&timer, together) {
        _ if said_so => Confidence::Certain,
        // If this connection and all of the same age were silent for half their age, the silence may have ended them.
        _ if !talked.get() => return None,
        (None, 1..) => support(together, silence.age)?,
        (Some(_), 1..) => Confidence::High,
        (Some(timer), 0) if timer.is_named && others.all == 0 => Confidence::High,
        (Some(_), _) => Confidence::Low,
        (None, _) => return None,
    };
    // Its code may say something else.
    let confidence = if case.closing.is_some() { confidence.max(Confidence::Medium) } else { confidence };
    Some(Timeout { is_said: said_so, timer, together }.finding(confidence, &silence, "age", silence.age))
}
