//! Uses tshark as an oracle: streams, frames and Close frames of every fixture, with a reason for each difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug, Display, Formatter};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use whyclosed::catalog::Language;
use whyclosed::report::Report;
use whyclosed::report::connection::{Connection, Traffic};
use whyclosed::side::Side;

use crate::support::{fixtures, reading, tools};

/// The fixture, the difference in the form of [`differences`], and the evidence in the bytes.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "connect_tunnel",
        "tshark sees no frame, the report 4",
        "what follows the 200 to CONNECT is, for tshark, data; packet 9 begins `HTTP/1.1 101`, and 10 to 13 hold a whole \
         frame each, the last two 88 85 … and 88 05 03 e8",
    ),
    (
        "desynchronised_stream",
        "stream 0 Client: tshark 2 frames (0 pings, 0 pongs) of 104 bytes, closes; \
         report 4 frames (0 pings, 0 pongs) of 151 bytes, closes 1002@16",
        "the last 3 bytes of packet 10 are text whose length was declared too short; tshark takes them for a header and \
         waits for more, but packets 15 and 16 are a whole frame each: 81 9f and 35 bytes, 88 90 and 20 bytes",
    ),
    (
        "frames_pipelined",
        "stream 0 Client: tshark 1 frames (0 pings, 0 pongs) of 2 bytes, closes 1000@10; \
         report 2 frames (0 pings, 0 pongs) of 47 bytes, closes 1000@10",
        "packet 4 holds a text of 45 bytes behind the request; for tshark it is no WebSocket before the 101, but the \
         server answers in packet 8 that it received 45",
    ),
    (
        "http_after_upgrade",
        "stream 0 Server: tshark 6 frames (1 pings, 0 pongs) of 413 bytes, closes 21584@11; \
         report 1 frames (0 pings, 0 pongs) of 11 bytes, closes",
        "packets 11 and 12 are `HTTP/1.1 500` and an HTML page: H is 0x48, a Close without FIN, and TP is 21584",
    ),
    (
        "late_start",
        "tshark sees no frame, the report 5",
        "no opening handshake was captured, without which tshark looks for no frames; packets 1 to 4 and 6 are a whole frame \
         each: 81 b2 and 54 bytes, …, 88 2a 03 ef and 40 bytes, 88 aa and 46 bytes",
    ),
    (
        "late_start_deflate",
        "tshark sees no frame, the report 10",
        "the same; packets 1 to 10 are a whole frame each, the last two 88 85 and 9 bytes, 88 05 03 e8 and 3 bytes",
    ),
    (
        "lost_segments",
        "stream 0 Client: tshark 6 frames (0 pings, 0 pongs) of 251 bytes, closes 1000@25; \
         report 7 frames (0 pings, 0 pongs) of 5527 bytes, closes 1000@25",
        "packet 10 begins 81 fe 14 9c: a text of 5,276 bytes, which tshark does not show because 1,200 of them are missing; \
         by its length packet 17 begins the next frame",
    ),
    (
        "lost_segments",
        "stream 1 Client: tshark 79 frames (0 pings, 1 pongs) of 4052 bytes, closes; \
         report 6 frames (0 pings, 0 pongs) of 264 bytes, closes 4000@54",
        "the header of the long text is in the packet that is missing; tshark reads frames out of its payload in packets 39 \
         to 44, and misses that 46, 48, 50, 52 and 54 are a whole frame each: 81 b1 and 53 bytes, 88 92 and 22 bytes",
    ),
    (
        "message_too_big",
        "stream 0 Client: tshark 1 frames (0 pings, 0 pongs) of 50 bytes, closes; \
         report 2 frames (0 pings, 0 pongs) of 1718 bytes, closes",
        "packet 10 holds the header and 1,668 bytes of a text of 2 MiB that never ends; tshark shows whole frames only",
    ),
    (
        "proxy_protocol_v1",
        "tshark sees no frame, the report 4",
        "packet 4 begins `PROXY TCP4`, behind which tshark looks for no HTTP; packet 6 begins `HTTP/1.1 101`, and 8 to 11 \
         hold a whole frame each",
    ),
    (
        "proxy_protocol_v2",
        "tshark sees no frame, the report 4",
        "packet 4 begins 0d 0a 0d 0a 00 0d 0a `QUIT`, behind which tshark looks for no HTTP; packet 6 begins `HTTP/1.1 101`, \
         and 8 to 11 hold a whole frame each",
    ),
    (
        "same_sequence_again",
        "stream 0: frames before the last attempt",
        "packet 11 on is another connection with the ports and sequence numbers of the first, behind its reset: tshark counts \
         both to one stream, and what it shows of the second are retransmissions",
    ),
    (
        "snaplen_96",
        "tshark sees no frame, the report 5",
        "the heads are cut before their Upgrade field, so tshark does not switch; packet 11, 88 2a 03 ef …, is a Close frame \
         whose reason is cut",
    ),
    (
        "wss_records_of_few_bytes",
        "stream 0 Client: tshark 3 frames (0 pings, 0 pongs) of 362 bytes, closes 4212@46; \
         report 3 frames (0 pings, 0 pongs) of 362 bytes, closes 4212@18",
        "the Close frame lies in packets 18 to 46, a byte in each record: the report names the packet in which it begins, \
         tshark that in which it ends",
    ),
];

