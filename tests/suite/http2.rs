//! WebSockets over HTTP/2: tshark as an oracle, views of the middle of a connection, and redaction.

mod bombs;
mod hpack;
mod lists;

use std::collections::BTreeMap;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use whyclosed::analyzer::{Analyzer, KeyLog};
use whyclosed::capture;
use whyclosed::catalog::{Language, Registries};
use whyclosed::event::EndKind;
use whyclosed::facts::Facts;
use whyclosed::live::Watch;
use whyclosed::packet::Decoder;
use whyclosed::report::redact::Privacy;
use whyclosed::side::Side;

use crate::support::captured::{Captured, packets_of};
use crate::support::{PROGRAM, fixture, fixtures, is_over_http2, tools, way};

/// Returns the fixtures with WebSockets over HTTP/2: name, packets, and key log.
fn all() -> Vec<(String, Vec<Captured>, Vec<u8>)> {
    let all: Vec<_> = fixtures().into_iter().filter(|(name, _)| is_over_http2(name)).collect();
    assert!(all.len() >= 15, "only {}", all.len());
    let read = |(name, path): (String, std::path::PathBuf)| {
        (name, packets_of(&path), std::fs::read(path.with_file_name("keys.log")).unwrap_or_default())
    };
    all.into_iter().map(read).collect()
}

/// Returns the facts of the streams, by their numbers.
fn streams(packets: &[Captured], log: &[u8]) -> BTreeMap<u32, Box<Facts>> {
    let facts = way::facts_with_keys_nearby(packets, log);
    facts.into_iter().filter_map(|facts| Some((facts.http2_stream()?, facts))).collect()
}

/// What tshark says of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    method: String,
    path: String,
    authority: String,
    status: String,
    agent: String,
    /// The sides that sent RST_STREAM, by the server's port, and the codes.
    resets: Vec<(bool, u32)>,
}

fn by_tshark(capture: &Path, port: u16) -> BTreeMap<u32, Seen> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(capture).args(["-Y", "http2", "-T", "pdml"]);
    let keys = capture.with_file_name("keys.log");
    match keys.exists() {
        true => command.args(["-o", &format!("tls.keylog_file:{}", keys.display())]),
        false => command.args(["-d", &format!("tcp.port=={port},http2")]),
    };
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let mut streams: BTreeMap<u32, Seen> = BTreeMap::new();
    for packet in output.split("<packet>") {
        let from_server = packet.contains(&format!("name=\"tcp.srcport\" showname=\"Source Port: {port}\""));
        for frame in packet.split("name=\"http2.stream\"").skip(1) {
            let value = |name: &str| {
                let field = frame.split(&format!("name=\"{name}\"")).nth(1)?;
                Some(field.split("show=\"").nth(1)?.split('"').next()?.to_owned())
            };
            let Some(stream) = value("http2.streamid").and_then(|stream| stream.parse().ok()) else { continue };
            let seen = streams.entry(stream).or_default();
            for (name, to) in [
                ("http2.headers.method", &mut seen.method),
                ("http2.headers.path", &mut seen.path),
                ("http2.headers.authority", &mut seen.authority),
                ("http2.headers.status", &mut seen.status),
                ("http2.headers.user_agent", &mut seen.agent),
            ] {
                if let Some(value) = value(name) {
                    *to = value;
                }
            }
            if let Some(code) = value("http2.rst_stream.error") {
                seen.resets.push((from_server, code.parse().unwrap()));
            }
        }
    }
    streams.retain(|_, seen| seen.method == "CONNECT");
    streams
}

fn by_us(facts: &Facts) -> Seen {
    let request = facts.handshake.request.as_ref().unwrap();
    let resets = facts.ends.iter().filter_map(|end| match end.kind {
        EndKind::StreamReset(code) => Some((end.side == Side::Server, code)),
        _ => None,
    });
    Seen {
        method: request.method.to_string(),
        path: request.target.to_string(),
        authority: request.host.as_deref().unwrap_or_default().to_owned(),
        status: facts.handshake.response.as_ref().map_or_else(String::new, |response| response.status.to_string()),
        agent: request.user_agent.as_deref().unwrap_or_default().to_owned(),
        resets: resets.collect(),
    }
}

#[test]
fn streams_are_as_tshark_reads_them() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let mut compared = 0;
    for (name, packets, log) in all() {
        let ours = streams(&packets, &log);
        let port = ours.values().next().unwrap().addresses().server.port();
        let theirs = by_tshark(&fixture(&name), port);
        let ours: BTreeMap<_, _> = ours.iter().map(|(stream, facts)| (*stream, by_us(facts))).collect();
        assert_eq!(ours, theirs, "{name}");
        compared += ours.len();
    }
    assert!(compared >= 20, "only {compared}");
}

