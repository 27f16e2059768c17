//! The same host ends several connections at the same moment without a Close frame: its process ended, or a proxy or
//! network in front of it failed.
//!
//! Refuted unless most connections to the server that ended at that moment ended in the same way.

use std::time::Duration;

use crate::diagnose::{Case, Confidence, Finding, Role, Rule, Value, Variant};
use crate::side::Side;

pub static RULE: Rule = Rule::new("ended_together", Role::Cause, detect, include_str!("ended_together.toml"))
    .with_values(&["side", "others", "packet"])
    .with_variants(&[
        Variant::BASE,
        Variant::plain("killed"),
        Variant::plain("client"),
        Variant::plain("outside"),
        Variant::plain("outside_client"),
    ])
    .without_plaintext();

/// The longest time between ends that are one event: a kernel ends the connections of a process at once.
const TOGETHER: Duration = Duration::from_millis(100);

/// The least number of connections; two may end together by chance.
const LEAST: usize = 3;

fn detect(case: &Case<'_>) -> Option<Finding> {
    let own = case.member.filter(|own| own.is_bare())?;
    let company = case.fleet.company(own, TOGETHER);
    // If connections end all the time, some end together by chance.
    if company.alike < LEAST || company.alike * 2 <= company.all {
        return None;
    }
    // When a process is killed, its kernel resets connections with unread data, and closes the others with a FIN.
    let mixed = company.is_mixed;
    Some(
        Finding::new(if mixed { Confidence::High } else { Confidence::Medium })
            .blame(own.by)
            .packet(own.ended.packet)
            .with("side", Value::Side(own.by))
            .with("others", Value::Number((company.alike - 1) as u64))
            .with("packet", Value::Packet(own.ended.packet))
            // Without the plaintext, it is not known that there was no Close frame.
            .variant(match (own.by, mixed, case.facts.rare.outside.is_some()) {
                (Side::Server, true, _) => "killed",
                (Side::Server, false, false) => "",
                (Side::Server, false, true) => "outside",
                (Side::Client, _, false) => "client",
                (Side::Client, _, true) => "outside_client",
            }),
    )
}
