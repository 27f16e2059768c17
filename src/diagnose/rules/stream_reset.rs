//! RST_STREAM without a Close frame: the reset of a WebSocket over HTTP/2 (RFC 8441 §5). APIs report it as 1006.
//!
//! Its code often says why (RFC 9113 §7). Refuted by a Close frame that was sent before it. Servers send RST_STREAM behind both
//! Close frames as well, which is no fault.

use crate::diagnose::bare::ended_in;
use crate::diagnose::extended::code_name;
use crate::diagnose::{Case, Finding, Ground, Role, Rule, Value, Variant};
use crate::ending::{Kind, stream_reset};

pub static RULE: Rule = Rule::new("stream_reset", Role::Description, detect, include_str!("stream_reset.toml"))
    .resting_on(&[Ground::NoClose, Ground::NothingBefore])
    .with_values(&["side", "other", "packet", "code"])
    .with_optional(&["idle", "cut_inside_frame", "received"])
    .with_variants(&[
        Variant::with("", &["idle"]),
        Variant::plain("no_frame"),
        Variant::with("cut", &["idle", "cut_inside_frame", "received"]),
        Variant::with("cut_message", &["idle"]),
        Variant::with("cut_other", &["idle", "cut_inside_frame", "received"]),
        Variant::with("soon", &["idle"]),
        Variant::plain("protocol"),
        Variant::plain("internal"),
        Variant::plain("refused"),
        Variant::plain("calm"),
        Variant::plain("http1"),
    ]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let by = case.ending.by.filter(|_| case.ending.kind == Kind::StreamReset)?;
    let (code, carrier) = stream_reset(case.facts, by)?;
    let finding = ended_in(case, by, carrier).with("code", Value::Token(code_name(code)));
    Some(match of_code(code) {
        Some(variant) => finding.variant(variant),
        None => finding,
    })
}

/// Returns the variant of a code that says why. NO_ERROR, CANCEL and unknown codes do not.
const fn of_code(code: u32) -> Option<&'static str> {
    Some(match code {
        0x1 | 0x3..=0x6 | 0x9 => "protocol",
        0x2 => "internal",
        0x7 => "refused",
        0xb => "calm",
        0xd => "http1",
        _ => return None,
    })
}
