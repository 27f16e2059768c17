//! The header lists of the fixtures over h2c, field by field, and the types of all frames, as tshark reads them.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use whyclosed::capture;
use whyclosed::chunk::{Carrier, Chunk, Data};
use whyclosed::http2::frame::{PREFACE, header};
use whyclosed::http2::{Event, Session};
use whyclosed::packet::Decoder;
use whyclosed::side::Side;

use crate::support::{fixtures, tools};

/// The ports of the servers, beside which there is HTTP/1.1 behind proxies.
const PORTS: [u16; 2] = [8765, 8090];

/// Returns the bytes that a side sent, by the server's port.
fn sent(path: &Path, port: u16, side: Side) -> Vec<u8> {
    let (mut source, mut decoder) = (capture::open(&[path.to_owned()]).unwrap(), Decoder::default());
    let (mut bytes, mut next) = (Vec::new(), None);
    while source.advance().unwrap() {
        let packet = source.packet();
        let Some(segment) = decoder.decode(&packet) else { continue };
        let own = if side == Side::Server { segment.source() } else { segment.destination() };
        let is_repeated = next.is_some_and(|next| (segment.seq.wrapping_sub(next) as i32) < 0);
        if own.port() == port && !segment.payload.is_empty() && !is_repeated {
            bytes.extend_from_slice(segment.payload);
            next = Some(segment.seq.wrapping_add(segment.payload_len));
        }
    }
    bytes
}

/// Returns two fields of all frames that have them, as tshark reads what a side sent.
fn by_tshark(path: &Path, port: u16, side: Side, fields: [&str; 2]) -> Vec<(String, String)> {
    let direction = if side == Side::Server { "tcp.srcport" } else { "tcp.dstport" };
    let output = Command::new("tshark")
        .arg("-r")
        .arg(path)
        .args(["-d", &format!("tcp.port=={port},http2"), "-Y", &format!("{} && {direction} == {port}", fields[0])])
        .args(["-T", "fields", "-E", "separator=/t", "-E", "aggregator=|", "-e", fields[0], "-e", fields[1]])
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let pairs = output.lines().flat_map(|line| {
        let (firsts, seconds) = line.split_once('\t').unwrap();
        firsts.split('|').zip(seconds.split('|')).map(|(one, other)| (one.into(), other.into())).collect::<Vec<_>>()
    });
    pairs.collect()
}

/// Returns the fields of the header lists that a side sent, in the order of the wire, over all streams.
fn header_lists(bytes: &[u8], side: Side) -> Vec<(String, String)> {
    let (mut session, carrier, mut lists) = (Session::new(0), Carrier::default(), Vec::new());
    session.push(side, Chunk::of_tcp(&carrier, 0, Data::Bytes(bytes)), &|_| false, &mut |event| {
        if let Event::Headers { fields, .. } = event {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            lists.extend(fields.iter().map(|(name, value)| (text(name), text(value))));
        }
    });
    lists
}

/// Returns the type and the stream of each frame.
fn frames(bytes: &[u8]) -> Vec<(String, String)> {
    let (mut rest, mut frames) = (bytes.strip_prefix(PREFACE).unwrap_or(bytes), Vec::new());
    while let Ok((payload, header)) = header(rest) {
        frames.push((header.kind.0.to_string(), header.stream.to_string()));
        rest = payload.get(header.length as usize..).unwrap_or_default();
    }
    frames
}

/// Returns the fixtures over h2c: name, path, and the server's port. Over TLS, the streams are compared by another test.
fn over_h2c() -> impl Iterator<Item = (String, PathBuf, u16)> {
    let is_h2c = |path: &Path| {
        let truth = std::fs::read_to_string(path.with_file_name("truth.json"));
        let is_plain = truth.is_ok_and(|truth| truth.contains("http2_stream") && !truth.contains("\"tls\""));
        is_plain && !path.with_file_name("keys.log").exists()
    };
    let port = |name: &str| PORTS[usize::from(name.contains("proxy"))];
    fixtures()
        .into_iter()
        .filter(move |(_, path)| is_h2c(path))
        .map(move |(name, path)| (name.clone(), path, port(&name)))
}

/// Compares what both sides of the fixtures sent, as `ours` reads it, with two fields of tshark. Returns the number of pairs.
fn compared(fields: [&str; 2], ours: impl Fn(&[u8], Side) -> Vec<(String, String)>) -> usize {
    let mut compared = 0;
    for (name, path, port) in over_h2c() {
        for side in Side::BOTH {
            let ours = ours(&sent(&path, port, side), side);
            assert_eq!(ours, by_tshark(&path, port, side, fields), "{name}: {side:?}");
            compared += ours.len();
        }
    }
    compared
}

#[test]
fn frames_are_as_tshark_reads_them() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let compared = compared(["http2.type", "http2.streamid"], |bytes, _| frames(bytes));
    assert!(compared >= 200, "only {compared}");
}

#[test]
fn header_lists_are_as_tshark_reads_them() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let compared = compared(["http2.header.name", "http2.header.value"], header_lists);
    assert!(compared >= 100, "only {compared}");
}
