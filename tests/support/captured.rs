//! The packets of a capture in memory.

use std::path::Path;

use whyclosed::capture::{self, LinkType};
use whyclosed::seen::Timestamp;

/// A packet that owns its bytes.
#[derive(Clone)]
pub struct Captured {
    pub time: Timestamp,
    pub link_type: LinkType,
    pub data: Vec<u8>,
    pub length: u32,
}

/// Reads all packets of a capture file.
pub fn packets_of(path: &Path) -> Vec<Captured> {
    let mut source = capture::open(&[path.to_owned()]).unwrap();
    let mut packets = Vec::new();
    while source.advance().unwrap() {
        let packet = source.packet();
        let (time, link_type, length) = (packet.time, packet.link_type, packet.length);
        packets.push(Captured { time, link_type, data: packet.data.to_vec(), length });
    }
    packets
}
