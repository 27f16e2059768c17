//! Compares the readers with libpcap: on every capture that libpcap can read, both give the same packets.

#[path = "../../src/capture/testing/build.rs"]
#[allow(dead_code, missing_docs, reason = "shared with the unit tests, which use all of it")]
mod build;

use std::fs;
use std::io::Read;
use std::path::Path;

use build::{Order, Pcap, Pcapng};
use pcap::{Capture, Linktype, Precision};
use whyclosed::capture;

use crate::support::{fixtures, tools};

/// Fixtures that libpcap fails on, with the text of its error and the reason. The test checks that it fails.
const BEYOND_LIBPCAP: [(&str, &str, &str); 2] = [
    ("cut_in_a_packet", "truncated", "a file cut off is an error to libpcap and a note to us"),
    ("two_interfaces", "different from the type of the first interface", "libpcap takes one link type for a file"),
];

#[derive(Clone, PartialEq, Eq)]
struct Packet {
    nanos: i64,
    length: u32,
    data: Vec<u8>,
    link_type: u16,
}

/// Returns the packets read by libpcap, and its error, if any.
fn by_libpcap(path: &Path) -> (Vec<Packet>, Option<String>) {
    let mut packets = Vec::new();
    let mut capture = match Capture::from_file_with_precision(path, Precision::Nano) {
        Ok(capture) => capture,
        Err(error) => return (packets, Some(error.to_string())),
    };
    let link_type = match capture.get_datalink() {
        // DLT_RAW of Linux becomes LINKTYPE_RAW.
        Linktype(12) => 101,
        Linktype(same) => u16::try_from(same).unwrap(),
    };
    loop {
        match capture.next_packet() {
            Ok(packet) => {
                // With this precision, `tv_usec` contains nanoseconds, despite its name.
                #[allow(clippy::unnecessary_cast, reason = "32 bits on some systems")]
                let (seconds, nanos) = (packet.header.ts.tv_sec as i64, packet.header.ts.tv_usec as i64);
                assert_eq!(packet.header.caplen as usize, packet.data.len());
                packets.push(Packet {
                    nanos: seconds * 1_000_000_000 + nanos,
                    length: packet.header.len,
                    data: packet.data.to_vec(),
                    link_type,
                });
            }
            Err(pcap::Error::NoMorePackets) => return (packets, None),
            Err(error) => return (packets, Some(error.to_string())),
        }
    }
}

fn by_us(path: &Path) -> Vec<Packet> {
    let mut source = capture::open(&[path.to_owned()]).unwrap();
    let mut packets = Vec::new();
    while source.advance().unwrap() {
        let packet = source.packet();
        packets.push(Packet {
            nanos: packet.time.as_nanos(),
            length: packet.length,
            data: packet.data.to_vec(),
            link_type: packet.link_type.0,
        });
    }
    packets
}

/// Asserts that our packets begin with theirs, and that there are no more if libpcap reached the end.
#[track_caller]
fn compare(name: &str, ours: &[Packet], theirs: &[Packet], whole: bool) {
    for (number, (our, their)) in ours.iter().zip(theirs).enumerate() {
        assert!(our == their, "{name}: packet {} differs", number + 1);
    }
    let fits = if whole { ours.len() == theirs.len() } else { ours.len() >= theirs.len() };
    assert!(fits, "{name}: {} packets, by libpcap {}", ours.len(), theirs.len());
}

/// Returns the bytes of a file, decompressed according to its name, since libpcap does not read compressed files.
fn plain(path: &Path) -> Vec<u8> {
    let (file, mut bytes) = (fs::File::open(path).unwrap(), Vec::new());
    let mut reader: Box<dyn Read> = match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Some("zst") => Box::new(ruzstd::decoding::StreamingDecoder::new(file).unwrap()),
        Some("lz4") => Box::new(lz4_flex::frame::FrameDecoder::new(file)),
        _ => Box::new(file),
    };
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn fixtures_are_read_alike() {
    if tools::missing(&["libpcap"]) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let copy = scratch.path().join("plain");
    let mut beyond = Vec::new();
    for (name, path) in fixtures() {
        fs::write(&copy, plain(&path)).unwrap();
        let (theirs, gave_up) = by_libpcap(&copy);
        let known = BEYOND_LIBPCAP.iter().find(|(fixture, ..)| *fixture == name);
        match (gave_up, known) {
            (None, None) => {}
            (Some(error), Some((_, words, _))) if error.contains(words) => beyond.push(name.clone()),
            (gave_up, known) => panic!("{name}: libpcap says {gave_up:?}, expected {known:?}"),
        }
        compare(&name, &by_us(&path), &theirs, known.is_none());
    }
    // Every row of the table must have its fixture.
    beyond.sort();
    let listed: Vec<String> = BEYOND_LIBPCAP.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(beyond, listed);
}

