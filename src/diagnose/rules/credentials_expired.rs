//! A token expired while the connection was open. Proved by the token itself: a JSON Web Token in the query of the request
//! says until when it is valid (RFC 7519 §4.1.4), and the server ended the connection then; or proved by the reason.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::diagnose::known::Class;
use crate::diagnose::provoked::closer;
use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::seen::Timestamp;
use crate::side::Side;

pub static RULE: Rule = Rule::new("credentials_expired", Role::Cause, detect, include_str!("credentials_expired.toml"))
    .with_values(&["request", "reason", "packet"])
    .with_variants(&[Variant::BASE, Variant::plain("token")]);

/// The most seconds between the expiry and the end: the clocks of two hosts may differ, and servers check tokens at
/// intervals.
const NEAR: i64 = 2;

fn detect(case: &Case<'_>) -> Option<Finding> {
    let (_, reaction) = closer(case).filter(|(by, _)| *by == Side::Server)?;
    let opened = case.facts.switched?;
    let said_so = case.reason == Some(Class::Expired) && reaction.code().is_some_and(|code| code < 4000);
    let request = case.facts.handshake.request.as_deref()?;
    let ended = seconds(reaction.carrier.seen.time);
    let ran_out = expiry(&request.target)
        .is_some_and(|expiry| (ended - expiry).abs() <= NEAR && expiry - seconds(opened.time) > NEAR);
    let (confidence, variant) = match (ran_out, said_so) {
        (true, _) => (Confidence::High, "token"),
        (false, true) => (Confidence::Certain, ""),
        (false, false) => return None,
    };
    let reason = reaction.close.map(|close| close.reason.to_string()).unwrap_or_default();
    Some(
        Finding::new(confidence)
            .blame(Side::Client)
            .packet(request.seen.packet)
            .packet(reaction.carrier.seen.packet)
            .with("request", Value::Packet(request.seen.packet))
            .with("reason", Value::Wire(reason))
            .with("packet", Value::Packet(reaction.carrier.seen.packet))
            .variant(variant),
    )
}

fn seconds(time: Timestamp) -> i64 {
    time.as_nanos() / 1_000_000_000
}

/// Returns the expiry of the first JSON Web Token in a request target, in seconds since 1970.
fn expiry(target: &str) -> Option<i64> {
    let (_, query) = target.split_once('?')?;
    query.split(['&', '=']).find_map(|value| {
        let mut parts = value.split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        serde_json::from_slice::<serde_json::Value>(&claims).ok()?.get("exp")?.as_i64()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_when_it_runs_out() {
        let claims = URL_SAFE_NO_PAD.encode(br#"{"sub":"ana","exp":1700000000}"#);
        assert_eq!(expiry(&format!("/chat?room=1&token=e30.{claims}.c2ln")), Some(1_700_000_000));
        assert_eq!(expiry("/chat?version=1.2.3"), None);
        assert_eq!(expiry("/chat"), None);
    }
}
