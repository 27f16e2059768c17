//! Builds packets, and writes them to a capture file in the order of their times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;

const TCP: u8 = 6;
const UDP: u8 = 17;
/// The size of the Ethernet and IPv4 headers, without IP options.
const NETWORK_HEADERS: usize = 14 + 20;
/// Shorter Ethernet frames are padded on the wire (64 bytes with the checksum), and a tap sees the padding.
const SHORTEST_FRAME: usize = 60;

/// An IPv4 address and a port.
#[derive(Clone, Copy)]
pub struct Endpoint {
    pub address: [u8; 4],
    pub port: u16,
}

/// The contents of a TCP segment.
pub struct Segment<'a> {
    pub from: Endpoint,
    pub to: Endpoint,
    /// IPv4 identification.
    pub ident: u16,
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    pub window: u16,
    pub options: &'a [u8],
    pub payload: &'a [u8],
}

impl Segment<'_> {
    /// Returns the Ethernet frame that carries the segment.
    pub fn packet(&self) -> Vec<u8> {
        let header = 20 + self.options.len();
        let mut packet = network_headers(TCP, self.from, self.to, self.ident, header + self.payload.len());
        packet.extend_from_slice(&self.from.port.to_be_bytes());
        packet.extend_from_slice(&self.to.port.to_be_bytes());
        packet.extend_from_slice(&self.seq.to_be_bytes());
        packet.extend_from_slice(&self.ack.to_be_bytes());
        packet.extend_from_slice(&[(header << 2) as u8, self.flags]);
        packet.extend_from_slice(&self.window.to_be_bytes());
        packet.extend_from_slice(&[0; 4]);
        packet.extend_from_slice(self.options);
        packet.extend_from_slice(self.payload);
        finished(packet, TCP, 16)
    }
}

/// Returns the Ethernet frame that carries a UDP datagram.
pub fn datagram(from: Endpoint, to: Endpoint, ident: u16, payload: &[u8]) -> Vec<u8> {
    let len = 8 + payload.len();
    let mut packet = network_headers(UDP, from, to, ident, len);
    packet.extend_from_slice(&from.port.to_be_bytes());
    packet.extend_from_slice(&to.port.to_be_bytes());
    packet.extend_from_slice(&(len as u16).to_be_bytes());
    packet.extend_from_slice(&[0; 2]);
    packet.extend_from_slice(payload);
    finished(packet, UDP, 6)
}

fn network_headers(protocol: u8, from: Endpoint, to: Endpoint, ident: u16, len: usize) -> Vec<u8> {
    let mut packet = Vec::with_capacity((NETWORK_HEADERS + len).max(SHORTEST_FRAME));
    for end in [to, from] {
        packet.extend_from_slice(&[0x02, 0x00]); // locally administered
        packet.extend_from_slice(&end.address);
    }
    packet.extend_from_slice(&[0x08, 0x00, 0x45, 0x00]);
    packet.extend_from_slice(&((20 + len) as u16).to_be_bytes());
    packet.extend_from_slice(&ident.to_be_bytes());
    packet.extend_from_slice(&[0x40, 0x00, 64, protocol, 0, 0]); // don't fragment, TTL 64
    packet.extend_from_slice(&from.address);
    packet.extend_from_slice(&to.address);
    let checksum = !folded(sum(&packet[14..]));
    packet[24..26].copy_from_slice(&checksum.to_be_bytes());
    packet
}

/// Writes the checksum at offset `at` of the transport header, and pads the frame.
fn finished(mut packet: Vec<u8>, protocol: u8, at: usize) -> Vec<u8> {
    let len = packet.len() - NETWORK_HEADERS;
    let pseudo = sum(&packet[26..34]) + u64::from(protocol) + len as u64;
    let checksum = !folded(pseudo + sum(&packet[NETWORK_HEADERS..]));
    packet[NETWORK_HEADERS + at..][..2].copy_from_slice(&checksum.to_be_bytes());
    packet.resize(packet.len().max(SHORTEST_FRAME), 0);
    packet
}

/// Returns the sum of RFC 1071, before folding.
fn sum(bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let pairs: u64 = pairs.iter().map(|&pair| u64::from(u16::from_be_bytes(pair))).sum();
    pairs + rest.first().map_or(0, |&last| u64::from(last) << 8)
}

fn folded(mut sum: u64) -> u16 {
    while sum > 0xFFFF {
        sum = (sum >> 16) + (sum & 0xFFFF);
    }
    sum as u16
}

/// A pcap file being written. Packets may be sent ahead of their time; they are written in order of time.
pub struct Wire {
    file: BufWriter<File>,
    waiting: BinaryHeap<Reverse<(u64, u64, Vec<u8>)>>,
    /// The number of packets sent.
    pub packets: u64,
    /// The size of the file, including the packets that still wait.
    pub bytes: u64,
}

impl Wire {
    /// Creates a file with microsecond times and Ethernet packets.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let header: [u32; 6] = [0xA1B2_C3D4, 4 << 16 | 2, 0, 0, 262_144, 1];
        for word in header {
            file.write_all(&word.to_le_bytes())?;
        }
        Ok(Self { file, waiting: BinaryHeap::new(), packets: 0, bytes: 24 })
    }

    /// Sends a packet at `time` (microseconds since 1970).
    pub fn send(&mut self, time: u64, packet: Vec<u8>) {
        self.packets += 1;
        self.bytes += 16 + packet.len() as u64;
        self.waiting.push(Reverse((time, self.packets, packet)));
    }

    /// Writes the packets up to `now`. Earlier packets must not be sent afterwards.
    pub fn write_until(&mut self, now: u64) -> io::Result<()> {
        while let Some(Reverse((time, _, _))) = self.waiting.peek()
            && *time <= now
            && let Some(Reverse((time, _, packet))) = self.waiting.pop()
        {
            let len = packet.len() as u32;
            for word in [(time / 1_000_000) as u32, (time % 1_000_000) as u32, len, len] {
                self.file.write_all(&word.to_le_bytes())?;
            }
            self.file.write_all(&packet)?;
        }
        Ok(())
    }

    /// Writes all packets that still wait.
    pub fn finish(&mut self) -> io::Result<()> {
        self.write_until(u64::MAX)?;
        self.file.flush()
    }
}
