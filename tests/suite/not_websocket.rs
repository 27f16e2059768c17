//! Non-WebSocket traffic, captured from the middle: it must not produce connections or Close frames.

use whyclosed::analyzer::Analyzer;
use whyclosed::capture::{LinkType, Packet};
use whyclosed::facts::Facts;
use whyclosed::seen::Timestamp;
use whyclosed::ws::CloseCode;

use crate::support::random::Random;
use crate::support::wire::{ACK, Endpoint, PSH, Segment};

/// A TCP connection captured from the middle.
struct Stream {
    /// The endpoints of the client and of the server.
    ends: [Endpoint; 2],
    sent: [u32; 2],
    packets: u64,
    analyzer: Analyzer,
    facts: Vec<Box<Facts>>,
}

impl Stream {
    fn new(port: u16) -> Self {
        let ends = [Endpoint { address: [10, 0, 0, 1], port: 40_000 }, Endpoint { address: [10, 0, 0, 2], port }];
        Self { ends, sent: [1000, 2000], packets: 0, analyzer: Analyzer::default(), facts: Vec::new() }
    }

    /// Sends a segment from one end.
    fn send(&mut self, from: usize, payload: &[u8]) {
        let (seq, ack) = (self.sent[from], self.sent[1 - from]);
        self.sent[from] = seq.wrapping_add(payload.len() as u32);
        let segment = Segment {
            from: self.ends[from],
            to: self.ends[1 - from],
            ident: 0,
            seq,
            ack,
            flags: ACK | PSH,
            window: 0xFFFF,
            options: &[],
            payload,
        };
        let data = segment.packet();
        self.packets += 1;
        let time = Timestamp::from_nanos(self.packets as i64 * 1_000_000);
        let length = data.len() as u32;
        let packet =
            Packet { number: self.packets, time, link_type: LinkType::ETHERNET, data: &data, length, process: None };
        self.analyzer.push(&packet, &mut self.facts);
    }

    /// Returns the number of connections reported at the end.
    fn reported(mut self) -> usize {
        self.analyzer.finish(&mut self.facts);
        self.facts.len()
    }
}

/// Ten million bytes for each of twenty seeds, on enough connections for each to be examined to the end.
#[test]
fn random_bytes() {
    for seed in 1..=20 {
        let mut random = Random::new(seed * 7919);
        let mut left = 10_000_000i64;
        while left > 0 {
            let mut stream = Stream::new(random.between(1, 65_536) as u16);
            // Small segments are more likely to look like frames.
            let most = *random.pick(&[3, 8, 40, 130, 1461]);
            for _ in 0..1500 {
                let len = random.between(1, most) as usize;
                let payload = random.bytes(len);
                stream.send(random.between(0, 2) as usize, &payload);
                left -= len as i64;
            }
            assert_eq!(stream.reported(), 0, "seed {seed}");
        }
    }
}

/// A request and its response in a protocol; generated, not recorded.
type Exchange = fn(&mut Random) -> [Vec<u8>; 2];

