//! Checks `--owns`, `--members` and `fleet` as a user runs them: an archive of rotated files, read in work items.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use whyclosed::capture;

use crate::support::{PROGRAM, fixture, tools};

fn run(arguments: &[&str], files: &[PathBuf]) -> Output {
    Command::new(PROGRAM).args(arguments).arg("--no-config").args(files).output().unwrap()
}

/// Returns what is written by a run that must succeed.
#[track_caller]
fn written(arguments: &[&str], files: &[PathBuf]) -> Vec<u8> {
    let output = run(arguments, files);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Returns the time of a file's first packet in seconds since 1970.
fn begin(path: &Path) -> String {
    let mut source = capture::open(&[path.to_owned()]).unwrap();
    assert!(source.advance().unwrap());
    let nanos = source.packet().time.as_nanos();
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// Rotates a fixture into files of so many packets.
fn rotated(folder: &Path, name: &str, packets: &str) -> Vec<PathBuf> {
    let set = folder.join("t.pcapng");
    let status = std::process::Command::new("editcap").args(["-c", packets]).arg(fixture(name)).arg(set).status();
    assert!(status.unwrap().success());
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Returns the members of items, each of so many files, read with so many files behind them. The rows of all coverages come
/// first only where files are given.
fn members(folder: &Path, files: &[PathBuf], each: usize, halo: usize) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for (item, at) in (0..files.len()).step_by(each).enumerate() {
        let from = if at == 0 { String::new() } else { begin(&files[at]) };
        let to = files.get(at + each).map_or_else(String::new, |next| begin(next));
        let read = &files[at.saturating_sub(1)..files.len().min(at + each + halo)];
        let path = folder.join(format!("{item}.arrow"));
        let owns = format!("{from}..{to}");
        let options = ["--owns", &*owns, "--sensor", "a", "--members", "--format", "arrow", "--merge", "-o"];
        written(&[&options[..], &[path.to_str().unwrap()]].concat(), read);
        all.push(path);
    }
    all
}

/// Returns what rows say, without the numbers of streams.
fn rows(lines: &[u8]) -> Vec<Value> {
    let mut rows: Vec<Value> = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                ["tcp_stream", "filter", "continuity"].iter().for_each(|field| _ = fields.remove(*field));
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    rows.iter_mut().for_each(strip);
    rows
}

#[test]
fn an_archive_in_items_has_the_rows_of_one_run() {
    if tools::missing(&["tshark"]) {
        return;
    }
    for (name, packets, each, halo) in [
        ("many", "40", 1, 0),
        ("many", "40", 2, 1),
        ("reconnect_storm", "50", 2, 0),
        ("restart_while_pinging", "20", 1, 1),
        ("service_restart", "10", 1, 0),
        ("proxy_cut_haproxy", "5", 1, 0),
        ("closed_through_proxy", "9", 1, 2),
        ("idle_timeout", "7", 1, 0),
    ] {
        let (captures, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = rotated(captures.path(), name, packets);
        assert!(files.len() > 1, "{name}");
        let members = members(folder.path(), &files, each, halo);
        let fleet = rows(&written(&["fleet", "--format", "ndjson"], &members));
        let one = rows(&written(&["--merge", "--format", "ndjson"], &files));
        assert!(!one.is_empty(), "{name}");
        assert_eq!(fleet, one, "{name}: {each} files an item, halo {halo}");

        // Each connection is reported in one of two periods.
        let middle = begin(&files[files.len() / 2]);
        let half = |owns: &str| rows(&written(&["fleet", "--format", "ndjson", "--owns", owns], &members));
        let halves = half(&format!("..{middle}")).len() + half(&format!("{middle}..")).len();
        assert_eq!(halves, one.len(), "{name}");
    }
}

#[test]
fn standard_input_has_the_files_of_each_item_in_front() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let (captures, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = rotated(captures.path(), "many", "60");
    let members = members(folder.path(), &files, 1, 0);
    let bytes = members.iter().flat_map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>();
    let output = Command::new(PROGRAM).args(["fleet", "--format", "ndjson"]).write_stdin(bytes).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("standard input: row") && said.contains("has to come before"), "{said}");
}

#[test]
fn what_are_no_members_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no.arrow");
    std::fs::write(&path, "no Arrow stream").unwrap();
    let output = run(&["fleet", "--format", "ndjson"], &[path]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no.arrow: row 0 of the members"), "{said}");
    let output = run(&["--members", "--format", "json"], &[fixture("closed_normally")]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_table_of_files_is_written_beside_members() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("files.csv");
    let files = format!("--files={}", path.display());
    let members = written(&["--members", "--format", "arrow", &files], &[fixture("closed_normally")]);
    assert!(!members.is_empty());
    let table = std::fs::read_to_string(path).unwrap();
    assert!(table.lines().count() == 2 && table.contains("closed_normally"), "{table}");
}
