//! Bytes that are not frames any more: a declared length was wrong, or two writers wrote at once.
//!
//! Refuted if the closer had not received the proof, had read on, or only answered an end.

use crate::diagnose::provoked::{OPTIONAL, by_violation};
use crate::diagnose::{Case, Finding, Role, Rule, Variant};
use crate::ws::Kind;

pub static RULE: Rule =
    Rule::new("desynchronised_stream", Role::Failure, detect, include_str!("desynchronised_stream.toml"))
        .with_values(&["side", "packet"])
        .with_optional(OPTIONAL)
        .with_variants(&[
            Variant::with("", &["bytes", "opcode"]),
            Variant::with("length", &["excess", "text"]),
            Variant::with("top_bit", &["bytes"]),
        ]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    by_violation(case, &[1002, 1007, 1009], |kind| {
        matches!(kind, Kind::LengthTooShort(_) | Kind::Desynchronized | Kind::LengthTopBit)
    })
}
