//! Slices of every fixture: their verdicts are those of the whole capture, and they contain no secret.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

use crate::support::{PROGRAM, contract, fixture, fixtures, tools};

mod fragmented;
mod interfaces;

/// The number of bytes that a slice may have beyond its packets.
const ROOM: u64 = 4096;

/// The size of an Enhanced Packet Block without options and without its packet, which is padded to four bytes.
const BLOCK: u64 = 32;

fn report(capture: &Path) -> Value {
    let output = Command::new(PROGRAM).args(["--format", "json"]).arg(capture).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(contract::breaches(&report), [""; 0], "{capture:?}");
    report
}

/// Returns the facts behind each verdict, except packet numbers.
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

/// Returns the size in bytes of a capture's packets in pcapng, whatever its own format: one block for each, without
/// options. That is the least any program writes for them. A pcap record has 16 bytes less, but cannot name the
/// packet's interface.
fn blocks(capture: &Path) -> u64 {
    let mut source = whyclosed::capture::open(&[capture.to_owned()]).unwrap();
    let mut bytes = 0;
    while source.advance().unwrap() {
        bytes += BLOCK + (source.packet().data.len() as u64).next_multiple_of(4);
    }
    bytes
}

/// Compares the size of slices with tshark's, as another bound beside that of
/// [`the_verdict_is_that_of_the_whole_capture`]: the packets of all connections as tshark writes them.
#[test]
fn tshark_writes_no_smaller_slices() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["many", "nanosecond", "big_endian_pcapng", "proxy_cut", "reconnect_storm"] {
        let capture = fixture(name);
        let (own, other) = (folder.path().join("own.pcapng"), folder.path().join("other.pcapng"));
        let whole = report(&capture);
        let connections = whole["connections"].as_array().unwrap();
        let of = |key: &str| connections.iter().map(|connection| connection[key].to_string()).collect::<Vec<_>>();
        slice(&capture, &["--redact", "--connection", &of("id").join(",")], &own);
        let filter = format!("tcp.stream in {{{}}}", of("tcp_stream").join(","));
        let mut tshark = std::process::Command::new("tshark");
        tshark.args(["-F", "pcapng", "-Y", &filter, "-w"]).arg(&other).arg("-r").arg(&capture);
        let Ok(output) = tshark.output() else { return };
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let size = |path: &Path| std::fs::metadata(path).unwrap().len();
        assert!(size(&own) <= size(&other) + ROOM, "{name}: {} bytes, by tshark {}", size(&own), size(&other));
    }
}

