//! Segments in fragmented IP datagrams, also through tunnels, compared with tshark's reassembly.

use std::io::Write;
use std::process::Command;

use etherparse::{PacketBuilder, TcpOptionElement};
use whyclosed::analyzer::Analyzer;
use whyclosed::capture::{LinkType, Packet};
use whyclosed::packet::{Decoder, Skipped};
use whyclosed::seen::Timestamp;

use crate::support::tools;

const SEQ: u32 = 0x1122_3344;
const MTU: usize = 96;

fn payload() -> Vec<u8> {
    (0..200).collect()
}

fn segment4() -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4([10, 1, 2, 3], [10, 9, 8, 7], 57)
        .tcp(43210, 9021, SEQ, 99)
        .options(&[TcpOptionElement::Timestamp(1, 2)])
        .unwrap()
        .write(&mut packet, &payload())
        .unwrap();
    packet
}

fn segment6() -> Vec<u8> {
    let (source, destination) = ([0xfd; 16], [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    let mut packet = Vec::new();
    PacketBuilder::ipv6(source, destination, 57).tcp(43210, 9021, SEQ, 99).write(&mut packet, &payload()).unwrap();
    packet
}

fn outer4(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4([172, 16, 0, 1], [172, 16, 0, 2], 64).udp(49999, port).write(&mut packet, payload).unwrap();
    packet
}

fn vxlan(ip: &[u8]) -> Vec<u8> {
    outer4(4789, &[&[8, 0, 0, 0, 0, 0, 42, 0][..], &eth(ip)].concat())
}

fn eth(ip: &[u8]) -> Vec<u8> {
    let ether_type = if ip[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] };
    [&[0, 0x1b, 0x21, 0, 0, 2, 0, 0x1b, 0x21, 0, 0, 1][..], &ether_type, ip].concat()
}

/// Splits an IPv4 packet into fragments.
fn fragments4(identification: u16, packet: &[u8]) -> Vec<Vec<u8>> {
    let (header, body) = packet.split_at(20);
    let step = (MTU - 20) / 8 * 8;
    let parts = body.chunks(step).enumerate().map(|(index, part)| {
        let more = if (index + 1) * step < body.len() { 0x2000 } else { 0 };
        let mut fragment = [header, part].concat();
        fragment[2..4].copy_from_slice(&u16::try_from(20 + part.len()).unwrap().to_be_bytes());
        fragment[4..6].copy_from_slice(&identification.to_be_bytes());
        fragment[6..8].copy_from_slice(&(more | u16::try_from(index * step / 8).unwrap()).to_be_bytes());
        fragment
    });
    parts.collect()
}

/// Splits an IPv6 packet into fragments: with destination options before the fragment header, and in the first also
/// after it.
fn fragments6(identification: u32, packet: &[u8]) -> Vec<Vec<u8>> {
    let (header, tcp) = packet.split_at(40);
    let body = [&[6, 0, 1, 4, 0, 0, 0, 0], tcp].concat();
    let step = (MTU - 56) / 8 * 8;
    let parts = body.chunks(step).enumerate().map(|(index, part)| {
        let more = u16::from((index + 1) * step < body.len());
        let offset = (u16::try_from(index * step).unwrap() | more).to_be_bytes();
        let length = u16::try_from(16 + part.len()).unwrap().to_be_bytes();
        let fixed = [&header[..4], &length, &[60], &header[7..]].concat();
        let extensions = [[44, 0, 1, 4, 0, 0, 0, 0], [60, 0, offset[0], offset[1], 0, 0, 0, 0]].concat();
        let mut fragment = [&fixed, &extensions[..], part].concat();
        fragment[52..56].copy_from_slice(&identification.to_be_bytes());
        fragment
    });
    parts.collect()
}

/// Returns the cases: each has the frames that together carry one segment.
fn cases() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let in_order = fragments4(1, &segment4());
    let reversed = fragments4(2, &segment4()).into_iter().rev().collect();
    let shuffled = [fragments6(4, &segment6())].map(|mut parts| {
        parts.rotate_left(2);
        parts.swap(0, 1);
        parts
    });
    let inside = fragments4(5, &segment4()).iter().map(|fragment| vxlan(fragment)).collect();
    let outside = fragments4(6, &vxlan(&segment6()));
    let both = fragments6(7, &segment6()).into_iter().enumerate();
    let both = both.flat_map(|(index, part)| fragments4(100 + u16::try_from(index).unwrap(), &vxlan(&part))).collect();
    let cases = [
        ("IPv4", in_order),
        ("IPv4, reversed", reversed),
        ("IPv6", fragments6(3, &segment6())),
        ("IPv6, shuffled", shuffled.concat()),
        ("in VXLAN", inside),
        ("VXLAN in fragments", outside),
        ("fragments in VXLAN in fragments", both),
    ];
    cases.into_iter().map(|(name, parts)| (name, parts.iter().map(|part| eth(part)).collect())).collect()
}

