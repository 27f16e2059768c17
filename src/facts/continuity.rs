//! A connection that is known by parts, because the files that it is in are read by several work items.

use crate::seen::Timestamp;
use crate::side::PerSide;

/// The place of facts among all that is known of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Continuity {
    /// Whether it had begun before the packets that the facts are of.
    pub before: bool,
    /// Whether it was still open behind them.
    pub after: bool,
    /// The first sequence number of each side: that of its SYN, if this was captured; `None` for a side that sent nothing.
    pub first: PerSide<Option<u32>>,
    /// The sequence number behind the last byte, or FIN, of each side.
    pub next: PerSide<Option<u32>>,
    /// The time of the last packet that is known of it.
    pub last: Timestamp,
    /// The number of places at which the facts of two parts were put together without the bytes between them: frames around
    /// such a place may not have been read.
    pub joints: u32,
}
