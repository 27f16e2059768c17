//! A capture file cut off anywhere gives everything before the cut, and a note says that it is cut.

use std::path::{Path, PathBuf};

use serde_json::Value;
use whyclosed::catalog::Language;
use whyclosed::report::Report;

use crate::support::reading;

fn report(path: &Path) -> Option<Report> {
    Some(Report::new(reading::material(path).ok()?, Language::English))
}

/// Returns every Close frame of a report: packet, code, side.
fn closes(report: &Report) -> Vec<(u64, Option<u16>, Value)> {
    let all = report.connections.iter().flat_map(|connection| &connection.closes);
    all.map(|close| (close.packet, close.code, serde_json::to_value(close.side).unwrap())).collect()
}

#[test]
fn at_every_hundredth_byte() {
    for name in [
        "many/capture.pcapng",
        "nanosecond/capture.pcap",
        "big_endian/capture.pcap",
        "big_endian_pcapng/capture.pcapng",
    ] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        let bytes = std::fs::read(&path).unwrap();
        let whole = report(&path).unwrap();
        let all = closes(&whole);
        assert!(!all.is_empty());
        let folder = tempfile::tempdir().unwrap();
        let cut_path = folder.path().join("cut");
        for cut in (100..bytes.len()).step_by(100) {
            std::fs::write(&cut_path, &bytes[..cut]).unwrap();
            let Some(report) = report(&cut_path) else {
                assert!(cut < 300, "{name} cut at {cut} is not read");
                continue;
            };
            let packets = report.captures[0].packets;
            let expected: Vec<_> = all.iter().filter(|(packet, ..)| *packet <= packets).collect();
            let mut given = closes(&report);
            given.sort_by_key(|(packet, ..)| *packet);
            let mut expected: Vec<_> = expected.into_iter().cloned().collect();
            expected.sort_by_key(|(packet, ..)| *packet);
            assert_eq!(given, expected, "{name} cut at {cut}");
            let noted = report.captures[0].notes.iter().any(|note| note.contains("cut off"));
            let between_packets = report.captures[0].bytes == cut as u64 && !noted;
            assert!(noted || between_packets, "{name} cut at {cut}: {:?}", report.captures);
        }
    }
}