/// The fixtures of TLS connections that tshark does not decrypt, or only in part, and why.
const UNDECRYPTED: &[(&str, &str)] = &[
    ("wss_chat_aes_late", "the handshake is not in the capture"),
    ("wss_chat_aes_middle_lost", "tshark does not know the sequence number behind a gap"),
    ("wss_chat_cbc_middle_lost", "the same"),
    ("wss_chat_chacha20_late", "the handshake is not in the capture"),
    ("wss_chat_chacha20_middle_lost", "tshark does not know the sequence number behind a gap"),
    ("wss_chat_tls10_middle_lost", "the same"),
    ("wss_chat_tls12_middle_lost", "the same"),
    ("wss_early_data_without_key", "the early data of the second connection cannot be read, and what follows it can"),
    ("wss_keys_at_the_end", "the keys stand behind the packets that need them"),
    ("wss_keys_line_by_line", "the same"),
    ("wss_keys_of_traffic_only", "without the secrets of the handshake tshark does not begin"),
    ("wss_keys_run_together", "two lines of the key log run together"),
    ("wss_keys_twice", "the key log has a wrong secret beside each right one"),
    ("wss_late_after_long", "the handshake is not in the capture"),
];

/// The columns of [`Row`].
const FIELDS: [&str; 13] = [
    "frame.number",
    "tcp.stream",
    "ip.src",
    "ipv6.src",
    "tcp.srcport",
    "ip.dst",
    "ipv6.dst",
    "tcp.dstport",
    "websocket.opcode",
    "websocket.payload.close.status_code",
    "websocket.payload_length",
    "websocket.payload_length_ext_16",
    "websocket.payload_length_ext_64",
];

/// The fields that tshark prints for one TCP packet.
struct Row {
    packet: u64,
    stream: u32,
    source: SocketAddr,
    destination: SocketAddr,
    /// The opcodes of the frames that end in this packet.
    opcodes: Vec<u8>,
    /// The payload bytes of those frames, as declared in their headers.
    payload_bytes: u64,
    /// The codes of those that are Close frames with a code.
    codes: Vec<u16>,
}

