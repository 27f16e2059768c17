//! WebSocket connections with small messages.

use crate::http2::Http2;
use crate::schedule::{Capture, Next, Talk};
use crate::tcp::Tcp;
use crate::websocket::{self, PING, PONG, TEXT};
use crate::words;
use whyclosed::side::Side::{self, Client, Server};

/// The next turn in a chat.
enum Turn {
    Says(Side),
    Asks(Side),
    Pings(Side),
    /// Several messages at once, some in one segment.
    Burst,
}

const TURNS: [(u64, Turn); 7] = [
    (30, Turn::Says(Client)),
    (38, Turn::Says(Server)),
    (18, Turn::Asks(Client)),
    (4, Turn::Asks(Server)),
    (5, Turn::Pings(Server)),
    (1, Turn::Pings(Client)),
    (4, Turn::Burst),
];

/// The end of a chat.
enum End {
    /// A Close frame from this side first, with this code (or none) and reason.
    Close(Side, Option<u16>, &'static str),
    /// The client sends invalid UTF-8, and the server closes with 1007.
    InvalidText,
    Fin(Side),
    Reset(Side),
}

/// The ends, those by a closing handshake first.
const ENDS: [(u64, End); 16] = [
    (300, End::Close(Client, Some(1000), "")),
    (90, End::Close(Server, Some(1000), "bye")),
    (200, End::Close(Client, Some(1001), "")),
    (40, End::Close(Server, Some(1001), "server going away")),
    (30, End::Close(Client, None, "")),
    (50, End::InvalidText),
    (60, End::Close(Server, Some(1008), "policy violation")),
    (20, End::Close(Server, Some(1009), "message too big")),
    (50, End::Close(Server, Some(1011), "keepalive ping timeout")),
    (30, End::Close(Server, Some(1012), "service restart")),
    (60, End::Close(Server, Some(4401), "Unauthorized")),
    (20, End::Close(Server, Some(4429), "Too many initialisation requests")),
    (10, End::Close(Client, Some(4000), "")),
    (20, End::Fin(Server)),
    (10, End::Fin(Client)),
    (10, End::Reset(Client)),
];

/// The number of ends by a closing handshake.
const HANDSHAKES: usize = 13;

/// A chat of a few dozen to a few hundred turns.
pub struct Chat {
    turns_left: u64,
    ends: &'static [(u64, End)],
}

impl Talk for Chat {
    const PORT: u16 = 80;

    fn open(tcp: &mut Tcp, capture: &mut Capture) -> Self {
        websocket::open(tcp, capture);
        Self { turns_left: capture.random.between(30, 250), ends: &ENDS }
    }

    fn talk(&mut self, tcp: &mut Tcp, capture: &mut Capture) -> Next {
        if self.turns_left == 0 || capture.ending && capture.random.chance(250) {
            end(tcp, self.ends, capture);
            return Next::Ended;
        }
        self.turns_left -= 1;
        turn(tcp, capture);
        Next::Continue
    }
}

/// A chat of at most a hundred turns, always with a closing handshake.
pub struct ShortChat(Chat);

impl Talk for ShortChat {
    const PORT: u16 = Chat::PORT;

    fn open(tcp: &mut Tcp, capture: &mut Capture) -> Self {
        websocket::open(tcp, capture);
        Self(Chat { turns_left: capture.random.between(20, 100), ends: &ENDS[..HANDSHAKES] })
    }

    fn talk(&mut self, tcp: &mut Tcp, capture: &mut Capture) -> Next {
        self.0.talk(tcp, capture)
    }
}

/// A few dozen chats in streams of one connection, a few at a time.
pub struct Http2Chats {
    /// The streams that are open.
    chats: Vec<(u32, Chat)>,
    left: u64,
}

impl Http2Chats {
    const AT_A_TIME: usize = 4;

    fn begin(&mut self, tcp: &mut Tcp, capture: &mut Capture) {
        let chat = Chat::open(tcp, capture);
        self.chats.extend(tcp.http2.as_ref().map(|http2| (http2.stream, chat)));
        self.left -= 1;
    }
}

impl Talk for Http2Chats {
    const PORT: u16 = Chat::PORT;

