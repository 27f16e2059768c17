//! What a view with holes leaves of a verdict's certainty.
//!
//! A cause is not certain where frames are missing, or came before the capture: one of those may have been the real one.
//! What rests on something that was not seen proves less where it may only not have been captured; and whose Close was
//! the first cannot be told where the other side's may be missing, or only its retransmission was captured.

use super::{Case, Confidence, Role, Verdict};
use crate::ending::{beginning_close, first_close, is_retransmitted};
use crate::facts::Facts;
use crate::side::Side;

/// Rules that rest on something that was not seen: an answer, a pong, an end.
const SILENCE: [&str; 9] = [
    "handshake_unanswered",
    "ping_unanswered",
    "idle_timeout",
    "lifetime_limit",
    "first_message_late",
    "peer_vanished",
    "connection_forgotten",
    "close_unanswered",
    "still_open",
];

/// Those that rest on there being no Close. Bytes that were dropped while capturing leave a gap in the stream, which is
/// seen.
const NO_CLOSE: [&str; 2] = ["fin_without_close", "reset_without_close"];

/// Those that rest on whose Close was the first.
const FIRST_CLOSE: [&str; 3] = ["closed_normally", "going_away", "closed_by_application"];

/// Those that rest on what both legs of a proxied connection show.
const BOTH_LEGS: [&str; 2] = ["proxy_cut", "ended_behind_proxy"];

impl Verdict {
    /// Lowers the confidence to what the view allows.
    pub(super) fn doubt(&mut self, case: &Case<'_>) {
        let facts = case.facts;
        let holes = has_holes(facts);
        let other_leg = case.member.and_then(|own| case.fleet.other_leg(own));
        let other_may_be_first = beginning_close(facts).is_some_and(|close| {
            let other = first_close(facts, !close.side);
            may_lack_frames(facts, !close.side) || other.is_some_and(|other| is_retransmitted(facts, other))
        });
        // What its reason says may have been the opposite.
        let is_cut = beginning_close(facts).is_some_and(|close| !close.complete) && self.rule.role == Role::Cause;
        let is_one_of = |names: &[&str]| names.contains(&self.rule.name);
        let most = if is_one_of(&SILENCE) && (holes || facts.drops)
            || is_one_of(&NO_CLOSE) && holes
            || is_one_of(&FIRST_CLOSE) && other_may_be_first
            || is_one_of(&BOTH_LEGS) && other_leg.is_some_and(|leg| leg.has_holes)
        {
            Confidence::Medium
        } else if matches!(self.rule.role, Role::Failure | Role::Cause)
            && (holes || facts.drops || facts.joined || is_cut)
        {
            Confidence::High
        } else {
            Confidence::Certain
        };
        self.finding.confidence = self.finding.confidence.max(most);
    }
}

/// Whether either side may have sent frames that are not in the capture.
pub(super) fn has_holes(facts: &Facts) -> bool {
    Side::BOTH.iter().any(|side| may_lack_frames(facts, *side))
}

/// Whether a side may have sent frames that are not in the capture: it was not captured at all; bytes are missing where
/// frames could have begun; or it sent nothing since the capture began, and perhaps its Close before that.
fn may_lack_frames(facts: &Facts, side: Side) -> bool {
    let (tcp, sent) = (&facts.tcp().sent[side], &facts.sent[side]);
    let lost = sent.lost > 0 && tcp.lost_bytes() + tcp.cut_bytes() > 0;
    tcp.segments == 0 || lost || (facts.joined && sent.frames == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::RULES;

    #[test]
    fn rules_are_named_as_they_are() {
        let names = SILENCE.iter().chain(&NO_CLOSE).chain(&FIRST_CLOSE).chain(&BOTH_LEGS);
        assert_eq!(names.filter(|name| RULES.iter().any(|rule| rule.name == **name)).count(), 16);
    }
}
