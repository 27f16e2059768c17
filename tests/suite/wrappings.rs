//! One TCP segment in every encapsulation that the decoder knows: complete, cut at every byte, and compared with
//! tshark.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;

use etherparse::{PacketBuilder, TcpOptionElement};
use proptest::prelude::*;
use whyclosed::capture::{LinkType, Packet};
use whyclosed::packet::{Decoder, Skipped};
use whyclosed::seen::{Seen, Timestamp};
use whyclosed::tcp::Flags;

use crate::support::tools;

const PAYLOAD: &[u8] = b"\x81\x05hello, and more";
const SEQ: u32 = 0x1122_3344;
const ACK: u32 = 0x5566_7788;
const WINDOW: u16 = 0x0123;
const TTL: u8 = 57;
const CLIENT4: &str = "10.1.2.3:43210";
const SERVER4: &str = "10.9.8.7:9021";
const CLIENT6: &str = "[2001:db8::1]:43210";
const SERVER6: &str = "[2001:db8::2]:9021";

/// A packet that carries the segment.
struct Wrapping {
    name: &'static str,
    link_type: u16,
    bytes: Vec<u8>,
}

/// Concatenates byte strings, numbers given by their big-endian bytes.
macro_rules! cat {
    ($($part:expr),* $(,)?) => { [$(&$part[..]),*].concat() };
}

fn be(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_be_bytes()
}

fn ip4() -> Vec<u8> {
    let (source, destination): (SocketAddr, SocketAddr) = (CLIENT4.parse().unwrap(), SERVER4.parse().unwrap());
    let (SocketAddr::V4(source), SocketAddr::V4(destination)) = (source, destination) else { panic!() };
    let builder = PacketBuilder::ipv4(source.ip().octets(), destination.ip().octets(), TTL)
        .tcp(source.port(), destination.port(), SEQ, WINDOW)
        .ack(ACK)
        .psh()
        .options(&[TcpOptionElement::Noop, TcpOptionElement::Noop, TcpOptionElement::Timestamp(1, 2)])
        .unwrap();
    let mut packet = Vec::new();
    builder.write(&mut packet, PAYLOAD).unwrap();
    packet
}

fn ip6() -> Vec<u8> {
    let (source, destination): (SocketAddr, SocketAddr) = (CLIENT6.parse().unwrap(), SERVER6.parse().unwrap());
    let (SocketAddr::V6(source), SocketAddr::V6(destination)) = (source, destination) else { panic!() };
    let builder = PacketBuilder::ipv6(source.ip().octets(), destination.ip().octets(), TTL)
        .tcp(source.port(), destination.port(), SEQ, WINDOW)
        .ack(ACK)
        .psh();
    let mut packet = Vec::new();
    builder.write(&mut packet, PAYLOAD).unwrap();
    packet
}

fn eth(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    cat!([0, 0x1b, 0x21, 0, 0, 2], [0, 0x1b, 0x21, 0, 0, 1], ether_type.to_be_bytes(), payload)
}

fn snap(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    cat!([0xaa, 0xaa, 3, 0, 0, 0], ether_type.to_be_bytes(), payload)
}

/// Builds an outer IPv4 packet.
fn outer4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4([172, 16, 0, 1], [172, 16, 0, 2], 64).write(&mut packet, protocol.into(), payload).unwrap();
    packet
}

/// Builds an IPv6 packet between the ends of [`ip6`] with another payload.
fn ip6_with(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let header = ip6();
    cat!(header[..4], be(payload.len()), [next_header], header[7..40], payload)
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    outer4(17, &cat!([0xc0, 0x01], port.to_be_bytes(), be(payload.len() + 8), [0, 0], payload))
}

fn gre(flags: u16, protocol: u16, payload: &[u8]) -> Vec<u8> {
    outer4(47, &cat!(flags.to_be_bytes(), protocol.to_be_bytes(), payload))
}

fn pppoe(ppp: &[u8]) -> Vec<u8> {
    cat!([0x11, 0, 0, 7], be(ppp.len()), ppp)
}

fn wifi(kind: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
    let address = [2, 0, 0, 0, 0, 1];
    cat!([kind, flags, 0, 0], address, address, address, [0x10, 0], rest)
}

/// Overwrites bytes of a packet.
fn with(mut packet: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    packet[at..at + bytes.len()].copy_from_slice(bytes);
    packet
}

