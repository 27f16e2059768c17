//! Requests and responses of one connection, from its first byte to the 101 that makes it a WebSocket.

mod heads;
mod missing;
mod pipelined;

use std::collections::VecDeque;

pub use self::heads::PREFACE_HEAD;
use super::body::Body;
use super::handshake::{Request, Response};
use super::head::{self, Head, Push};
use super::proxy_protocol::{Prefix, prefix};
use crate::chunk::{Carrier, Chunk, Data, Kept, Place};
use crate::side::{PerSide, Side};

/// An event of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// An opening handshake was sent.
    Request(Box<Request>),
    /// The opening handshake was answered, with 101 or anything else.
    Response(Box<Response>),
    /// Bytes of the body of an answer that was not 101.
    RefusalBody(&'a [u8]),
    /// A head was only partly captured.
    Cut,
    /// Both sides speak WebSocket from here on. [`Exchange::take_pipelined`] returns what the client has sent already.
    Switched {
        /// Whether the frames begin right after the bytes that were taken; otherwise bytes are missing that may contain
        /// frames.
        in_step: bool,
    },
    /// The connection speaks HTTP/2 from here on: the client has sent its preface (RFC 9113 §3.4), or the server has
    /// granted an upgrade to it.
    Http2,
    /// This side does not speak HTTP/1.
    NotHttp {
        /// The beginning of its bytes.
        first: &'a [u8],
    },
}

/// The exchange of one connection.
#[derive(Debug, Default)]
pub struct Exchange {
    readers: PerSide<Reader>,
    asked: VecDeque<Asked>,
    /// The chunks that the client sent after an opening handshake that has not been answered yet.
    pipelined: Vec<Kept>,
    pipelined_bytes: usize,
    /// Whether the current response refuses an opening handshake.
    refusing: bool,
    /// Whether the current response answers a request that was not captured.
    unasked: bool,
    /// Whether what follows is HTTP/2.
    is_http2: bool,
    /// Whether a CONNECT was granted: other bytes than HTTP may follow (RFC 9110 §9.3.6).
    is_tunnel: bool,
}

#[derive(Debug, Default)]
struct Reader {
    state: State,
    head: Head,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// At the first byte of the connection, or of a tunnel.
    #[default]
    Start,
    /// In a head, or before one.
    Head,
    Body(Body),
    /// Only the client: after an opening handshake, or a CONNECT, without an answer yet.
    Waiting,
    /// Between heads, at an unknown place.
    Lost,
    /// The server has switched, but the client's request has not been seen: it may be late, or lost.
    SwitchedUnasked,
    Switched,
}

/// The kind of a request, as far as it decides the meaning of the answer.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    WebSocket,
    /// A head that was only captured in part: it may have asked for a WebSocket.
    Unknown(Box<Request>),
    Connect,
    Head,
    Other,
}

