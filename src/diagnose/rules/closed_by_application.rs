//! A Close frame with a code that explains itself: the application, or the service around it, decided to close.
//!
//! The codes by which an endpoint objects to what it received (1002, 1003, 1007, 1009) are excluded: those need a cause.

use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};

pub static RULE: Rule =
    Rule::new("closed_by_application", Role::Description, detect, include_str!("closed_by_application.toml"))
        .resting_on(&[Ground::FirstClose, Ground::NothingBefore])
        .with_values(&["side", "code", "reason", "packet"])
        .with_variants(&[Variant::BASE, Variant::plain("reason")])
        .quoting("reason")
        .deferring_to_code();

fn detect(case: &Case<'_>) -> Option<Finding> {
    let close = case.close.filter(|close| close.sound)?;
    let code = close.code.filter(|code| matches!(code.0, 1008 | 1010..=1014 | 3000..=4999))?;
    Some(
        Finding::new(Confidence::Certain)
            .blame(close.side)
            .packet(close.carrier.seen.packet)
            .with("side", Value::Side(close.side))
            .with("code", Value::Number(u64::from(code.0)))
            .with("reason", Value::Wire(close.reason.to_string()))
            .with("packet", Value::Packet(close.carrier.seen.packet))
            .variant(if close.reason.is_empty() { "" } else { "reason" }),
    )
}
