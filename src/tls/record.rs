//! TLS records (RFC 8446 §5.1) and alerts (§6).
//!
//! ```text
//! ├ type ┼ version ┼ length ┼ fragment …
//!    1        2         2
//! ```

use std::fmt;

use nom::number::streaming::{be_u8, be_u16};
use nom::{IResult, Parser};

/// Bytes of a record's header.
pub const HEADER: usize = 5;

/// The most bytes of a record's fragment (RFC 5246 §6.2.3); TLS 1.3 allows 2^14 + 256.
pub const FRAGMENT: usize = (1 << 14) + 2048;

/// The content type of a record (RFC 8446 §B.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType(pub u8);

impl ContentType {
    /// change_cipher_spec
    pub const CHANGE_CIPHER_SPEC: Self = Self(20);
    /// alert
    pub const ALERT: Self = Self(21);
    /// handshake
    pub const HANDSHAKE: Self = Self(22);
    /// application_data, and in TLS 1.3 everything encrypted
    pub const APPLICATION_DATA: Self = Self(23);
}

/// A version of TLS, as it is on the wire: 0x0303 is TLS 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Version(pub u16);

impl Version {
    /// TLS 1.0
    pub const TLS10: Self = Self(0x0301);
    /// TLS 1.1
    pub const TLS11: Self = Self(0x0302);
    /// TLS 1.2
    pub const TLS12: Self = Self(0x0303);
    /// TLS 1.3
    pub const TLS13: Self = Self(0x0304);
}

impl fmt::Display for Version {
    /// Writes the name as RFC 8446 does, or the number of a version that has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TLS10 => f.write_str("TLS 1.0"),
            Self::TLS11 => f.write_str("TLS 1.1"),
            Self::TLS12 => f.write_str("TLS 1.2"),
            Self::TLS13 => f.write_str("TLS 1.3"),
            Self(number) => write!(f, "0x{number:04X}"),
        }
    }
}

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The content type that the record announces.
    pub content_type: ContentType,
    /// The version that the record announces: 3.3 in TLS 1.2 and 1.3.
    pub version: [u8; 2],
    /// Bytes of its fragment.
    pub length: u16,
}

impl Header {
    /// Returns whether its fragment is not longer than any version of TLS allows.
    pub fn is_of_legal_length(self) -> bool {
        usize::from(self.length) <= FRAGMENT
    }

    /// Returns the number of bytes of the whole record.
    pub fn wire_len(self) -> u64 {
        HEADER as u64 + u64::from(self.length)
    }

    /// Returns its bytes on the wire.
    pub const fn bytes(self) -> [u8; HEADER] {
        let [high, low] = self.length.to_be_bytes();
        [self.content_type.0, self.version[0], self.version[1], high, low]
    }
}

/// A record whose fragment has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its header.
    pub header: Header,
    /// Its fragment, as it is on the wire.
    pub fragment: &'a [u8],
}

/// Parses a record's header. Fails if the type or the version is not one of TLS.
pub fn header(input: &[u8]) -> IResult<&[u8], Header> {
    let (rest, (content_type, major, minor, length)) = (be_u8, be_u8, be_u8, be_u16).parse(input)?;
    if !(20..=23).contains(&content_type) || major != 3 {
        return Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify)));
    }
    Ok((rest, Header { content_type: ContentType(content_type), version: [major, minor], length }))
}

/// Parses a record that is there completely. Returns it and the bytes behind it; `None` if there is no whole record.
pub fn split(input: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (rest, header) = header(input).ok().filter(|(_, header)| header.is_of_legal_length())?;
    let (fragment, rest) = rest.split_at_checked(usize::from(header.length))?;
    Some((Record { header, fragment }, rest))
}

/// Returns whether bytes begin like a ClientHello: handshake, version 3.x, a message of type 1 (RFC 8446 §4).
pub fn is_client_hello(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, _, _, _, 0x01, ..])
}

/// Returns whether bytes begin like a record of encrypted data, of at most 2^14 + 2048 bytes (RFC 5246 §6.2.3).
pub fn is_application_data(bytes: &[u8]) -> bool {
    matches!(bytes, [0x17, 0x03, 0x01..=0x03, 0x00..=0x48, _, ..])
}

/// Returns whether bytes begin like an alert record.
pub fn is_alert(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15, 0x03, 0x00..=0x04, 0x00, 0x02, ..])
}

/// The description of an alert (RFC 8446 §6; the TLS Alerts registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Alert(pub u8);

impl Alert {
    /// close_notify
    pub const CLOSE_NOTIFY: Self = Self(0);

    /// Returns whether it is a closure alert: its sender only closes, or has cancelled the handshake (RFC 8446 §6.1).
    pub const fn says_goodbye(self) -> bool {
        matches!(self.0, 0 | 90)
    }
}

impl fmt::Display for Alert {
    /// Writes the registry's name and the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            40 => "handshake_failure",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            109 => "missing_extension",
            110 => "unsupported_extension",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            _ => return write!(f, "alert {}", self.0),
        };
        write!(f, "{name} ({})", self.0)
    }
}
