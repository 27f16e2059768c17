//! The header lists of all fixtures over HTTP/2, field by field, and the types of all frames, as tshark reads them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use assert_cmd::Command;
use whyclosed::capture;
use whyclosed::chunk::{Carrier, Chunk, Data};
use whyclosed::http2::frame::{PREFACE, header};
use whyclosed::http2::{Event, Session};
use whyclosed::packet::Decoder;
use whyclosed::side::Side;

use crate::support::{fixtures, is_over_http2, tools};

/// The ports of the servers: with TLS, in the clear, and of proxies, behind which there is HTTP/1.1.
const PORTS: [u16; 3] = [8443, 8765, 8090];

/// A connection of HTTP/2 in a fixture.
struct Connection {
    path: PathBuf,
    port: u16,
    /// Its number in tshark.
    stream: String,
}

impl Connection {
    fn has_tls(&self) -> bool {
        self.port == PORTS[0]
    }

    /// Calls tshark with what it needs to read the connection. Returns its output.
    fn tshark(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tshark");
        command.arg("-r").arg(&self.path);
        match self.has_tls() {
            true => {
                command.args(["-o", &format!("tls.keylog_file:{}", self.path.with_file_name("keys.log").display())])
            }
            false => command.args(["-d", &format!("tcp.port=={},http2", self.port)]),
        };
        String::from_utf8(command.args(arguments).output().unwrap().stdout).unwrap()
    }

    /// Returns the bytes of HTTP/2 that a side sent: over TLS, those that tshark decrypts.
    fn sent(&self, side: Side) -> Vec<u8> {
        if self.has_tls() { self.decrypted(side) } else { self.in_the_clear(side) }
    }

    fn decrypted(&self, side: Side) -> Vec<u8> {
        let followed = self.tshark(&["-q", "-z", &format!("follow,tls,raw,{}", self.stream)]);
        let first_is_server = followed.lines().any(|line| line.starts_with("Node 0:") && line.ends_with(":8443"));
        // What the second node sent is indented.
        let is_own = |line: &&str| line.starts_with('\t') == ((side == Side::Server) != first_is_server);
        let hex = |line: &&str| line.trim().bytes().all(|digit| digit.is_ascii_hexdigit());
        let lines: String = followed.lines().filter(is_own).filter(hex).map(str::trim).collect();
        let two = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
        lines.as_bytes().chunks(2).map(two).collect()
    }

    fn in_the_clear(&self, side: Side) -> Vec<u8> {
        let (mut source, mut decoder) = (capture::open(std::slice::from_ref(&self.path)).unwrap(), Decoder::default());
        let (mut bytes, mut next) = (Vec::new(), None);
        while source.advance().unwrap() {
            let packet = source.packet();
            let Some(segment) = decoder.decode(&packet) else { continue };
            let own = if side == Side::Server { segment.source() } else { segment.destination() };
            let is_repeated = next.is_some_and(|next| (segment.seq.wrapping_sub(next) as i32) < 0);
            if own.port() == self.port && !segment.payload.is_empty() && !is_repeated {
                bytes.extend_from_slice(segment.payload);
                next = Some(segment.seq.wrapping_add(segment.payload_len));
            }
        }
        bytes
    }

    /// Returns two fields of all frames that have them, as tshark reads what a side sent.
    fn by_tshark(&self, side: Side, fields: [&str; 2]) -> Vec<(String, String)> {
        let Self { port, stream, .. } = self;
        let direction = if side == Side::Server { "tcp.srcport" } else { "tcp.dstport" };
        let wanted = format!("{} && {direction} == {port} && tcp.stream == {stream}", fields[0]);
        let output = self.tshark(&[
            "-Y",
            &wanted,
            "-T",
            "fields",
            "-E",
            "separator=/t",
            "-E",
            "aggregator=|",
            "-e",
            fields[0],
            "-e",
            fields[1],
        ]);
        let pairs = output.lines().flat_map(|line| {
            let (firsts, seconds) = line.split_once('\t').unwrap();
            firsts.split('|').zip(seconds.split('|')).map(|(one, other)| (one.into(), other.into())).collect::<Vec<_>>()
        });
        pairs.collect()
    }
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

/// Returns the connections of HTTP/2 in the fixtures, each with the name of its fixture.
fn connections() -> Vec<(String, Connection)> {
    let mut connections = Vec::new();
    for (name, path) in fixtures().into_iter().filter(|(name, _)| is_over_http2(name)) {
        let has_keys = path.with_file_name("keys.log").exists();
        let port = PORTS[if has_keys { 0 } else { 1 + usize::from(name.contains("proxy")) }];
        let connection = |stream: &str| Connection { path: path.clone(), port, stream: stream.to_owned() };
        let wanted = format!("http2 && tcp.port == {port}");
        let streams = connection("").tshark(&["-Y", &wanted, "-T", "fields", "-e", "tcp.stream"]);
        let streams: BTreeSet<_> = streams.lines().collect();
        assert!(!streams.is_empty(), "{name}");
        connections.extend(streams.into_iter().map(|stream| (name.clone(), connection(stream))));
    }
    connections
}

/// Compares what both sides of the fixtures sent, as `ours` reads it, with two fields of tshark. Returns the number of pairs.
fn compared(fields: [&str; 2], ours: impl Fn(&[u8], Side) -> Vec<(String, String)>) -> usize {
    let mut compared = 0;
    for (name, connection) in connections() {
        for side in Side::BOTH {
            let ours = ours(&connection.sent(side), side);
            assert_eq!(ours, connection.by_tshark(side, fields), "{name}: {side:?}");
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
    assert!(compared >= 400, "only {compared}");
}

#[test]
fn header_lists_are_as_tshark_reads_them() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let compared = compared(["http2.header.name", "http2.header.value"], header_lists);
    assert!(compared >= 600, "only {compared}");
}
