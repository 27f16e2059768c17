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