fn wrappings() -> Vec<Wrapping> {
    let mut all = Vec::new();
    let mut add = |name, link_type, bytes| all.push(Wrapping { name, link_type, bytes });
    let (four, six) = (ip4(), ip6());

    // Ethernet and its tags
    add("Ethernet, IPv4", 1, eth(0x0800, &four));
    add("Ethernet, IPv6", 1, eth(0x86dd, &six));
    add("Ethernet, padding and checksum", 1, cat!(eth(0x0800, &four), [0xee; 9]));
    add("Ethernet, IPv6, padding", 1, cat!(eth(0x86dd, &six), [0xee; 9]));
    add("802.3, LLC/SNAP", 1, eth(u16::try_from(four.len() + 8).unwrap(), &cat!(snap(0x0800, &four), [0xee; 5])));
    add("802.1Q", 1, eth(0x8100, &cat!([0x00, 0x2a, 0x08, 0x00], four)));
    add("802.1ad, 802.1Q", 1, eth(0x88a8, &cat!([0, 1, 0x81, 0, 0, 2, 0x86, 0xdd], six)));
    add("0x9100, LLC", 1, eth(0x9100, &cat!([0, 1], be(four.len() + 8), snap(0x0800, &four))));
    add("five tags", 1, eth(0x8100, &cat!([0, 1, 0x81, 0].repeat(4), [0, 5, 8, 0], four)));

    // Linux, BSD, raw, netfilter, Apple
    let sll = cat!([0, 0, 0, 1, 0, 6], [2, 0, 0, 0, 0, 1, 0, 0]);
    add("SLL", 113, cat!(sll, [0x08, 0x00], four));
    add("SLL, VLAN, IPv6", 113, cat!(sll, [0x81, 0x00, 0, 9, 0x86, 0xdd], six));
    add("SLL, 802.2", 113, cat!(sll, [0x00, 0x04], snap(0x0800, &four)));
    add("SLL2", 276, cat!([0x08, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], four));
    for (name, link_type, family, packet) in [
        ("NULL, little endian", 0, [2, 0, 0, 0], &four),
        ("NULL, big endian", 0, [0, 0, 0, 2], &four),
        ("NULL, IPv6 of NetBSD", 0, [24, 0, 0, 0], &six),
        ("NULL, IPv6 of FreeBSD", 0, [28, 0, 0, 0], &six),
        ("NULL, IPv6 of Darwin", 0, [30, 0, 0, 0], &six),
        ("LOOP", 108, [0, 0, 0, 2], &four),
        ("LOOP, IPv6", 108, [0, 0, 0, 24], &six),
    ] {
        add(name, link_type, cat!(family, packet));
    }
    add("RAW, IPv4", 101, four.clone());
    add("RAW, IPv6", 101, six.clone());
    add("DLT_RAW", 12, four.clone());
    add("DLT_RAW of OpenBSD", 14, six.clone());
    add("IPV4", 228, four.clone());
    add("IPV6", 229, six.clone());
    let nflog_payload = cat!(u16::try_from(four.len() + 4).unwrap().to_le_bytes(), [9, 0], four);
    add("NFLOG", 239, cat!([2, 0, 0, 5], [8, 0, 1, 0, 8, 0, 1, 0], [5, 0, 10, 0, 0, 0, 0, 0], nflog_payload));
    add("NFLOG, big endian", 239, cat!([2, 0, 0, 5], [0, 8, 0, 1, 8, 0, 1, 0], be(four.len() + 4), [0, 9], four));
    let pktap = with(with(vec![0; 108], 0, &[108, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]), 12, b"en0");
    add("PKTAP", 258, cat!(pktap, eth(0x0800, &four)));

    // PPP
    add("PPP", 9, cat!([0xff, 3, 0, 0x21], four));
    add("PPP, compressed", 9, cat!([0x21], four));
    add("PPP HDLC, IPv6", 50, cat!([0xff, 3, 0, 0x57], six));
    add("PPPoE", 1, eth(0x8864, &cat!(pppoe(&cat!([0, 0x21], four)), [0xee; 4])));
    add("PPPoE, IPv6", 51, pppoe(&cat!([0, 0x57], six)));

    // Tunnels
    add("MPLS, two labels", 1, eth(0x8847, &cat!([0, 1, 0, 64], [0, 1, 0x11, 64], four)));
    add("MPLS, IPv6", 1, eth(0x8847, &cat!([0, 1, 0x11, 64], six)));
    add("MPLS, pseudowire", 1, eth(0x8847, &cat!([0, 1, 0x11, 64], [0, 0, 0, 0], eth(0x0800, &four))));
    add("MPLS, pseudowire without", 1, eth(0x8847, &cat!([0, 1, 0x11, 64], eth(0x0800, &four))));
    add("GRE", 1, eth(0x0800, &gre(0, 0x0800, &four)));
    add("GRE, checksum, key, sequence", 1, eth(0x0800, &gre(0xb000, 0x86dd, &cat!([0; 12], six))));
    add("GRE, Ethernet", 1, eth(0x0800, &gre(0x2000, 0x6558, &cat!([0, 0, 0, 1], eth(0x0800, &four)))));
    add("ERSPAN I", 1, eth(0x0800, &gre(0, 0x88be, &eth(0x0800, &four))));
    let erspan2 = cat!([0, 0, 0, 1], [0x10, 1, 0, 1, 0, 0, 0, 0], eth(0x0800, &four));
    add("ERSPAN II", 1, eth(0x0800, &gre(0x1000, 0x88be, &erspan2)));
    let erspan3 = cat!([0, 0, 0, 1], [0x20, 1, 0, 1], [0, 0, 0, 0, 0, 0], [0x00, 0x01], [0; 8], eth(0x86dd, &six));
    add("ERSPAN III, platform", 1, eth(0x0800, &gre(0x1000, 0x22eb, &erspan3)));
    let pptp = cat!(be(four.len() + 4), [0, 7], [0, 0, 0, 1], [0, 0, 0, 1], [0xff, 3, 0, 0x21], four);
    add("GRE, PPP", 1, eth(0x0800, &gre(0x3081, 0x880b, &pptp)));
    add("VXLAN", 1, eth(0x0800, &udp(4789, &cat!([8, 0, 0, 0, 0, 0, 42, 0], eth(0x0800, &four)))));
    add("VXLAN of Linux", 1, eth(0x0800, &udp(8472, &cat!([8, 0, 0, 0, 0, 0, 42, 0], eth(0x86dd, &six)))));
    let geneve = cat!([2, 0, 0x65, 0x58, 0, 0, 42, 0], [1, 2, 3, 1, 0, 0, 0, 0], eth(0x0800, &four));
    add("GENEVE, options", 1, eth(0x0800, &udp(6081, &geneve)));
    add("GTP-U", 1, eth(0x0800, &udp(2152, &cat!([0x30, 0xff], be(four.len()), [0, 0, 0, 1], four))));
    let session = cat!([0x34, 0xff], be(six.len() + 8), [0, 0, 0, 1], [0, 0, 0, 0x85], [1, 0, 9, 0], six);
    add("GTP-U, extension", 1, eth(0x0800, &udp(2152, &session)));
    add("IPv4 in IPv4", 1, eth(0x0800, &outer4(4, &four)));
    add("IPv6 in IPv4", 1, eth(0x0800, &outer4(41, &six)));
    add("IPv4 in IPv6", 1, eth(0x86dd, &ip6_with(4, &four)));
    let nested = outer4(4, &outer4(4, &gre(0, 0x0800, &outer4(41, &six))));
    add("tunnels in tunnels", 1, eth(0x8100, &cat!([0, 1, 0x08, 0], nested)));

    // Features of IP itself
    let auth = cat!([6, 4, 0, 0], [0; 8], [0xaa; 12]);
    add("IPv6, AH", 1, eth(0x86dd, &ip6_with(51, &cat!(auth, six[40..]))));
    let ah4 = cat!(four[..20], auth, four[20..]);
    add("IPv4, AH", 1, eth(0x0800, &with(with(ah4.clone(), 9, &[51]), 2, &be(ah4.len()))));
    let options = cat!([0x47], four[1..2], be(four.len() + 8), four[4..20], [1; 7], [0], four[20..]);
    add("IPv4, options", 1, eth(0x0800, &options));
    let extensions = cat!([60, 0, 1, 4, 0, 0, 0, 0], [43, 0, 1, 4, 0, 0, 0, 0], [44, 0, 0, 0, 0, 0, 0, 0]);
    let extensions = cat!(extensions, [6, 0, 0, 0, 0, 0, 0, 1], six[40..]);
    add("IPv6, extensions and an atomic fragment", 1, eth(0x86dd, &ip6_with(0, &extensions)));
    add("IPv4, length 0", 1, eth(0x0800, &with(four.clone(), 2, &[0, 0])));
    add("IPv6, length 0", 1, eth(0x86dd, &with(six.clone(), 4, &[0, 0])));

    // Wireless
    add("802.11", 105, wifi(0x08, 0x01, &snap(0x0800, &four)));
    add("802.11, QoS", 105, wifi(0x88, 0x02, &cat!([0, 0], snap(0x0800, &four))));
    add("802.11, four addresses, HT control", 105, wifi(0x88, 0x83, &cat!([2; 6], [0; 6], snap(0x86dd, &six))));
    let fcs = cat!(wifi(0x08, 1, &snap(0x0800, &four)), [0xfc; 4]);
    add("radiotap, FCS", 127, cat!([0, 0, 9, 0, 2, 0, 0, 0, 0x10], fcs));
    let padded = wifi(0x88, 0x02, &cat!([0, 0], [0, 0], snap(0x0800, &four)));
    let clock = cat!([0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0], [0; 4], [1; 8], [0x20]);
    add("radiotap, clock, two words, padding", 127, cat!(clock, padded));
    add("PPI", 192, cat!([0, 0, 8, 0, 105, 0, 0, 0], wifi(0x08, 1, &snap(0x0800, &four))));

    all
}

