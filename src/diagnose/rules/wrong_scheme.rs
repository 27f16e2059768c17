//! `ws:` spoken to a TLS port, or `wss:` to a plain one: one side speaks HTTP, the other TLS.

use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::side::Side;
use crate::tls::record::is_alert;

pub static RULE: Rule = Rule::new("wrong_scheme", Role::Cause, detect, include_str!("wrong_scheme.toml"))
    .with_values(&["packet"])
    .with_variants(&[Variant::plain("plain_to_tls"), Variant::plain("tls_to_plain")]);

/// Words in the answers of servers that expect TLS to a plain request (nginx, Apache, Go).
const PLAIN_TO_TLS: &[&str] = &[
    "plain http request was sent to https port",
    "speaking plain http to an ssl-enabled",
    "client sent an http request to an https server",
];

fn detect(case: &Case<'_>) -> Option<Finding> {
    let finding = |packet| {
        Finding::new(Confidence::Certain).blame(Side::Client).packet(packet).with("packet", Value::Packet(packet))
    };
    if let Some((seen, context)) = case.facts.rare.answered_with.as_deref() {
        if case.facts.rare.client_hello.is_some() && context.bytes().starts_with(b"HTTP/1.") {
            return Some(finding(seen.packet).variant("tls_to_plain"));
        }
        return is_alert(context.bytes()).then(|| finding(seen.packet).variant("plain_to_tls"));
    }
    let response = case.facts.handshake.response.as_ref().filter(|response| response.status == 400)?;
    let body = response.details.as_ref()?.body_text().to_lowercase();
    PLAIN_TO_TLS.iter().any(|words| body.contains(words)).then(|| finding(response.seen.packet).variant("plain_to_tls"))
}
