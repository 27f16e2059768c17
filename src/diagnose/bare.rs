//! Ends without a Close frame.

use super::{Case, Confidence, Finding, Value};
use crate::ending::Kind;

/// The finding of a rule that only says how a connection ended: by a segment of this kind, without a Close frame.
pub fn ended_by(case: &Case<'_>, kind: Kind) -> Option<Finding> {
    let (by, carrier) = (case.ending.by?, case.ending.carrier?);
    if case.ending.kind != kind {
        return None;
    }
    let idle = case.facts.last_frame(carrier.seen).map(|last| carrier.seen.time.since(last.time));
    let finding = Finding::new(Confidence::Certain)
        .blame(by)
        .packet(carrier.seen.packet)
        .with("side", Value::Side(by))
        .with("packet", Value::Number(carrier.seen.packet));
    Some(match idle {
        Some(idle) => finding.with("idle", Value::Time(idle)),
        None => finding.variant("no_frame"),
    })
}
