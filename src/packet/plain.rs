//! Fast paths for Ethernet + IPv4 without options + TCP or UDP, read at fixed offsets. A quarter of the cost of peeling
//! headers one at a time; anything else returns `None`.
//!
//! ```text
//! 0            12         14           16      20        23     24       34          46     54
//! | addresses  | 08 00    | 45 | TOS | length  | fragment | TTL | 06 …   | addresses | TCP … | options, payload, padding
//! └ Ethernet 14 ──────────┴ IPv4 20, without options ──────────────────────────────────┴ TCP 20 ┘
//!                                                               | 11 …   | addresses | UDP 8 | payload, padding
//! ```

use etherparse::{Ethernet2Header, Ipv4Header, TcpHeader, UdpHeader, ip_number};

use super::ethernet::ether_types;
use super::{Skipped, seen, transport};
use crate::capture::{LinkType, Packet};
use crate::chunk::Carrier;
use crate::tcp::{Endpoints, Flags, Segment};

/// Bytes of all three headers.
const HEADERS: usize = Ethernet2Header::LEN + Ipv4Header::MIN_LEN + TcpHeader::MIN_LEN;
/// The same with UDP.
const HEADERS_UDP: usize = Ethernet2Header::LEN + Ipv4Header::MIN_LEN + UdpHeader::LEN;
/// Version 4, and a header of five words.
const IPV4: u8 = 0x45;
/// The bits of the "more fragments" flag and of the fragment offset.
const FRAGMENT: u16 = 0x3fff;

/// Returns the segment of a packet with the layout above; `None` for any other. It is inlined, so that
/// a caller that uses only some fields reads only those.
#[inline(always)]
pub(super) fn segment<'a>(packet: &Packet<'a>) -> Option<Segment<'a>> {
    let head = packet.data.first_chunk::<HEADERS>()?;
    let is_plain = is_plain(packet.link_type, head) && head[23] == ip_number::TCP.0;
    let length = usize::from(two([head[16], head[17]]));
    let tcp_header = usize::from(head[46] >> 4) * 4;
    let headers = Ipv4Header::MIN_LEN + tcp_header;
    if !is_plain || tcp_header < TcpHeader::MIN_LEN || headers > length {
        return None;
    }
    let captured = packet.data.get(..Ethernet2Header::LEN + length).unwrap_or(packet.data);
    let four = |bytes: [u8; 4]| u32::from_be_bytes(bytes);
    let source = (four([head[26], head[27], head[28], head[29]]), two([head[34], head[35]]));
    let destination = (four([head[30], head[31], head[32], head[33]]), two([head[36], head[37]]));
    let (endpoints, from_low) = Endpoints::v4(source, destination);
    Some(Segment {
        carrier: Carrier::new(seen(packet), None, head[22]),
        endpoints,
        from_low,
        seq: four([head[38], head[39], head[40], head[41]]),
        ack: four([head[42], head[43], head[44], head[45]]),
        flags: Flags(head[47]),
        window: two([head[48], head[49]]),
        payload: captured.get(Ethernet2Header::LEN + headers..)?,
        payload_len: (length - headers) as u32,
    })
}

/// Returns the reason that a UDP datagram with the layout above gives no segment; `None` for any other packet, and if the
/// datagram may be a tunnel.
#[inline]
pub(super) fn skipped(packet: &Packet<'_>) -> Option<Skipped> {
    let head = packet.data.first_chunk::<HEADERS_UDP>()?;
    let is_plain = is_plain(packet.link_type, head) && head[23] == ip_number::UDP.0;
    let is_long_enough = usize::from(two([head[16], head[17]])) >= Ipv4Header::MIN_LEN + UdpHeader::LEN;
    let (from, to) = (two([head[34], head[35]]), two([head[36], head[37]]));
    if is_plain && is_long_enough { transport::no_tunnel(from, to) } else { None }
}

/// Returns whether a packet begins with plain headers of Ethernet and IPv4, and is no fragment.
#[inline(always)]
fn is_plain<const N: usize>(link_type: LinkType, head: &[u8; N]) -> bool {
    const { assert!(N >= HEADERS_UDP) };
    link_type == LinkType::ETHERNET
        && two([head[12], head[13]]) == ether_types::IPV4
        && head[14] == IPV4
        && two([head[20], head[21]]) & FRAGMENT == 0
}

#[inline(always)]
const fn two(bytes: [u8; 2]) -> u16 {
    u16::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packet::Decoder;
    use crate::seen::Timestamp;

    proptest! {
        /// For headers nearly as drawn, with some bytes of any value and cut anywhere, both paths give the same
        /// segment, or the same reason for none.
        #[test]
        fn reads_what_the_others_read(
            changes in prop::collection::vec((12..60usize, any::<u8>()), 0..4),
            protocol in prop::sample::select(vec![ip_number::TCP.0, ip_number::UDP.0]),
            port in prop::sample::select(vec![81u16, 443, 2152, 4789, 6081, 8472]),
            length in 0..80u16,
            captured in 40..90usize,
            more in 0..20u32,
        ) {
            let mut data = [0; 90];
            data[12..15].copy_from_slice(&[0x08, 0x00, IPV4]);
            data[16..18].copy_from_slice(&length.to_be_bytes());
            data[22..24].copy_from_slice(&[64, protocol]);
            data[26..36].copy_from_slice(&[1, 2, 3, 4, 1, 2, 3, 5, 0, 80]);
            data[36..38].copy_from_slice(&port.to_be_bytes());
            data[46] = 0x50;
            for (place, byte) in changes {
                data[place] = byte;
            }
            let packet = Packet {
                number: 1,
                time: Timestamp::default(),
                link_type: LinkType::ETHERNET,
                data: &data[..captured],
                length: captured as u32 + more,
                process: None,
            };
            if let Some(segment) = segment(&packet) {
                let mut decoder = Decoder::default();
                prop_assert_eq!(format!("{segment:?}"), format!("{:?}", decoder.found(&packet, None).unwrap()));
            }
            if let Some(skipped) = skipped(&packet) {
                let mut decoder = Decoder::default();
                prop_assert!(decoder.found(&packet, None).is_none());
                prop_assert_eq!(decoder.skipped().collect::<Vec<_>>(), [(skipped, 1)]);
            }
        }
    }
}
