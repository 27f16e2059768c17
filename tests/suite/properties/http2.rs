//! WebSockets on the streams of one HTTP/2 connection: whatever cuts TCP into segments and messages into DATA frames, pads them,
//! and interleaves the streams leaves the report on each of them as it is, and so does the way in which HTTP/2 begins.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use whyclosed::http2::frame::{PREFACE, Type};

use super::{config, cut};
use crate::support::essence::essence;
use crate::support::http2_frame::frame;
use crate::support::random::Random;
use crate::support::wire::{ACK, Endpoint, FIN, SYN, Segment};

/// How a stream ends.
#[derive(Clone, Debug)]
enum End {
    /// A Close frame of the client, and the server's answer.
    Close(u16),
    /// END_STREAM of the server.
    Stream,
    /// RST_STREAM of the server.
    Reset(u32),
}

/// A stream: the lengths of the texts that the client and the server send in turn, and its end.
#[derive(Clone, Debug)]
struct Spoken {
    texts: Vec<usize>,
    end: End,
}

/// How it is laid out.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// The longest DATA frame.
    longest: usize,
    padded: bool,
    /// Whether the frames of the streams are mixed.
    mixed: bool,
    /// Whether HTTP/2 begins by an upgrade of HTTP/1.1 (RFC 7540 §3.2), and not with prior knowledge.
    upgraded: bool,
    /// The longest segment.
    cut: Option<u64>,
    seed: u64,
}

fn spoken() -> impl Strategy<Value = Spoken> {
    let end = prop_oneof![
        prop::sample::select(vec![1000, 1008, 4001]).prop_map(End::Close),
        Just(End::Stream),
        prop::sample::select(vec![2, 8, 11]).prop_map(End::Reset),
    ];
    (prop::collection::vec(0_usize..600, 1..8), end).prop_map(|(texts, end)| Spoken { texts, end })
}

/// Returns a WebSocket frame, masked with zeros if the client sends it.
fn websocket(from_server: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = if from_server { 0 } else { 0x80 };
    let mut bytes = vec![0x80 | opcode];
    match payload.len() {
        len @ 0..126 => bytes.push(mask | len as u8),
        len => bytes.extend([mask | 126, (len >> 8) as u8, len as u8]),
    }
    bytes.extend(if from_server { &[][..] } else { &[0; 4] });
    bytes.extend(payload);
    bytes
}

/// Returns the DATA frames that carry these bytes.
fn data(stream: u32, bytes: &[u8], ends: bool, layout: Layout, random: &mut Random) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() || (ends && frames.is_empty()) {
        let (now, later) = rest.split_at(rest.len().min(random.between(1, layout.longest as u64 + 1) as usize));
        let last = u8::from(ends && later.is_empty());
        rest = later;
        frames.push(if layout.padded && random.chance(500) {
            let padding = random.between(0, 30) as u8;
            frame(Type::DATA, 8 | last, stream, &[&[padding], now, &vec![0; padding.into()]].concat())
        } else {
            frame(Type::DATA, last, stream, now)
        });
    }
    frames
}

/// Joins the frames of the streams, each in its order.
fn joined(mut streams: Vec<Vec<Vec<u8>>>, layout: Layout, random: &mut Random) -> Vec<u8> {
    if !layout.mixed {
        return streams.concat().concat();
    }
    let mut bytes = Vec::new();
    streams.retain(|frames| !frames.is_empty());
    while !streams.is_empty() {
        let at = random.between(0, streams.len() as u64) as usize;
        bytes.extend(streams[at].remove(0));
        streams.retain(|frames| !frames.is_empty());
    }
    bytes
}

