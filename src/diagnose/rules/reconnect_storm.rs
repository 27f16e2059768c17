//! A client connects again as soon as it is closed, again and again, without growing pauses (RFC 6455 §7.2.3).
//!
//! Refuted by pauses that grow.

use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value};
use crate::side::Side;

pub static RULE: Rule = Rule::new("reconnect_storm", Role::Remark, detect, include_str!("reconnect_storm.toml"))
    .with_values(&["count", "pause", "pauses", "packet"])
    .without_plaintext();

fn detect(case: &Case<'_>) -> Option<Finding> {
    let own = case.member?;
    let storm = case.fleet.storm(own)?;
    let pauses: Vec<_> = storm.pauses.iter().map(|pause| format!("{:.2}", pause.as_secs_f64())).collect();
    Some(
        Finding::new(Confidence::Certain)
            .blame(Side::Client)
            .packet(own.first.packet)
            .with("count", Value::Number(u64::from(storm.count)))
            .with("pause", Value::Time(storm.median))
            .with("pauses", Value::Token(pauses.join(" ")))
            .with("packet", Value::Packet(own.first.packet)),
    )
}
