//! A reset with a time to live that is not that of its supposed sender: a device on the path forged it.
//!
//! Refuted if the time to live of the sender's other segments varies as well.

use crate::diagnose::{Blame, Case, Confidence, Finding, Role, Rule, Value};
use crate::ending::Kind;

pub static RULE: Rule = Rule::new("reset_by_middlebox", Role::Cause, detect, include_str!("reset_by_middlebox.toml"))
    .with_values(&["side", "packet", "ttl", "usual_ttl"])
    .without_plaintext();

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (Kind::Reset, Some(by), Some(carrier)) = (case.ending.kind, case.ending.by, case.ending.carrier) else {
        return None;
    };
    let sent = &case.facts.tcp().sent[by];
    // Without an earlier segment there is nothing to compare with.
    if sent.segments < 2 || sent.ttl.abs_diff(carrier.ttl) < 2 || sent.ttl_varied {
        return None;
    }
    Some(
        Finding::new(Confidence::High)
            .blame(Blame::Network)
            .packet(carrier.seen.packet)
            .with("side", Value::Side(by))
            .with("packet", Value::Packet(carrier.seen.packet))
            .with("ttl", Value::Number(u64::from(carrier.ttl)))
            .with("usual_ttl", Value::Number(u64::from(sent.ttl))),
    )
}
