//! PPP, and PPP over Ethernet (RFC 1661, RFC 1662, RFC 2516).

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take};
use nom::combinator::{opt, verify};
use nom::number::complete::{be_u16, u8};
use nom::sequence::preceded;

use super::body::Body;
use super::walk::{Found, Walk};
use super::{Skipped, network, tunnel};

/// Parses a PPP frame: address and control if HDLC framing left them in, and a protocol number of one byte if its
/// compression was agreed on. A full protocol number ends in an odd byte, and begins with an even one.
///
/// ```text
/// [ ff 03 ] | protocol 1 or 2 |
/// ```
pub(super) fn frame<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const IPV4: u16 = 0x0021;
    const IPV6: u16 = 0x0057;
    const MPLS: u16 = 0x0281;
    const MPLS_UPSTREAM: u16 = 0x0283;
    const CONTROL_PROTOCOLS: u16 = 0x8000;
    // 0xff is not a protocol, but the address, cut off after its first byte.
    let compressed = verify(u8, |byte| byte & 1 == 1 && *byte != 0xff).map(u16::from);
    match body.peel("PPP", preceded(opt(tag(&[0xff, 0x03][..])), alt((compressed, be_u16))))? {
        (IPV4 | IPV6, rest) => network::ip(walk, rest),
        (MPLS | MPLS_UPSTREAM, rest) => tunnel::mpls(walk.deeper()?, rest),
        (CONTROL_PROTOCOLS.., _) => Err(Skipped::NotTcp),
        (other, _) => Err(Skipped::PppProtocol(other)),
    }
}

/// Parses PPP over Ethernet, in its session stage.
///
/// ```text
/// | version 4 bits, type 4 bits | code 1: 0 is data | session 2 | length 2 |
/// ```
pub(super) fn pppoe<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    let ((code, length), rest) = body.peel("PPPoE", (preceded(take(1usize), u8), preceded(take(2usize), be_u16)))?;
    match code {
        0 => frame(walk.deeper()?, rest.limit(usize::from(length))),
        _ => Err(Skipped::NotTcp), // discovery
    }
}
