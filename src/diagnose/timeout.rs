//! The finding of rules about timers that ran out.

use std::time::Duration;

use super::known::Match;
use super::silence::Silence;
use super::{Confidence, Finding, Value, Variant};

/// The signs of a timer.
#[derive(Clone, Debug)]
pub struct Timeout {
    /// Whether the reason of the Close frame says that a timer ran out.
    pub is_said: bool,
    /// The known timers that fit.
    pub timer: Option<Match>,
    /// The number of other connections that ended after the same time.
    pub together: usize,
}

/// The variants of the texts, by the best sign.
pub const VARIANTS: &[Variant] =
    &[Variant::BASE, Variant::plain("said"), Variant::with("known", &["timers"]), Variant::plain("other")];

impl Timeout {
    /// Returns the finding that a timer ended a connection after `span`, which the texts call `name`.
    pub fn finding(self, confidence: Confidence, end: &Silence<'_>, name: &'static str, span: Duration) -> Finding {
        let variant = match (self.is_said, &self.timer, self.together) {
            (true, ..) => "said",
            (false, Some(_), _) => "known",
            (false, None, 1) => "other",
            (false, None, _) => "",
        };
        let packet = end.end.carrier.seen.packet;
        let finding = Finding::new(confidence)
            .packet(packet)
            .with("closer", Value::Side(end.by))
            .with(name, Value::Time(span))
            .with("others", Value::Number(self.together as u64))
            .with("packet", Value::Packet(packet))
            .variant(variant);
        match self.timer {
            Some(timer) => finding.with("timers", Value::Token(timer.names)),
            None => finding,
        }
    }
}
