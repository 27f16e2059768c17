//! A Close frame of a connection.

use crate::chunk::Carrier;
use crate::side::Side;
use crate::ws::CloseCode;

/// A Close frame.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Close {
    /// The side that sent it.
    pub side: Side,
    /// The segment with its first byte.
    pub carrier: Carrier,
    /// Stream offset of its first byte.
    pub offset: u64,
    /// The TCP bytes that its first byte needs.
    pub needed: u64,
    /// Its code; `None` if it carried none, or if the code was not captured.
    pub code: Option<CloseCode>,
    /// Its reason; invalid UTF-8 is replaced by U+FFFD.
    pub reason: Box<str>,
    /// True if all its bytes were captured.
    pub complete: bool,
    /// True if its framing conforms to RFC 6455 §5.
    pub framed: bool,
    /// True if its code and reason conform to RFC 6455 §5.5.1 and §7.4.
    pub sound: bool,
    /// True if a fragmented message of its sender was unfinished.
    pub inside_message: bool,
}

impl Close {
    /// Returns whether both its framing and its payload conform to RFC 6455.
    pub const fn is_valid(&self) -> bool {
        self.framed && self.sound
    }
}