#[test]
fn the_verdict_is_that_of_the_whole_capture() {
    let folder = tempfile::tempdir().unwrap();
    let (mut differences, mut compared) = (Vec::new(), 0);
    for (_, capture) in fixtures() {
        let whole = report(&capture);
        let ids: Vec<_> =
            whole["connections"].as_array().unwrap().iter().map(|connection| connection["id"].to_string()).collect();
        if ids.is_empty() {
            continue;
        }
        let is_decrypted = |connection: &Value| connection["tls"]["decrypted"] == true;
        let has_keys = whole["connections"].as_array().unwrap().iter().any(is_decrypted);
        let is_http2 = whole["connections"].as_array().unwrap().iter().any(|one| !one["http2_stream"].is_null());
        // A redacted slice has no keys, and nothing of HTTP/2 in the clear.
        let ways: &[&[&str]] = match (has_keys, is_http2) {
            (true, _) => &[&["--with-keys", "--connection"]],
            (false, true) => &[&["--connection"]],
            (false, false) => &[&["--connection"], &["--redact", "--connection"]],
        };
        for arguments in ways {
            let to = folder.path().join("slice.pcapng");
            slice(&capture, &[arguments, &[&*ids.join(",")][..]].concat(), &to);
            let part = report(&to);
            if verdicts(&part) != verdicts(&whole) {
                let changed = verdicts(&part).into_iter().zip(verdicts(&whole)).filter(|(part, whole)| part != whole);
                differences.push(format!("{capture:?} {arguments:?}: {:#?}", changed.collect::<Vec<_>>()));
            }
            let size = std::fs::metadata(&to).unwrap().len();
            let packets = blocks(&to);
            assert!(size <= packets + ROOM, "{capture:?} {arguments:?}: {size} bytes, of packets {packets}");
            assert!(packets <= blocks(&capture), "{capture:?} {arguments:?}: more than was captured");
            compared += 1;
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(compared > 180, "only {compared}");
}

/// Opens slices in tshark, if it is installed: it must accept every packet, and the proof must be marked.
#[test]
fn tshark_opens_slices() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["invalid_utf8", "deflate_context", "autobahn", "ipv6"] {
        let capture = fixture(name);
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
    let capture = fixture("proxy_cut");
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
        assert_eq!(leaks(&path, &capture), [] as [String; 0], "{name}");
    }
    assert_eq!(leaks(&zip, &capture), [] as [String; 0]);
}

/// Returns the lines of `verify-redaction` about certain secrets, without the final line with the sum.
fn leaks(file: &Path, capture: &Path) -> Vec<String> {
    let output =
        Command::new(PROGRAM).arg("verify-redaction").arg(file).arg("--against").arg(capture).output().unwrap();
    let mut lines: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    lines.pop();
    lines.retain(|line| !line.contains("possibly a secret"));
    assert_eq!(output.status.code(), Some(i32::from(!lines.is_empty())), "{lines:?}");
    lines
}

/// Every entry of a bundle is searched: its bytes, and the streams of its slice.
#[test]
fn leaks_of_a_bundle_are_found_in_each_entry() {
    let folder = tempfile::tempdir().unwrap();
    let capture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/deflate_context/capture.pcapng");
    let zip = folder.path().join("ticket.zip");
    let output = Command::new(PROGRAM).args(["--all", "--show-secrets", "--bundle"]).args([&zip, &capture]).output();
    assert!(output.unwrap().status.success());
    let found = leaks(&zip, &capture);
    for name in ["report.md", "report.html", "report.json", "slice.pcapng"] {
        assert!(found.iter().any(|line| line.starts_with(&format!("{name}: "))), "{name}: {found:?}");
    }
    // A bundle in which only one entry contains secrets.
    let redacted = folder.path().join("redacted.zip");
    let output = Command::new(PROGRAM).args(["--all", "--bundle"]).args([&redacted, &capture]).output();
    assert!(output.unwrap().status.success());
    let mut of = zip::ZipArchive::new(std::fs::File::open(&redacted).unwrap()).unwrap();
    let mut mixed = zip::ZipWriter::new(std::fs::File::create(&zip).unwrap());
    for index in 0..of.len() {
        mixed.raw_copy_file(of.by_index(index).unwrap()).unwrap();
    }
    mixed.start_file("capture.bin", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut mixed, &std::fs::read(&capture).unwrap()).unwrap();
    mixed.finish().unwrap();
    let found = leaks(&zip, &capture);
    assert!(!found.is_empty() && found.iter().all(|line| line.starts_with("capture.bin: ")), "{found:?}");
}

/// Returns the lines of the key logs in a pcapng file, and the randoms of its ClientHellos.
fn keys_and_sessions(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let lines = bytes.split(|byte| *byte == b'\n' || *byte == 0).filter_map(|line| std::str::from_utf8(line).ok());
    // The first line comes after the header of its block.
    let label = |line: &str| ["CLIENT_", "SERVER_", "EXPORTER_"].iter().find_map(|label| line.find(label));
    let lines = lines.filter_map(|line| line.get(label(line)?..));
    let hellos = memchr::memmem::find_iter(bytes, b"\x16\x03\x01").filter(|at| bytes.get(at + 5) == Some(&1));
    let randoms = hellos.map(|at| bytes[at + 11..at + 43].iter().map(|byte| format!("{byte:02x}")).collect());
    (lines.map(str::to_owned).collect(), randoms.collect())
}

#[test]
fn keys_go_along_only_where_asked_and_only_of_the_sessions_concerned() {
    let folder = tempfile::tempdir().unwrap();
    let capture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls_failed_keys/capture.pcapng");
    let to = folder.path().join("slice.pcapng");
    let (all, sessions) = keys_and_sessions(&std::fs::read(&capture).unwrap());
    assert_eq!(sessions.len(), 3, "{sessions:?}");
    assert!(sessions.iter().all(|session| all.iter().any(|line| line.contains(session))), "{all:?}");
    let is_unseen = tools::missing(&["tshark"]);
    // The fourth connection is the WebSocket whose presence makes the first two count as attempts.
    for (ids, of) in [("1,4", &sessions[..1]), ("2,4", &sessions[1..2]), ("1,2,4", &sessions[..2])] {
        slice(&capture, &["--with-keys", "--connection", ids], &to);
        let (keys, own) = keys_and_sessions(&std::fs::read(&to).unwrap());
        assert_eq!(own, of, "{ids}");
        let expected: Vec<_> = all.iter().filter(|line| of.iter().any(|session| line.contains(session))).collect();
        assert_eq!(keys.iter().collect::<Vec<_>>(), expected, "{ids}");
        assert_eq!(verdicts(&report(&to)).len(), of.len() + 1, "{ids}");
        if !is_unseen {
            assert_eq!(certificates(&to), of.len(), "{ids}");
        }

        slice(&capture, &["--connection", ids], &to);
        assert_eq!(keys_and_sessions(&std::fs::read(&to).unwrap()), (vec![], of.to_vec()), "{ids}");
    }
    let both = ["slice", "--redact", "--with-keys", "--abnormal", "-o"];
    let output = Command::new(PROGRAM).args(both).args([&to, &capture]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "keys are secrets");
}

/// Returns the number of certificates that tshark sees, which TLS 1.3 encrypts.
fn certificates(capture: &Path) -> usize {
    let filter = ["-Y", "tls.handshake.type == 11"];
    let output = std::process::Command::new("tshark").arg("-r").arg(capture).args(filter).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().count()
}

/// The capture's own data about its packets is preserved: interface, times and comments.
#[test]
fn marks_of_the_capture_stay() {
    let folder = tempfile::tempdir().unwrap();
    let capture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/invalid_utf8/capture.pcapng");
    let (once, twice) = (folder.path().join("once.pcapng"), folder.path().join("twice.pcapng"));
    slice(&capture, &["--abnormal"], &once);
    slice(&once, &["--abnormal"], &twice);
    let bytes = std::fs::read(&twice).unwrap();
    assert_eq!(memchr::memmem::find_iter(&bytes, b"Connection 1: the client").count(), 4, "two comments in each pass");
    let times =
        |path: &Path| (report(path)["captures"][0]["first"].clone(), report(path)["captures"][0]["last"].clone());
    assert_eq!(times(&twice), times(&capture));
    let interface = |path: &Path| memchr::memmem::find(&std::fs::read(path).unwrap(), b"\x02\0\x02\0lo").is_some();
    assert_eq!(interface(&twice), interface(&capture));
}

/// The path of a capture may identify its owner: by its folders and its name.
#[test]
fn a_redacted_slice_tells_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, to) = (folder.path().join("acme-corp.pcapng"), folder.path().join("slice.pcapng"));
    std::fs::copy(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/invalid_utf8/capture.pcapng"), &capture)
        .unwrap();
    let tells = || memchr::memmem::find(&std::fs::read(&to).unwrap(), b"acme-corp").is_some();
    slice(&capture, &["--connection", "1"], &to);
    assert!(tells());
    slice(&capture, &["--redact", "--connection", "1"], &to);
    assert!(!tells());
}