/// Checks that a view of a part of a capture says nothing that the whole one refutes. Returns the number of streams.
fn is_true(name: &str, whole: &BTreeMap<u32, Box<Facts>>, part: &BTreeMap<u32, Box<Facts>>) -> usize {
    for (stream, facts) in part {
        let full = whole.get(stream).unwrap_or_else(|| panic!("{name}: {stream} is made up"));
        for close in &facts.closes {
            let same = |other: &&whyclosed::facts::Close| (other.side, other.code) == (close.side, close.code);
            assert!(full.closes.iter().any(|other| same(&other) || close.code.is_none()), "{name} {stream}: {close:?}");
        }
        for end in facts.ends.iter().filter(|end| matches!(end.kind, EndKind::StreamReset(_) | EndKind::EndStream)) {
            assert!(full.end(end.side, end.kind).is_some(), "{name} {stream}: {end:?}");
        }
        let (own, of_all) = (facts.rare.breaches.len(), full.rare.breaches.len());
        assert!(own <= of_all, "{name} {stream}: {own} broken rules, not {of_all}");
        if let (Some(request), Some(other)) = (&facts.handshake.request, &full.handshake.request) {
            let is_known = !facts.handshake.cut;
            assert!(!is_known || request.target == other.target, "{name} {stream}: {}", request.target);
        }
    }
    part.len()
}

#[test]
fn a_capture_begun_in_the_middle_says_nothing_false() {
    for (name, packets, log) in all().into_iter().filter(|(_, _, log)| log.is_empty()) {
        let whole = streams(&packets, &log);
        let found: usize =
            (1..packets.len()).map(|from| is_true(&name, &whole, &streams(&packets[from..], &log))).sum();
        assert!(found > 0, "{name}");
    }
}

#[test]
fn lost_packets_make_nothing_false() {
    for (name, packets, log) in all() {
        let whole = streams(&packets, &log);
        for lost in (0..packets.len()).step_by(1 + packets.len() / 60) {
            let part: Vec<_> = [&packets[..lost], &packets[lost + 1..]].concat();
            is_true(&name, &whole, &streams(&part, &log));
        }
    }
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The heads are compressed, so no search of a file finds the cookie in them: nothing of such a connection is kept.
#[test]
fn a_redacted_slice_keeps_no_byte_of_http2_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let slice = folder.path().join("slice.pcapng");
    let (capture, slice) = (fixture("http2_closed_normally"), slice.to_str().unwrap());
    let (code, _) = run(&["slice", "--redact", "--connection", "1", capture.to_str().unwrap(), "-o", slice]);
    assert_eq!(code, Some(0));
    let mut source = capture::open(&[slice.into()]).unwrap();
    let (mut decoder, mut payload, mut packets) = (Decoder::default(), 0, 0);
    while source.advance().unwrap() {
        let packet = source.packet();
        let segment = decoder.decode(&packet).unwrap();
        assert!(segment.payload.iter().all(|byte| *byte == 0), "packet {}", packet.number);
        payload += segment.payload.len();
        packets += 1;
    }
    assert!(payload > 500 && packets > 10, "{payload} {packets}");
    // What was not searched is said, and is no success.
    let (code, said) = run(&["verify-redaction", capture.to_str().unwrap(), "--against", capture.to_str().unwrap()]);
    assert!(code != Some(0) && said.contains("HTTP/2"), "{code:?}: {said}");
}

#[test]
fn a_report_names_the_stream() {
    let (_, said) = run(&["--format", "json", fixture("stream_reset").to_str().unwrap()]);
    let report: Value = serde_json::from_str(&said).unwrap();
    let all = report["connections"].as_array().unwrap();
    let streams: Vec<_> = all.iter().map(|connection| connection["http2_stream"].as_u64().unwrap()).collect();
    assert_eq!((streams, &all[0]["tcp_stream"]), (vec![1, 3], &all[1]["tcp_stream"]));
    for connection in all {
        let stream = format!("&& (http2.streamid eq {} || !http2) &&", connection["http2_stream"]);
        let filter = connection["verdict"]["filter"].as_str().unwrap();
        assert!(filter.contains(&stream), "{filter}");
    }
}

/// The packets of a connection belong to all of its streams: they may be dropped only with the last one.
#[test]
fn the_packets_of_a_connection_are_wanted_until_its_last_stream_is_judged() {
    let mut analyzer = Analyzer::default();
    let mut watch = Watch::new(Language::English, Registries::default(), Privacy::default());
    let (mut judged, path) = (Vec::new(), fixture("wss_http2_chromium_many"));
    let log = std::fs::read(path.with_file_name("keys.log")).unwrap();
    analyzer.push_keys(&mut KeyLog::default(), &log, &mut watch);
    let mut source = capture::open(&[path]).unwrap();
    while source.advance().unwrap() {
        let packet = source.packet();
        analyzer.push(&packet, &mut watch);
        watch.settle(packet.time, &analyzer);
        judged.extend(std::iter::from_fn(|| watch.take_judged()));
    }
    analyzer.finish(&mut watch);
    judged.extend(std::iter::from_fn(|| watch.take_judged()));
    let (facts, _) = watch.into_facts();
    assert!(facts.len() == 10 && judged.len() > 1, "{judged:?}");
    let (_, before) = judged.split_last().unwrap();
    assert!(before.iter().all(|(_, is_abnormal)| *is_abnormal), "{judged:?}");
}
