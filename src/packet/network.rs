//! IPv4 and IPv6 (RFC 791, RFC 8200), read by etherparse's header slices. The lengths in those headers are believed and
//! not compared with the captured bytes, since the snaplen may have cut them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::err::{ipv4, ipv6, ipv6_exts};
use etherparse::{
    IpFragOffset, IpNumber, Ipv4HeaderSlice, Ipv6ExtensionSlice, Ipv6ExtensionsSlice, Ipv6FragmentHeaderSlice,
    Ipv6Header, Ipv6HeaderSlice, ip_number,
};
use nom::combinator::peek;
use nom::number::complete::u8;

use super::body::Body;
use super::walk::{End, Found, Walk};
use super::{Skipped, transport};

/// The addresses of an IP packet, and its time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The sender.
    pub source: IpAddr,
    /// The receiver.
    pub destination: IpAddr,
    /// The time to live, or hop limit.
    pub ttl: u8,
}

/// The place that the route of an IP packet is read from when it is needed.
#[derive(Clone, Copy)]
pub(super) enum Ip<'a> {
    /// The IPv4 header.
    V4(Ipv4HeaderSlice<'a>),
    /// The IPv6 header.
    V6(Ipv6HeaderSlice<'a>),
    /// A route kept with fragments.
    Kept(&'a Route),
}

impl Ip<'_> {
    /// Returns the route.
    #[inline]
    pub fn route(self) -> Route {
        match self {
            Self::V4(header) => Route {
                source: IpAddr::V4(Ipv4Addr::from(header.source())),
                destination: IpAddr::V4(Ipv4Addr::from(header.destination())),
                ttl: header.ttl(),
            },
            Self::V6(header) => Route {
                source: IpAddr::V6(Ipv6Addr::from(header.source())),
                destination: IpAddr::V6(Ipv6Addr::from(header.destination())),
                ttl: header.hop_limit(),
            },
            Self::Kept(route) => *route,
        }
    }
}

/// The payload of an IP packet.
#[derive(Clone, Copy)]
pub(super) struct Datagram<'a> {
    /// The route of the packet.
    pub ip: Ip<'a>,
    /// The protocol of the payload.
    pub protocol: IpNumber,
    /// The bytes from the protocol's header on.
    pub body: Body<'a>,
}

/// A fragment of a datagram.
#[derive(Clone, Copy)]
pub(super) struct Fragment<'a> {
    /// The route of its packet.
    pub ip: Ip<'a>,
    /// The identification, equal in all fragments of a datagram: 16 bits in IPv4, 32 in IPv6.
    pub identification: u32,
    /// The protocol of the datagram; that of the first fragment is valid.
    pub protocol: IpNumber,
    /// The offset of its bytes in the datagram.
    pub offset: IpFragOffset,
    /// Whether more fragments follow.
    pub more: bool,
    /// Its bytes.
    pub body: Body<'a>,
}

/// Parses IPv4 or IPv6, depending on the version.
pub(super) fn ip<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    match body.peel("IP", peek(u8))?.0 >> 4 {
        4 => ipv4(walk, body),
        6 => ipv6(walk, body),
        _ => Err(Skipped::Broken("IP")),
    }
}

/// Parses IPv4, and the authentication header if there is one.
#[inline]
pub(super) fn ipv4<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const NAME: &str = "IPv4";
    let header = Ipv4HeaderSlice::from_slice(body.bytes).map_err(|error| match error {
        ipv4::HeaderSliceError::Len(_) => body.too_short(NAME),
        ipv4::HeaderSliceError::Content(_) => Skipped::Broken(NAME),
    })?;
    let length = match usize::from(header.total_len()) {
        0 => body.length, // for the network card to fill in (TCP segmentation offload), or too long for the field
        length if length < header.slice().len() => return Err(Skipped::Broken(NAME)),
        length => length,
    };
    let (ip, protocol) = (Ip::V4(header), header.protocol());
    let body = body.resize(length).skip(NAME, header.slice().len())?;
    if header.is_fragmenting_payload() {
        return Fragment {
            ip,
            identification: u32::from(header.identification()),
            protocol,
            offset: header.fragments_offset(),
            more: header.more_fragments(),
            body,
        }
        .end();
    }
    match protocol {
        ip_number::AUTH => extended(walk, Datagram { ip, protocol, body }),
        _ => transport::header(walk, Datagram { ip, protocol, body }),
    }
}

/// Parses IPv6 and its extension headers.
#[inline]
pub(super) fn ipv6<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const NAME: &str = "IPv6";
    let header = Ipv6HeaderSlice::from_slice(body.bytes).map_err(|error| match error {
        ipv6::HeaderSliceError::Len(_) => body.too_short(NAME),
        ipv6::HeaderSliceError::Content(_) => Skipped::Broken(NAME),
    })?;
    let length = match usize::from(header.payload_length()) {
        0 => body.length.max(Ipv6Header::LEN), // a jumbogram, or a segment that the network card will split
        length => Ipv6Header::LEN + length,
    };
    let body = body.resize(length).skip(NAME, Ipv6Header::LEN)?;
    let datagram = Datagram { ip: Ip::V6(header), protocol: header.next_header(), body };
    match datagram.protocol {
        ip_number::TCP => Ok(End::Tcp(datagram)),
        _ => extended(walk, datagram),
    }
}

/// Parses the extension headers in front of the payload of a packet or of a reassembled datagram. The authentication
/// header, which IPv4 has too, is one of them.
pub(super) fn extended<'a>(walk: Walk, datagram: Datagram<'a>) -> Found<'a> {
    const NAME: &str = "IP extension";
    let Datagram { ip, protocol, body } = datagram;
    let (extensions, protocol, _, stop) = Ipv6ExtensionsSlice::from_slice_lax(protocol, body.bytes);
    if extensions.is_fragmenting_payload() {
        return fragment(&extensions, ip, body)?.end();
    }
    let body = body.skip(NAME, extensions.slice().len())?;
    match stop {
        Some((ipv6_exts::HeaderSliceError::Len(_), _)) => Err(body.too_short(NAME)),
        Some((ipv6_exts::HeaderSliceError::Content(_), _)) => Err(Skipped::Broken(NAME)),
        None => transport::header(walk, Datagram { ip, protocol, body }),
    }
}

/// Returns the fragment after the first fragment header of `extensions`. The headers that etherparse has read after
/// that one are extension headers only in the first fragment.
fn fragment<'a>(extensions: &Ipv6ExtensionsSlice<'_>, ip: Ip<'a>, body: Body<'a>) -> Result<Fragment<'a>, Skipped> {
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
                return Ok(fragment_of(&header, ip, body.skip(NAME, length)?));
            }
            _ => {}
        }
    }
    Err(Skipped::Broken(NAME))
}

fn fragment_of<'a>(header: &Ipv6FragmentHeaderSlice<'_>, ip: Ip<'a>, body: Body<'a>) -> Fragment<'a> {
    Fragment {
        ip,
        identification: header.identification(),
        protocol: header.next_header(),
        offset: header.fragment_offset(),
        more: header.more_fragments(),
        body,
    }
}

impl<'a> Fragment<'a> {
    /// Returns the fragment if it may become TCP, at least in a tunnel. Others would only take its place.
    fn end(self) -> Found<'a> {
        match self.protocol {
            ip_number::ICMP | ip_number::IPV6_ICMP | ip_number::OSPFIGP | ip_number::SCTP => Err(Skipped::NotTcp),
            ip_number::ENCAP_SEC => Err(Skipped::Encrypted("ESP")),
            _ => Ok(End::Fragment(self)),
        }
    }
}
