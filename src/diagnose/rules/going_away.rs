//! A Close frame with 1001: a server stops, or a browser leaves the page (RFC 6455 §7.4.1).

use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};
use crate::side::Side;
use crate::ws::CloseCode;

pub static RULE: Rule = Rule::new("going_away", Role::Description, detect, include_str!("going_away.toml"))
    .resting_on(&[Ground::FirstClose, Ground::NothingBefore])
    .with_values(&["side", "packet"])
    .with_variants(&[Variant::plain("client"), Variant::plain("server")])
    .normal();

fn detect(case: &Case<'_>) -> Option<Finding> {
    let close = case.close.filter(|close| close.sound && close.code == Some(CloseCode::GOING_AWAY))?;
    Some(
        Finding::new(Confidence::Certain)
            .blame(close.side)
            .packet(close.carrier.seen.packet)
            .with("side", Value::Side(close.side))
            .with("packet", Value::Packet(close.carrier.seen.packet))
            .variant(if close.side == Side::Client { "client" } else { "server" }),
    )
}
