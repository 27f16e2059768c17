//! Conversations: the data sent by two WebSocket endpoints, and the data each had received at that time.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compress, Compression, FlushCompress};
use sha1::{Digest as _, Sha1};
use whyclosed::side::{PerSide, Side};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The acts of the endpoints between the opening handshake and the end of TCP.
#[derive(Clone, Debug)]
pub struct Conversation {
    pub deflate: bool,
    /// Bytes of padding in the request, so that heads have different lengths.
    pub padding: usize,
    pub acts: Vec<Act>,
    pub end: End,
}

/// The sending of a message, ping or pong.
#[derive(Clone, Debug)]
pub struct Act {
    pub side: Side,
    /// Whether the sender had not yet received the last data of the other side.
    pub unaware: bool,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Message { text: bool, payload: String, cuts: Vec<usize>, compressed: bool, ping_inside: bool },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

/// The end of a conversation.
#[derive(Clone, Debug)]
pub enum End {
    /// The capture ends first.
    Open,
    Close {
        by: Side,
        code: Option<u16>,
        reason: String,
        answered: bool,
    },
    Fin {
        by: Side,
    },
    Reset {
        by: Side,
    },
    /// One side breaks a rule; the other reacts after receiving it.
    Fault {
        by: Side,
        fault: Fault,
        crossing: bool,
        reaction: Reaction,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Fault {
    Utf8InTheMiddle(usize),
    Utf8AtTheEnd,
    ReservedBits(u8),
    ReservedOpcode(u8, usize),
    UnexpectedContinuation,
    InterleavedMessage,
    FragmentedControl,
    OversizedControl(usize),
    Mask,
    NonMinimalLength,
    NonMinimalControl,
    LengthTopBit,
    CloseCode(u16),
    HalfCloseCode,
    CloseReason,
    Deflate,
    HttpAfterUpgrade,
}

#[derive(Clone, Copy, Debug)]
pub enum Reaction {
    /// A Close frame, with or without a reply.
    Close {
        code: Option<u16>,
        answered: bool,
    },
    Fin,
    Reset,
}

/// Bytes that one side sends after receiving `acked` bytes of the other.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    pub from_server: bool,
    pub bytes: Vec<u8>,
    pub acked: usize,
    /// Whether the sender has also received the other side's FIN.
    pub fin_acked: bool,
    pub fin: bool,
    pub reset: bool,
}

pub fn side(from_server: bool) -> Side {
    if from_server { Side::Server } else { Side::Client }
}

impl Fault {
    /// Returns whether the beginning of the next frame cannot be determined. The decoder then searches for frames
    /// segment by segment, so the result depends on the cut.
    const fn loses_the_stream(self) -> bool {
        matches!(self, Self::LengthTopBit | Self::HttpAfterUpgrade)
    }
}

impl Conversation {
    /// Returns the data sent, turn by turn.
    pub fn turns(&self, index: u16) -> Vec<Turn> {
        let mut script = Script { deflate: self.deflate, ..Script::default() };
        script.open(self.padding, index);
        for act in &self.acts {
            let bytes = script.bytes(act.side, &act.what);
            script.say(act.side, !act.unaware, &bytes);
        }
        script.end(&self.end);
        script.turns
    }
}

#[derive(Default)]
struct Script {
    deflate: bool,
    turns: Vec<Turn>,
    sent: PerSide<usize>,
    finished: PerSide<bool>,
    known: PerSide<(usize, bool)>,
    compressors: PerSide<Option<Box<Compress>>>,
    masks: u32,
}

impl Script {
    fn open(&mut self, padding: usize, index: u16) {
        // A key of its own: two connections with the same key count as the two legs through a proxy.
        let key = STANDARD.encode(format!("sixteen bytes{index:03}"));
        let accept = STANDARD.encode(Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        let mut request = format!(
            "GET /chat?padding={} HTTP/1.1\r\nHost: example.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n",
            "x".repeat(padding)
        );
        let mut response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n"
        );
        if self.deflate {
            for head in [&mut request, &mut response] {
                write!(head, "Sec-WebSocket-Extensions: permessage-deflate\r\n").unwrap();
            }
        }
        self.say(Side::Client, true, format!("{request}\r\n").as_bytes());
        self.say(Side::Server, true, format!("{response}\r\n").as_bytes());
    }

