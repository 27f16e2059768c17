//! A client asked for a WebSocket over HTTP/2 although the server had not offered it (RFC 8441 §3), and got none.
//!
//! Refuted by SETTINGS_ENABLE_CONNECT_PROTOCOL among the server's settings, or by settings that may have been missed.

use crate::diagnose::extended::{How, code_name, failure};
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::ending::stream_reset;
use crate::side::Side;

pub static RULE: Rule =
    Rule::new("extended_connect_not_offered", Role::Cause, detect, include_str!("extended_connect_not_offered.toml"))
        .with_values(&["packet"])
        .with_variants(&[Variant::BASE, Variant::with("status", &["status"]), Variant::with("reset", &["code"])]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let failure = failure(case).filter(|failure| matches!(failure.how, How::NotOffered))?;
    let finding = Finding::new(Confidence::Certain)
        .blame(Side::Client)
        .packet(failure.request.seen.packet)
        .with("packet", Value::Packet(failure.request.seen.packet));
    let (response, reset) = (&case.facts.handshake.response, stream_reset(case.facts, Side::Server));
    Some(match (response, reset) {
        (Some(response), _) => {
            finding.packet(response.seen.packet).with("status", Value::Number(response.status.into())).variant("status")
        }
        (None, Some((code, carrier))) => {
            finding.packet(carrier.seen.packet).with("code", Value::Token(code_name(code))).variant("reset")
        }
        (None, None) => finding,
    })
}
