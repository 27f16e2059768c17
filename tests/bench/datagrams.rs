//! Non-WebSocket traffic over UDP.

use crate::schedule::{Actor, Capture, pause};
use crate::wire::{Endpoint, datagram};

/// DNS queries and responses.
pub struct Dns {
    /// Bytes of the capture file per second.
    pub rate: u64,
}

impl Actor for Dns {
    fn act(&mut self, now: u64, capture: &mut Capture) -> Option<u64> {
        let before = capture.wire.bytes;
        let (client, server) = (capture.client(), capture.server(53));
        let id = capture.random.bits() as u16;
        let name = format!("host{:05}", capture.random.between(0, 100_000));
        let mut query = id.to_be_bytes().to_vec();
        query.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]); // recursion desired, one question
        for label in [name.as_str(), "example", "test"] {
            query.push(label.len() as u8);
            query.extend_from_slice(label.as_bytes());
        }
        query.extend([0, 0, 1, 0, 1]); // type A, class IN
        let mut answer = query.clone();
        answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]); // a response with one answer
        answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
        capture.wire.send(now, datagram(client, server, id, &query));
        capture.wire.send(now + 900, datagram(server, client, id, &answer));
        (!capture.ending).then(|| now + pause(before, self.rate, capture))
    }
}

/// QUIC as seen from outside: a long header, then short headers before random bytes.
pub struct Quic {
    /// Bytes of the capture file per second.
    pub rate: u64,
    ends: Option<(Endpoint, Endpoint)>,
    left: u64,
}

impl Quic {
    pub fn new(rate: u64) -> Self {
        Self { rate, ends: None, left: 0 }
    }
}

impl Actor for Quic {
    fn act(&mut self, now: u64, capture: &mut Capture) -> Option<u64> {
        let before = capture.wire.bytes;
        let (client, server) = match self.ends {
            Some(ends) if self.left > 0 => ends,
            _ => {
                self.left = capture.random.between(20, 300);
                let ends = *self.ends.insert((capture.client(), capture.server(443)));
                let mut initial = capture.random.bytes(1200);
                initial[..6].copy_from_slice(&[0xC3, 0, 0, 0, 1, 8]); // Initial, version 1, 8 bytes of connection ID
                capture.wire.send(now, datagram(ends.0, ends.1, 0, &initial));
                ends
            }
        };
        self.left -= 1;
        for packet in 0..capture.random.between(2, 9) {
            let (from, to, len) = if packet == 0 { (client, server, 45) } else { (server, client, 1250) };
            let mut payload = capture.random.bytes(len);
            payload[0] = 0x40 | payload[0] & 0x3F; // short header, fixed bit
            let ident = capture.random.bits() as u16;
            capture.wire.send(now + packet * 12, datagram(from, to, ident, &payload));
        }
        (!capture.ending).then(|| now + pause(before, self.rate, capture))
    }
}
