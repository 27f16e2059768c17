//! WebSocket connections with large messages.

use crate::schedule::{Capture, Next, Talk};
use crate::tcp::{MSS, Tcp};
use crate::websocket::{self, BINARY, TEXT};
use crate::words;
use whyclosed::side::Side;

/// Segments sent in one burst.
const BURST: usize = 24;

/// Messages of 64 KiB to 1 MiB, from either side.
pub struct Bulk {
    messages_left: u64,
    from: Side,
    /// The bytes to send, as they travel, and the number of those already sent.
    unsent: Vec<u8>,
    sent: usize,
}

impl Talk for Bulk {
    const PORT: u16 = 8080;

    fn open(tcp: &mut Tcp, capture: &mut Capture) -> Self {
        websocket::open(tcp, capture);
        Self { messages_left: capture.random.between(3, 20), from: Side::Client, unsent: Vec::new(), sent: 0 }
    }

    fn talk(&mut self, tcp: &mut Tcp, capture: &mut Capture) -> Next {
        if self.sent == self.unsent.len() {
            if self.messages_left == 0 || capture.ending {
                let code = *capture.random.weighted(&[(8, 1000), (2, 1001), (1, 1011)]);
                websocket::close(tcp, Side::Client, Some(code), "", capture);
                return Next::Ended;
            }
            self.write(tcp, capture);
        }
        let end = self.unsent.len().min(self.sent + BURST * MSS);
        tcp.transmit(self.from, &self.unsent[self.sent..end], capture);
        self.sent = end;
        Next::Continue
    }
}

impl Bulk {
    /// Writes one to three messages back to back: the later ones begin in the middle of a segment.
    fn write(&mut self, tcp: &mut Tcp, capture: &mut Capture) {
        let mut bytes = Vec::new();
        self.sent = 0;
        self.from = *capture.random.pick(&Side::BOTH);
        for _ in 0..capture.random.between(1, 4).min(self.messages_left) {
            self.messages_left -= 1;
            let len = capture.random.between(64 << 10, 1 << 20) as usize;
            let (opcode, payload) = if capture.random.chance(500) {
                (TEXT, words::json(len, &mut capture.random).into_bytes())
            } else {
                (BINARY, capture.random.bytes(len))
            };
            websocket::frame(self.from, opcode, &payload, &mut bytes, capture);
        }
        self.unsent = tcp.wrapped(self.from, &bytes).into_owned();
    }
}
