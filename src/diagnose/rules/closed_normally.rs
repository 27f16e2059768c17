//! A Close frame with 1000, or without a code: the purpose was fulfilled (RFC 6455 §7.4.1).

use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};
use crate::ws::CloseCode;

pub static RULE: Rule = Rule::new("closed_normally", Role::Description, detect, include_str!("closed_normally.toml"))
    .resting_on(&[Ground::FirstClose, Ground::NothingBefore])
    .with_values(&["side", "packet"])
    .with_variants(&[Variant::BASE, Variant::plain("no_code")])
    .normal();

fn detect(case: &Case<'_>) -> Option<Finding> {
    let close = case.close.filter(|close| close.sound && close.complete)?;
    let variant = match close.code {
        Some(CloseCode::NORMAL) => "",
        None => "no_code",
        Some(_) => return None,
    };
    Some(
        Finding::new(Confidence::Certain)
            .packet(close.carrier.seen.packet)
            .with("side", Value::Side(close.side))
            .with("packet", Value::Packet(close.carrier.seen.packet))
            .variant(variant),
    )
}
