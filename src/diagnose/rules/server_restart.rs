//! A server stops: it closes several connections at once, with a code that says so or with one that says nothing; or its
//! reason says so.
//!
//! Unless the code or the reason says so, refuted if other connections of that moment ended in another way.

use std::time::Duration;

use crate::diagnose::known::Class;
use crate::diagnose::provoked::closer;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::ending::{last_frame_of, sent_before};
use crate::side::Side;
use crate::ws::CloseCode;

pub static RULE: Rule = Rule::new("server_restart", Role::Cause, detect, include_str!("server_restart.toml"))
    .with_values(&["others", "reason", "packet"])
    .with_optional(&["code"])
    .with_variants(&[Variant::with("", &["code"]), Variant::plain("said"), Variant::plain("at_once")])
    .without_plaintext();

/// The time within which a server closes all its connections.
const TOGETHER: Duration = Duration::from_secs(2);

/// Codes of a stop: Going Away, Service Restart.
const CODES: &[u16] = &[1001, 1012];

/// The least number of connections that shows a stop if the code does not say so.
const LEAST: usize = 3;

/// The time within which a program closes after a goodbye.
const GOODBYE: Duration = Duration::from_millis(1);

/// The longest time that a server takes for one loop over its connections.
const AT_ONCE: Duration = Duration::from_millis(250);

fn detect(case: &Case<'_>) -> Option<Finding> {
    if case.closing.is_some() {
        return from_outside(case);
    }
    let (by, reaction) = closer(case).filter(|(by, _)| *by == Side::Server)?;
    let close = reaction.close?;
    let code = reaction.code();
    let own = case.member?;
    let said_so = case.reason == Some(Class::Restart);
    if !said_so && !close.reason.is_empty() {
        return None;
    }
    let company = case.fleet.company(own, TOGETHER);
    let is_whole = || company.alike == company.all && case.fleet.company(own, AT_ONCE).all == company.all;
    let confidence = match (code.is_some_and(|code| CODES.contains(&code)), company.alike) {
        _ if said_so => Confidence::Certain,
        (true, 3..) => Confidence::High,
        (true, 2) => Confidence::Medium,
        // Internal errors do not end all connections at one moment; some servers send this code to all when they stop.
        (false, LEAST..) if code == Some(CloseCode::INTERNAL_ERROR.0) && is_whole() => Confidence::High,
        (false, LEAST..) if is_plain(code) && is_whole() && !spoke(case, by) => Confidence::Medium,
        _ => return None,
    };
    let variant = match code {
        _ if said_so => "said",
        Some(code) if CODES.contains(&code) => "",
        _ => "at_once",
    };
    let finding = Finding::new(confidence)
        .blame(by)
        .packet(reaction.carrier.seen.packet)
        .with("others", Value::Number(company.alike.saturating_sub(1) as u64))
        .with("reason", Value::Wire(close.reason.to_string()))
        .with("packet", Value::Packet(reaction.carrier.seen.packet))
        .variant(variant);
    Some(match code {
        Some(code) => finding.with("code", Value::Number(u64::from(code))),
        None => finding,
    })
}

/// Returns the finding if the server closed several connections at one moment, of which only the records are seen.
fn from_outside(case: &Case<'_>) -> Option<Finding> {
    let (by, carrier) = (case.ending.by.filter(|by| *by == Side::Server)?, case.ending.carrier?);
    let own = case.member?;
    let company = case.fleet.company(own, TOGETHER);
    let is_whole = company.alike == company.all && case.fleet.company(own, AT_ONCE).all == company.all;
    let last = last_frame_of(case.facts, by, by, carrier);
    let spoke = last.is_some_and(|last| carrier.seen.time.since(last.time) <= GOODBYE);
    (company.alike >= LEAST && is_whole && !spoke).then(|| {
        Finding::new(Confidence::Medium)
            .blame(by)
            .packet(carrier.seen.packet)
            .with("others", Value::Number(company.alike.saturating_sub(1) as u64))
            .with("reason", Value::Wire(String::new()))
            .with("packet", Value::Packet(carrier.seen.packet))
            .variant("at_once")
    })
}

/// Returns whether a code says nothing.
const fn is_plain(code: Option<u16>) -> bool {
    matches!(code, None | Some(1000))
}

/// Returns whether the closer had sent a message just before the end: then the end is about that.
fn spoke(case: &Case<'_>, by: Side) -> bool {
    let Some(end) = case.ending.carrier else {
        return false;
    };
    let last = sent_before(case.facts, by, by, end).rfind(|moment| moment.is_message());
    last.is_some_and(|last| end.seen.time.since(last.seen.time) <= GOODBYE)
}
