//! Everything that can happen in a connection, as its layers tell it.

use crate::chunk::Carrier;
use crate::side::Side;
use crate::{http, tls, ws};

/// Something that happened, and the segment that brought it. All of it is lent: it happens twice a frame.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Who did it.
    pub side: Side,
    /// The segment.
    pub carrier: &'a Carrier,
    /// What happened.
    pub what: What<'a>,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// In the opening handshake.
    Http(&'a http::Event<'a>),
    /// In the TLS handshake.
    Tls(tls::Outcome),
    /// In the frames.
    Ws(&'a ws::Event<'a>),
    /// Frames show that the connection is a WebSocket, whose opening handshake was not captured, or not whole.
    Joined,
    /// The side will send no more (FIN).
    Fin,
    /// The side reset the connection (RST).
    Reset,
}
