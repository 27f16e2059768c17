//! Ethernet, VLAN tags, LLC/SNAP, and what an EtherType leads to (IEEE 802.3, 802.1Q, 802.2; RFC 1042).

use nom::bytes::complete::take;
use nom::number::complete::{be_u16, be_u24};
use nom::sequence::preceded;

use super::body::Body;
use super::layer::{Layer, Next};
use super::{Skipped, network, ppp, tunnel};

/// EtherTypes (IANA, IEEE 802 Numbers).
pub(super) mod ether_types {
    pub const IPV4: u16 = 0x0800;
    pub const IPV6: u16 = 0x86dd;
    /// Transparent Ethernet Bridging: a frame in a tunnel.
    pub const ETHERNET: u16 = 0x6558;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_UPSTREAM: u16 = 0x8848;
    pub const PPPOE_SESSION: u16 = 0x8864;
    /// Customer tag, service tag, and the service tag from before the standard.
    pub const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
    /// Protocols without IP in them: ARP, wake on LAN, RARP, AppleTalk, its ARP, IPX, slow protocols, PPPoE discovery, EAPOL,
    /// PROFINET, EtherCAT, GOOSE, LLDP, HomePlug, PTP, CFM, TDLS, loopback test.
    pub const WITHOUT_IP: [u16; 18] = [
        0x0806, 0x0842, 0x8035, 0x809b, 0x80f3, 0x8137, 0x8809, 0x8863, 0x888e, 0x8892, 0x88a4, 0x88b8, 0x88cc, 0x88e1,
        0x88f7, 0x8902, 0x890d, 0x9000,
    ];

    /// Whether IP comes next, or after a tag.
    pub fn may_lead_to_ip(number: u16) -> bool {
        matches!(number, IPV4 | IPV6) || VLAN_TAGS.contains(&number)
    }
}

/// An Ethernet frame.
///
/// ```text
/// | destination 6 | source 6 | EtherType, or length 2 |
/// ```
pub(super) fn frame(body: Body<'_>) -> Result<Next<'_>, Skipped> {
    let (number, rest) = body.peel("Ethernet", preceded(take(12usize), be_u16))?;
    ether_type(number, rest)
}

/// What `number` says follows.
pub(super) fn ether_type(number: u16, body: Body<'_>) -> Result<Next<'_>, Skipped> {
    use ether_types::{ETHERNET, IPV4, IPV6, MPLS, MPLS_UPSTREAM, PPPOE_SESSION, VLAN_TAGS, WITHOUT_IP};
    // The longest payload of a frame that has its length in the place of the EtherType.
    const LENGTH: u16 = 1500;
    match number {
        IPV4 => network::ipv4(body),
        IPV6 => network::ipv6(body),
        0..=LENGTH => Ok(Next::Layer(Layer::Llc, body.limit(usize::from(number)))),
        tag if VLAN_TAGS.contains(&tag) => vlan(body),
        MPLS | MPLS_UPSTREAM => Ok(Next::Layer(Layer::Mpls, body)),
        PPPOE_SESSION => ppp::pppoe(body),
        ETHERNET => Ok(Next::Layer(Layer::Ethernet, body)),
        tunnel::PPP_IN_GRE => Ok(Next::Layer(Layer::Ppp, body)),
        known if WITHOUT_IP.contains(&known) => Err(Skipped::NotTcp),
        unknown => Err(Skipped::EtherType(unknown)),
    }
}

/// A VLAN tag, after the EtherType that announced it.
///
/// ```text
/// | priority, id 2 | EtherType, or length 2 |
/// ```
fn vlan(body: Body<'_>) -> Result<Next<'_>, Skipped> {
    let (number, rest) = body.peel("VLAN", preceded(take(2usize), be_u16))?;
    Ok(Next::Layer(Layer::EtherType(number), rest))
}

/// Logical link control, and the SNAP header if there is one.
///
/// ```text
/// | aa aa 03 | organization 3 | EtherType 2 |     | 06 06 03 | IP
/// ```
pub(super) fn llc(body: Body<'_>) -> Result<Next<'_>, Skipped> {
    const SNAP: u32 = 0xaa_aa_03;
    const IP: u32 = 0x06_06_03;
    const ENCAPSULATED_ETHERNET: u32 = 0x00_00_00;
    const BRIDGE_TUNNEL: u32 = 0x00_00_f8; // 802.1H
    match body.peel("LLC", be_u24)? {
        (SNAP, snap) => {
            let ((organization, number), rest) = snap.peel("SNAP", (be_u24, be_u16))?;
            match organization {
                ENCAPSULATED_ETHERNET | BRIDGE_TUNNEL => Ok(Next::Layer(Layer::EtherType(number), rest)),
                _ => Err(Skipped::NotTcp),
            }
        }
        (IP, rest) => network::ip(rest),
        _ => Err(Skipped::NotTcp), // spanning tree and the like
    }
}