/// Builds captures with properties that no fixture has.
fn built() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for order in Order::BOTH {
        for magic in [Pcap::MICROS, Pcap::NANOS, Pcap::MODIFIED] {
            let mut file = Pcap::new(order, magic, 1);
            for number in 0..2000_u32 {
                let data = vec![number as u8; number as usize];
                file = file.record(1_700_000_000 + number, number * 499, &data, number + number % 3);
            }
            files.push((format!("{order:?} {magic:x}"), file.bytes));
        }
        files.push((format!("{order:?} raw"), Pcap::new(order, Pcap::MICROS, 101).record(1, 2, b"E...", 40).bytes));

        for resolution in [None, Some(0), Some(3), Some(6), Some(9), Some(12), Some(0x80), Some(0x8a), Some(0xa0)] {
            for offset in [None, Some(0), Some(3600_i64)] {
                let (resolution_value, offset_value) = (resolution.unwrap_or(6), offset.map(|o| order.u64(o as u64)));
                let mut options: Vec<(u16, &[u8])> = vec![(2, b"eth0")];
                options.extend(resolution.is_some().then_some((9, std::slice::from_ref(&resolution_value))));
                options.extend(offset_value.as_ref().map(|value| (14, &value[..])));
                let mut file = Pcapng::new(order).interface(1, 4096, &options).interface(1, 4096, &[(9, &[9])]);
                for number in 0..300_u64 {
                    let data = vec![number as u8; number as usize];
                    file = file
                        .enhanced(0, number * 1_000_003, &data, number as u32 + 1)
                        .packet(1, 1_700_000_000_123_456_789 + number, &data, number as u32)
                        .block(5, &[0; 12])
                        .block(10, b"secrets of some length")
                        .block(0x0bad, &data[..number as usize / 4 * 4]);
                }
                files.push((format!("{order:?} resolution {resolution:?} offset {offset:?}"), file.bytes));
            }
        }
        let two_sections = Pcapng::new(order)
            .interface(113, 0, &[])
            .enhanced(0, 5, &[5; 50], 60)
            .section(order)
            .interface(113, 0, &[(9, &[9])])
            .enhanced(0, 5_000_000_000, b"", 0);
        files.push((format!("{order:?} sections"), two_sections.bytes));
    }
    files
}

#[test]
fn captures_of_our_own_are_read_alike() {
    if tools::missing(&["libpcap"]) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    for (name, bytes) in built() {
        let path = scratch.path().join("built");
        fs::write(&path, bytes).unwrap();
        let (theirs, gave_up) = by_libpcap(&path);
        assert_eq!(gave_up, None, "{name}");
        assert!(!theirs.is_empty(), "{name}");
        compare(&name, &by_us(&path), &theirs, true);
    }
}

/// A Simple Packet Block has no time: libpcap reports 1970, our reader the time of the packet before. Everything else
/// is the same.
#[test]
fn simple_packets_are_read_alike_but_for_their_time() {
    if tools::missing(&["libpcap"]) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("simple");
    for order in Order::BOTH {
        let data = [7; 96];
        let file =
            Pcapng::new(order).interface(1, 96, &[]).enhanced(0, 5, &data, 96).simple(&data, 1500).simple(b"a", 1);
        fs::write(&path, file.bytes).unwrap();
        let (theirs, gave_up) = by_libpcap(&path);
        assert_eq!((theirs.len(), gave_up), (3, None));
        let timeless = |mut packets: Vec<Packet>| {
            packets.iter_mut().for_each(|packet| packet.nanos = 0);
            packets
        };
        assert_eq!((theirs[1].nanos, by_us(&path)[1].nanos), (0, 5000));
        compare("simple", &timeless(by_us(&path)), &timeless(theirs), true);
    }
}

#[test]
fn what_libpcap_writes_is_read_as_it_was() {
    if tools::missing(&["libpcap"]) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let (path, copy) = (scratch.path().join("built"), scratch.path().join("written"));
    for (name, bytes) in built() {
        fs::write(&path, bytes).unwrap();
        let mut source = Capture::from_file_with_precision(&path, Precision::Nano).unwrap();
        let link_type = source.get_datalink();
        let target = Capture::dead_with_precision(link_type, Precision::Nano).unwrap();
        let mut written = target.savefile(&copy).unwrap();
        while let Ok(packet) = source.next_packet() {
            written.write(&packet);
        }
        written.flush().unwrap();
        compare(&name, &by_us(&copy), &by_us(&path), true);
    }
}

/// Captures that libpcap refuses and our reader accepts.
#[test]
fn libpcap_still_refuses_what_it_refused() {
    if tools::missing(&["libpcap"]) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("refused");
    let snaplens = Pcapng::new(Order::Little).interface(1, 64, &[]).interface(1, 96, &[]).enhanced(1, 1, b"a", 1);
    let orders = Pcapng::new(Order::Little)
        .interface(1, 0, &[])
        .enhanced(0, 1, b"a", 1)
        .section(Order::Big)
        .interface(1, 0, &[])
        .enhanced(0, 2, b"b", 1);
    for (file, words, count) in [(snaplens, "snapshot length", 1), (orders, "block size", 2)] {
        fs::write(&path, file.bytes).unwrap();
        let (theirs, gave_up) = by_libpcap(&path);
        assert!(gave_up.as_ref().is_some_and(|error| error.contains(words)), "{gave_up:?}");
        let ours = by_us(&path);
        compare(words, &ours, &theirs, false);
        assert_eq!(ours.len(), count);
    }
}
