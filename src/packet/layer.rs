//! From header to header: one loop for all of them, so that nothing nests without bound.

use super::body::Body;
use super::network::{Datagram, Fragment};
use super::{Skipped, ethernet, ieee80211, link, network, ppp, transport, tunnel};
use crate::capture::LinkType;
use crate::limits;
use crate::seen::Seen;
use crate::tcp::Segment;

/// What came after a header.
pub(super) enum Next<'a> {
    /// Another header.
    Layer(Layer, Body<'a>),
    /// What an IP header carried.
    Datagram(Datagram<'a>),
    /// A part of what an IP header carried.
    Fragment(Fragment<'a>),
}

/// The header that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// What the link type of a capture names.
    Link(LinkType),
    /// An Ethernet frame.
    Ethernet,
    /// What an EtherType names.
    EtherType(u16),
    /// IEEE 802.2 logical link control.
    Llc,
    /// The radio's notes in front of an IEEE 802.11 frame.
    Radiotap,
    /// An IEEE 802.11 frame.
    Ieee80211 {
        /// Its header is filled up to four bytes: some radios do, and say so.
        padded: bool,
    },
    /// A PPP frame, from its address field on if it has one.
    Ppp,
    /// A label of an MPLS stack.
    Mpls,
    /// IPv4 or IPv6, as the version field says.
    Ip,
}

/// Where peeling ends well.
pub(super) enum End<'a> {
    /// At a segment.
    Segment(Segment<'a>),
    /// At a part of a datagram, to be put together with others.
    Fragment(Fragment<'a>),
}

/// Peels header after header, down to a segment or a fragment.
pub(super) fn peel<'a>(mut next: Next<'a>, seen: Seen) -> Result<End<'a>, Skipped> {
    for _ in 0..limits::HEADERS {
        next = match next {
            Next::Layer(layer, body) => header(layer, body)?,
            Next::Datagram(datagram) if datagram.is_tcp() => return transport::tcp(datagram, seen).map(End::Segment),
            Next::Datagram(datagram) => transport::tunnel(datagram)?,
            Next::Fragment(fragment) => return Ok(End::Fragment(fragment)),
        };
    }
    Err(Skipped::NestedHeaders)
}

/// Peels one header off `body`.
fn header(layer: Layer, body: Body<'_>) -> Result<Next<'_>, Skipped> {
    match layer {
        Layer::Link(link_type) => link::header(link_type, body),
        Layer::Ethernet => ethernet::frame(body),
        Layer::EtherType(number) => ethernet::ether_type(number, body),
        Layer::Llc => ethernet::llc(body),
        Layer::Radiotap => ieee80211::radiotap(body),
        Layer::Ieee80211 { padded } => ieee80211::frame(body, padded),
        Layer::Ppp => ppp::frame(body),
        Layer::Mpls => tunnel::mpls(body),
        Layer::Ip => network::ip(body),
    }
}
