//! The fixtures as packets in memory.

use std::path::{Path, PathBuf};

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

pub struct Fixture {
    pub name: String,
    pub path: PathBuf,
    pub packets: Vec<Captured>,
}

/// Every fixture of at most `most` packets, in the order of their names.
pub fn fixtures(most: usize) -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let fixtures = folders.iter().filter_map(|folder| {
        let mut files: Vec<_> = std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let path =
            files.into_iter().find(|path| path.file_name().unwrap().to_string_lossy().starts_with("capture.pcap"))?;
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Some(Fixture { name, packets: packets_of(&path), path })
    });
    fixtures.filter(|fixture| fixture.packets.len() <= most).collect()
}

fn packets_of(path: &Path) -> Vec<Captured> {
    let mut source = capture::open(&[path.to_owned()]).unwrap();
    let mut packets = Vec::new();
    while source.advance().unwrap() {
        let packet = source.packet();
        let (time, link_type, length) = (packet.time, packet.link_type, packet.length);
        packets.push(Captured { time, link_type, data: packet.data.to_vec(), length });
    }
    packets
}
