//! The limits of the view of a connection.

use crate::ending::{Ending, Kind};
use crate::facts::Facts;
use crate::side::Side;
use crate::tcp::analysis::Sent;

/// Returns the names of the limits that apply to a connection.
pub fn visibility(facts: &Facts, ending: &Ending) -> Vec<&'static str> {
    let tcp = facts.tcp();
    let any = |has: fn(&Sent) -> bool| Side::BOTH.iter().any(|side| has(&tcp.sent[*side]));
    let is_encrypted = facts.rare.client_hello.is_some() || facts.rare.outside.is_some();
    let is_decrypted = facts.rare.session.as_ref().is_some_and(|session| session.is_decrypted());
    let lost_frames = Side::BOTH.iter().any(|side| facts.sent[*side].lost > 0);
    [
        (!tcp.syn, "late_start"),
        (any(|sent| sent.lost_bytes() > 0), "lost_bytes"),
        (facts.drops, "kernel_drops"),
        (tcp.copies() > 0, "duplicated_packets"),
        (any(|sent| sent.cut_bytes() > 0), "truncated_packets"),
        (any(|sent| sent.segments == 0), "one_direction"),
        (lost_frames, "lost_frames"),
        (is_encrypted && !is_decrypted, "no_keys"),
        (facts.rare.continuity.as_ref().is_some_and(|continuity| continuity.joints > 0), "joined_parts"),
        (ending.kind == Kind::Open, "early_end"),
    ]
    .into_iter()
    .filter_map(|(limited, name)| limited.then_some(name))
    .collect()
}
