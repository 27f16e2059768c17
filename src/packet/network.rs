//! IPv4 and IPv6 (RFC 791, RFC 8200), read by etherparse's lax slices, which survive a packet cut by the snaplen.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::err::{ip_auth, ipv4, ipv6, ipv6_exts};
use etherparse::{
    IpFragOffset, IpNumber, Ipv6ExtensionSlice, Ipv6ExtensionsSlice, Ipv6FragmentHeaderSlice, Ipv6Header, LaxIpv4Slice,
    LaxIpv6Slice, ip_number,
};
use nom::combinator::peek;
use nom::number::complete::u8;

use super::Skipped;
use super::body::Body;
use super::layer::Next;

/// Who sent an IP packet to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// Time to live, or hop limit.
    pub ttl: u8,
}

/// What an IP packet carried.
#[derive(Clone, Copy)]
pub(super) struct Datagram<'a> {
    /// Between whom.
    pub route: Route,
    /// What it is.
    pub protocol: IpNumber,
    /// From the protocol's header on.
    pub body: Body<'a>,
}

/// A part of what an IP packet carried.
#[derive(Clone, Copy)]
pub(super) struct Fragment<'a> {
    /// Between whom.
    pub route: Route,
    /// Equal in all fragments of a datagram: 16 bits of IPv4, 32 of IPv6.
    pub identification: u32,
    /// What the datagram is, as the first fragment says.
    pub protocol: IpNumber,
    /// Where its bytes belong.
    pub offset: IpFragOffset,
    /// Whether others follow.
    pub more: bool,
    /// Its bytes.
    pub body: Body<'a>,
}

