//! The opening handshake was answered with another status than 101: the WebSocket was never established, so there cannot be
//! a Close frame. Over HTTP/2, not certain unless it is known whether the server had offered WebSockets: that may be the cause.

use crate::diagnose::extended::{failure, may_explain};
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::ending::Kind;
use crate::side::Side;

pub static RULE: Rule = Rule::new("handshake_refused", Role::Cause, detect, include_str!("handshake_refused.toml"))
    .with_values(&["status", "status_text", "packet"])
    .with_optional(&["location", "body", "problem"])
    .with_variants(&[
        Variant::BASE,
        Variant::with("origin", &["origin", "host"]),
        Variant::with("problem", &["problem"]),
        Variant::plain("redirect"),
        Variant::plain("5xx"),
        Variant::plain("200"),
        Variant::plain("400"),
        Variant::plain("401"),
        Variant::plain("403"),
        Variant::plain("404"),
        Variant::plain("405"),
        Variant::plain("426"),
        Variant::plain("429"),
        Variant::plain("502"),
        Variant::plain("503"),
        Variant::plain("504"),
    ]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    // That it was an extended CONNECT explains more than the status.
    if failure(case).is_some() {
        return None;
    }
    let response = case.facts.handshake.response.as_ref().filter(|_| case.ending.kind == Kind::Refused)?;
    let status = u64::from(response.status);
    let details = response.details.as_deref().cloned().unwrap_or_default();
    let asked = case.facts.handshake.request.as_ref().map(|request| request.seen.packet);
    let confidence = if may_explain(case) { Confidence::High } else { Confidence::Certain };
    let mut finding = Finding::new(confidence)
        .blame(Side::Server)
        .packet(response.seen.packet)
        .with("status", Value::Number(status))
        .with("status_text", Value::Wire(details.reason.to_string()))
        .with("packet", Value::Packet(response.seen.packet))
        .variant(variant(response.status));
    if let Some(asked) = asked {
        finding = finding.packet(asked);
    }
    if let Some((origin, host)) = foreign_origin(case).filter(|_| response.status == 403) {
        finding = finding.with("origin", Value::Wire(origin)).with("host", Value::Wire(host)).variant("origin");
    }
    if let Some(location) = &details.location {
        finding = finding.with("location", Value::Wire(location.to_string()));
    }
    let body = details.body_text();
    if !body.is_empty() {
        finding = finding.with("body", Value::Wire(body.trim_ascii_end().to_owned()));
    }
    if let Some(problem) = case.facts.handshake.problems().first() {
        finding = finding.with("problem", Value::Problem(problem.clone())).blame(Side::Client);
        if is_about_the_request(response.status) {
            finding = finding.variant("problem");
        }
    }
    Some(finding)
}

/// Returns whether servers answer an invalid opening handshake with this status, and not only one that they do not accept.
const fn is_about_the_request(status: u16) -> bool {
    matches!(status, 200 | 400 | 404 | 405 | 426 | 501 | 505)
}

/// Returns the page's origin and the server's host if their hosts differ.
fn foreign_origin(case: &Case<'_>) -> Option<(String, String)> {
    let request = case.facts.handshake.request.as_deref()?;
    let (origin, host) = (request.origin.as_deref()?, request.host.as_deref()?);
    let (_, of_page) = origin.split_once("://")?;
    // A default port may be given or not.
    let name = |host: &str| host.trim_end_matches(":443").trim_end_matches(":80").to_ascii_lowercase();
    (name(of_page) != name(host)).then(|| (origin.to_owned(), host.to_owned()))
}

/// Returns the variant of a status: its own, else that of its class.
fn variant(status: u16) -> &'static str {
    let of_class = match status {
        300..=399 => "redirect",
        500..=599 => "5xx",
        _ => "",
    };
    RULE.variant(&status.to_string()).map_or(of_class, |own| own.name)
}
