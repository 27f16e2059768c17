//! The header lists of the fixtures over h2c, field by field, as tshark reads them.

use std::path::Path;

use assert_cmd::Command;
use whyclosed::capture;
use whyclosed::chunk::{Chunk, Data};
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

#[test]
fn header_lists_are_as_tshark_reads_them() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let mut compared = 0;
    for (name, path) in fixtures() {
        // Over TLS, the streams are compared by the other test.
        let is_h2c = std::fs::read_to_string(path.with_file_name("truth.json"))
            .is_ok_and(|truth| truth.contains("http2_stream") && !truth.contains("\"tls\""));
        if !is_h2c || path.with_file_name("keys.log").exists() {
            continue;
        }
        let port = if name.contains("proxy") { PORTS[1] } else { PORTS[0] };
        let ours = by_us(&path, port);
        for (ours, side) in ours.iter().zip([Side::Client, Side::Server]) {
            assert_eq!(*ours, by_tshark(&path, port, side), "{name}: {side:?}");
            compared += ours.len();
        }
    }
    assert!(compared >= 100, "only {compared}");
}
