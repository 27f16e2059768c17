//! The payload of a Close frame (RFC 6455 §5.5.1): nothing, or a status code and a reason.

use std::fmt;

use nom::Parser;
use nom::combinator::rest;
use nom::number::complete::be_u16;

/// A status code of a Close frame (RFC 6455 §7.4). Any number is representable: 1014 and 4242 must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// The purpose has been fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// The server stops, or the browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// A frame broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// The endpoint does not accept this type of data.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// Reported by APIs for a Close frame without a code.
    pub const NO_STATUS: Self = Self(1005);
    /// Reported by APIs if no Close frame came.
    pub const ABNORMAL: Self = Self(1006);
    /// A payload does not fit the type of its message.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// A policy was violated.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// A message was larger than the endpoint accepts.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// The endpoint met a condition that it could not continue from.
    pub const INTERNAL_ERROR: Self = Self(1011);

    /// Returns whether a Close frame may contain the code: it is registered for the wire, or in the ranges 3000–4999
    /// (RFC 6455 §7.4.1–7.4.2; 1012–1014 by the IANA registry).
    pub const fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The payload of a Close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// No payload: no code.
    Empty,
    /// One byte: half a code. A violation.
    HalfCode(u8),
    /// A code, and a reason that should be UTF-8.
    Code(CloseCode, &'a [u8]),
}

/// Parses an unmasked Close payload.
pub fn body(payload: &[u8]) -> Body<'_> {
    match payload {
        [] => Body::Empty,
        [half] => Body::HalfCode(*half),
        _ => (be_u16::<_, nom::error::Error<&[u8]>>, rest)
            .parse(payload)
            .map_or(Body::Empty, |(_, (code, reason))| Body::Code(CloseCode(code), reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_bodies() {
        assert_eq!(body(b""), Body::Empty);
        assert_eq!(body(b"\x03"), Body::HalfCode(3));
        assert_eq!(body(b"\x03\xe8"), Body::Code(CloseCode::NORMAL, b""));
        assert_eq!(body(b"\x11\x31late"), Body::Code(CloseCode(4401), b"late"));
    }

    /// RFC 6455 §7.4.1–7.4.2 and the IANA registry, code by code.
    #[test]
    fn codes_that_may_be_sent() {
        let sendable = |code| CloseCode(code).may_be_sent();
        assert!((0..1000).all(|code| !sendable(code)));
        for code in [1004, 1005, 1006, 1015] {
            assert!(!sendable(code), "{code}");
        }
        for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014] {
            assert!(sendable(code), "{code}");
        }
        assert!((1016..3000).all(|code| !sendable(code)));
        assert!((3000..5000).all(sendable));
        assert!((5000..=u16::MAX).all(|code| !sendable(code)));
    }
}
