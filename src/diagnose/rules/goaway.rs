//! GOAWAY (RFC 9113 §6.8): a side announced that it ends the whole HTTP/2 connection, and its streams ended with it. Servers
//! and proxies send it when they restart or move clients to other machines, and with an error code when the other side has
//! broken the rules of HTTP/2.
//!
//! Refuted by a Close frame that gives another reason, and by an end that the other side began for itself.

use std::time::Duration;

use crate::diagnose::extended::{code_name, is_left_unserved};
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::ending::Kind;
use crate::side::Side;

pub static RULE: Rule = Rule::new("goaway", Role::Cause, detect, include_str!("goaway.toml"))
    .with_values(&["side", "other", "packet", "others", "apart", "code", "text", "last"])
    .with_variants(&[
        Variant::BASE,
        Variant::plain("said"),
        Variant::plain("client"),
        Variant::plain("error"),
        Variant::plain("error_said"),
        Variant::plain("unserved"),
    ]);

/// The longest time from the announcement to an end that belongs to it without doubt.
const SOON: Duration = Duration::from_secs(5);

/// Codes of Close frames that a stop sends: Going Away, Service Restart.
const CODES: &[u16] = &[1001, 1012];

fn detect(case: &Case<'_>) -> Option<Finding> {
    let http2 = case.facts.rare.http2.as_deref()?;
    let goaway = http2.goaway.as_deref()?;
    let (by, end) = (case.ending.by, case.ending.carrier.map(|carrier| carrier.seen));
    let is_unserved = is_left_unserved(http2);
    let is_error = goaway.code != 0;
    let belongs = match case.ending.kind {
        Kind::NoAnswer | Kind::Refused => is_unserved,
        Kind::CloseHandshake | Kind::CloseUnanswered => by == Some(goaway.side) && says_nothing_else(case),
        kind => kind.is_bare() && (by == Some(goaway.side) || is_error),
    };
    let apart = end.unwrap_or(case.facts.last).time.since(goaway.seen.time);
    if !belongs || end.is_some_and(|end| end < goaway.seen) {
        return None;
    }
    let confidence = match (is_unserved || is_error, apart <= SOON) {
        (true, true) => Confidence::Certain,
        (_, true) | (true, _) => Confidence::High,
        (false, false) => Confidence::Medium,
    };
    let variant = match (is_unserved, is_error, goaway.side, goaway.debug.is_empty()) {
        (true, false, ..) => "unserved",
        (_, true, _, true) => "error",
        (_, true, _, false) => "error_said",
        (_, _, Side::Client, _) => "client",
        (_, _, Side::Server, true) => "",
        (_, _, Side::Server, false) => "said",
    };
    let finding = Finding::new(confidence)
        .packet(goaway.seen.packet)
        .with("side", Value::Side(goaway.side))
        .with("other", Value::Side(!goaway.side))
        .with("packet", Value::Packet(goaway.seen.packet))
        .with("others", Value::Number(goaway.open.saturating_sub(1).into()))
        .with("apart", Value::Time(apart))
        .with("code", Value::Token(code_name(goaway.code)))
        .with("text", Value::Wire(goaway.debug.to_string()))
        .with("last", Value::Number(goaway.last.into()))
        .variant(variant);
    let finding = end.map_or(finding.clone(), |end| finding.packet(end.packet));
    // INTERNAL_ERROR is the sender's own; other codes accuse the other side.
    Some(finding.blame(if is_error && goaway.code != 2 { !goaway.side } else { goaway.side }))
}

/// Returns whether the Close frame that began the end says no more than that its sender leaves.
fn says_nothing_else(case: &Case<'_>) -> bool {
    case.close.is_some_and(|close| close.reason.is_empty() && close.code.is_none_or(|code| CODES.contains(&code.0)))
}
