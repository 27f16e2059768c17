//! The events of a connection, from all of its layers.

use crate::chunk::Carrier;
use crate::side::Side;
use crate::tls::record::Alert;
use crate::{http, tls, ws};

/// An event, and the segment that carried it. Everything is borrowed, because there are two events a frame.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The side that caused it.
    pub side: Side,
    /// The segment that carried it.
    pub carrier: &'a Carrier,
    /// The event itself.
    pub what: What<'a>,
}

/// The kind of an event, by its layer.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// An event of the opening handshake.
    Http(&'a http::Event<'a>),
    /// The outcome of the TLS handshake.
    Tls(tls::Outcome),
    /// A ClientHello was answered in plain HTTP.
    NotTls {
        /// The beginning of the answer.
        first: &'a [u8],
    },
    /// An event of the frames.
    Ws(&'a ws::Event<'a>),
    /// Frames show that the connection is a WebSocket. Its opening handshake was not captured, or only in part.
    Joined,
    /// The side has ended its direction, or the connection.
    End {
        /// The kind of its end.
        kind: EndKind,
        /// The TCP bytes that it needs; [`u64::MAX`] if no acknowledgement shows it.
        needed: u64,
    },
}

/// The kind of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum EndKind {
    /// FIN: all bytes before it have been sent (RFC 9293 §3.6).
    Fin,
    /// RST: the connection is gone (RFC 9293 §3.5.2).
    Reset,
    /// close_notify: the side sends no more over TLS (RFC 8446 §6.1).
    CloseNotify,
    /// Another alert of TLS, behind which its sender closes (RFC 8446 §6.2).
    Alert(Alert),
    /// END_STREAM: the side sends no more on its HTTP/2 stream (RFC 9113 §5.1).
    EndStream,
    /// RST_STREAM with this code: the HTTP/2 stream is gone, the connection is not (RFC 9113 §5.4.2).
    StreamReset(u32),
}