impl Exchange {
    /// Processes the next chunk of a side. Returns the number of its bytes that were HTTP. After [`Event::Switched`], the
    /// others are frames.
    pub fn push(&mut self, side: Side, chunk: Chunk<'_>, out: &mut impl FnMut(Event<'_>)) -> usize {
        match chunk.data {
            Data::Bytes(bytes) => self.bytes(side, chunk.place, bytes, out),
            Data::Gap { len, missing } => {
                if side == Side::Client && self.readers.client.state == State::Waiting {
                    self.keep_pipelined(chunk);
                }
                self.gap(side, chunk.place.carrier, len, missing, out);
                0
            }
        }
    }

    /// Returns whether the server has switched, and the request that it answered is late or lost.
    pub fn awaits_request(&self) -> bool {
        self.readers.server.state == State::Switched && self.readers.client.state != State::Switched
    }

    /// Returns whether bytes are missing where heads could have been, and the other side is not in the middle of
    /// anything. The next bytes may then not be HTTP any more.
    pub fn is_lost(&self) -> bool {
        let PerSide { client, server } = &self.readers;
        let is_idle = |reader: &Reader| match reader.state {
            State::Start | State::Lost | State::Waiting => true,
            State::Head => reader.head.bytes().is_empty(),
            State::Body(_) | State::SwitchedUnasked | State::Switched => false,
        };
        let lost = client.state == State::Lost || server.state == State::Lost;
        lost && is_idle(client) && is_idle(server)
    }

    /// Returns whether the client's next bytes are the first of a tunnel.
    pub fn begins_tunnel(&self) -> bool {
        self.is_tunnel && self.readers.client.state == State::Start
    }

    /// Returns whether an opening handshake waits for its answer, or has lost it.
    pub fn has_asked(&self) -> bool {
        self.awaits_answer() && matches!(self.asked.back(), Some(Asked::WebSocket | Asked::Unknown(_)))
    }

    /// Returns whether the meaning of the client's bytes depends on an answer that has not come.
    pub fn awaits_answer(&self) -> bool {
        self.readers.client.state == State::Waiting
    }

    /// Takes the chunks that the client sent after its opening handshake, before the answer was seen.
    pub fn take_pipelined(&mut self) -> Vec<Kept> {
        self.pipelined_bytes = 0;
        std::mem::take(&mut self.pipelined)
    }

    /// Returns what was not reported yet because its meaning depends on the answer: a request that was only captured in
    /// part, and the chunks that the client sent after it.
    pub fn into_unanswered(mut self) -> (Option<Box<Request>>, Vec<Kept>) {
        let request = match self.asked.pop_back() {
            Some(Asked::Unknown(request)) => Some(request),
            _ => None,
        };
        (request, self.pipelined)
    }

    fn bytes(&mut self, side: Side, place: Place<'_>, bytes: &[u8], out: &mut impl FnMut(Event<'_>)) -> usize {
        let mut taken = 0;
        let unasked = side == Side::Server && (self.unasked || self.has_asked());
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let reader = &mut self.readers[side];
            taken += match &mut reader.state {
                State::Switched => break,
                State::SwitchedUnasked if rest.iter().zip(b"GET ").any(|(a, b)| a != b) => {
                    reader.state = State::Switched;
                    break;
                }
                State::SwitchedUnasked | State::Lost if is_head(side, rest) => {
                    reader.state = State::Head;
                    0
                }
                State::Lost | State::SwitchedUnasked => rest.len(),
                State::Start => match prefix(rest) {
                    Prefix::Header(len) => {
                        reader.state = State::Head;
                        len.min(rest.len())
                    }
                    Prefix::Partial | Prefix::None => {
                        reader.state = State::Head;
                        0
                    }
                },
                State::Waiting => {
                    self.keep_pipelined(Chunk { place: place.after(taken), data: Data::Bytes(rest) });
                    rest.len()
                }
                // If the request of an answer was lost, or its head was cut, the end of the body is unknown.
                State::Body(Body::UntilClose) if taken == 0 && unasked && is_head(side, rest) => {
                    reader.state = State::Head;
                    0
                }
                State::Body(body) => {
                    let (len, complete) = body.skip(rest);
                    if side == Side::Server && self.refusing {
                        out(Event::RefusalBody(rest.get(..len).unwrap_or_default()));
                    }
                    if complete {
                        reader.state = State::Head;
                    }
                    len
                }
                State::Head => match self.head(side, place.carrier, rest, out) {
                    Some(len) if self.is_http2 => return taken + len,
                    Some(len) => len,
                    None => return bytes.len(),
                },
            };
        }
        taken
    }

    /// Processes bytes of a head. Returns the number of bytes taken; `None` if this is not HTTP.
    fn head(&mut self, side: Side, carrier: &Carrier, bytes: &[u8], out: &mut impl FnMut(Event<'_>)) -> Option<usize> {
        let reader = &mut self.readers[side];
        if reader.head.bytes().is_empty() {
            let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank > 0 {
                return Some(blank);
            }
            if !is_head(side, bytes) {
                out(Event::NotHttp { first: bytes });
                return None;
            }
            if let Some(head) = head::whole(bytes) {
                return self.whole_head(side, carrier, head, out).map(|()| head.len());
            }
        }
        match reader.head.push(carrier, bytes) {
            Push::Partial => Some(bytes.len()),
            Push::TooLong => {
                out(Event::NotHttp { first: reader.head.bytes() });
                None
            }
            Push::Complete(len) => {
                let mut head = std::mem::take(&mut reader.head);
                let start = head.start().unwrap_or(*carrier);
                self.whole_head(side, &start, head.bytes(), out)?;
                head.clear();
                self.readers[side].head = head;
                Some(len)
            }
        }
    }
}

/// Returns whether bytes begin like a head of that side. An incomplete beginning counts.
fn is_head(side: Side, bytes: &[u8]) -> bool {
    match side {
        Side::Client => is_request(bytes),
        Side::Server => bytes.iter().zip(b"HTTP/1.").all(|(a, b)| a == b),
    }
}

/// Returns whether bytes begin like a request: a method in capitals, and a space (RFC 9112 §3).
pub fn is_request(bytes: &[u8]) -> bool {
    let method = bytes.iter().take_while(|byte| byte.is_ascii_uppercase() || **byte == b'-').count();
    (1..=20).contains(&method) && bytes.get(method).is_none_or(|byte| *byte == b' ')
}
