//! Both legs of one WebSocket were captured, and this one was ended by the proxy because the other one had ended.
//!
//! Refuted if this leg ended first.

use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};
use crate::ending::Kind;
use crate::side::Side;

pub static RULE: Rule = Rule::new("ended_behind_proxy", Role::Cause, detect, include_str!("ended_behind_proxy.toml"))
    .resting_on(&[Ground::BothLegs])
    .with_values(&["proxy", "side", "other_leg", "other_packet", "packet", "apart"])
    .with_variants(&[Variant::BASE, Variant::plain("reset"), Variant::plain("fin")]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    // A Close frame that was passed on has rules of its own.
    let own = case.member.filter(|own| own.is_bare())?;
    let other = case.fleet.other_leg(own)?;
    let is_front = own.first < other.first;
    // The proxy ended this leg, and the endpoint ended the other one.
    let passed_on = if is_front { (Side::Server, Side::Server) } else { (Side::Client, Side::Client) };
    if (own.by, other.by) != passed_on || other.ended > own.ended {
        return None;
    }
    let how = match other.kind {
        Kind::Reset => "reset",
        Kind::Fin => "fin",
        _ => "",
    };
    let proxy = if is_front { own.server() } else { own.client() };
    Some(
        Finding::new(Confidence::High)
            .blame(other.by)
            .packet(own.ended.packet)
            .with("proxy", Value::Endpoint(proxy))
            .with("side", Value::Side(other.by))
            .with("other_leg", Value::Number(other.id.into()))
            .with("other_packet", Value::Packet(other.ended.packet))
            .with("packet", Value::Packet(own.ended.packet))
            .with("apart", Value::Time(own.ended.time.since(other.ended.time)))
            .variant(how),
    )
}
