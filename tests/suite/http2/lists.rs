//! The header lists of the fixtures over h2c, field by field, and the types of all frames, as tshark reads them.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use whyclosed::capture;
use whyclosed::chunk::{Chunk, Data};
use whyclosed::http2::frame::{PREFACE, header};
use whyclosed::http2::{Event, Session};
use whyclosed::packet::Decoder;
use whyclosed::side::Side;

use crate::support::{fixtures, tools};

/// The ports of the servers, beside which there is HTTP/1.1 behind proxies.
const PORTS: [u16; 2] = [8765, 8090];

/// Returns the fields that a side sent, in the order of the wire, over all streams.
fn by_us(path: &Path, port: u16) -> [Vec<String>; 2] {
    let (mut source, mut decoder) = (capture::open(&[path.to_owned()]).unwrap(), Decoder::default());
    let (mut session, mut offsets, mut lists) = (Session::new(0), [0_u64; 2], [Vec::new(), Vec::new()]);
    while source.advance().unwrap() {
        let packet = source.packet();
        let Some(segment) = decoder.decode(&packet) else { continue };
        let side = match (segment.source().port() == port, segment.destination().port() == port) {
            (true, _) => Side::Server,
            (_, true) => Side::Client,
            _ => continue,
        };
        let at = usize::from(side == Side::Server);
        let chunk = Chunk::of_tcp(&segment.carrier, offsets[at], Data::Bytes(segment.payload));
        offsets[at] += segment.payload.len() as u64;
        session.push(side, chunk, &|_| false, &mut |event| {
            if let Event::Headers { fields, .. } = event {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                lists[at].extend(fields.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))));
            }
        });
    }
    lists
}

fn by_tshark(path: &Path, port: u16, side: Side) -> Vec<String> {
    let direction = if side == Side::Server { "tcp.srcport" } else { "tcp.dstport" };
    let output = Command::new("tshark")
        .arg("-r")
        .arg(path)
        .args(["-d", &format!("tcp.port=={port},http2"), "-Y", &format!("http2.header.name && {direction} == {port}")])
        .args(["-T", "fields", "-E", "separator=/t", "-E", "aggregator=|"])
        .args(["-e", "http2.header.name", "-e", "http2.header.value"])
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let fields = output.lines().flat_map(|line| {
        let (names, values) = line.split_once('\t').unwrap();
        names.split('|').zip(values.split('|')).map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    });
    fields.collect()
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

/// Returns the stream and the type of each frame that a side sent, by the server's port.
fn frames_by_us(path: &Path, port: u16, side: Side) -> Vec<(u32, u8)> {
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
    let (mut rest, mut frames) = (bytes.strip_prefix(PREFACE).unwrap_or(&bytes), Vec::new());
    while let Ok((payload, header)) = header(rest) {
        frames.push((header.stream, header.kind.0));
        rest = payload.get(header.length as usize..).unwrap_or_default();
    }
    frames
}

fn frames_by_tshark(path: &Path, port: u16, side: Side) -> Vec<(u32, u8)> {
    let direction = if side == Side::Server { "tcp.srcport" } else { "tcp.dstport" };
    let output = Command::new("tshark")
        .arg("-r")
        .arg(path)
        .args(["-d", &format!("tcp.port=={port},http2"), "-Y", &format!("http2.type && {direction} == {port}")])
        .args(["-T", "fields", "-E", "separator=/t", "-e", "http2.streamid", "-e", "http2.type"])
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let frames = output.lines().flat_map(|line| {
        let (streams, types) = line.split_once('\t').unwrap();
        let parsed = |(stream, kind): (&str, &str)| (stream.parse().unwrap(), kind.parse().unwrap());
        streams.split(',').zip(types.split(',')).map(parsed).collect::<Vec<_>>()
    });
    frames.collect()
}

#[test]
fn frames_are_as_tshark_reads_them() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let mut compared = 0;
    for (name, path, port) in over_h2c() {
        for side in Side::BOTH {
            let ours = frames_by_us(&path, port, side);
            assert_eq!(ours, frames_by_tshark(&path, port, side), "{name}: {side:?}");
            compared += ours.len();
        }
    }
    assert!(compared >= 200, "only {compared}");
}

#[test]
fn header_lists_are_as_tshark_reads_them() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let mut compared = 0;
    for (name, path, port) in over_h2c() {
        let ours = by_us(&path, port);
        for (ours, side) in ours.iter().zip([Side::Client, Side::Server]) {
            assert_eq!(*ours, by_tshark(&path, port, side), "{name}: {side:?}");
            compared += ours.len();
        }
    }
    assert!(compared >= 100, "only {compared}");
}
