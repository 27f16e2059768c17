//! Builds frames of HTTP/2 (RFC 9113 §4.1).

use whyclosed::http2::frame::Type;

/// Returns a frame.
pub fn frame(kind: Type, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind.0, flags], &stream.to_be_bytes(), payload].concat()
}
