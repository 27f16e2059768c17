//! Packets in packets: MPLS, GRE, ERSPAN, VXLAN, GENEVE, GTP-U. The tunnel of a packet is not kept: Wireshark does not
//! distinguish connections by it either.

use nom::bytes::complete::take;
use nom::combinator::{cond, peek};
use nom::number::complete::{be_u16, be_u32, u8};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::body::Body;
use super::ethernet::ether_types;
use super::walk::{Found, Walk};
use super::{Skipped, ethernet, network, ppp};
use crate::limits;

/// UDP port of VXLAN (RFC 7348).
pub(super) const VXLAN: u16 = 4789;
/// UDP port that Linux used for VXLAN before one was assigned.
pub(super) const VXLAN_LINUX: u16 = 8472;
/// UDP port of GENEVE (RFC 8926).
pub(super) const GENEVE: u16 = 6081;
/// UDP port of GTP-U (3GPP TS 29.281).
pub(super) const GTP_U: u16 = 2152;
/// Protocol number of PPP in GRE (RFC 2637).
pub(super) const PPP_IN_GRE: u16 = 0x880b;

/// Parses an MPLS label (RFC 3032). The protocol below the last label shows only in its first four bits (RFC 4928): IP,
/// or an Ethernet frame.
///
/// ```text
/// | label 20 bits, class 3, bottom of stack 1, time to live 8 |
/// ```
pub(super) fn mpls<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const NAME: &str = "MPLS";
    const BOTTOM: u32 = 0x0000_0100;
    let (label, rest) = body.peel(NAME, be_u32)?;
    if label & BOTTOM == 0 {
        return mpls(walk.deeper()?, rest);
    }
    match rest.peel(NAME, peek(u8))?.0 >> 4 {
        0 => pseudowire(walk, rest),
        1 => Err(Skipped::NotTcp), // associated channel: maintenance
        4 | 6 => network::ip(walk.deeper()?, rest),
        _ => ethernet::frame(walk.deeper()?, rest),
    }
}

/// Parses an Ethernet frame with or without a control word in front of it (RFC 4448). The control word begins with four
/// zero bits, but so do most hardware addresses. A valid EtherType after the addresses decides.
///
/// ```text
/// [ 0 4 bits, reserved 12, sequence 2 ] | destination 6 | source 6 | EtherType 2 |
/// ```
fn pseudowire<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const NAME: &str = "pseudowire";
    let ((without, with), _) = body.peel(NAME, (preceded(take(12usize), be_u16), preceded(take(2usize), be_u16)))?;
    let frame = match ether_types::may_lead_to_ip(with) && !ether_types::may_lead_to_ip(without) {
        true => body.skip(NAME, 4)?,
        false => body,
    };
    ethernet::frame(walk.deeper()?, frame)
}

/// Parses generic routing encapsulation (RFC 2784, RFC 2890; version 1: RFC 2637).
///
/// ```text
/// | C R K S s recur 3 bits, A, reserved 4 bits, version 3 bits | protocol 2 |
/// [ C: checksum 2, reserved 2 ] [ K: key 4; version 1: length 2, call 2 ] [ S: sequence 4 ] [ A: acknowledgment 4 ]
/// ```
pub(super) fn gre<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const ERSPAN_II: u16 = 0x88be;
    const ERSPAN_III: u16 = 0x22eb;
    let (gre, rest) = body.peel("GRE", gre_header)?;
    if gre.flags & Gre::ROUTING != 0 {
        return Err(Skipped::Unsupported("GRE with source routing"));
    }
    match gre.protocol {
        // Type I has no header of its own, and no sequence number.
        ERSPAN_II if gre.flags & Gre::SEQUENCE == 0 => ethernet::frame(walk.deeper()?, rest),
        ERSPAN_II | ERSPAN_III => erspan(walk, rest),
        PPP_IN_GRE => {
            let length = gre.key.map_or(rest.length, |key| usize::from(key.0));
            ppp::frame(walk.deeper()?, rest.limit(length))
        }
        protocol => ethernet::ether_type(walk.deeper()?, protocol, rest),
    }
}

struct Gre {
    flags: u16,
    protocol: u16,
    /// The halves of the key; in version 1 the payload's length and the call.
    key: Option<(u16, u16)>,
}

impl Gre {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGMENT: u16 = 0x0080;
    const VERSION: u16 = 0x0007;
}

