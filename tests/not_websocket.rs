//! Traffic that is no WebSocket, seen from its midst: no connection and no Close is made of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::vec_box, reason = "a sink of the library is a `Vec<Box<Facts>>`")]

#[allow(dead_code, reason = "shared with other tests")]
#[path = "bench/random.rs"]
mod random;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "bench/wire.rs"]
mod wire;

use random::Random;
use whyclosed::analyzer::Analyzer;
use whyclosed::capture::{LinkType, Packet};
use whyclosed::facts::Facts;
use whyclosed::seen::Timestamp;
use wire::{ACK, Endpoint, PSH, Segment};

/// A TCP connection in the middle of its life.
struct Stream {
    /// Of the client, and of the server.
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

    /// One end sends a segment.
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
        let packet = Packet { number: self.packets, time, link_type: LinkType::ETHERNET, data: &data, length };
        self.analyzer.push(&packet, &mut self.facts);
    }

    /// What is reported in the end.
    fn reported(mut self) -> usize {
        self.analyzer.finish(&mut self.facts);
        self.facts.len()
    }
}

/// Ten million bytes for each of twenty seeds, on as many connections as it takes for each to be looked at to the end.
#[test]
fn random_bytes() {
    for seed in 1..=20 {
        let mut random = Random::new(seed * 7919);
        let mut left = 10_000_000i64;
        while left > 0 {
            let mut stream = Stream::new(random.between(1, 65_536) as u16);
            // Small segments are the likelier to look like frames.
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