/// Returns what either side sends in turn: the client first.
fn turns(all: &[Spoken], layout: Layout) -> Vec<Vec<u8>> {
    let mut random = Random::new(layout.seed);
    // The first stream is that of the request that asks for an upgrade.
    let stream = |at: usize| 2 * at as u32 + 3;
    let numbered = || all.iter().enumerate().map(|(at, spoken)| (stream(at), spoken));
    let request = b"\x42\x07CONNECT\x00\x09:protocol\x09websocket\x04\x05/chat\x41\x06garden\x86\x00\x15sec-websocket-version\x0213";
    let asked = numbered().map(|(stream, _)| frame(Type::HEADERS, 4, stream, request)).collect::<Vec<_>>().concat();
    let settings = frame(Type::SETTINGS, 0, 0, &[0, 8, 0, 0, 0, 1]);
    let answered = numbered().map(|(stream, _)| frame(Type::HEADERS, 4, stream, b"\x88")).collect::<Vec<_>>().concat();
    let mut turns =
        vec![[PREFACE, &frame(Type::SETTINGS, 0, 0, &[]), &asked].concat(), [&settings[..], &answered].concat()];
    if layout.upgraded {
        let upgrade = b"GET / HTTP/1.1\r\nHost: garden\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
            HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
        let switched = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
        turns.splice(
            0..0,
            [upgrade.to_vec(), [&switched[..], &settings, &frame(Type::HEADERS, 4 | 1, 1, b"\x88")].concat()],
        );
    }
    for turn in 0..8 {
        let from_server = turn % 2 == 1;
        let says = |(stream, spoken): (u32, &Spoken)| {
            let len = spoken.texts.get(turn)?;
            Some((stream, websocket(from_server, 1, &vec![b'a' + turn as u8; *len])))
        };
        let said: Vec<_> = numbered().filter_map(says).collect();
        let frames = said.iter().map(|(stream, bytes)| data(*stream, bytes, false, layout, &mut random)).collect();
        turns.push(joined(frames, layout, &mut random));
    }
    let close = |code: &u16, from_server| websocket(from_server, 8, &code.to_be_bytes());
    let of_client = numbered().filter_map(|(stream, spoken)| match &spoken.end {
        End::Close(code) => Some((stream, close(code, false))),
        _ => None,
    });
    let of_client: Vec<_> = of_client.collect();
    let frames = of_client.iter().map(|(stream, bytes)| data(*stream, bytes, false, layout, &mut random)).collect();
    turns.push(joined(frames, layout, &mut random));
    let frames = numbered().map(|(stream, spoken)| match &spoken.end {
        End::Close(code) => data(stream, &close(code, true), true, layout, &mut random),
        End::Stream => vec![frame(Type::DATA, 1, stream, &[])],
        End::Reset(code) => vec![frame(Type::RST_STREAM, 0, stream, &code.to_be_bytes())],
    });
    let frames = frames.collect();
    turns.push(joined(frames, layout, &mut random));
    turns
}

/// Returns the packets of a connection in which the sides take these turns.
fn packets(turns: &[Vec<u8>], layout: Layout) -> Vec<Vec<u8>> {
    let mut random = Random::new(layout.seed ^ 0x5EED);
    let ends = [Endpoint { address: [10, 0, 0, 1], port: 40_000 }, Endpoint { address: [10, 0, 0, 2], port: 9021 }];
    let mut next = [1_000_u32, 2_000];
    let mut packets = Vec::new();
    let mut send = |at: usize, flags, payload: &[u8]| {
        let (from, to) = (ends[at], ends[1 - at]);
        let (seq, ack) = (next[at], if flags == SYN { 0 } else { next[1 - at] });
        let segment = Segment { from, to, ident: 1, seq, ack, flags, window: 60_000, options: &[], payload };
        packets.push(segment.packet());
        next[at] += payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
    };
    send(0, SYN, &[]);
    send(1, SYN | ACK, &[]);
    for (at, turn) in turns.iter().enumerate() {
        let mut rest = &turn[..];
        while !rest.is_empty() {
            let most = layout.cut.map_or(1460, |cut| random.between(1, cut + 1)) as usize;
            let (now, later) = rest.split_at(rest.len().min(most));
            send(at % 2, ACK, now);
            rest = later;
        }
    }
    send(0, ACK | FIN, &[]);
    send(1, ACK | FIN, &[]);
    packets
}

/// Returns the report on each stream, without what depends on the packets.
fn by_stream(all: &[Spoken], layout: Layout) -> BTreeMap<u64, Value> {
    let report = essence(&packets(&turns(all, layout), layout));
    let connections = report["connections"].as_array().unwrap().iter();
    let own = |connection: &Value| {
        let mut own = connection.clone();
        own.as_object_mut().unwrap().remove("id");
        (own["http2_stream"].as_u64().unwrap(), own)
    };
    connections.map(own).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 4, ..config() })]

    #[test]
    fn any_layout_of_the_streams(
        all in prop::collection::vec(spoken(), 1..5), longest in 1_usize..700, cut in cut(),
        padded: bool, mixed: bool, upgraded: bool, seed: u64,
    ) {
        let plain = Layout { longest: 16_384, padded: false, mixed: false, upgraded: false, cut: None, seed: 1 };
        let expected = by_stream(&all, plain);
        prop_assert_eq!(expected.len(), all.len());
        prop_assert_eq!(&by_stream(&all, Layout { longest, padded, mixed, upgraded, cut, seed }), &expected);
    }
}