impl Row {
    fn parse(line: &str) -> Self {
        let fields: BTreeMap<_, _> = FIELDS.into_iter().zip(line.split('\t')).collect();
        let address = |v4: &str, v6: &str, port: &str| {
            let address: IpAddr = if fields[v4].is_empty() { innermost(fields[v6]) } else { innermost(fields[v4]) };
            SocketAddr::new(address, innermost(fields[port]))
        };
        // 126 and 127 mean that the length is in another field.
        let short = all(fields["websocket.payload_length"]).into_iter().filter(|length: &u64| *length < 126);
        let medium = all::<u64>(fields["websocket.payload_length_ext_16"]);
        let long = all::<u64>(fields["websocket.payload_length_ext_64"]);
        Self {
            packet: innermost(fields["frame.number"]),
            stream: innermost(fields["tcp.stream"]),
            source: address("ip.src", "ipv6.src", "tcp.srcport"),
            destination: address("ip.dst", "ipv6.dst", "tcp.dstport"),
            opcodes: all(fields["websocket.opcode"]),
            payload_bytes: short.chain(medium).chain(long).sum(),
            codes: all(fields["websocket.payload.close.status_code"]),
        }
    }
}

/// Returns every value of a field that occurs several times in a packet.
fn all<T: FromStr<Err: Debug>>(field: &str) -> Vec<T> {
    field.split(',').filter(|value| !value.is_empty()).map(|value| value.parse().unwrap()).collect()
}

/// Returns the last of several values: outer headers come first.
fn innermost<T: FromStr<Err: Debug>>(field: &str) -> T {
    all(field).pop().unwrap()
}

fn tshark(capture: &Path, report: &Report) -> Vec<Row> {
    let in_the_clear = report.connections.iter().filter(|connection| !connection.encrypted);
    let ports: BTreeSet<_> = in_the_clear.map(|connection| address(&connection.server).port()).collect();
    // tshark would wait for ever after a hole that is never filled.
    let reorder = !report.connections.iter().any(|connection| connection.visibility.contains(&"lost_bytes"));
    let reorder = format!("tcp.reassemble_out_of_order:{}", if reorder { "TRUE" } else { "FALSE" });

    let mut command = Command::new("tshark");
    command.arg("-r").arg(capture).args(["-Y", "tcp", "-T", "fields"]);
    command.args(["-o", "tcp.desegment_tcp_streams:TRUE", "-o", &reorder]);
    command.args(ports.iter().flat_map(|port| ["-d".to_owned(), format!("tcp.port=={port},http")]));
    let keys = capture.with_file_name("keys.log");
    if keys.exists() {
        command.args(["-o", &format!("tls.keylog_file:{}", keys.display())]);
    }
    command.args(FIELDS.iter().flat_map(|field| ["-e", field]));
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || complaint.contains("cut short"), "{capture:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap().lines().map(Row::parse).collect()
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn report(path: &Path) -> Report {
    Report::new(reading::material(path).unwrap(), Language::English)
}

/// The traffic of one side of a connection.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sent {
    frames: u64,
    /// As declared in the headers.
    payload_bytes: u64,
    pings: u64,
    pongs: u64,
    /// The packet and code of each Close frame.
    closes: Vec<(u64, Option<u16>)>,
}

impl Sent {
    fn by_tshark(rows: &[&Row], from: SocketAddr) -> Self {
        let mut sent = Self::default();
        for row in rows.iter().filter(|row| row.source == from) {
            let count = |opcode| row.opcodes.iter().filter(|of| **of == opcode).count();
            sent.frames += row.opcodes.len() as u64;
            sent.payload_bytes += row.payload_bytes;
            sent.pings += count(9) as u64;
            sent.pongs += count(10) as u64;
            sent.closes.extend((0..count(8)).map(|index| (row.packet, row.codes.get(index).copied())));
        }
        sent
    }

    fn by_report(connection: &Connection, side: Side) -> Self {
        let Traffic { frames, payload_bytes, pings, pongs, .. } = connection.traffic[side];
        let closes = connection.closes.iter().filter(|close| close.side == side);
        Self { frames, payload_bytes, pings, pongs, closes: closes.map(|close| (close.packet, close.code)).collect() }
    }
}

