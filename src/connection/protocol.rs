//! The protocol of a connection without a WebSocket: a report says what else it has read.

use super::{Application, Connection, is_http_response};
use crate::http::exchange::is_request;
use crate::side::Side;
use crate::sink::Counts;

/// The beginning of the preface that a client of HTTP/2 sends first (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2";

/// The protocol of a connection, by its first bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Protocol {
    /// None that is known here, or no byte so far.
    #[default]
    Unknown,
    /// HTTP/1.
    Http,
    /// HTTP/2.
    Http2,
}

impl Protocol {
    /// Recognises the protocol by the first bytes that were captured, which `side` has sent.
    pub fn of(side: Side, bytes: &[u8]) -> Self {
        if side == Side::Client && bytes.starts_with(HTTP2_PREFACE) {
            Self::Http2
        } else if is_http_response(bytes) || (side == Side::Client && is_request(bytes)) {
            Self::Http
        } else {
            Self::Unknown
        }
    }
}

impl Connection {
    /// Counts a connection that is not to be reported.
    pub fn count(&self, counts: &mut Counts) {
        let layers = &self.layers;
        match (layers.protocol, &layers.application) {
            (_, Application::Http2(http2)) if http2.has_websocket() => {}
            (Protocol::Http, _) => counts.http += 1,
            (Protocol::Http2, _) => counts.http2 += 1,
            (Protocol::Unknown, Application::Probe(_)) => counts.unrecognised += 1,
            (Protocol::Unknown, _) => {}
        }
    }
}