fn packet(link_type: u16, data: &[u8], length: usize) -> Packet<'_> {
    let time = Timestamp::from_nanos(1);
    Packet {
        number: 7,
        time,
        link_type: LinkType(link_type),
        data,
        length: u32::try_from(length).unwrap(),
        process: None,
    }
}

#[test]
fn the_segment_comes_out_of_every_wrapping() {
    for Wrapping { name, link_type, bytes, .. } in wrappings() {
        let mut decoder = Decoder::default();
        let Some(segment) = decoder.decode(&packet(link_type, &bytes, bytes.len())) else {
            panic!("{name}: {:?}", decoder.skipped().collect::<Vec<_>>());
        };
        let ends = if segment.source().is_ipv4() { (CLIENT4, SERVER4) } else { (CLIENT6, SERVER6) };
        assert_eq!(
            (segment.source(), segment.destination()),
            (ends.0.parse().unwrap(), ends.1.parse().unwrap()),
            "{name}"
        );
        assert_eq!((segment.seq, segment.ack, segment.window, segment.carrier.ttl), (SEQ, ACK, WINDOW, TTL), "{name}");
        assert_eq!(segment.flags, Flags(0x18), "{name}");
        assert_eq!(segment.carrier.seen, Seen { packet: 7, time: Timestamp::from_nanos(1) }, "{name}");
        assert_eq!((segment.payload, segment.payload_len), (PAYLOAD, PAYLOAD.len() as u32), "{name}");
        assert_eq!(decoder.skipped().count(), 0, "{name}");
    }
}