impl Display for Sent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { frames, payload_bytes, pings, pongs, closes } = self;
        write!(f, "{frames} frames ({pings} pings, {pongs} pongs) of {payload_bytes} bytes, closes")?;
        let mut closes = closes.iter().map(|(packet, code)| match code {
            Some(code) => write!(f, " {code}@{packet}"),
            None => write!(f, " none@{packet}"),
        });
        closes.try_for_each(|written| written)
    }
}

/// Returns the differences between the report and tshark, one line each.
fn differences(report: &Report, rows: &[Row]) -> Vec<String> {
    let mut streams: BTreeMap<u32, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        streams.entry(row.stream).or_default().push(row);
    }
    if rows.iter().all(|row| row.opcodes.is_empty()) {
        let sent = report
            .connections
            .iter()
            .map(|connection| connection.traffic.client.frames + connection.traffic.server.frames);
        let frames: u64 = sent.sum();
        return if frames == 0 { Vec::new() } else { vec![format!("tshark sees no frame, the report {frames}")] };
    }
    let mut differences = Vec::new();
    for (connection, behind) in report.connections.iter().zip(1..) {
        let stream = connection.tcp_stream;
        if report.connections[behind..].iter().any(|other| other.tcp_stream == stream) {
            // Another attempt follows this one on the same TCP connection.
            if connection.traffic.client.frames + connection.traffic.server.frames > 0 {
                differences.push(format!("stream {stream}: frames before the last attempt"));
            }
            continue;
        }
        let rows = streams.remove(&stream).unwrap_or_default();
        let (client, server) = (address(&connection.client), address(&connection.server));
        let ends = |row: &Row| [row.source, row.destination].iter().all(|end| [client, server].contains(end));
        if rows.is_empty() || !rows.iter().all(|row| ends(row)) {
            differences.push(format!("stream {stream}: not between {client} and {server}"));
            continue;
        }
        for (side, from) in [(Side::Client, client), (Side::Server, server)] {
            let (theirs, ours) = (Sent::by_tshark(&rows, from), Sent::by_report(connection, side));
            if theirs != ours {
                differences.push(format!("stream {stream} {side:?}: tshark {theirs}; report {ours}"));
            }
        }
    }
    let websocket = |rows: &[&Row]| rows.iter().any(|row| !row.opcodes.is_empty());
    let unreported = streams.iter().filter(|(_, rows)| websocket(rows));
    differences.extend(unreported.map(|(stream, _)| format!("stream {stream}: not in the report")));
    differences
}

#[test]
fn every_difference_from_tshark_has_a_reason() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let (mut given, mut decrypted) = (BTreeSet::new(), Vec::new());
    let mut compared = 0;
    for (name, capture) in fixtures() {
        let mut report = report(&capture);
        // tshark reads no frames on HTTP/2; `http2` compares the rest.
        report.connections.retain(|connection| connection.http2_stream.is_none());
        let rows = tshark(&capture, &report);
        compared += report.connections.len();
        let found = differences(&report, &rows);
        if UNDECRYPTED.iter().any(|(fixture, _)| *fixture == name) {
            decrypted.extend(found.is_empty().then_some(name));
        } else {
            given.extend(found.into_iter().map(|difference| (name.clone(), difference)));
        }
    }
    assert!(compared > 250, "only {compared} connections");
    assert!(decrypted.is_empty(), "tshark decrypts them: {decrypted:?}");
    let known: BTreeSet<_> = KNOWN.iter().map(|(name, what, _)| ((*name).to_owned(), (*what).to_owned())).collect();
    let new: Vec<_> = given.difference(&known).collect();
    assert!(new.is_empty(), "differences without a reason: {new:#?}");
    let gone: Vec<_> = known.difference(&given).collect();
    assert!(gone.is_empty(), "no longer different: {gone:#?}");
}
