//! RST_STREAM without a Close frame: the reset of a WebSocket over HTTP/2 (RFC 8441 §5). APIs report it as 1006.
//!
//! Refuted by a Close frame that was sent before it. Servers send RST_STREAM behind both Close frames as well, which is no
//! fault.

use crate::diagnose::bare::{VARIANTS, ended_in};
use crate::diagnose::{Case, Finding, Ground, Role, Rule, Value};
use crate::ending::{Kind, stream_reset};

pub static RULE: Rule = Rule::new("stream_reset", Role::Description, detect, include_str!("stream_reset.toml"))
    .resting_on(&[Ground::NoClose, Ground::NothingBefore])
    .with_values(&["side", "other", "packet", "code"])
    .with_variants(&VARIANTS);

/// The error codes, in the order of their numbers (RFC 9113 §7).
const CODES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

fn detect(case: &Case<'_>) -> Option<Finding> {
    let by = case.ending.by.filter(|_| case.ending.kind == Kind::StreamReset)?;
    let (code, carrier) = stream_reset(case.facts, by)?;
    let name = CODES.get(code as usize).map_or_else(|| format!("0x{code:x}"), |name| (*name).to_owned());
    Some(ended_in(case, by, carrier).with("code", Value::Token(name)))
}
