//! The way from a captured packet to the TCP segment in it, or to the reason that there is none.
//!
//! ```text
//! Packet ─ link ─ ethernet · ppp · ieee80211 ─ network ─ transport ─ Segment     plain: all at once
//!            ↑            ↑                       │  ↑          │
//!            │            │              fragments┘──┘          │
//!            └────────────┴───────────── tunnel ────────────────┘
//! ```
//!
//! Each header is a function without state, which removes the header from the front of a `Body` and calls the next one.
//! `Walk` bounds the depth. Only fragments are kept.

mod body;
mod ethernet;
mod fragments;
mod ieee80211;
mod link;
mod network;
mod plain;
mod ppp;
mod skipped;
mod transport;
mod tunnel;
mod walk;

pub use skipped::Skipped;

use std::ops::Range;

use arrayvec::ArrayVec;

use self::body::Body;
use self::fragments::{Fragments, Piece, Whole};
use self::network::{Datagram, Fragment};
use self::skipped::Tally;
use self::walk::{End, Found, Walk};
use crate::capture::Packet;
use crate::limits;
use crate::seen::Seen;
use crate::shortcuts;
use crate::tcp::{Endpoints, Segment};

/// The result of a glance at a packet.
pub enum Glance<'a> {
    /// The packet's segment.
    Segment(Segment<'a>),
    /// No segment; the reason has been counted.
    NoSegment,
    /// A fragment, which must be kept by [`Decoder::decode`].
    General,
}

/// A decoder that finds the TCP segments in packets.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: Fragments,
    /// The last reassembled datagram, which lends its segment.
    whole: Option<Whole>,
    tally: Tally,
}

impl Decoder {
    /// Returns the segment in `packet`, or in the datagram that `packet` completes as its last missing fragment. A
    /// `None` is counted in [`skipped`](Self::skipped), unless the packet is a fragment of a datagram that other
    /// packets complete.
    pub fn decode<'a>(&'a mut self, packet: &Packet<'a>) -> Option<Segment<'a>> {
        if shortcuts::are_taken() {
            if let Some(segment) = plain::segment(packet) {
                return Some(segment);
            }
            if let Some(skipped) = plain::skipped(packet) {
                return skip(&mut self.tally, skipped);
            }
        }
        self.found(packet, None)
    }

    /// Returns the segment like [`decode`](Self::decode). If it came in fragments, `parts` then holds the packets that
    /// carried it; otherwise it is empty.
    pub fn trace<'a>(&'a mut self, packet: &Packet<'a>, parts: &mut Vec<Part>) -> Option<Segment<'a>> {
        parts.clear();
        self.found(packet, Some(parts))
    }

    fn found<'a>(&'a mut self, packet: &Packet<'a>, parts: Option<&mut Vec<Part>>) -> Option<Segment<'a>> {
        match datagram(packet) {
            Ok(End::Tcp(datagram)) => segment(datagram, seen(packet), &mut self.tally),
            Ok(End::Fragment(fragment)) => self.reassemble(&fragment, seen(packet), parts),
            Err(skipped) => skip(&mut self.tally, skipped),
        }
    }

    /// Returns the range of an IP fragment in its packet, if the packet is one.
    pub fn fragment(packet: &Packet<'_>) -> Option<Range<usize>> {
        let Ok(End::Fragment(Fragment { body, .. })) = datagram(packet) else { return None };
        let start = body.bytes.as_ptr().addr().checked_sub(packet.data.as_ptr().addr())?;
        Some(start..start + body.bytes.len())
    }