/// Cut at every byte: there is a segment exactly if the 20 bytes of its TCP header are present. Its payload must be the
/// beginning of the true payload, and its length on the wire the true length.
#[test]
fn the_snaplen_takes_nothing_but_bytes() {
    for Wrapping { name, link_type, bytes, .. } in wrappings() {
        let header = bytes.windows(4).position(|window| window == SEQ.to_be_bytes()).unwrap() - 4;
        // If IP does not state its length, only the capture does.
        let by_ip = !name.contains("length 0");
        for cut in 0..=bytes.len() {
            for length in [bytes.len(), cut] {
                if length == cut && !by_ip {
                    continue;
                }
                let mut decoder = Decoder::default();
                match decoder.decode(&packet(link_type, &bytes[..cut], length)) {
                    Some(segment) => {
                        assert!(cut >= header + 20, "{name} cut at {cut}");
                        assert_eq!((segment.seq, segment.payload_len), (SEQ, PAYLOAD.len() as u32), "{name} at {cut}");
                        assert_eq!(
                            (segment.ack, segment.flags, segment.carrier.ttl),
                            (ACK, Flags(0x18), TTL),
                            "{name} at {cut}"
                        );
                        assert!(PAYLOAD.starts_with(segment.payload), "{name} cut at {cut}");
                        let there =
                            cut.saturating_sub(bytes.windows(PAYLOAD.len()).position(|w| w == PAYLOAD).unwrap());
                        assert_eq!(segment.payload.len(), there.min(PAYLOAD.len()), "{name} cut at {cut}");
                    }
                    None => {
                        let skipped: Vec<_> = decoder.skipped().collect();
                        assert!(cut < header + 20, "{name} cut at {cut}: {skipped:?}");
                        assert_eq!(skipped.iter().map(|(_, packets)| packets).sum::<u64>(), 1, "{name} cut at {cut}");
                        let short = matches!(skipped[0].0, Skipped::Truncated(_))
                            || length == cut && matches!(skipped[0].0, Skipped::Broken(_) | Skipped::NotTcp);
                        assert!(short, "{name} cut at {cut} of {length}: {skipped:?}");
                    }
                }
            }
        }
    }
}

