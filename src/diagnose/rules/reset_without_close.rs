//! A reset without a Close frame. What an API calls 1006.

use crate::diagnose::{Case, Confidence, Finding, Value};
use crate::ending::Kind;

pub fn detect(case: &Case<'_>) -> Option<Finding> {
    let (Kind::Reset, Some(by), Some(carrier)) = (case.ending.kind, case.ending.by, case.ending.carrier) else {
        return None;
    };
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
