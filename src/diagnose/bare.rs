//! Ends without a Close frame.

use std::time::Duration;

use super::{Case, Confidence, Finding, Value, Variant};
use crate::chunk::Carrier;
use crate::ending::{Kind, last_frame};
use crate::facts::Facts;
use crate::side::Side;
use crate::ws::CutFrame;

/// The longest time after a frame within which an end is probably a reaction to it.
const SOON: Duration = Duration::from_millis(500);

/// The values of every finding.
pub const VALUES: &[&str] = &["side", "other", "packet"];

/// The variants of the texts: what was cut off, and how long the connection had been idle.
pub const VARIANTS: [Variant; 6] = [
    Variant::with("", &["idle"]),
    Variant::plain("no_frame"),
    Variant::with("cut", &["idle", "cut_inside_frame", "received"]),
    Variant::with("cut_message", &["idle"]),
    Variant::with("cut_other", &["idle", "cut_inside_frame", "received"]),
    Variant::with("soon", &["idle"]),
];

/// Returns the finding of a rule that only describes how a connection ended, if it ended in a segment of this kind and
/// without a Close frame.
pub fn ended_by(case: &Case<'_>, kind: Kind) -> Option<Finding> {
    let (by, carrier) = (case.ending.by?, case.ending.carrier?);
    (case.ending.kind == kind).then(|| ended_in(case, by, carrier))
}

/// Returns the finding of a rule that only describes how a connection ended: by this side, in this segment.
pub fn ended_in(case: &Case<'_>, by: Side, carrier: Carrier) -> Finding {
    let finding = Finding::new(Confidence::Certain)
        .blame(by)
        .packet(carrier.seen.packet)
        .with("side", Value::Side(by))
        .with("other", Value::Side(!by))
        .with("packet", Value::Packet(carrier.seen.packet));
    let idle = last_frame(case.facts, by, carrier).map(|last| carrier.seen.time.since(last.time));
    let is_inside_message = case.facts.sent[by].unfinished.as_ref().is_some_and(|unfinished| unfinished.message);
    let finding = match idle {
        Some(idle) => finding.with("idle", Value::Time(idle)),
        None => return finding.variant("no_frame"),
    };
    match (cut_frame(case.facts, by), cut_frame(case.facts, !by)) {
        (Some(own), _) => within(finding, own).variant("cut"),
        (None, _) if is_inside_message => finding.variant("cut_message"),
        (None, Some(of_other)) => within(finding, of_other).variant("cut_other"),
        (None, None) if idle.is_some_and(|idle| idle <= SOON) => finding.variant("soon"),
        (None, None) => finding,
    }
}

fn cut_frame(facts: &Facts, side: Side) -> Option<CutFrame> {
    facts.sent[side].unfinished.as_ref()?.frame
}

/// Adds the values of the frame that was cut off.
fn within(finding: Finding, frame: CutFrame) -> Finding {
    finding.with("cut_inside_frame", Value::Bytes(frame.length)).with("received", Value::Bytes(frame.received))
}
