//! The ends of a connection's directions.

use crate::chunk::Carrier;
use crate::event::EndKind;
use crate::side::Side;

/// The end of one direction: its sender sends no more, or has given up the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct End {
    /// The side that sent it.
    pub side: Side,
    /// Its kind.
    pub kind: EndKind,
    /// The segment that carried it.
    pub carrier: Carrier,
    /// The TCP bytes that it needs, its own place among them; [`u64::MAX`] if no acknowledgement shows it.
    pub needed: u64,
}

impl End {
    /// Returns whether a segment of the other side acknowledges it.
    pub fn is_known_to(&self, other: &Carrier) -> bool {
        other.acked().is_some_and(|acked| acked >= self.needed)
    }
}
