//! Shared code of the tests: the fixtures, generated captures, and functions to read both.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::vec_box, reason = "a sink of the library is a `Vec<Box<Facts>>`")]

pub mod captured;
pub mod contract;
pub mod conversation;
pub mod devtools;
pub mod essence;
pub mod http2_frame;
pub mod random;
pub mod reading;
pub mod same;
pub mod scripted;
pub mod segments;
pub mod tools;
pub mod way;
pub mod wire;

use std::path::{Path, PathBuf};

use captured::{Captured, packets_of};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_whyclosed");

/// Returns the path of something below `fixtures/`.
pub fn below_fixtures(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// Returns the capture file of a fixture.
pub fn fixture(name: &str) -> PathBuf {
    let found = captures_in(&below_fixtures(name)).into_iter().next();
    found.unwrap_or_else(|| panic!("fixtures/{name} has no capture"))
}

/// Returns every capture file `fixtures/NAME/capture.pcap*` with its NAME, in order.
pub fn fixtures() -> Vec<(String, PathBuf)> {
    let mut folders: Vec<_> =
        std::fs::read_dir(below_fixtures("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let found: Vec<_> = folders
        .iter()
        .flat_map(|folder| {
            let name = folder.file_name().unwrap().to_str().unwrap();
            captures_in(folder).into_iter().map(|capture| (name.to_owned(), capture))
        })
        .collect();
    assert!(found.len() > 90, "only {} captures", found.len());
    found
}

/// A fixture, and its packets in memory.
pub struct Fixture {
    pub name: String,
    pub path: PathBuf,
    pub packets: Vec<Captured>,
}

/// Reads the fixtures of at most `most` packets, in the order of their names.
pub fn fixtures_in_memory(most: usize) -> Vec<Fixture> {
    let all = fixtures().into_iter().map(|(name, path)| Fixture { name, packets: packets_of(&path), path });
    all.filter(|fixture| fixture.packets.len() <= most).collect()
}

/// Returns whether the fixture of this name has WebSockets over HTTP/2.
pub fn is_over_http2(name: &str) -> bool {
    let others = ["stream_", "extended_connect_", "goaway", "flow_control_"];
    name.contains("http2_") || others.iter().any(|begin| name.starts_with(begin))
}

/// Returns the capture files of a fixture's folder, in order.
fn captures_in(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut captures: Vec<_> =
        files.filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with("capture.pcap")).collect();
    captures.sort();
    captures
}
