//! The HTTP/2 stream of a WebSocket.

use crate::seen::Seen;
use crate::side::Side;

/// What is known of the stream that carries a WebSocket, and of its connection.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Http2 {
    /// The number of the stream, as Wireshark's `http2.streamid`.
    pub stream: u32,
    /// The first packet of the TCP connection. What the stream's headers refer to may lie between it and the stream.
    pub begun: u64,
    /// Whether the server offers extended CONNECT (RFC 8441 §3): by its settings before the request, else by the first ones
    /// behind it. `None` if those may have been missed.
    pub offered: Option<bool>,
    /// The GOAWAY that came before the stream was over, the first one of either side.
    pub goaway: Option<Box<GoAway>>,
    /// The side that could send no more when the stream ended, because the other one granted nothing.
    pub starved: Option<Starved>,
}

/// A GOAWAY frame (RFC 9113 §6.8).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GoAway {
    /// The side that sent it.
    pub side: Side,
    /// Its packet.
    pub seen: Seen,
    /// The last stream that it serves.
    pub last: u32,
    /// Its error code; 0 for none.
    pub code: u32,
    /// Its text.
    pub debug: Box<str>,
    /// The WebSockets and attempts that were open on the connection.
    pub open: u32,
}

impl GoAway {
    /// Adds what a later one of the same side says: servers announce the end first, and then which stream was the last.
    pub fn follow(&mut self, later: &Self) {
        self.last = self.last.min(later.last);
        if self.code == 0 && later.code != 0 {
            (self.code, self.seen) = (later.code, later.seen);
        }
        if self.debug.is_empty() {
            self.debug.clone_from(&later.debug);
        }
    }
}

/// A window of flow control (RFC 9113 §5.2) that was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Starved {
    /// The side that waited to send.
    pub side: Side,
    /// The packet that used the window up.
    pub since: Seen,
    /// Whether the window was that of all streams of the connection.
    pub of_connection: bool,
}
