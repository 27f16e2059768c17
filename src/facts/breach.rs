//! A broken rule, and what both sides said around it.

use crate::chunk::Carrier;
use crate::ws::Violation;

/// A broken rule, and what both sides said around it: by the order of each side's own stream and by what segments
/// acknowledge, for captures may hold the packets of the two sides in another order than they were sent in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// What was broken, by whom.
    pub violation: Violation,
    /// Complete messages that the offender had sent before.
    pub messages_before: u32,
    /// Pings that the offender had sent before.
    pub pings_before: u32,
    /// Complete messages that the other side sent having received the proof.
    pub messages_behind: u32,
}

impl Breach {
    /// Notes that the other side sent a message in that segment.
    pub(super) fn answered(&mut self, carrier: &Carrier) {
        let has_received = carrier.acked().is_none_or(|acked| acked >= self.violation.needed);
        self.messages_behind = self.messages_behind.saturating_add(u32::from(has_received));
    }
}
