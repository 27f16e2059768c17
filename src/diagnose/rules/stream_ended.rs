//! END_STREAM without a Close frame: the FIN of a WebSocket over HTTP/2 (RFC 8441 §5). APIs report it as 1006.
//!
//! Refuted by a Close frame that was sent before it.

use crate::diagnose::bare::{VALUES, VARIANTS, ended_by};
use crate::diagnose::{Case, Finding, Ground, Role, Rule};
use crate::ending::Kind;

pub static RULE: Rule = Rule::new("stream_ended", Role::Description, detect, include_str!("stream_ended.toml"))
    .resting_on(&[Ground::NoClose, Ground::NothingBefore])
    .with_values(VALUES)
    .with_variants(&VARIANTS);

fn detect(case: &Case<'_>) -> Option<Finding> {
    ended_by(case, Kind::EndStream)
}