/// Cuts a capture of three connections, the first of which closed with 1001 and the others with 1000. Returns the exit
/// code, standard error, and the client ports in the slice.
fn cut_of_three(arguments: &[&str]) -> (i32, String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("slice.pcapng");
    let capture = fixture("closed_one_of_three");
    let output = Command::new(PROGRAM).arg("slice").arg(capture).args(arguments).arg("-o").arg(&to).output().unwrap();
    let (code, said) = (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(to.exists(), code == 0, "{arguments:?}: {said}");
    let clients = |report: Value| {
        let all = report["connections"].as_array().unwrap().iter();
        all.map(|connection| connection["client"].as_str().unwrap().to_owned()).collect()
    };
    (code, said, if code == 0 { clients(report(&to)) } else { Vec::new() })
}

#[test]
fn conditions_are_met_together_as_in_reports() {
    let (_, said, first) = cut_of_three(&["--code", "1001"]);
    assert_eq!(first.len(), 1);
    assert!(said.contains("slice.pcapng: connections: 1, packets: ") && said.ends_with(" bytes.\n"), "{said}");
    let (_, _, others) = cut_of_three(&["--code", "1000"]);
    assert_eq!(others.len(), 2);
    assert_eq!(cut_of_three(&["--code", "1000", "--connection", "1,2"]).2, others[..1]);
    assert_eq!(cut_of_three(&["--code", "1000,1001", "--connection", "1,3"]).2, [&first[..], &others[1..]].concat());
}

/// Every option that selects connections of a report selects the same ones for a slice.
#[test]
fn connections_are_selected_as_in_reports() {
    let capture = fixture("closed_one_of_three");
    let clients_of = |connections: &Value| -> Vec<String> {
        let all = connections.as_array().unwrap().iter();
        all.map(|connection| connection["client"].as_str().unwrap().to_owned()).collect()
    };
    for (arguments, count) in [
        (&["--reported-code", "1001"][..], 1),
        (&["--rule", "going_away"], 1),
        (&["--rule", "closed_normally", "--host", "127.*"], 2),
        (&["--path", "/*"], 3),
        (&["--min-lifetime", "0s", "--code", "1000"], 2),
    ] {
        let mut program = Command::new(PROGRAM);
        let output = program.args(["--format", "json"]).args(arguments).arg(&capture).output().unwrap();
        let selected: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(cut_of_three(arguments).2, clients_of(&selected["connections"]), "{arguments:?}");
        assert_eq!(selected["connections"].as_array().unwrap().len(), count, "{arguments:?}");
    }
}

#[test]
fn a_slice_of_nothing_is_an_error() {
    for (arguments, complaint) in [
        (&[][..], "say which connections to copy: --connection, --code, --abnormal"),
        (&["--connection", "4"], "there is no connection 4: the captures have 3"),
        (&["--connection", "1,9", "--code", "1001"], "there is no connection 9"),
        (&["--connection", "0"], "there is no connection 0"),
        (&["--connection", "2", "--code", "1001"], "no connection matches"),
        (&["--code", "4000"], "no connection matches"),
    ] {
        let (code, said, _) = cut_of_three(arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
}
