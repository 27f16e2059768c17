//! A FIN without a Close frame. APIs report it as 1006.
//!
//! Refuted by a Close frame that was sent before it.

use crate::diagnose::bare::{VALUES, VARIANTS, ended_by};
use crate::diagnose::{Case, Finding, Ground, Role, Rule};
use crate::ending::Kind;

pub static RULE: Rule =
    Rule::new("fin_without_close", Role::Description, detect, include_str!("fin_without_close.toml"))
        .resting_on(&[Ground::NoClose, Ground::NothingBefore])
        .with_values(VALUES)
        .with_variants(&VARIANTS);

fn detect(case: &Case<'_>) -> Option<Finding> {
    ended_by(case, Kind::Fin)
}
