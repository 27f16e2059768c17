//! The client has to send something first, such as its credentials, and did not within the server's deadline.
//!
//! Refuted by a message of the client before the end.

use crate::diagnose::known::Timer;
use crate::diagnose::silence::Silence;
use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value};
use crate::side::Side;

pub static RULE: Rule = Rule::new("first_message_late", Role::Cause, detect, include_str!("first_message_late.toml"))
    .resting_on(&[Ground::Silence])
    .with_values(&["age", "timers", "packet"]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let client = &case.facts.sent.client;
    if client.messages().next().is_some() || client.texts + client.binaries > 0 {
        return None;
    }
    let silence = Silence::before(case).filter(|silence| silence.by == Side::Server)?;
    let timer = Timer::first_message(case, silence.age)?;
    let own_code = silence.end.code().is_some_and(|code| code >= 4000);
    Some(
        Finding::new(if own_code { Confidence::High } else { Confidence::Low })
            .blame(Side::Client)
            .packet(silence.end.carrier.seen.packet)
            .with("age", Value::Time(silence.age))
            .with("timers", Value::Token(timer.names))
            .with("packet", Value::Packet(silence.end.carrier.seen.packet)),
    )
}
