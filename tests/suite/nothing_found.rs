//! Checks what is said where no WebSocket is found: that there is none only where everything was read.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::support::scripted::{Turn, capture};
use crate::support::wire::{Endpoint, Wire, datagram};
use crate::support::{PROGRAM, fixture};

const NONE: &str = "No WebSocket connection in this capture.";
const NONE_FOUND: &str = "No WebSocket connection was found in this capture, but not all of it could be read.";

/// Runs the program on a capture. Returns its exit code and standard output.
fn run(options: &[&str], capture: &Path) -> (i32, String) {
    let output = Command::new(PROGRAM).args(options).arg(capture).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Returns what the report of a capture that `write` has written says was read, and its answer with `--quiet`.
fn read(write: impl FnOnce(&Path)) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace.pcap");
    write(&path);
    let report: Value = serde_json::from_str(&run(&["--format", "json"], &path).1).unwrap();
    (report["read"].clone(), run(&["--quiet"], &path).1)
}

/// Returns the same of a capture in memory.
fn read_bytes(capture: &[u8]) -> (Value, String) {
    read(|path| std::fs::write(path, capture).unwrap())
}

/// Returns a TCP connection that begins with these bytes of the client.
fn beginning(bytes: &[u8]) -> Vec<u8> {
    let turns: [Turn<'_>; 4] = [(true, "S", b""), (false, "SA", b""), (true, "A", bytes), (false, "A", b"")];
    capture(&turns)
}

#[test]
fn there_is_none_where_everything_was_read() {
    for (name, http) in [("no_websocket_http", 1), ("no_websocket_redis", 0), ("no_websocket_ssh", 0)] {
        let capture = fixture(name);
        let (_, said) = run(&["--quiet"], &capture);
        let mut lines = said.lines().filter(|line| !line.is_empty());
        assert_eq!(lines.next(), Some(NONE), "{name}");
        assert!(lines.next().unwrap().contains(&format!("HTTP/1: {http}, ")), "{name}: {said}");
        assert_eq!(lines.next(), None, "{name}: {said}");
        assert_eq!(run(&["--fail-on", "unread"], &capture).0, 0, "{name}");
        assert_eq!(run(&["--fail-on", "nothing"], &capture).0, 1, "{name}");
    }
}

#[test]
fn what_could_not_be_read_is_named() {
    let capture = fixture("no_websocket_https_downloads");
    let (code, said) = run(&["--quiet", "--fail-on", "unread"], &capture);
    assert_eq!(code, 1);
    assert!(said.starts_with(NONE_FOUND), "{said}");
    assert!(said.contains("TLS: 22, decrypted: 0") && said.contains("22 TLS connections could not be read"), "{said}");
    assert!(said.contains("--keylog"), "{said}");
}

#[test]
fn http2_is_not_read() {
    let (read, said) = read_bytes(&beginning(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"));
    assert_eq!((&read["http2"], &read["http"], &read["complete"]), (&1.into(), &0.into(), &false.into()), "{read}");
    assert!(said.starts_with(NONE_FOUND) && said.contains("1 HTTP/2 connection was not read"), "{said}");
}

#[test]
fn quic_is_not_read() {
    let end = |host, port| Endpoint { address: [192, 0, 2, host], port };
    let (read, said) = read(|path| {
        let mut wire = Wire::create(path).unwrap();
        wire.send(0, datagram(end(1, 50_000), end(2, 443), 1, &[0xc0, 0, 0, 0, 1, 8]));
        wire.finish().unwrap();
    });
    assert_eq!((&read["quic_packets"], &read["complete"]), (&1.into(), &false.into()), "{read}");
    assert!(said.starts_with(NONE_FOUND) && said.contains("1 QUIC packet (UDP port 443) was not read"), "{said}");
}

#[test]
fn a_connection_of_which_nothing_is_known_may_be_one() {
    let (read, said) = read_bytes(&capture(&[(true, "A", b"\x17"), (false, "A", b"")]));
    assert_eq!(read["complete"], false, "{read}");
    assert!(said.starts_with(NONE_FOUND) && said.contains("began before the capture"), "{said}");
}

#[test]
fn the_number_of_connections_may_be_expected() {
    let capture = fixture("invalid_utf8");
    for (expected, code) in [("1", 0), ("0", 1), ("2", 1)] {
        assert_eq!(run(&["--expect", expected], &capture).0, code, "{expected}");
        assert_eq!(run(&["--format", "json", "--expect", expected], &capture).0, code, "{expected}, JSON");
    }
    assert_eq!(run(&["--expect", "0"], &fixture("no_websocket_ssh")).0, 0);
}
