//! Lowers the confidence of verdicts where the capture has holes.
//!
//! No cause of an encrypted connection's end is certain, because its frames are not seen.
//!
//! A cause is not certain if frames are missing or were sent before the capture began: one of those may be the real cause.
//! A verdict that rests on something that was not seen is weaker if it may merely not have been captured. The order of two
//! Close frames is unknown if the other side's may be missing, or if only a retransmission of it was captured.

use super::stride::is_clouded;
use super::{Case, Confidence, Ground, Role, Verdict};
use crate::ending::{beginning_close, first_close, is_retransmitted};
use crate::facts::Facts;
use crate::side::Side;

impl Verdict {
    /// Lowers the confidence to the most that the capture allows.
    pub(super) fn cap_confidence(&mut self, case: &Case<'_>) {
        let facts = case.facts;
        let holes = has_holes(facts);
        let other_leg = case.member.and_then(|own| case.fleet.other_leg(own));
        let other_may_be_first = beginning_close(facts).is_some_and(|close| {
            let other = first_close(facts, !close.side);
            may_lack_frames(facts, !close.side) || other.is_some_and(|other| is_retransmitted(facts, other))
        });
        // The part of the reason that is missing may have reversed its meaning.
        let is_cut = beginning_close(facts).is_some_and(|close| !close.complete) && self.rule.role == Role::Cause;
        let rests_on = |ground| self.rule.rests_on.contains(&ground);
        let most = if rests_on(Ground::NothingBefore) && is_clouded(case) {
            Confidence::Low
        } else if rests_on(Ground::Silence) && (holes || facts.drops)
            || rests_on(Ground::NoClose) && holes
            || rests_on(Ground::FirstClose) && other_may_be_first
            || rests_on(Ground::BothLegs) && other_leg.is_some_and(|leg| leg.has_holes)
        {
            Confidence::Medium
        } else if matches!(self.rule.role, Role::Failure | Role::Cause)
            && (holes || facts.drops || facts.joined || is_cut || facts.rare.outside.is_some())
        {
            Confidence::High
        } else {
            Confidence::Certain
        };
        self.finding.confidence = self.finding.confidence.max(most);
    }
}

/// Returns whether either side may have sent frames that are not in the capture.
pub(super) fn has_holes(facts: &Facts) -> bool {
    Side::BOTH.iter().any(|side| may_lack_frames(facts, *side))
}

/// Returns whether a side may have sent frames that are not in the capture: it was not captured at all; bytes are missing
/// where frames could have begun; or it sent nothing since the capture began, and perhaps a Close frame before that.
fn may_lack_frames(facts: &Facts, side: Side) -> bool {
    let (tcp, sent) = (&facts.tcp().sent[side], &facts.sent[side]);
    let lost = sent.lost > 0 && tcp.lost_bytes() + tcp.cut_bytes() > 0;
    let has_gaps = facts.rare.outside.as_ref().is_some_and(|outside| outside.sent[side].has_gaps);
    tcp.segments == 0 || lost || has_gaps || (facts.joined && sent.frames == 0)
}