fn gre_header(input: &[u8]) -> IResult<&[u8], Gre, ()> {
    let (rest, (flags, protocol)) = (be_u16, be_u16).parse(input)?;
    let (rest, (_, key, _, _)) = (
        cond(flags & Gre::CHECKSUM != 0, be_u32),
        cond(flags & Gre::KEY != 0, (be_u16, be_u16)),
        cond(flags & Gre::SEQUENCE != 0, be_u32),
        cond(flags & Gre::VERSION == 1 && flags & Gre::ACKNOWLEDGMENT != 0, be_u32),
    )
        .parse(rest)?;
    Ok((rest, Gre { flags, protocol, key }))
}

/// Parses a mirrored frame, type II or III (draft-foschiano-erspan).
///
/// ```text
/// II:  | version 4 bits: 1, VLAN 12 | class … session 2 | index 4 |
/// III: | version 4 bits: 2, VLAN 12 | class … session 2 | time 4 | tag 2 | P, type 5 bits, …, O | [ O: platform 8 ]
/// ```
fn erspan<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const NAME: &str = "ERSPAN";
    const PLATFORM: u16 = 0x0001;
    let (version, rest) = body.peel(NAME, be_u16)?;
    match version >> 12 {
        1 => ethernet::frame(walk.deeper()?, rest.skip(NAME, 6)?),
        2 => {
            let (flags, rest) = rest.peel(NAME, preceded(take(8usize), be_u16))?;
            let rest = if flags & PLATFORM != 0 { rest.skip(NAME, 8)? } else { rest };
            match flags >> 10 & 0x1f {
                0 => ethernet::frame(walk.deeper()?, rest),
                2 => network::ip(walk.deeper()?, rest),
                _ => Err(Skipped::NotTcp),
            }
        }
        _ => Err(Skipped::Broken(NAME)),
    }
}

/// Parses the tunnel of a UDP port.
pub(super) fn udp<'a>(walk: Walk, port: u16, body: Body<'a>) -> Found<'a> {
    match port {
        VXLAN | VXLAN_LINUX => vxlan(walk, body),
        GENEVE => geneve(walk, body),
        GTP_U => gtp_u(walk, body),
        _ => Err(Skipped::NotTcp),
    }
}

/// Parses VXLAN. Without the flag for a valid identifier, it is something else on that port.
///
/// ```text
/// | flags 1: I 08 | reserved 3 | identifier 3 | reserved 1 | Ethernet frame
/// ```
fn vxlan<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const IDENTIFIER: u8 = 0x08;
    let (flags, rest) = body.peel("VXLAN", u8)?;
    if flags & IDENTIFIER == 0 {
        return Err(Skipped::NotTcp);
    }
    ethernet::frame(walk.deeper()?, rest.skip("VXLAN", 7)?)
}

/// Parses GENEVE.
///
/// ```text
/// | version 2 bits: 0, options' length 6 bits, in 4 bytes | flags 1 | EtherType 2 | identifier 3 | reserved 1 | options |
/// ```
fn geneve<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    let ((first, protocol), rest) = body.peel("GENEVE", (u8, preceded(take(1usize), be_u16)))?;
    if first >> 6 != 0 {
        return Err(Skipped::NotTcp);
    }
    let options = usize::from(first & 0x3f) * 4;
    ethernet::ether_type(walk.deeper()?, protocol, rest.skip("GENEVE", 4 + options)?)
}

/// Parses the GTP-U message that carries a packet. Other messages are not TCP.
///
/// ```text
/// | version 3 bits: 1, protocol 1, reserved 1, E, S, PN | type 1: ff | length 2 | tunnel 4 |
/// [ E, S or PN: sequence 2, number 1, next extension 1 ] [ length 1, in 4 bytes | … | next extension 1 ] …
/// ```
fn gtp_u<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const NAME: &str = "GTP-U";
    const PACKET: u8 = 0xff;
    let ((flags, message, length), rest) = body.peel(NAME, (u8, u8, be_u16))?;
    if flags & 0xf0 != 0x30 || message != PACKET {
        return Err(Skipped::NotTcp);
    }
    let mut rest = rest.skip(NAME, 4)?.limit(usize::from(length));
    if flags & 0x07 == 0 {
        return network::ip(walk.deeper()?, rest);
    }
    let mut extension;
    (extension, rest) = rest.peel(NAME, be_u32.map(|word| word & 0xff))?;
    for _ in 0..limits::HEADERS {
        if extension == 0 || flags & 0x04 == 0 {
            return network::ip(walk.deeper()?, rest);
        }
        let (length, content) = rest.peel(NAME, u8)?;
        // The content without the two bytes around it.
        let Some(content_length) = (usize::from(length) * 4).checked_sub(2) else { return Err(Skipped::Broken(NAME)) };
        (extension, rest) = content.peel(NAME, preceded(take(content_length), u8.map(u32::from)))?;
    }
    Err(Skipped::NestedHeaders)
}
