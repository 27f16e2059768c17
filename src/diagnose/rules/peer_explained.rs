//! The side that closed had said why: in its last message, or in the reason beside a code that says little by itself.
//!
//! Refuted by a message of the same side after the explanation.

use std::time::Duration;

use crate::catalog::{Language, iana};
use crate::diagnose::known::{Class, blames_frame, says_nothing};
use crate::diagnose::provoked::closer;
use crate::diagnose::stride::may_have_minded;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant, goodbye};

pub static RULE: Rule = Rule::new("peer_explained", Role::Cause, detect, include_str!("peer_explained.toml"))
    .with_values(&["side", "text", "packet"])
    .with_variants(&[Variant::with("", &["code"]), Variant::with("message", &["protocol", "before"])])
    .quoting("text");

/// The time within which a side that has explained the end closes at once.
const SOON: Duration = Duration::from_secs(1);

/// The longest time after an explanation; some sides give the other a moment to leave.
const LATE: Duration = Duration::from_secs(10);

/// Codes whose reason is the explanation.
const CODES: &[u16] = &[1008, 1011, 1013, 1014];

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (by, reaction) = closer(case)?;
    case.facts.switched?;
    let end = reaction.carrier.seen;
    let finding = |confidence| Finding::new(confidence).blame(by).packet(end.packet).with("side", Value::Side(by));
    if let Some(said) = goodbye::of(case.facts, by, reaction.carrier) {
        let confidence = match (said.protocol.is_some(), reaction.after(said.seen)) {
            (_, after) if after > LATE => return None,
            (true, after) if after <= SOON => Confidence::Certain,
            (false, after) if after <= SOON => Confidence::High,
            _ => Confidence::Medium,
        };
        return Some(
            finding(confidence)
                .packet(said.seen.packet)
                .with("text", Value::Wire(said.text))
                .with("protocol", Value::Token(said.protocol.unwrap_or("JSON").to_owned()))
                .with("packet", Value::Packet(said.seen.packet))
                .with("before", Value::Time(reaction.after(said.seen)))
                .variant("message"),
        );
    }
    let close = reaction.close.filter(|close| close.is_valid() && !says_nothing(&close.reason))?;
    let code = close.code.filter(|code| CODES.contains(&code.0) && case.reason != Some(Class::Ping))?;
    // A reason that only finds fault with a frame is left to the rules about frames.
    if blames_frame(&close.reason) && may_have_minded(case.facts, by, &reaction) {
        return None;
    }
    // The name of the code is not an explanation.
    if iana().row(code.0).is_some_and(|row| row.name.get(Language::English).eq_ignore_ascii_case(&close.reason)) {
        return None;
    }
    // After a broken rule, a reason that does not name its subject may be about that.
    let is_sure = !may_have_minded(case.facts, by, &reaction);
    Some(
        finding(if is_sure { Confidence::Certain } else { Confidence::High })
            .with("code", Value::Number(u64::from(code.0)))
            .with("text", Value::Wire(close.reason.to_string()))
            .with("packet", Value::Packet(end.packet)),
    )
}
