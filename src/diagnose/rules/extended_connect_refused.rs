//! A server offered WebSockets over HTTP/2 (RFC 8441), and then refused one: with a status that programs give to a request
//! that they do not understand, or with RST_STREAM. Browsers take the offer, other clients do not, so that it fails in the
//! former only.
//!
//! Refuted by a status about the user or the page, and by a server that stops. If the same host opens a WebSocket over HTTP/1.1
//! afterwards, any other status of the refusal counts, too.

use crate::diagnose::extended::{How, code_name, failure};
use crate::diagnose::{Case, Confidence, Finding, Member, Role, Rule, Value, Variant};
use crate::seen::Seen;
use crate::side::Side;

pub static RULE: Rule =
    Rule::new("extended_connect_refused", Role::Cause, detect, include_str!("extended_connect_refused.toml"))
        .with_values(&["asked", "packet"])
        .with_variants(&[
            Variant::with("", &["status"]),
            Variant::with("http1", &["status", "later"]),
            Variant::with("reset", &["code"]),
            Variant::with("reset_http1", &["code", "later"]),
        ]);

/// HTTP_1_1_REQUIRED: the server says itself which version it wants (RFC 9113 §7).
const HTTP_1_1_REQUIRED: u32 = 0xd;

fn detect(case: &Case<'_>) -> Option<Finding> {
    let failure = failure(case)?;
    let found = |confidence, seen: Seen, later: Option<&Member>| {
        let finding = Finding::new(confidence)
            .blame(Side::Server)
            .packet(failure.request.seen.packet)
            .packet(seen.packet)
            .with("asked", Value::Packet(failure.request.seen.packet))
            .with("packet", Value::Packet(seen.packet));
        match later {
            Some(later) => finding.with("later", Value::Number(later.id.into())),
            None => finding,
        }
    };
    match failure.how {
        How::Status { status, seen, later } => {
            let confidence = if later.is_some() { Confidence::High } else { Confidence::Medium };
            let finding = found(confidence, seen, later).with("status", Value::Number(status.into()));
            Some(finding.variant(if later.is_some() { "http1" } else { "" }))
        }
        How::Reset { code, seen, later } => {
            let confidence = if code == HTTP_1_1_REQUIRED { Confidence::Certain } else { Confidence::High };
            let finding = found(confidence, seen, later).with("code", Value::Token(code_name(code)));
            Some(finding.variant(if later.is_some() { "reset_http1" } else { "reset" }))
        }
        How::NotOffered | How::Unanswered => None,
    }
}
