//! The packets of a capture in memory.

use std::path::Path;

use whyclosed::capture::{self, LinkType, Packet};
use whyclosed::seen::Timestamp;

/// A packet that owns its bytes.
#[derive(Clone)]
pub struct Captured {
    pub time: Timestamp,
    pub link_type: LinkType,
    pub data: Vec<u8>,
    pub length: u32,
}

impl From<Packet<'_>> for Captured {
    fn from(packet: Packet<'_>) -> Self {
        let Packet { time, link_type, data, length, .. } = packet;
        Self { time, link_type, data: data.to_vec(), length }
    }
}

/// Reads all packets of a capture file.
pub fn packets_of(path: &Path) -> Vec<Captured> {
    let mut source = capture::open(&[path.to_owned()]).unwrap();
    let mut packets = Vec::new();
    while source.advance().unwrap() {
        packets.push(source.packet().into());
    }
    packets
}
