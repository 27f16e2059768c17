//! The link-layer headers that exist only in captures, and the dispatch by link type
//! (<https://www.tcpdump.org/linktypes.html>).

use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::{be_u16, be_u32, le_u16, le_u32, u8};
use nom::sequence::{preceded, terminated};

use super::body::Body;
use super::walk::{Found, Walk};
use super::{Skipped, ethernet, ieee80211, network, ppp};
use crate::capture::LinkType;

/// Parses a packet of the given link type.
#[inline]
pub(super) fn header<'a>(walk: Walk, link_type: LinkType, body: Body<'a>) -> Found<'a> {
    match link_type {
        LinkType::ETHERNET => ethernet::frame(walk, body),
        LinkType::LINUX_SLL => linux_sll(walk, body),
        LinkType::LINUX_SLL2 => linux_sll2(walk, body),
        LinkType::NULL | LinkType::LOOP => loopback(walk, body),
        LinkType::RAW | LinkType::DLT_RAW | LinkType::DLT_RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => {
            network::ip(walk, body)
        }
        LinkType::PPP | LinkType::PPP_HDLC => ppp::frame(walk, body),
        LinkType::PPP_ETHER => ppp::pppoe(walk, body),
        LinkType::IEEE802_11 => ieee80211::frame(walk, body, false),
        LinkType::IEEE802_11_RADIOTAP => ieee80211::radiotap(walk, body),
        LinkType::PPI => ppi(walk, body),
        LinkType::NFLOG => nflog(walk, body),
        LinkType::PKTAP => pktap(walk, body),
        _ => Err(Skipped::LinkType(link_type)),
    }
}

/// Parses a Linux "cooked" capture header.
///
/// ```text
/// | packet type 2 | ARPHRD 2 | address length 2 | address 8 | protocol 2 |
/// ```
fn linux_sll<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    let ((hardware, _, protocol), rest) =
        body.peel("Linux SLL", (preceded(take(2usize), be_u16), take(10usize), be_u16))?;
    cooked(walk, hardware, protocol, rest)
}

/// Parses a Linux "cooked" capture header, version 2.
///
/// ```text
/// | protocol 2 | reserved 2 | interface 4 | ARPHRD 2 | packet type 1 | address length 1 | address 8 |
/// ```
fn linux_sll2<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    let ((protocol, _, hardware), rest) =
        body.peel("Linux SLL2", (be_u16, take(6usize), terminated(be_u16, take(10usize))))?;
    cooked(walk, hardware, protocol, rest)
}

/// Parses what follows either cooked header. In most cases the protocol is an EtherType.
fn cooked<'a>(walk: Walk, hardware: u16, protocol: u16, rest: Body<'a>) -> Found<'a> {
    const ARPHRD_IEEE80211_RADIOTAP: u16 = 803;
    const ARPHRD_NETLINK: u16 = 824;
    const LINUX_802_3: u16 = 0x0001; // Novell's frames, without LLC
    const LINUX_802_2: u16 = 0x0004;
    match (hardware, protocol) {
        (ARPHRD_IEEE80211_RADIOTAP, _) => ieee80211::radiotap(walk.deeper()?, rest),
        (ARPHRD_NETLINK, _) | (_, LINUX_802_3) => Err(Skipped::NotTcp),
        (_, LINUX_802_2) => ethernet::llc(walk.deeper()?, rest),
        (_, protocol) => ethernet::ether_type(walk, protocol, rest),
    }
}

/// Parses a BSD loopback header: four bytes of address family, in the byte order of the capturing machine or of the
/// network (LOOP). No family is above 65535, so the value shows the order. `AF_INET6` has a different number in each
/// system.
fn loopback<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const AF_INET: u32 = 2;
    const AF_INET6_LINUX: u32 = 10;
    const AF_INET6_BSD: u32 = 24;
    const AF_INET6_FREEBSD: u32 = 28;
    const AF_INET6_DARWIN: u32 = 30;
    let (family, rest) = body.peel("loopback", be_u32)?;
    match if family > 0xffff { family.swap_bytes() } else { family } {
        AF_INET | AF_INET6_LINUX | AF_INET6_BSD | AF_INET6_FREEBSD | AF_INET6_DARWIN => network::ip(walk, rest),
        other => Err(Skipped::AddressFamily(other)),
    }
}

/// Parses a Per-Packet Information header, which contains a link type of its own.
///
/// ```text
/// | version 1 | flags 1 | length 2 LE | link type 4 LE | fields … |
/// ```
fn ppi<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    let ((length, link_type), _) = body.peel("PPI", (preceded(take(2usize), le_u16), le_u32))?;
    inner(walk, link_type, "PPI", 8, usize::from(length), body)
}

/// Parses Apple's PKTAP header, which contains a link type of its own.
///
/// ```text
/// | length 4 LE | next 4 LE: 0 nothing, 1 a packet | link type 4 LE | interface, process … |
/// ```
fn pktap<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    let ((length, next, link_type), _) = body.peel("PKTAP", (le_u32, le_u32, le_u32))?;
    if next == 0 {
        return Err(Skipped::NotTcp);
    }
    inner(walk, link_type, "PKTAP", 12, usize::try_from(length).unwrap_or(usize::MAX), body)
}

/// Parses the frame of `link_type` after a header of `length` bytes. Fails if that is less than the `read` bytes parsed
/// so far.
fn inner<'a>(walk: Walk, link_type: u32, name: &'static str, read: usize, length: usize, body: Body<'a>) -> Found<'a> {
    let link_type = u16::try_from(link_type).map_err(|_| Skipped::Broken(name))?;
    if length < read {
        return Err(Skipped::Broken(name));
    }
    header(walk.deeper()?, LinkType(link_type), body.skip(name, length)?)
}

/// Parses a Linux netfilter log message: attributes, one of them the packet from its IP header on.
///
/// ```text
/// | family 1 | version 1 | resource 2 |  | length 2 | type 2 | value … | padding to 4 |  …
/// ```
///
/// The length (which includes itself and the type) and the type are in the byte order of the capturing machine. There
/// are less than 256 types, so the type shows the order.
fn nflog<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const NAME: &str = "NFLOG";
    const NFULA_PAYLOAD: u16 = 9;
    let mut rest = body.skip(NAME, 4)?;
    while rest.length > 0 {
        let ((length, kind), value) = rest.peel(NAME, (u8, u8, le_u16).map(nflog_attribute))?;
        let Some(value_length) = length.checked_sub(4) else { return Err(Skipped::Broken(NAME)) };
        if kind == NFULA_PAYLOAD {
            return network::ip(walk, value.limit(usize::from(value_length)));
        }
        rest = value.skip(NAME, usize::from(value_length).next_multiple_of(4).min(value.length))?;
    }
    Err(Skipped::NotTcp)
}

/// Returns the length and type of an attribute, in the byte order that makes the type a small number.
fn nflog_attribute((first, second, kind): (u8, u8, u16)) -> (u16, u16) {
    match kind {
        0..0x0100 => (u16::from_le_bytes([first, second]), kind),
        _ => (u16::from_be_bytes([first, second]), kind.swap_bytes()),
    }
}
