//! The last records of an encrypted connection have the sizes of a closing handshake.
//!
//! Refuted by a record of data behind them. Two other messages may have the same sizes, so it is likely at most; and no
//! size shows a code.

use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};

pub static RULE: Rule = Rule::new("close_handshake", Role::Description, detect, include_str!("close_handshake.toml"))
    .with_values(&["side", "packet", "answer", "server_bytes", "client_bytes"])
    .with_variants(&[Variant::BASE, Variant::plain("empty"), Variant::with("reason", &["reason_bytes"])])
    .normal()
    .without_plaintext();

fn detect(case: &Case<'_>) -> Option<Finding> {
    let closing = case.closing?;
    let (first, answer) = (closing.first(), &closing.closes[!closing.by]);
    let finding = Finding::new(Confidence::Medium)
        .packet(first.carrier.seen.packet)
        .packet(answer.carrier.seen.packet)
        .with("side", Value::Side(closing.by))
        .with("packet", Value::Packet(first.carrier.seen.packet))
        .with("answer", Value::Packet(answer.carrier.seen.packet))
        .with("server_bytes", Value::Bytes(u64::from(closing.closes.server.len)))
        .with("client_bytes", Value::Bytes(u64::from(closing.closes.client.len)));
    Some(match closing.reason {
        0 if closing.is_empty() => finding.variant("empty"),
        0 => finding,
        reason => finding.with("reason_bytes", Value::Bytes(u64::from(reason))).variant("reason"),
    })
}