    /// Appends a glance for each packet: its segment, if nothing needs to be kept to find it, as is the case for nearly
    /// every segment. A packet without a segment is counted as by [`decode`](Self::decode). A fragment gives
    /// [`Glance::General`], which leaves the packet to [`decode`](Self::decode). That glance is the last, so that the
    /// packets after it are counted after it.
    #[inline]
    pub fn glance_all<'a>(&mut self, packets: &[Packet<'a>], glances: &mut ArrayVec<Glance<'a>, { limits::BATCH }>) {
        for packet in packets {
            // Each case pushes its own glance: one `push` for both would copy it through the stack.
            if let Some(segment) = plain::segment(packet) {
                glances.push(Glance::Segment(segment));
                continue;
            }
            let glance = self.glance(packet);
            let is_last = matches!(glance, Glance::General);
            glances.push(glance);
            if is_last {
                break;
            }
        }
    }

    fn glance<'a>(&mut self, packet: &Packet<'a>) -> Glance<'a> {
        if let Some(skipped) = plain::skipped(packet) {
            self.tally.count(skipped, 1);
            return Glance::NoSegment;
        }
        let segment = match datagram(packet) {
            Ok(End::Tcp(datagram)) => segment(datagram, seen(packet), &mut self.tally),
            Ok(End::Fragment(_)) => return Glance::General,
            Err(skipped) => skip(&mut self.tally, skipped),
        };
        segment.map_or(Glance::NoSegment, Glance::Segment)
    }

    /// Returns the endpoints of a packet's segment, if its headers are those of nearly all; `None` may be a segment, too.
    #[inline]
    pub fn endpoints(packet: &Packet<'_>) -> Option<Endpoints> {
        plain::segment(packet).map(|segment| segment.endpoints)
    }

    /// Returns the reasons that packets gave no segment, and the number of packets of each, in the order they were
    /// first met.
    pub fn skipped(&self) -> impl Iterator<Item = (Skipped, u64)> {
        let incomplete = (Skipped::IncompleteFragments, self.fragments.incomplete());
        self.tally.iter().chain(Some(incomplete).filter(|(_, fragments)| *fragments > 0))
    }

    /// Adds a fragment. If it completes a datagram, that is decoded instead. The datagram may be a tunnel that carries
    /// fragments again.
    #[cold]
    fn reassemble(
        &mut self,
        fragment: &Fragment<'_>,
        seen: Seen,
        parts: Option<&mut Vec<Part>>,
    ) -> Option<Segment<'_>> {
        let mut packets = if parts.is_some() { vec![seen.packet] } else { Vec::new() };
        let mut whole = self.fragments.add(fragment, &packets, seen.time, &mut self.tally)?;
        for _ in 0..limits::HEADERS {
            let Ok(End::Fragment(inner)) = peel(&whole) else { break };
            packets = whole.pieces().iter().map(|piece| piece.packet).collect();
            whole = self.fragments.add(&inner, &packets, seen.time, &mut self.tally)?;
        }
        let whole = self.whole.insert(whole);
        match peel(whole) {
            Ok(End::Tcp(datagram)) => {
                let start = whole.place(datagram.body.bytes);
                let segment = segment(datagram, seen, &mut self.tally)?;
                if let Some(parts) = parts {
                    let header = datagram.body.bytes.len().saturating_sub(segment.payload.len());
                    parts.extend(whole.pieces().iter().map(|piece| Part::new(*piece, start, header)));
                }
                Some(segment)
            }
            Ok(End::Fragment(_)) => skip(&mut self.tally, Skipped::NestedHeaders),
            Err(skipped) => skip(&mut self.tally, skipped),
        }
    }
}

/// One of several packets that carried a segment, as a fragment of an IP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub packet: u64,
    /// The position of its fragment relative to the segment's first byte; negative if headers of tunnels come first.
    /// `None` if unknown, because the fragment itself came in several packets.
    pub at: Option<i64>,
    /// Bytes of the segment's header.
    pub header: usize,
}

impl Part {
    /// Creates a part of a segment that begins at `start` in its datagram.
    fn new(piece: Piece, start: Option<usize>, header: usize) -> Self {
        let start = start.and_then(|start| i64::try_from(start).ok());
        let at = piece.start.zip(start).map(|(begins, start)| i64::from(begins) - start);
        Self { packet: piece.packet, at, header }
    }
}

const fn seen(packet: &Packet<'_>) -> Seen {
    Seen { packet: packet.number, time: packet.time }
}

/// Peels the headers of a packet. Returns the datagram or the fragment in it.
#[inline(always)]
fn datagram<'a>(packet: &Packet<'a>) -> Found<'a> {
    let length = usize::try_from(packet.length).unwrap_or(usize::MAX);
    link::header(Walk::default(), packet.link_type, Body::new(packet.data, length))
}

/// Parses the segment in a datagram. If that fails, the reason is counted.
#[inline(always)]
fn segment<'a>(datagram: Datagram<'a>, seen: Seen, tally: &mut Tally) -> Option<Segment<'a>> {
    match transport::tcp(datagram, seen) {
        Ok(segment) => Some(segment),
        Err(skipped) => skip(tally, skipped),
    }
}

#[cold]
fn skip<'a>(tally: &mut Tally, skipped: Skipped) -> Option<Segment<'a>> {
    tally.count(skipped, 1);
    None
}

