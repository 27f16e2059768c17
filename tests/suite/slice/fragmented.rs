//! Slices of captures with fragmented packets.

use std::collections::BTreeMap;
use std::path::Path;

use whyclosed::capture::pcapng::{Description, Writer};
use whyclosed::capture::{self, LinkType, Packet};

use super::{leaks, report, slice, verdicts};

use crate::support::fixture;

/// Padding after a packet on the link. It may be anything, so a slice must not keep it.
const PADDING: &[u8] = b"padding";

/// Splits an IPv4 packet into fragments of so many bytes, with an identification.
fn fragments(ip: &[u8], identification: u16, step: usize) -> Vec<Vec<u8>> {
    let (header, body) = ip.split_at(20);
    let parts = body.chunks(step).enumerate().map(|(index, part)| {
        let more = if (index + 1) * step < body.len() { 0x2000 } else { 0 };
        let mut fragment = [header, part].concat();
        fragment[2..4].copy_from_slice(&(20 + part.len() as u16).to_be_bytes());
        fragment[4..6].copy_from_slice(&identification.to_be_bytes());
        fragment[6..8].copy_from_slice(&(more | (index * step / 8) as u16).to_be_bytes());
        fragment
    });
    parts.collect()
}

/// Computes the TCP checksum of a segment, ignoring the present one, with the addresses of its IPv4 header (RFC 9293
/// §3.1).
fn checksum(ip: &[u8], segment: &[u8]) -> u16 {
    let addresses = |at: usize| <[u8; 4]>::try_from(&ip[at..at + 4]).unwrap();
    let tcp = etherparse::TcpSlice::from_slice(segment).unwrap();
    tcp.calc_checksum_ipv4(addresses(12), addresses(16)).unwrap()
}

/// The size of the headers of a VXLAN tunnel: IPv4, UDP, VXLAN, Ethernet (RFC 7348).
const TUNNEL: usize = 20 + 8 + 8 + 14;

/// Wraps an IPv4 packet in a tunnel, as another IPv4 packet.
fn tunnelled(ethernet: &[u8], ip: &[u8]) -> Vec<u8> {
    let inner = [&[8, 0, 0, 0, 0, 0, 42, 0], ethernet, ip].concat();
    let mut outer = Vec::new();
    let headers = etherparse::PacketBuilder::ipv4([172, 16, 0, 1], [172, 16, 0, 2], 64).udp(49999, 4789);
    headers.write(&mut outer, &inner).unwrap();
    outer
}

/// Writes a capture's IPv4 packets with data as fragments with correct checksums, every other datagram in reverse
/// order. Returns the number of packets.
fn fragmented(whole: &Path, to: &Path, step: usize, tunnel: bool) -> u64 {
    let mut source = capture::open(&[whole.to_owned()]).unwrap();
    let mut out = Writer::new(std::fs::File::create(to).unwrap()).unwrap();
    let link_type = LinkType::ETHERNET;
    let (name, filter) = (String::new(), String::new());
    let interface = out.interface(&Description { link_type, snaplen: 0, name, filter }).unwrap();
    let mut count = 0;
    while source.advance().unwrap() {
        let packet = source.packet();
        let (ethernet, rest) = packet.data.split_at(14);
        let mut ip = rest[..usize::from(u16::from_be_bytes([rest[2], rest[3]]))].to_vec();
        let (header, segment) = ip.split_at_mut(20);
        let right = checksum(header, segment);
        segment[16..18].copy_from_slice(&right.to_be_bytes());
        if tunnel {
            ip = tunnelled(ethernet, &ip);
        }
        let mut parts = if ip.len() > 72 { fragments(&ip, packet.number as u16, step) } else { vec![ip] };
        if packet.number.is_multiple_of(2) {
            parts.reverse();
        }
        for part in parts {
            let data = [ethernet, &part, PADDING].concat();
            let length = data.len() as u32;
            out.packet(interface, &Packet { data: &data, length, ..packet }, 0, &[]).unwrap();
            count += 1;
        }
    }
    out.flush().unwrap();
    count
}

/// Returns the IPv4 datagrams of a capture, reassembled: each as its header and its payload.
fn datagrams(file: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut source = capture::open(&[file.to_owned()]).unwrap();
    let mut parts = BTreeMap::<u16, Vec<_>>::new();
    let mut whole = Vec::new();
    while source.advance().unwrap() {
        let data = source.packet().data;
        let length = usize::from(u16::from_be_bytes([data[16], data[17]]));
        let (header, body) = data[14..14 + length].split_at(20);
        match u16::from_be_bytes([header[6], header[7]]) & 0x3fff {
            0 => whole.push((header.to_vec(), body.to_vec())),
            place => {
                let identification = u16::from_be_bytes([header[4], header[5]]);
                parts.entry(identification).or_default().push((place & 0x1fff, header.to_vec(), body.to_vec()));
            }
        }
    }
    for mut parts in parts.into_values() {
        parts.sort();
        let body = parts.iter().flat_map(|(_, _, body)| body.clone()).collect();
        whole.push((parts[0].1.clone(), body));
    }
    let inner = |(header, body): (Vec<u8>, Vec<u8>)| match header[9] {
        17 => (body[TUNNEL - 20..TUNNEL].to_vec(), body[TUNNEL..].to_vec()),
        _ => (header, body),
    };
    whole.into_iter().map(inner).collect()
}

/// Every fragment is included, and redacted like its segment, wherever the segment is split.
#[test]
fn fragments_are_packets_of_their_connection() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, to) = (folder.path().join("capture.pcapng"), folder.path().join("slice.pcapng"));
    // Before the checksum, inside the TCP header's options, at the header's end, and far inside the payload.
    let cuts = [8, 16, 24, 32, 136].map(|step| (step, false)).into_iter().chain([64, 72, 200].map(|step| (step, true)));
    for ((step, tunnel), name) in
        cuts.flat_map(|cut| ["invalid_utf8", "deflate_context", "many"].map(|name| (cut, name)))
    {
        let fixture = fixture(name);
        let count = fragmented(&fixture, &capture, step, tunnel);
        let whole = report(&capture);
        assert_eq!(verdicts(&whole), verdicts(&report(&fixture)), "{name} in {step}");
        let connections = whole["connections"].as_array().unwrap().iter();
        let ids: Vec<_> = connections.map(|connection| connection["id"].to_string()).collect();
        for arguments in [&["--connection"][..], &["--redact", "--connection"]] {
            slice(&capture, &[arguments, &[&ids.join(",")]].concat(), &to);
            let (at, part) = (format!("{name} in {step} {arguments:?}"), report(&to));
            assert_eq!(verdicts(&part), verdicts(&whole), "{at}");
            assert_eq!(part["captures"][0]["packets"], count, "{at}");
            for (header, segment) in datagrams(&to) {
                assert_eq!(u16::from_be_bytes([segment[16], segment[17]]), checksum(&header, &segment), "{at}");
            }
        }
        assert_eq!(leaks(&to, &capture), [] as [String; 0], "{name} in {step}");
        assert_eq!(memchr::memmem::find(&std::fs::read(&to).unwrap(), PADDING), None, "{name} in {step}");
    }
}
