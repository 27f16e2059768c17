//! Which side of a connection is the client: by its first segment, or by what it says first.

use std::net::SocketAddr;

use crate::http::exchange::is_request;
use crate::side::{PerSide, Side};
use crate::tcp::{Flags, Segment};
use crate::tls::record::is_client_hello;

/// Guesses the client and the server from one segment: the client sends a SYN and receives a SYN-ACK; without a SYN,
/// the client is the side with the higher port.
pub(super) fn guess_sides(segment: &Segment<'_>) -> PerSide<SocketAddr> {
    let (source, destination, flags) = (segment.source(), segment.destination(), segment.flags);
    let from_server = if flags.has(Flags::SYN) { flags.has(Flags::ACK) } else { source.port() < destination.port() };
    if from_server {
        PerSide { client: destination, server: source }
    } else {
        PerSide { client: source, server: destination }
    }
}

/// Returns whether a connection's first payload is one that only this side sends.
pub(super) fn speaks_as(side: Side, payload: &[u8]) -> bool {
    match side {
        Side::Client => is_client_hello(payload) || (payload.len() > 4 && is_request(payload)),
        Side::Server => is_http_response(payload),
    }
}

pub(super) fn is_http_response(payload: &[u8]) -> bool {
    payload.starts_with(b"HTTP/1.")
}