    fn turn(&mut self, side: Side, aware: bool) -> &mut Turn {
        if aware {
            self.known[side] = (self.sent[!side], self.finished[!side]);
        }
        let (acked, fin_acked) = self.known[side];
        let from_server = side == Side::Server;
        let same = self
            .turns
            .last()
            .is_some_and(|last| last.from_server == from_server && last.acked == acked && last.fin_acked == fin_acked);
        if !same {
            self.turns.push(Turn { from_server, acked, fin_acked, ..Turn::default() });
        }
        self.turns.last_mut().unwrap()
    }

    fn say(&mut self, side: Side, aware: bool, bytes: &[u8]) {
        self.turn(side, aware).bytes.extend_from_slice(bytes);
        self.sent[side] += bytes.len();
    }

    fn finish(&mut self, side: Side) {
        self.turn(side, true).fin = true;
        self.finished[side] = true;
    }

    fn end(&mut self, end: &End) {
        match end {
            End::Open => {}
            End::Close { by, code, reason, answered } => {
                let mut payload = code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec());
                if code.is_some() {
                    payload.extend_from_slice(reason.as_bytes());
                }
                let bytes = self.frame(*by, 0x80 | CLOSE, &payload);
                self.say(*by, true, &bytes);
                if *answered {
                    let bytes = self.frame(!*by, 0x80 | CLOSE, payload.get(..2).unwrap_or_default());
                    self.say(!*by, true, &bytes);
                }
                self.finish(Side::Server);
                self.finish(Side::Client);
            }
            End::Fin { by } => {
                self.finish(*by);
                self.finish(!*by);
            }
            End::Reset { by } => self.turn(*by, true).reset = true,
            End::Fault { by, fault, crossing, reaction } => {
                let bytes = self.fault(*by, *fault);
                self.say(*by, true, &bytes);
                if *crossing {
                    let bytes = self.frame(!*by, 0x80 | PONG, b"on its way");
                    self.say(!*by, false, &bytes);
                }
                match *reaction {
                    Reaction::Close { code, answered } => {
                        let payload = code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec());
                        let bytes = self.frame(!*by, 0x80 | CLOSE, &payload);
                        self.say(!*by, true, &bytes);
                        if answered && !fault.loses_the_stream() {
                            let bytes = self.frame(*by, 0x80 | CLOSE, &payload);
                            self.say(*by, true, &bytes);
                        }
                        self.finish(!*by);
                        self.finish(*by);
                    }
                    Reaction::Fin => self.finish(!*by),
                    Reaction::Reset => self.turn(!*by, true).reset = true,
                }
            }
        }
    }

