//! Slices of every fixture: the same verdicts as the whole capture, and no byte of payload that is a secret.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_whyclosed");

/// What may be more in a slice than its packets.
const ROOM: u64 = 4096;

/// Bytes of a pcapng block around a packet, its padding among them.
const BLOCK: u64 = 35;

fn fixtures() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut captures: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .filter_map(|folder| {
            let mut files = std::fs::read_dir(folder.unwrap().path()).ok()?.map(|file| file.unwrap().path());
            files.find(|file| file.file_name().unwrap().to_str().unwrap().starts_with("capture.pcap"))
        })
        .collect();
    captures.sort();
    captures
}

fn report(capture: &Path) -> Value {
    let output = Command::new(PROGRAM).args(["--format", "json"]).arg(capture).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a verdict rests on, the numbers of packets left out.
fn verdicts(report: &Value) -> Vec<[Value; 8]> {
    let of = |connection: &Value| {
        let verdict = &connection["verdict"];
        let codes = connection["closes"].as_array().unwrap().iter();
        [
            connection["client"].clone(),
            connection["ending"].clone(),
            connection["closed_by"].clone(),
            codes.map(|close| close["code"].clone()).collect(),
            verdict["rule"].clone(),
            verdict["confidence"].clone(),
            verdict["side"].clone(),
            verdict["evidence"]["byte_offset"].clone(),
        ]
    };
    report["connections"].as_array().unwrap().iter().map(of).collect()
}

fn slice(capture: &Path, arguments: &[&str], to: &Path) {
    let output = Command::new(PROGRAM).arg("slice").arg(capture).args(arguments).arg("-o").arg(to).output().unwrap();
    assert!(output.status.success(), "{capture:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_verdict_is_that_of_the_whole_capture() {
    let folder = tempfile::tempdir().unwrap();
    let (mut differences, mut compared) = (Vec::new(), 0);
    for capture in fixtures() {
        let whole = report(&capture);
        let ids: Vec<_> =
            whole["connections"].as_array().unwrap().iter().map(|connection| connection["id"].to_string()).collect();
        if ids.is_empty() {
            continue;
        }
        for arguments in [&["--connection"][..], &["--redact", "--connection"]] {
            let to = folder.path().join("slice.pcapng");
            slice(&capture, &[arguments, &[&ids.join(",")]].concat(), &to);
            let part = report(&to);
            if verdicts(&part) != verdicts(&whole) {
                let changed = verdicts(&part).into_iter().zip(verdicts(&whole)).filter(|(part, whole)| part != whole);
                differences.push(format!("{capture:?} {arguments:?}: {:#?}", changed.collect::<Vec<_>>()));
            }
            let summary = &whole["captures"][0];
            let most = summary["bytes"].as_u64().unwrap() + summary["packets"].as_u64().unwrap() * BLOCK + ROOM;
            assert!(std::fs::metadata(&to).unwrap().len() <= most, "{capture:?}");
            compared += 1;
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(compared > 180, "only {compared}");
}

/// What Wireshark makes of a slice, where it is installed: every packet is sound, and the proof is marked.
#[test]
fn tshark_opens_slices() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["invalid_utf8", "deflate_context", "autobahn", "ipv6"] {
        let capture = fixtures().into_iter().find(|path| path.parent().unwrap().ends_with(name)).unwrap();
        let to = folder.path().join("slice.pcapng");
        slice(&capture, &["--redact", "--connection", "1"], &to);
        let fields =
            ["-T", "fields", "-e", "frame.comment", "-e", "tcp.checksum.status", "-o", "tcp.check_checksum:TRUE"];
        let Ok(output) = std::process::Command::new("tshark").arg("-r").arg(&to).args(fields).output() else { return };
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).unwrap();
        assert!(lines.lines().count() > 4, "{name}");
        let is_marked = lines.contains("Connection 1: ");
        assert!(
            is_marked || report(&capture)["connections"][0]["verdict"]["packets"] == serde_json::json!([]),
            "{name}"
        );
    }
}

#[test]
fn the_other_leg_goes_along() {
    let folder = tempfile::tempdir().unwrap();
    let capture = fixtures().into_iter().find(|path| path.parent().unwrap().ends_with("proxy_cut")).unwrap();
    let to = folder.path().join("slice.pcapng");
    let count = |arguments: &[&str]| {
        slice(&capture, arguments, &to);
        report(&to)["connections"].as_array().unwrap().len()
    };
    assert_eq!(count(&["--connection", "1"]), 1);
    assert_eq!(count(&["--connection", "1", "--with-legs"]), 2);
}

#[test]
fn a_bundle_has_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, zip) = (
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/many/capture.pcapng"),
        folder.path().join("ticket.zip"),
    );
    let output = Command::new(PROGRAM).arg("--bundle").args([&zip, &capture]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut bundle = zip::ZipArchive::new(std::fs::File::open(&zip).unwrap()).unwrap();
    let names: Vec<_> = bundle.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["report.md", "report.html", "report.json", "slice.pcapng"]);
    let slice = folder.path().join("slice.pcapng");
    std::io::copy(&mut bundle.by_name("slice.pcapng").unwrap(), &mut std::fs::File::create(&slice).unwrap()).unwrap();
    let whole = report(&capture);
    let abnormal: Vec<_> = verdicts(&whole).into_iter().filter(|verdict| verdict[4] != "closed_normally").collect();
    assert_eq!(verdicts(&report(&slice)), abnormal);
    for name in &names {
        let path = folder.path().join(name);
        std::io::copy(&mut bundle.by_name(name).unwrap(), &mut std::fs::File::create(&path).unwrap()).unwrap();
        let verified =
            Command::new(PROGRAM).arg("verify-redaction").arg(&path).arg("--against").arg(&capture).output().unwrap();
        assert!(verified.status.success(), "{name}: {}", String::from_utf8_lossy(&verified.stdout));
    }
}

/// What the capture says of its packets stays: the interface, the times, comments that are there already.
#[test]
fn marks_of_the_capture_stay() {
    let folder = tempfile::tempdir().unwrap();
    let capture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/invalid_utf8/capture.pcapng");
    let (once, twice) = (folder.path().join("once.pcapng"), folder.path().join("twice.pcapng"));
    slice(&capture, &["--abnormal"], &once);
    slice(&once, &["--abnormal"], &twice);
    let bytes = std::fs::read(&twice).unwrap();
    assert_eq!(
        memchr::memmem::find_iter(&bytes, b"Connection 1: the client").count(),
        4,
        "two comments, and they again"
    );
    let times =
        |path: &Path| (report(path)["captures"][0]["first"].clone(), report(path)["captures"][0]["last"].clone());
    assert_eq!(times(&twice), times(&capture));
    let interface = |path: &Path| memchr::memmem::find(&std::fs::read(path).unwrap(), b"\x02\0\x02\0lo").is_some();
    assert_eq!(interface(&twice), interface(&capture));
}