/// IPv4 or IPv6, as the version says.
pub(super) fn ip(body: Body<'_>) -> Result<Next<'_>, Skipped> {
    match body.peel("IP", peek(u8))?.0 >> 4 {
        4 => ipv4(body),
        6 => ipv6(body),
        _ => Err(Skipped::Broken("IP")),
    }
}

/// IPv4, and the authentication header if there is one.
pub(super) fn ipv4(body: Body<'_>) -> Result<Next<'_>, Skipped> {
    const NAME: &str = "IPv4";
    let (ip, stop) = LaxIpv4Slice::from_slice(body.bytes).map_err(|error| match error {
        ipv4::HeaderSliceError::Len(_) => body.too_short(NAME),
        ipv4::HeaderSliceError::Content(_) => Skipped::Broken(NAME),
    })?;
    let header = ip.header();
    let length = match usize::from(header.total_len()) {
        0 => body.length, // left to the network card to fill in (TCP segmentation offload), or too long to say
        length if length < header.slice().len() => return Err(Skipped::Broken(NAME)),
        length => length,
    };
    let payload = body.resize(length).skip(NAME, header.slice().len())?;
    let route = Route {
        source: IpAddr::V4(Ipv4Addr::from(header.source())),
        destination: IpAddr::V4(Ipv4Addr::from(header.destination())),
        ttl: header.ttl(),
    };
    if header.is_fragmenting_payload() {
        // Only the first fragment has an authentication header, and it belongs to the datagram.
        return Fragment {
            route,
            identification: u32::from(header.identification()),
            protocol: header.protocol(),
            offset: header.fragments_offset(),
            more: header.more_fragments(),
            body: payload,
        }
        .next();
    }
    match stop {
        Some(ip_auth::HeaderSliceError::Len(_)) => return Err(payload.too_short("AH")),
        Some(ip_auth::HeaderSliceError::Content(_)) => return Err(Skipped::Broken("AH")),
        None => {}
    }
    let body = match ip.extensions().auth {
        Some(auth) => payload.skip("AH", auth.slice().len())?,
        None => payload,
    };
    Ok(Next::Datagram(Datagram { route, protocol: ip.payload_ip_number(), body }))
}

/// IPv6 and its extension headers.
pub(super) fn ipv6(body: Body<'_>) -> Result<Next<'_>, Skipped> {
    const NAME: &str = "IPv6";
    let (ip, stop) = LaxIpv6Slice::from_slice(body.bytes).map_err(|error| match error {
        ipv6::HeaderSliceError::Len(_) => body.too_short(NAME),
        ipv6::HeaderSliceError::Content(_) => Skipped::Broken(NAME),
    })?;
    let header = ip.header();
    let length = match usize::from(header.payload_length()) {
        0 => body.length.max(Ipv6Header::LEN), // a jumbogram, or a segment that the network card will cut
        length => Ipv6Header::LEN + length,
    };
    let payload = body.resize(length).skip(NAME, Ipv6Header::LEN)?;
    let route = Route {
        source: IpAddr::V6(Ipv6Addr::from(header.source())),
        destination: IpAddr::V6(Ipv6Addr::from(header.destination())),
        ttl: header.hop_limit(),
    };
    if ip.is_payload_fragmented() {
        return fragment(ip.extensions(), route, payload)?.next();
    }
    extended(route, ip.payload().ip_number, ip.extensions(), stop.map(|(error, _)| error), payload)
}

/// A datagram put together from fragments: extension headers behind the fragment header belong to it.
pub(super) fn reassembled(datagram: Datagram<'_>) -> Result<Next<'_>, Skipped> {
    let Datagram { route, protocol, body } = datagram;
    let (extensions, protocol, _, stop) = Ipv6ExtensionsSlice::from_slice_lax(protocol, body.bytes);
    if extensions.is_fragmenting_payload() {
        return Err(Skipped::Broken("IPv6 fragment"));
    }
    extended(route, protocol, &extensions, stop.map(|(error, _)| error), body)
}

/// What follows `extensions`, with which `body` begins.
fn extended<'a>(
    route: Route,
    protocol: IpNumber,
    extensions: &Ipv6ExtensionsSlice<'_>,
    stop: Option<ipv6_exts::HeaderSliceError>,
    body: Body<'a>,
) -> Result<Next<'a>, Skipped> {
    const NAME: &str = "IPv6 extension";
    let body = body.skip(NAME, extensions.slice().len())?;
    match stop {
        Some(ipv6_exts::HeaderSliceError::Len(_)) => Err(body.too_short(NAME)),
        Some(ipv6_exts::HeaderSliceError::Content(_)) => Err(Skipped::Broken(NAME)),
        None => Ok(Next::Datagram(Datagram { route, protocol, body })),
    }
}

/// The fragment that begins behind the first fragment header of `extensions`. What etherparse has read behind it is
/// an extension header only in the first fragment.
fn fragment<'a>(extensions: &Ipv6ExtensionsSlice<'_>, route: Route, body: Body<'a>) -> Result<Fragment<'a>, Skipped> {
    const NAME: &str = "IPv6 fragment";
    let mut length = 0;
    for extension in extensions.clone() {
        length += match &extension {
            Ipv6ExtensionSlice::HopByHop(header)
            | Ipv6ExtensionSlice::Routing(header)
            | Ipv6ExtensionSlice::DestinationOptions(header) => header.slice().len(),
            Ipv6ExtensionSlice::Authentication(header) => header.slice().len(),
            Ipv6ExtensionSlice::Fragment(header) => header.slice().len(),
        };
        match extension {
            Ipv6ExtensionSlice::Fragment(header) if header.is_fragmenting_payload() => {
                return Ok(fragment_of(&header, route, body.skip(NAME, length)?));
            }
            _ => {}
        }
    }
    Err(Skipped::Broken(NAME))
}

fn fragment_of<'a>(header: &Ipv6FragmentHeaderSlice<'_>, route: Route, body: Body<'a>) -> Fragment<'a> {
    Fragment {
        route,
        identification: header.identification(),
        protocol: header.next_header(),
        offset: header.fragment_offset(),
        more: header.more_fragments(),
        body,
    }
}

impl Datagram<'_> {
    pub fn is_tcp(&self) -> bool {
        self.protocol == ip_number::TCP
    }
}

impl<'a> Fragment<'a> {
    /// Keeps what may become TCP, in a tunnel at least: the others would only take its place.
    fn next(self) -> Result<Next<'a>, Skipped> {
        match self.protocol {
            ip_number::ICMP | ip_number::IPV6_ICMP | ip_number::OSPFIGP | ip_number::SCTP => Err(Skipped::NotTcp),
            ip_number::ENCAP_SEC => Err(Skipped::Encrypted("ESP")),
            _ => Ok(Next::Fragment(self)),
        }
    }
}
