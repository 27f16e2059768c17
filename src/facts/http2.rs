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
    /// Whether the server had offered extended CONNECT (RFC 8441 §3) when it was requested; `None` if its settings were
    /// not seen before.
    pub offered: Option<bool>,
    /// The GOAWAY that came while the stream was open, the first one of either side.
    pub goaway: Option<Box<GoAway>>,
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
}
