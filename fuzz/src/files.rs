//! Capture files: read from memory, and built from fuzzer input.

use std::path::Path;

use whyclosed::capture::{self, Source, Summary};

use crate::captured::Captured;
use crate::cuts::Portions;

/// The packets of a capture as far as they can be read, its summaries, and the error that ended reading.
pub struct Read {
    pub packets: Vec<Captured>,
    pub summaries: Vec<Summary>,
    pub error: Option<String>,
}

impl PartialEq for Captured {
    fn eq(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.time, one.link_type, one.length);
        of(self) == of(other) && self.data == other.data
    }
}

/// Opens a capture in memory; returns `None` if the bytes are not a capture.
pub fn open(bytes: &[u8], portion: usize) -> Option<Box<dyn Source + Send>> {
    capture::read(Path::new("capture"), Portions::new(bytes, portion)).ok()
}

/// Reads a capture, one packet after the other or in batches. Returns `None` if the bytes are not a capture.
pub fn read(bytes: &[u8], portion: usize, in_batches: bool) -> Option<Read> {
    let mut source = open(bytes, portion)?;
    let mut packets = Vec::new();
    let mut keep = |packet: &capture::Packet<'_>| {
        let (time, link_type, length) = (packet.time, packet.link_type, packet.length);
        assert!(length as usize >= packet.data.len(), "more bytes than there were");
        packets.push(Captured { time, link_type, data: packet.data.to_vec(), length });
    };
    let error = loop {
        let more = if in_batches {
            source.batch().map(|batch| {
                batch.iter().for_each(&mut keep);
                !batch.is_empty()
            })
        } else {
            source.advance().inspect(|more| {
                if *more {
                    keep(&source.packet());
                }
            })
        };
        match more {
            Ok(true) => {}
            Ok(false) => break None,
            Err(error) => break Some(error.to_string()),
        }
    };
    Some(Read { packets, summaries: source.summaries(), error })
}

/// Builds a pcap file of these packets.
pub fn pcap<'p>(link_type: u32, packets: impl IntoIterator<Item = &'p [u8]>) -> Vec<u8> {
    let header = [0xA1B2_C3D4_u32, 4 << 16 | 2, 0, 0, 262_144, link_type];
    let mut file: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    for (packet, micros) in packets.into_iter().zip(0_u32..) {
        let length = packet.len() as u32;
        file.extend([1_700_000_000, micros % 1_000_000, length, length].iter().flat_map(|word| word.to_le_bytes()));
        file.extend_from_slice(packet);
    }
    file
}
