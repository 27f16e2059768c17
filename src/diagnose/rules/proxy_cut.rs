//! Both legs of one WebSocket were captured, and a proxy between them ended both: neither endpoint did.
//!
//! The legs share their Sec-WebSocket-Key. If the first is a stream of HTTP/2, they share their path, sizes and times; if it
//! is encrypted, only their times show that they belong together. The proxy is the server of the first leg and the client of the second: if it
//! began both ends, no endpoint began one. Refuted if an endpoint ended its leg first.

use std::time::Duration;

use crate::diagnose::known::Timer;
use crate::diagnose::{Blame, Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};
use crate::side::Side;

pub static RULE: Rule = Rule::new("proxy_cut", Role::Cause, detect, include_str!("proxy_cut.toml"))
    .resting_on(&[Ground::BothLegs])
    .with_values(&["proxy", "packet", "other_leg", "other_packet", "apart", "silence"])
    .with_variants(&[Variant::BASE, Variant::plain("idle"), Variant::with("timer", &["timers"])])
    .without_plaintext();

/// The shortest silence that counts.
const SILENCE: Duration = Duration::from_millis(900);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let own = case.member?;
    let other = case.fleet.other_leg(own)?;
    let (front, back) = if own.first < other.first { (own, other) } else { (other, own) };
    if (front.by, back.by) != (Side::Server, Side::Client) {
        return None;
    }
    let last = front.last_frame.max(back.last_frame);
    let first = front.ended.min(back.ended);
    let silence = first.time.since(last);
    let timer = Timer::idle(case, silence, silence).filter(|_| silence >= SILENCE);
    let confidence = match (case.facts.rare.outside.is_some(), own.is_http2 != other.is_http2) {
        (true, _) => Confidence::Medium,
        (false, true) => Confidence::High,
        (false, false) => Confidence::Certain,
    };
    let finding = Finding::new(confidence)
        .blame(Blame::Network)
        .packet(own.ended.packet)
        .with("proxy", Value::Endpoint(front.server()))
        .with("packet", Value::Packet(own.ended.packet))
        .with("other_leg", Value::Number(other.id.into()))
        .with("other_packet", Value::Packet(other.ended.packet))
        .with("apart", Value::Time(front.ended.time.since(first.time).max(back.ended.time.since(first.time))))
        .with("silence", Value::Time(silence));
    Some(match timer {
        Some(timer) => finding.with("timers", Value::Token(timer.names)).variant("timer"),
        None if silence >= SILENCE => finding.variant("idle"),
        None => finding,
    })
}
