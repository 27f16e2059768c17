//! Ethernet, VLAN tags, LLC/SNAP, and the dispatch by EtherType (IEEE 802.3, 802.1Q, 802.2; RFC 1042).

use nom::bytes::complete::take;
use nom::number::complete::{be_u16, be_u24};
use nom::sequence::preceded;

use super::body::Body;
use super::walk::{Found, Walk};
use super::{Skipped, network, ppp, tunnel};

/// EtherTypes (IANA, IEEE 802 Numbers).
pub(super) mod ether_types {
    pub const IPV4: u16 = 0x0800;
    pub const IPV6: u16 = 0x86dd;
    /// Transparent Ethernet Bridging: an Ethernet frame in a tunnel.
    pub const ETHERNET: u16 = 0x6558;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_UPSTREAM: u16 = 0x8848;
    pub const PPPOE_SESSION: u16 = 0x8864;
    /// The customer tag, the service tag, and the service tag from before the standard.
    pub const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
    /// Protocols that do not carry IP: ARP, wake on LAN, RARP, AppleTalk, its ARP, IPX, slow protocols, PPPoE
    /// discovery, EAPOL, PROFINET, EtherCAT, GOOSE, LLDP, HomePlug, PTP, CFM, TDLS, loopback test.
    pub const WITHOUT_IP: [u16; 18] = [
        0x0806, 0x0842, 0x8035, 0x809b, 0x80f3, 0x8137, 0x8809, 0x8863, 0x888e, 0x8892, 0x88a4, 0x88b8, 0x88cc, 0x88e1,
        0x88f7, 0x8902, 0x890d, 0x9000,
    ];

    /// Returns whether IP follows, directly or after a tag.
    pub fn may_lead_to_ip(number: u16) -> bool {
        matches!(number, IPV4 | IPV6) || VLAN_TAGS.contains(&number)
    }
}

/// Parses an Ethernet frame.
///
/// ```text
/// | destination 6 | source 6 | EtherType, or length 2 |
/// ```
#[inline]
pub(super) fn frame<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    let (number, rest) = body.peel("Ethernet", preceded(take(12usize), be_u16))?;
    ether_type(walk, number, rest)
}

/// Parses what `number` announces: an EtherType, or a length.
#[inline]
pub(super) fn ether_type<'a>(walk: Walk, number: u16, body: Body<'a>) -> Found<'a> {
    use ether_types::{ETHERNET, IPV4, IPV6, MPLS, MPLS_UPSTREAM, PPPOE_SESSION, VLAN_TAGS, WITHOUT_IP};
    // The longest payload of a frame that has its length in the place of the EtherType.
    const LENGTH: u16 = 1500;
    match number {
        IPV4 => network::ipv4(walk, body),
        IPV6 => network::ipv6(walk, body),
        0..=LENGTH => llc(walk.deeper()?, body.limit(usize::from(number))),
        tag if VLAN_TAGS.contains(&tag) => vlan(walk, body),
        MPLS | MPLS_UPSTREAM => tunnel::mpls(walk.deeper()?, body),
        PPPOE_SESSION => ppp::pppoe(walk, body),
        ETHERNET => frame(walk.deeper()?, body),
        tunnel::PPP_IN_GRE => ppp::frame(walk.deeper()?, body),
        known if WITHOUT_IP.contains(&known) => Err(Skipped::NotTcp),
        unknown => Err(Skipped::EtherType(unknown)),
    }
}

/// Parses a VLAN tag, after the EtherType that announced it.
///
/// ```text
/// | priority, id 2 | EtherType, or length 2 |
/// ```
fn vlan<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    let (number, rest) = body.peel("VLAN", preceded(take(2usize), be_u16))?;
    ether_type(walk.deeper()?, number, rest)
}

/// Parses logical link control, and the SNAP header if there is one.
///
/// ```text
/// | aa aa 03 | organization 3 | EtherType 2 |     | 06 06 03 | IP
/// ```
pub(super) fn llc<'a>(walk: Walk, body: Body<'a>) -> Found<'a> {
    const SNAP: u32 = 0xaa_aa_03;
    const IP: u32 = 0x06_06_03;
    const ENCAPSULATED_ETHERNET: u32 = 0x00_00_00;
    const BRIDGE_TUNNEL: u32 = 0x00_00_f8; // 802.1H
    match body.peel("LLC", be_u24)? {
        (SNAP, snap) => {
            let ((organization, number), rest) = snap.peel("SNAP", (be_u24, be_u16))?;
            match organization {
                ENCAPSULATED_ETHERNET | BRIDGE_TUNNEL => ether_type(walk.deeper()?, number, rest),
                _ => Err(Skipped::NotTcp),
            }
        }
        (IP, rest) => network::ip(walk, rest),
        _ => Err(Skipped::NotTcp), // spanning tree and the like
    }
}
