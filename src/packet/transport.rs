//! TCP (RFC 9293 §3.1), and the IP protocols and UDP ports that tunnel it.

use std::net::SocketAddr;

use etherparse::err::tcp::HeaderSliceError;
use etherparse::{TcpHeader, TcpSlice, ip_number};
use nom::number::complete::be_u16;

use super::network::Datagram;
use super::walk::{End, Found, Walk};
use super::{Skipped, network, tunnel};
use crate::chunk::Carrier;
use crate::seen::Seen;
use crate::tcp::{Endpoints, Flags, Segment};

const NAME: &str = "TCP";

/// UDP port of HTTP/3, which QUIC carries (RFC 9114 §3.1).
const QUIC: u16 = 443;

/// Parses a TCP segment. If the snaplen cut into the options, the 20 bytes before them still give everything except the
/// payload.
#[inline(always)]
pub(super) fn tcp<'a>(datagram: Datagram<'a>, seen: Seen) -> Result<Segment<'a>, Skipped> {
    let body = datagram.body;
    match TcpSlice::from_slice(body.bytes) {
        Ok(tcp) => segment(datagram, seen, &tcp, tcp.header_len(), tcp.payload()),
        Err(HeaderSliceError::Content(_)) => Err(Skipped::Broken(NAME)),
        Err(HeaderSliceError::Len(_)) => {
            let Some(mut fixed) = body.bytes.first_chunk::<{ TcpHeader::MIN_LEN }>().copied() else {
                return Err(body.too_short(NAME));
            };
            let [.., offset, _, _, _, _, _, _, _] = &mut fixed;
            let header_len = usize::from(*offset >> 4) * 4;
            *offset = 0x50; // 20 bytes: a complete header without options
            let tcp = TcpSlice::from_slice(&fixed).map_err(|_| Skipped::Broken(NAME))?;
            segment(datagram, seen, &tcp, header_len, &[])
        }
    }
}

/// Returns the segment with the fields of `tcp` and a header of `header_len` bytes. Fails if the datagram is shorter
/// than that.
#[inline(always)]
fn segment<'a>(
    Datagram { ip, body, .. }: Datagram<'_>,
    seen: Seen,
    tcp: &TcpSlice<'_>,
    header_len: usize,
    payload: &'a [u8],
) -> Result<Segment<'a>, Skipped> {
    let payload_len = body.length.checked_sub(header_len).ok_or(Skipped::Broken(NAME))?;
    let route = ip.route();
    let (endpoints, from_low) = Endpoints::of(
        SocketAddr::new(route.source, tcp.source_port()),
        SocketAddr::new(route.destination, tcp.destination_port()),
    );
    Ok(Segment {
        carrier: Carrier::new(seen, None, route.ttl),
        endpoints,
        from_low,
        seq: tcp.sequence_number(),
        ack: tcp.acknowledgment_number(),
        flags: Flags(tcp.slice().get(13).copied().unwrap_or_default()),
        window: tcp.window_size(),
        payload,
        payload_len: u32::try_from(payload_len).unwrap_or(u32::MAX),
    })
}

/// Returns the datagram if it is TCP; otherwise parses the protocol that may carry it.
#[inline]
pub(super) fn header<'a>(walk: Walk, datagram: Datagram<'a>) -> Found<'a> {
    match datagram.protocol {
        ip_number::TCP => Ok(End::Tcp(datagram)),
        _ => tunnel(walk, datagram),
    }
}

/// Parses a protocol that may tunnel TCP.
fn tunnel<'a>(walk: Walk, Datagram { protocol, body, .. }: Datagram<'a>) -> Found<'a> {
    match protocol {
        ip_number::IPV4 | ip_number::IPV6 => network::ip(walk.deeper()?, body),
        ip_number::GRE => tunnel::gre(walk, body),
        ip_number::ENCAP_SEC => Err(Skipped::Encrypted("ESP")),
        ip_number::IP_COMP => Err(Skipped::Unsupported("IPComp")),
        ip_number::UDP => {
            // | source port 2 | destination port 2 | length 2 | checksum 2 |
            let ((from, to), rest) = body.peel("UDP", (be_u16, be_u16))?;
            let rest = rest.skip("UDP", 4)?;
            no_tunnel(from, to).map_or_else(|| tunnel::udp(walk, to, rest), Err)
        }
        _ => Err(Skipped::NotTcp),
    }
}

/// Returns the reason that a UDP datagram between these ports gives no segment; `None` if it may be a tunnel.
#[inline]
pub(super) const fn no_tunnel(from: u16, to: u16) -> Option<Skipped> {
    match to {
        tunnel::VXLAN | tunnel::VXLAN_LINUX | tunnel::GENEVE | tunnel::GTP_U => None,
        _ if from == QUIC || to == QUIC => Some(Skipped::Quic),
        _ => Some(Skipped::NotTcp),
    }
}