    fn bytes(&mut self, side: Side, what: &What) -> Vec<u8> {
        match what {
            What::Ping(payload) => self.frame(side, 0x80 | PING, payload),
            What::Pong(payload) => self.frame(side, 0x80 | PONG, payload),
            What::Message { text, payload, cuts, compressed, ping_inside } => {
                let compressed = *compressed && self.deflate;
                let payload =
                    if compressed { self.compressed(side, payload.as_bytes()) } else { payload.as_bytes().to_vec() };
                let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (payload.len() + 1)).collect();
                cuts.extend([0, payload.len()]);
                cuts.sort_unstable();
                let last = cuts.len() - 2;
                let mut bytes = Vec::new();
                for (index, ends) in cuts.windows(2).enumerate() {
                    let opcode = if index > 0 {
                        CONTINUATION
                    } else if *text {
                        TEXT
                    } else {
                        BINARY
                    };
                    let rsv1 = if compressed && index == 0 { 0x40 } else { 0 };
                    let fin = if index == last { 0x80 } else { 0 };
                    bytes.extend(self.frame(side, fin | rsv1 | opcode, &payload[ends[0]..ends[1]]));
                    if *ping_inside && index < last {
                        bytes.extend(self.frame(side, 0x80 | PING, b"inside"));
                    }
                }
                bytes
            }
        }
    }

    /// Compresses by RFC 7692 §7.2.1, with context takeover.
    fn compressed(&mut self, side: Side, plain: &[u8]) -> Vec<u8> {
        if plain.is_empty() {
            return vec![0]; // §7.2.3.6
        }
        let compressor =
            self.compressors[side].get_or_insert_with(|| Box::new(Compress::new(Compression::default(), false)));
        let mut out = Vec::with_capacity(plain.len() * 2 + 64);
        compressor.compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
        assert!(out.ends_with(&[0, 0, 0xFF, 0xFF]), "room for everything");
        out.truncate(out.len() - 4);
        out
    }

    fn frame(&mut self, side: Side, first: u8, payload: &[u8]) -> Vec<u8> {
        self.frame_masked(side == Side::Client, first, payload, shortest(payload.len()))
    }

    fn frame_masked(&mut self, masked: bool, first: u8, payload: &[u8], form: u8) -> Vec<u8> {
        let mask = if masked { 0x80 } else { 0 };
        let mut bytes = vec![first, mask | if form == 0 { payload.len() as u8 } else { form }];
        match form {
            126 => bytes.extend((payload.len() as u16).to_be_bytes()),
            127 => bytes.extend((payload.len() as u64).to_be_bytes()),
            _ => {}
        }
        if !masked {
            bytes.extend_from_slice(payload);
            return bytes;
        }
        self.masks = self.masks.wrapping_mul(0x9E37_79B1).wrapping_add(0x1234_5677);
        let key = self.masks.to_be_bytes();
        bytes.extend_from_slice(&key);
        bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    fn fault(&mut self, by: Side, fault: Fault) -> Vec<u8> {
        let masked = by == Side::Client;
        let text = |count: usize| "a text, ".repeat(count).into_bytes();
        match fault {
            Fault::Utf8InTheMiddle(before) => {
                let mut payload = text(before);
                payload.extend_from_slice(b"\xE9t\xE9 and more");
                self.frame(by, 0x80 | TEXT, &payload)
            }
            Fault::Utf8AtTheEnd => self.frame(by, 0x80 | TEXT, b"half a euro \xE2\x82"),
            Fault::ReservedBits(bits) => self.frame(by, 0x80 | (bits << 4) | BINARY, b"payload"),
            Fault::ReservedOpcode(opcode, len) => self.frame(by, 0x80 | opcode, &text(len)),
            Fault::UnexpectedContinuation => self.frame(by, 0x80 | CONTINUATION, b"of nothing"),
            Fault::InterleavedMessage => {
                let mut bytes = self.frame(by, TEXT, b"one");
                bytes.extend(self.frame(by, 0x80 | TEXT, b"another"));
                bytes
            }
            Fault::FragmentedControl => self.frame(by, PING, b"ping"),
            Fault::OversizedControl(len) => self.frame(by, 0x80 | PING, &vec![b'p'; len]),
            Fault::Mask => self.frame_masked(!masked, 0x80 | TEXT, b"masked as it should not be", 0),
            Fault::NonMinimalLength => self.frame_masked(masked, 0x80 | TEXT, b"short", 126),
            Fault::NonMinimalControl => self.frame_masked(masked, 0x80 | PING, b"short", 126),
            Fault::LengthTopBit => {
                let mut bytes = vec![0x80 | BINARY, if masked { 0xFF } else { 0x7F }];
                bytes.extend((1u64 << 63 | 5).to_be_bytes());
                bytes.extend_from_slice(if masked { b"maskhello" } else { b"hello" });
                bytes
            }
            Fault::CloseCode(code) => self.frame(by, 0x80 | CLOSE, &code.to_be_bytes()),
            Fault::HalfCloseCode => self.frame(by, 0x80 | CLOSE, &[3]),
            Fault::CloseReason => self.frame(by, 0x80 | CLOSE, b"\x03\xE8caf\xE9!"),
            Fault::Deflate if self.deflate => self.frame(by, 0xC0 | TEXT, b"\x07 this block type is reserved"),
            Fault::Deflate => self.frame(by, 0xC0 | TEXT, b"not agreed"),
            Fault::HttpAfterUpgrade if by == Side::Server => b"HTTP/1.1 500 Internal Server Error\r\n\r\n".to_vec(),
            Fault::HttpAfterUpgrade => self.frame(by, 0x80 | CONTINUATION, b""),
        }
    }
}

/// Returns the shortest form of a length: 0, 126 or 127 in the second byte.
const fn shortest(len: usize) -> u8 {
    match len {
        0..126 => 0,
        126..0x1_0000 => 126,
        _ => 127,
    }
}
