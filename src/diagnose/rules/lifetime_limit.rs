//! Connections are ended at a fixed age, whatever their traffic: a limit of a balancer, a service or a session.
//!
//! Certain only where the reason says so. Refuted where ages vary, or where the silence fits better.

use std::time::Duration;

use crate::diagnose::known::{Class, Timer};
use crate::diagnose::silence::{Silence, alike, is_same};
use crate::diagnose::{Case, Confidence, Finding, Value};

/// Shorter lives have other reasons.
const LEAST: Duration = Duration::from_millis(900);

pub fn detect(case: &Case<'_>) -> Option<Finding> {
    let silence = Silence::before(case)?;
    let (close, code) = (silence.end.close, silence.end.code());
    let said_so = case.reason == Some(Class::Lifetime);
    let fits = close.is_none() || code.is_some_and(|code| matches!(code, 1001 | 1008 | 3008 | 4000..=4999));
    if !said_so && (!fits || silence.age < LEAST) {
        return None;
    }
    let others = alike(case, |own, other| is_same(own.age(), other.age()));
    // Where nobody has said anything for long, it may as well be the silence that ended them.
    let talked = silence.of_either * 2 < silence.age || others.iter().any(|other| other.silence() * 2 < other.age());
    let timer = Timer::lifetime(case, silence.age);
    let confidence = match (&timer, others.len()) {
        _ if said_so => Confidence::Certain,
        _ if !talked => return None,
        (_, 2..) => Confidence::High,
        (Some(timer), _) if timer.is_named => Confidence::High,
        (_, 1) => Confidence::Medium,
        (Some(_), _) => Confidence::Low,
        (None, _) => return None,
    };
    let variant = match (said_so, &timer, others.len()) {
        (true, ..) => "said",
        (_, Some(_), _) => "known",
        (_, None, 1) => "other",
        (_, None, _) => "",
    };
    let finding = Finding::new(confidence)
        .packet(silence.end.carrier.seen.packet)
        .with("closer", Value::Side(silence.by))
        .with("age", Value::Time(silence.age))
        .with("others", Value::Number(others.len() as u64))
        .with("packet", Value::Number(silence.end.carrier.seen.packet))
        .variant(variant);
    Some(match timer {
        Some(timer) => finding.with("timers", Value::Token(timer.names)),
        None => finding,
    })
}