/// Peels the headers in a reassembled datagram.
fn peel(whole: &Whole) -> Found<'_> {
    network::extended(Walk::default(), whole.datagram())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::LinkType;
    use crate::seen::Timestamp;

    const ETHERNET: u16 = 1;

    fn skipped(link_type: u16, data: &[u8]) -> Vec<(Skipped, u64)> {
        let length = u32::try_from(data.len()).unwrap();
        let packet = Packet {
            number: 1,
            time: Timestamp::default(),
            link_type: LinkType(link_type),
            data,
            length,
            process: None,
        };
        let mut decoder = Decoder::default();
        assert!(decoder.decode(&packet).is_none());
        decoder.skipped().collect()
    }

    fn ethernet(ether_type: u16, rest: &[u8]) -> Vec<u8> {
        [&[0; 12], &ether_type.to_be_bytes()[..], rest].concat()
    }

    /// Returns an IPv4 packet with a total length of 0.
    fn ipv4(protocol: u8, rest: &[u8]) -> Vec<u8> {
        [&[0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], rest].concat()
    }

    fn wifi(kind: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
        [&[kind, flags], &[0; 22][..], rest].concat()
    }

    #[test]
    fn names_what_it_does_not_decode() {
        let tcp = |offset: u8| [&[0; 12], &[offset][..], &[0; 11]].concat();
        let chap = [0x11, 0, 0, 1, 0, 4, 0xc2, 0x23, 0, 0];
        let compressed = [0xff, 3, 0x00, 0xfd, 1, 2, 3];
        let cases: &[(u16, Vec<u8>, Skipped)] = &[
            (147, vec![0; 60], Skipped::LinkType(LinkType(147))),
            (ETHERNET, ethernet(0x0806, &[0; 46]), Skipped::NotTcp),
            (ETHERNET, ethernet(0x88e5, &[0; 46]), Skipped::EtherType(0x88e5)),
            (ETHERNET, ethernet(38, &[0x42, 0x42, 3, 0, 0]), Skipped::NotTcp),
            (ETHERNET, ethernet(0x0800, &ipv4(1, &[0; 8])), Skipped::NotTcp),
            (ETHERNET, ethernet(0x0800, &ipv4(17, &[0; 8])), Skipped::NotTcp),
            (ETHERNET, ethernet(0x0800, &ipv4(50, &[0; 8])), Skipped::Encrypted("ESP")),
            (ETHERNET, ethernet(0x0800, &ipv4(47, &[0x40, 0, 8, 0])), Skipped::Unsupported("GRE with source routing")),
            (ETHERNET, ethernet(0x0800, &[0x65; 40]), Skipped::Broken("IPv4")),
            (ETHERNET, ethernet(0x86dd, &[0x45; 60]), Skipped::Broken("IPv6")),
            (ETHERNET, ethernet(0x0800, &ipv4(6, &tcp(0x40))), Skipped::Broken("TCP")),
            (ETHERNET, ethernet(0x0800, &ipv4(6, &tcp(0xf0))), Skipped::Broken("TCP")),
            (ETHERNET, ethernet(0x8864, &chap), Skipped::NotTcp),
            (101, ipv4(6, &[0; 19]), Skipped::Broken("TCP")),
            (101, vec![0x10; 40], Skipped::Broken("IP")),
            (0, vec![7, 0, 0, 0, 1], Skipped::AddressFamily(7)),
            (9, compressed.to_vec(), Skipped::PppProtocol(0x00fd)),
            (105, wifi(0x80, 0, &[]), Skipped::NotTcp),
            (105, wifi(0x48, 1, &[]), Skipped::NotTcp),
            (105, wifi(0x88, 0x41, &[0; 40]), Skipped::Encrypted("802.11")),
            (105, wifi(0x08, 0x04, &[0; 40]), Skipped::Unsupported("fragmented 802.11 frame")),
            (105, wifi(0x88, 0x02, &[0x80, 0, 0, 0]), Skipped::Unsupported("802.11 A-MSDU")),
            (127, vec![0, 0, 7, 0, 0, 0, 0, 0, 0], Skipped::Broken("radiotap")),
            (192, vec![0, 0, 7, 0, 1, 0, 0, 0], Skipped::Broken("PPI")),
            (239, vec![2, 0, 0, 0, 3, 0, 1, 0], Skipped::Broken("NFLOG")),
            (239, vec![2, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, 0], Skipped::NotTcp),
        ];
        for (link_type, data, expected) in cases {
            assert_eq!(skipped(*link_type, data), [(*expected, 1)], "link type {link_type}: {data:02x?}");
        }
    }

    #[test]
    fn nothing_nests_without_bound() {
        let repeated = |unit: &[u8]| unit.repeat(5000);
        let teb = [&ipv4(47, &[0, 0, 0x65, 0x58])[..], &ethernet(0x0800, &[])].concat();
        let pppoe = [&[0x11, 0, 0, 0, 0xff, 0xff, 0x02, 0x81], &[0, 0, 0x11, 0][..]].concat();
        let cases: &[(&str, u16, Vec<u8>)] = &[
            ("VLAN", ETHERNET, ethernet(0x8100, &repeated(&[0, 1, 0x81, 0]))),
            ("MPLS", ETHERNET, ethernet(0x8847, &repeated(&[0, 1, 0, 64]))),
            (
                "SNAP",
                ETHERNET,
                ethernet(0x8100, &[&[0, 1, 5, 0], &repeated(&[0xaa, 0xaa, 3, 0, 0, 0, 5, 0])[..]].concat()),
            ),
            ("IP in IP", 101, repeated(&ipv4(4, &[]))),
            ("Ethernet in GRE", 101, repeated(&teb)),
            ("PPPoE over MPLS", 51, repeated(&[&pppoe[..], &ethernet(0x8864, &[])].concat())),
            ("PPI", 192, repeated(&[0, 0, 8, 0, 192, 0, 0, 0])),
            ("PKTAP", 258, repeated(&[12, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0])),
        ];
        for (name, link_type, data) in cases {
            assert_eq!(skipped(*link_type, data), [(Skipped::NestedHeaders, 1)], "{name}");
        }
    }
}
