//! A TLS handshake that failed, so that neither HTTP nor WebSocket followed. Whether a WebSocket was intended is unknown.

use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::tls::Outcome;

pub static RULE: Rule = Rule::new("tls_failed", Role::Cause, detect, include_str!("tls_failed.toml"))
    .with_values(&["side", "packet"])
    .with_variants(&[Variant::with("", &["alert"]), Variant::plain("encrypted")])
    .without_plaintext();

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (side, seen, outcome) = *case.facts.rare.tls.as_deref()?;
    let finding = |confidence| {
        Finding::new(confidence)
            .packet(seen.packet)
            .with("side", Value::Side(side))
            .with("packet", Value::Packet(seen.packet))
    };
    match outcome {
        // The side that sends the alert is rarely the one at fault: often the client rejects the server's certificate.
        Outcome::Alert(alert) => {
            Some(finding(Confidence::Certain).blame(!side).with("alert", Value::Token(alert.to_string())))
        }
        Outcome::Abandoned => Some(finding(Confidence::Medium).blame(!side).variant("encrypted")),
        Outcome::Established => None,
    }
}
