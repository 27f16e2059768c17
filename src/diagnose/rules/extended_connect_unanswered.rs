//! A server offered WebSockets over HTTP/2 (RFC 8441), and then sent nothing on the stream that asked for one.
//!
//! Refuted if bytes of the server are missing: they may have been the answer.

use crate::diagnose::extended::{How, failure};
use crate::diagnose::{Case, Confidence, Finding, Ground, Role, Rule, Value, Variant};
use crate::side::Side;

pub static RULE: Rule =
    Rule::new("extended_connect_unanswered", Role::Cause, detect, include_str!("extended_connect_unanswered.toml"))
        .resting_on(&[Ground::Silence])
        .with_values(&["packet", "waited"])
        .with_variants(&[Variant::BASE, Variant::plain("client_left"), Variant::plain("server_left")]);

fn detect(case: &Case<'_>) -> Option<Finding> {
    let failure = failure(case).filter(|failure| matches!(failure.how, How::Unanswered))?;
    let server = &case.facts.tcp().sent.server;
    if server.segments == 0 || server.lost_bytes() + server.cut_bytes() > 0 {
        return None;
    }
    let asked = failure.request.seen;
    let until = case.ending.carrier.map_or(case.capture_end, |carrier| carrier.seen.time);
    let finding = Finding::new(Confidence::Certain)
        .packet(asked.packet)
        .with("packet", Value::Packet(asked.packet))
        .with("waited", Value::Time(until.since(asked.time)));
    // While neither side has left, the answer may be on its way.
    Some(match case.ending.by {
        None => finding,
        Some(Side::Client) => finding.blame(Side::Server).variant("client_left"),
        Some(Side::Server) => finding.blame(Side::Server).variant("server_left"),
    })
}