proptest! {
    /// For any bytes, the result is a segment whose payload lies within the packet, or one more packet counted as
    /// skipped.
    #[test]
    fn survives_any_bytes(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        link_type in prop::option::of(prop::sample::select(vec![0, 1, 9, 50, 51, 101, 105, 113, 127, 192, 239, 258, 276])),
    ) {
        let all = wrappings();
        let wrapping = &all[which.index(all.len())];
        let mut bytes = wrapping.bytes.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let cut = bytes.len() - cut.index(bytes.len()) / 4;
        let mut decoder = Decoder::default();
        match decoder.decode(&packet(link_type.unwrap_or(wrapping.link_type), &bytes[..cut], bytes.len())) {
            Some(segment) => {
                prop_assert!(segment.payload.len() <= cut);
                prop_assert!(segment.payload.len() <= segment.payload_len as usize);
            }
            None => prop_assert_eq!(decoder.skipped().map(|(_, packets)| packets).sum::<u64>(), 1),
        }
    }
}

/// The encapsulations in which tshark 4.0 finds no segment, with the reason.
const TSHARK_SEES_NONE: [(&str, &str); 3] = [
    ("NFLOG, big endian", "takes the byte order of the machine it runs on"),
    ("VXLAN of Linux", "knows only the registered port, 4789"),
    ("IPv6, length 0", "believes the 0, where it takes that of IPv4 for segmentation offload"),
];

/// Compares with tshark, if it is installed: source port, raw sequence number, payload length.
#[test]
fn tshark_sees_the_same() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let all = wrappings();
    let mut file = tempfile::Builder::new().suffix(".pcapng").tempfile().unwrap();
    file.write_all(&pcapng(&all)).unwrap();
    let fields = ["frame.number", "tcp.srcport", "tcp.seq_raw", "tcp.len"];
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(file.path()).args(["-T", "fields"]).args(fields.iter().flat_map(|field| ["-e", field]));
    let output = tshark.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let mut surprises = Vec::new();
    for (index, wrapping) in all.iter().enumerate() {
        let line = lines.next().unwrap_or("");
        let same = line == format!("{}\t43210\t{SEQ}\t{}", index + 1, PAYLOAD.len());
        match TSHARK_SEES_NONE.iter().find(|(name, _)| *name == wrapping.name) {
            None if !same => surprises.push(format!("{}: tshark says {line:?}", wrapping.name)),
            Some((_, reason)) if same => surprises.push(format!("{}: tshark sees it, though: {reason}", wrapping.name)),
            _ => {}
        }
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
}

/// Builds a section with an interface for each packet, since packets have different link types.
fn pcapng(all: &[Wrapping]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padded = body.len().next_multiple_of(4);
        let total = u32::try_from(padded + 12).unwrap().to_le_bytes();
        cat!(kind.to_le_bytes(), total, body, vec![0; padded - body.len()], total)
    };
    let mut file = block(0x0a0d_0d0a, &cat!(0x1a2b_3c4d_u32.to_le_bytes(), [1, 0, 0, 0], [0xff; 8]));
    for wrapping in all {
        file.extend(block(1, &cat!(wrapping.link_type.to_le_bytes(), [0; 6])));
    }
    for (interface, wrapping) in all.iter().enumerate() {
        let interface = u32::try_from(interface).unwrap().to_le_bytes();
        let length = u32::try_from(wrapping.bytes.len()).unwrap().to_le_bytes();
        file.extend(block(6, &cat!(interface, [0; 8], length, length, wrapping.bytes)));
    }
    file
}
