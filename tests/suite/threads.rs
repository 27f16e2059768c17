//! Checks that the report does not depend on the number of threads.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{PROGRAM, fixtures};

/// Returns what the program writes about captures, on standard output and standard error, and its exit code.
fn report(threads: &str, format: &str, captures: &[&Path]) -> (Option<i32>, String, String) {
    let options = ["--threads", threads, "--all", "--format", format];
    let output = Command::new(PROGRAM).args(options).args(captures).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn every_fixture_gives_the_same_report_with_two_threads() {
    for (name, capture) in fixtures() {
        assert_eq!(report("2", "json", &[&capture]), report("1", "json", &[&capture]), "{name}");
    }
}

#[test]
fn merged_captures_and_other_formats_do_too() {
    let captures: Vec<PathBuf> = fixtures().into_iter().map(|(_, capture)| capture).collect();
    let captures: Vec<&Path> = captures.iter().map(PathBuf::as_path).collect();
    for format in ["json", "csv", "terminal"] {
        assert_eq!(report("2", format, &captures), report("1", format, &captures), "{format}");
    }
}

#[test]
fn a_damaged_capture_gives_the_same_report_and_fault() {
    let folder = tempfile::tempdir().unwrap();
    let (_, capture) = fixtures().into_iter().next().unwrap();
    let path = folder.path().join("cut.pcap.gz");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&std::fs::read(capture).unwrap()).unwrap();
    let packed = packed.finish().unwrap();
    std::fs::write(&path, &packed[..packed.len() * 2 / 3]).unwrap();
    let one = report("1", "json", &[&path]);
    assert_eq!(one.0, Some(2), "{}", one.2);
    assert_eq!(report("2", "json", &[&path]), one);
}