/// Protocols whose messages partly look like frames, or whose bytes are random.
const PROTOCOLS: &[(&str, Exchange)] = &[
    ("HTTP/1, chunks of random bytes", |random| {
        let len = random.between(1, 1400) as usize;
        [
            b"GET /f HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            [format!("{len:x}\r\n").into_bytes(), random.bytes(len)].concat(),
        ]
    }),
    ("HTTP/2: SETTINGS, PING, DATA", |random| {
        let ping = [&[0, 0, 8, 6, 0, 0, 0, 0, 0][..], &random.bytes(8)].concat();
        let len = random.between(1, 256) as usize;
        [ping, [&[0, 0, len as u8, 0, 0, 0, 0, 0, 1][..], &random.bytes(len)].concat()]
    }),
    ("TLS records", |random| {
        let record = |random: &mut Random| {
            let len = random.between(20, 1200) as usize;
            [&[0x17, 3, 3, (len >> 8) as u8, len as u8][..], &random.bytes(len)].concat()
        };
        [record(random), record(random)]
    }),
    ("DNS over TCP: a length in two bytes", |random| {
        let message = |random: &mut Random, most| {
            let len = random.between(17, most) as usize;
            [&(len as u16).to_be_bytes()[..], &random.bytes(2), &[1, 0, 0, 1], &random.bytes(len - 6)].concat()
        };
        [message(random, 60), message(random, 512)]
    }),
    ("STUN in TCP", |random| {
        let message = |first: u8, random: &mut Random| [&[0, 28, first, 1, 0, 8][..], &random.bytes(24)].concat();
        [message(0, random), message(1, random)]
    }),
    ("MQTT: SUBSCRIBE is 82, its length follows", |random| {
        let topic = random.bytes(20);
        let subscribe = [&[0x82, 25, 0, 1, 0, 20][..], &topic, &[1]].concat();
        let publish = [&[0x30, 22, 0, 20][..], &topic].concat();
        [subscribe, if random.chance(300) { vec![0x90, 3, 0, 1, 1] } else { publish }]
    }),
    ("MQTT: pings", |_| [vec![0xC0, 0], vec![0xD0, 0]]),
    ("memcached: requests begin 80, answers 81", |random| {
        let message = |first: u8, len: u8, random: &mut Random| {
            [&[first, 0, 0, len, 0, 0, 0, 0, 0, 0, 0, len][..], &random.bytes(12 + usize::from(len))].concat()
        };
        [message(0x80, 5, random), message(0x81, 40, random)]
    }),
    ("CQL 2: requests begin 02, answers 82", |random| {
        let message = |first: u8, random: &mut Random| {
            let len = random.between(1, 200) as u8;
            [&[first, 0, random.bits() as u8, 8, 0, 0, 0, len][..], &random.bytes(usize::from(len))].concat()
        };
        [message(2, random), message(0x82, random)]
    }),
    ("MessagePack: maps begin 81 and 82, strings A0", |random| {
        let ping = [&b"\x81\xa4type"[..], &random.bytes(36)].concat();
        let answer = [&b"\x82\xa2id"[..], &random.bytes(36)].concat();
        [ping, answer]
    }),
    ("records of a type and a length, of both sides alike", |random| {
        let record = |random: &mut Random| {
            let len = random.between(1, 126) as usize;
            [&[0x82, len as u8][..], &random.bytes(len)].concat()
        };
        [record(random), record(random)]
    }),
    ("ZMTP: parts begin 00 and 01, a length follows", |random| {
        let part = |first: u8, random: &mut Random| [&[first, 30][..], &random.bytes(30)].concat();
        [[part(1, random), part(0, random)].concat(), part(0, random)]
    }),
    ("RPC records: 80 and a length", |random| {
        let record = |random: &mut Random| {
            let len = random.between(28, 126) as u8;
            [&[0x80, 0, 0, len][..], &random.bytes(usize::from(len))].concat()
        };
        [record(random), record(random)]
    }),
    ("BSON: lengths, lowest byte first", |random| {
        let record = |random: &mut Random| {
            let len = random.between(16, 400) as u32;
            [&len.to_le_bytes()[..], &random.bytes(len as usize - 4)].concat()
        };
        [record(random), record(random)]
    }),
    ("zeros", |random| [vec![0; random.between(1, 1400) as usize], vec![0; random.between(1, 1400) as usize]]),
    ("one byte again and again", |random| [vec![0x81; random.between(1, 1400) as usize], vec![0x01; 600]]),
    ("Japanese, cut anywhere: E3 81 82", |random| {
        let text = "あいうえおかきくけこさしすせそ".repeat(30).into_bytes();
        let cut = |random: &mut Random| {
            let from = random.between(0, 600) as usize;
            text[from..from + random.between(1, 700) as usize].to_vec()
        };
        [cut(random), cut(random)]
    }),
    ("Latin-1 with controls", |random| {
        let line = |random: &mut Random| {
            let len = random.between(1, 200) as usize;
            random.bytes(len).into_iter().map(|byte| if byte % 3 == 0 { 0x81 } else { byte % 0x60 + 0x20 }).collect()
        };
        [line(random), line(random)]
    }),
];

/// Tests both directions and each alone, from any message on.
#[test]
fn protocols() {
    for (name, exchange) in PROTOCOLS {
        for seed in 1..=60 {
            for only in [None, Some(0), Some(1)] {
                let mut random = Random::new(seed * 104_729);
                let mut stream = Stream::new(random.between(1, 65_536) as u16);
                for _ in 0..300 {
                    for (from, message) in exchange(&mut random).iter().enumerate() {
                        if only.is_none_or(|only| only == from) {
                            stream.send(from, message);
                        }
                    }
                }
                assert_eq!(stream.reported(), 0, "{name}, seed {seed}, only {only:?}");
            }
        }
    }
}

/// TLS is recognised by its records, wherever the capture begins.
#[test]
fn tls_is_counted() {
    let mut random = Random::new(1);
    let mut stream = Stream::new(443);
    for part in [random.bytes(700), [&[0x17, 3, 3, 2, 0][..], &random.bytes(512)].concat(), random.bytes(100)] {
        stream.send(1, &part);
    }
    assert_eq!(stream.analyzer.counts().encrypted, 1);
    assert_eq!(stream.reported(), 0);
}

/// Control test: a WebSocket in the same setting is found.
#[test]
fn a_websocket_is_found() {
    let masked = |opcode: u8, text: &[u8], random: &mut Random| {
        let key = random.bytes(4);
        let payload: Vec<_> = text.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        [&[0x80 | opcode, 0x80 | text.len() as u8][..], &key, &payload].concat()
    };
    for seed in 1..=100 {
        let mut random = Random::new(seed);
        let mut stream = Stream::new(443);
        // The capture begins inside a long frame.
        for _ in 0..random.between(0, 20) {
            let rest = random.bytes(1400);
            stream.send(1, &rest);
        }
        for _ in 0..8 {
            let text = b"{\"type\":\"tick\"}";
            stream.send(0, &masked(1, text, &mut random));
            stream.send(1, &[&[0x81, text.len() as u8][..], text].concat());
        }
        stream.send(1, b"\x88\x02\x03\xe9");
        stream.send(0, &masked(8, b"\x03\xe9", &mut random));
        stream.analyzer.finish(&mut stream.facts);
        let codes: Vec<_> = stream.facts.iter().flat_map(|facts| &facts.closes).map(|close| close.code).collect();
        assert_eq!(codes, [Some(CloseCode(1001)); 2], "seed {seed}");
    }
}