    fn open(tcp: &mut Tcp, capture: &mut Capture) -> Self {
        let http2 = Http2::open(tcp, capture);
        tcp.http2 = Some(http2);
        let mut chats = Self { chats: Vec::new(), left: capture.random.between(12, 36) };
        chats.begin(tcp, capture);
        chats
    }

    fn talk(&mut self, tcp: &mut Tcp, capture: &mut Capture) -> Next {
        if capture.ending {
            self.left = 0;
        }
        if self.left > 0 && self.chats.len() < Self::AT_A_TIME && capture.random.chance(50) {
            self.begin(tcp, capture);
        }
        if self.chats.is_empty() {
            if self.left > 0 {
                return Next::Continue;
            }
            tcp.http2 = None;
            tcp.transmit(Client, &Http2::goaway(), capture);
            tcp.finish(Client, capture);
            return Next::Ended;
        }
        let at = capture.random.between(0, self.chats.len() as u64) as usize;
        let (stream, chat) = &mut self.chats[at];
        if let Some(http2) = &mut tcp.http2 {
            http2.stream = *stream;
        }
        if let Next::Ended = chat.talk(tcp, capture) {
            self.chats.remove(at);
        }
        Next::Continue
    }
}

/// A connection that sends a few messages and then stays open.
pub struct Idler {
    turns_left: u64,
}

impl Talk for Idler {
    const PORT: u16 = 80;

    fn open(tcp: &mut Tcp, capture: &mut Capture) -> Self {
        websocket::open(tcp, capture);
        Self { turns_left: capture.random.between(1, 4) }
    }

    fn talk(&mut self, tcp: &mut Tcp, capture: &mut Capture) -> Next {
        turn(tcp, capture);
        self.turns_left -= 1;
        if self.turns_left == 0 { Next::Silent } else { Next::Continue }
    }
}

fn turn(tcp: &mut Tcp, capture: &mut Capture) {
    match *capture.random.weighted(&TURNS) {
        Turn::Says(side) => message(tcp, side, capture),
        Turn::Asks(side) => {
            message(tcp, side, capture);
            tcp.wait(capture.random.between(1_000, 35_000));
            message(tcp, !side, capture);
        }
        Turn::Pings(side) => {
            let payload = capture.random.bytes(4);
            websocket::send(tcp, side, PING, &payload, capture);
            tcp.wait(capture.random.between(300, 20_000));
            websocket::send(tcp, !side, PONG, &payload, capture);
        }
        Turn::Burst => {
            for _ in 0..capture.random.between(2, 5) {
                let mut bytes = Vec::new();
                for _ in 0..capture.random.between(1, 4) {
                    let (text, mut frame) = (text(capture), Vec::new());
                    websocket::frame(Server, TEXT, text.as_bytes(), &mut frame, capture);
                    bytes.extend_from_slice(&tcp.wrapped(Server, &frame));
                }
                tcp.transmit(Server, &bytes, capture);
            }
        }
    }
}

fn message(tcp: &mut Tcp, from: Side, capture: &mut Capture) {
    let text = text(capture);
    websocket::send(tcp, from, TEXT, text.as_bytes(), capture);
}

fn text(capture: &mut Capture) -> String {
    let len = capture.random.between(60, 220);
    words::json(len as usize, &mut capture.random)
}

fn end(tcp: &mut Tcp, ends: &[(u64, End)], capture: &mut Capture) {
    match *capture.random.weighted(ends) {
        End::Close(first, code, reason) => websocket::close(tcp, first, code, reason, capture),
        End::InvalidText => {
            let text = text(capture);
            let mut bytes = text.into_bytes();
            let at = capture.random.between(0, bytes.len() as u64) as usize;
            bytes[at] = 0xFF; // never part of valid UTF-8
            websocket::send(tcp, Client, TEXT, &bytes, capture);
            tcp.wait(capture.random.between(200, 2_000));
            websocket::close(tcp, Server, Some(1007), "invalid UTF-8", capture);
        }
        End::Fin(first) => tcp.finish(first, capture),
        End::Reset(from) => tcp.reset(from, capture),
    }
}
