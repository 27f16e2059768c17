//! Broken rules, with what both sides sent around them.

use crate::chunk::Carrier;
use crate::ws::Violation;

/// A broken rule, with counts of what both sides sent around it. The counts use the order of each side's own stream and
/// what segments acknowledge, because captures may contain the packets of the two sides in another order than they were
/// sent in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Breach {
    /// The violation.
    pub violation: Violation,
    /// Complete messages that the offender had sent before.
    pub messages_before: u32,
    /// Pings that the offender had sent before.
    pub pings_before: u32,
    /// Complete messages that the other side sent after it had received the proof.
    pub messages_behind: u32,
}

impl Breach {
    /// Counts a message of the other side, sent in the segment `carrier`, if its sender had received the proof.
    pub(super) fn answered(&mut self, carrier: &Carrier) {
        let has_received = carrier.acked().is_none_or(|acked| acked >= self.violation.needed);
        self.messages_behind = self.messages_behind.saturating_add(u32::from(has_received));
    }
}
