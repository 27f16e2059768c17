//! A timer ran out: the connection was ended after a silence that is a known timeout, or after which other connections to
//! the same server were ended, too.
//!
//! Certain only if the reason says so. Refuted by traffic within the silence that would have reset the timer.

use std::time::Duration;

use crate::diagnose::known::{Class, Timer};
use crate::diagnose::provoked::closer;
use crate::diagnose::silence::{Silence, is_same, others, support};
use crate::diagnose::timeout::{Timeout, VARIANTS};
use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value};
use crate::ending::last_frame;
use crate::side::Side;

pub static RULE: Rule = Rule::new("idle_timeout", Role::Cause, detect, include_str!("idle_timeout.toml"))
    .resting_on(&[Ground::Silence])
    .with_values(&["closer", "silence", "others", "packet"])
    .with_optional(&["timers", "timeout"])
    .with_variants(VARIANTS)
    .without_plaintext();

/// The shortest silence before an end that a timer may have caused.
const LEAST: Duration = Duration::from_millis(900);

/// Codes that do not name another cause.
const CODES: &[u16] = &[1001, 3008];

/// Codes that mostly mean something else: only a known timer counts.
const OTHERWISE: &[u16] = &[1000, 1002];

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, end) = closer(case)?;
    let (close, code) = (end.close, end.code());
    let said_so = case.reason == Some(Class::Idle);
    // A client that sends a Close frame leaves of its own will.
    let speaks_otherwise = close.is_some_and(|close| {
        by == Side::Client
            || !close.reason.is_empty()
            || !code.is_some_and(|code| CODES.contains(&code) || OTHERWISE.contains(&code))
    });
    // The same holds for a closing handshake of which only the sizes are seen.
    let shows_otherwise = case.closing.is_some_and(|closing| by == Side::Client || closing.reason > 0);
    if (speaks_otherwise || shows_otherwise) && !said_so {
        return None;
    }
    // Without a silence, a reason may be about an inactive account.
    let silence = Silence::before(case).filter(|silence| silence.of_either.max(silence.received) >= LEAST)?;
    let timer = Timer::idle(case, silence.of_either, silence.received);
    let others = others(case, |own, other| is_same(own.silence(), other.silence()) && !is_same(own.age(), other.age()));
    let named = timer.as_ref().is_some_and(|timer| timer.is_named);
    let mostly_otherwise = code.is_some_and(|code| OTHERWISE.contains(&code)) || case.closing.is_some();
    let together = others.together();
    let confidence = match (mostly_otherwise, &timer, together) {
        _ if said_so => Confidence::Certain,
        (false, Some(_), 1..) => Confidence::High,
        (false, None, 1..) if silence.of_either >= LEAST => support(together, silence.of_either)?,
        (true, Some(_), 1..) => Confidence::Medium,
        // Others were ended in the same way after other silences: a chance hit, more likely than not.
        (_, Some(_), 0) if others.all > 0 => Confidence::Low,
        (false, Some(_), 0) if named => Confidence::High,
        (false, Some(_), 0) => Confidence::Medium,
        (true, Some(_), 0) if named => Confidence::Medium,
        (true, Some(_), 0) => Confidence::Low,
        (_, None, _) => return None,
    };
    // A timer that any traffic resets has seen none; one that only received traffic resets ignored the closer's own.
    let idle = if timer.is_some() && silence.of_either < LEAST { silence.received } else { silence.of_either };
    let seconds = timer.as_ref().map(|timer| timer.seconds);
    let finding = Timeout { is_said: said_so, timer, together }.finding(confidence, &silence, "silence", idle);
    let finding = match last_frame(case.facts, silence.by, silence.end.carrier) {
        Some(last) => finding.packet(last.packet),
        None => finding,
    };
    Some(match seconds {
        Some(seconds) => finding.with("timeout", Value::Time(Duration::from_secs(seconds))),
        None => finding,
    })
}