fn packet(data: &[u8], length: usize) -> Packet<'_> {
    let time = Timestamp::default();
    Packet { number: 1, time, link_type: LinkType(1), data, length: u32::try_from(length).unwrap(), process: None }
}

#[test]
fn the_last_fragment_gives_the_segment() {
    for (name, frames) in cases() {
        let mut decoder = Decoder::default();
        let (last, others) = frames.split_last().unwrap();
        for frame in others {
            assert!(decoder.decode(&packet(frame, frame.len())).is_none(), "{name}");
        }
        let waiting: Vec<_> = decoder.skipped().collect();
        assert!(matches!(waiting[..], [(Skipped::IncompleteFragments, _)]), "{name}: {waiting:?}");
        let segment = decoder.decode(&packet(last, last.len())).unwrap();
        assert_eq!((segment.seq, segment.carrier.ttl, segment.source().port()), (SEQ, 57, 43210), "{name}");
        assert_eq!((segment.payload, segment.payload_len), (&payload()[..], 200), "{name}");
        assert_eq!(decoder.skipped().count(), 0, "{name}");
    }
}

/// Each frame is cut at a snaplen: the result must be nothing, or the beginning of the payload with its true length.
#[test]
fn fragments_cut_by_the_snaplen() {
    for (name, frames) in cases() {
        let mut found = 0;
        for snaplen in 0..200 {
            let mut decoder = Decoder::default();
            for frame in &frames {
                let cut = &frame[..frame.len().min(snaplen)];
                if let Some(segment) = decoder.decode(&packet(cut, frame.len())) {
                    assert_eq!((segment.seq, segment.payload_len), (SEQ, 200), "{name} at {snaplen}");
                    assert!(payload().starts_with(segment.payload), "{name} at {snaplen}");
                    found += 1;
                }
            }
        }
        assert!(found > 0, "{name}");
    }
}

#[test]
fn a_missing_fragment_is_reported() {
    for missing in 0..3 {
        let mut frames = fragments4(1, &segment4());
        frames.remove(missing);
        let mut decoder = Decoder::default();
        assert!(frames.iter().all(|frame| decoder.decode(&packet(&eth(frame), frame.len())).is_none()));
        assert_eq!(decoder.skipped().collect::<Vec<_>>(), [(Skipped::IncompleteFragments, frames.len() as u64)]);
    }
}

#[test]
fn tshark_puts_the_same_together() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let mut pcap: Vec<u8> =
        [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1].iter().flat_map(|word| word.to_le_bytes()).collect();
    let (mut number, mut expected) = (0, Vec::new());
    for (_, frames) in cases() {
        for frame in &frames {
            let length = u32::try_from(frame.len()).unwrap();
            pcap.extend([number, 0, length, length].iter().flat_map(|word| word.to_le_bytes()));
            pcap.extend(frame);
            number += 1;
        }
        expected.push(format!("{number}\t43210\t{SEQ}\t200"));
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&pcap).unwrap();
    let fields = ["frame.number", "tcp.srcport", "tcp.seq_raw", "tcp.len"].into_iter().flat_map(|field| ["-e", field]);
    let mut tshark = Command::new("tshark");
    tshark.args(["-Y", "tcp.seq_raw", "-T", "fields"]).args(fields).arg("-r").arg(file.path());
    let output = tshark.output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().collect::<Vec<_>>(), expected);
}

/// Packets without a segment are listed in the same order when packets come in batches; a datagram counts when its last
/// fragment comes.
#[test]
fn batches_list_what_was_skipped_in_the_same_order() {
    let mut packets: Vec<_> = fragments4(7, &outer4(9999, &payload())).iter().map(|fragment| eth(fragment)).collect();
    assert!(packets.len() > 1);
    // MACsec.
    packets.push([&[0; 12][..], &[0x88, 0xe5], &[0; 20]].concat());
    let packets: Vec<_> = packets
        .iter()
        .map(|data| Packet {
            number: 1,
            time: Timestamp::default(),
            link_type: LinkType::ETHERNET,
            data,
            length: u32::try_from(data.len()).unwrap(),
            process: None,
        })
        .collect();
    let skipped = |analyzer: &Analyzer| analyzer.decoder().skipped().collect::<Vec<_>>();
    let (mut one_by_one, mut in_batches) = (Analyzer::default(), Analyzer::default());
    for packet in &packets {
        one_by_one.push(packet, &mut Vec::new());
    }
    in_batches.push_all(&packets, &mut Vec::new());
    assert_eq!(skipped(&one_by_one).len(), 2);
    assert_eq!(skipped(&in_batches), skipped(&one_by_one));
}
