//! The PROXY protocol header that a load balancer may put in front of a connection's first bytes
//! (haproxy.org, `proxy-protocol.txt` §2.1 and §2.2).

use nom::IResult;
use nom::Parser;
use nom::bytes::streaming::{tag, take};
use nom::combinator::consumed;
use nom::multi::length_data;
use nom::number::streaming::be_u16;

/// The signature that a header of version 2 begins with (§2.2).
pub const SIGNATURE_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of the longest header of version 1, from "PROXY" to CRLF (§2.1).
const LONGEST_V1: usize = 107;

/// The meaning of the first bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// A PROXY header of this many bytes.
    Header(usize),
    /// The possible beginning of a PROXY header.
    Partial,
    /// No PROXY header.
    None,
}

/// Looks for a PROXY header at the beginning of `bytes`.
pub fn prefix(bytes: &[u8]) -> Prefix {
    if bytes.starts_with(b"PROXY ") {
        return match bytes.iter().take(LONGEST_V1).position(|byte| *byte == b'\n') {
            Some(end) => Prefix::Header(end + 1),
            None if bytes.len() < LONGEST_V1 => Prefix::Partial,
            None => Prefix::None,
        };
    }
    match header_v2(bytes) {
        Ok((_, header)) => Prefix::Header(header.len()),
        Err(nom::Err::Incomplete(_)) if bytes.starts_with(b"\r") => Prefix::Partial,
        Err(_) if !bytes.is_empty() && b"PROXY ".starts_with(bytes) => Prefix::Partial,
        Err(_) => Prefix::None,
    }
}

/// Parses a header of version 2: signature, version and command, family, length, addresses.
fn header_v2(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let (rest, (header, _)) = consumed((tag(SIGNATURE_V2), take(2usize), length_data(be_u16))).parse(input)?;
    Ok((rest, header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_at_every_cut() {
        let v1 = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n".to_vec();
        let v2 = [SIGNATURE_V2, b"\x21\x11\x00\x0c", &[0; 12]].concat();
        for header in [v1, v2] {
            let wire = [header.as_slice(), b"GET /"].concat();
            for cut in 1..header.len() {
                assert_eq!(prefix(&wire[..cut]), Prefix::Partial, "{cut}");
            }
            assert_eq!(prefix(&wire), Prefix::Header(header.len()));
        }
        assert_eq!(prefix(b"GET / HTTP/1.1"), Prefix::None);
        assert_eq!(prefix(b"POST / HTTP/1.1"), Prefix::None);
    }
}
