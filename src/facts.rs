//! What is known of one WebSocket connection, or of an attempt at one: the fold of its events.

use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::sync::LazyLock;

use foldhash::fast::FixedState;

use crate::chunk::Carrier;
use crate::event::{Event, What};
use crate::http::{self, Handshake};
use crate::limits;
use crate::seen::Seen;
use crate::side::{PerSide, Side};
use crate::tcp::Analysis;
use crate::tls;
use crate::ws::violation::Context;
use crate::ws::{self, CloseCode, Opcode, Violation};

/// The facts of one connection.
#[derive(Clone, Debug)]
pub struct Facts {
    /// As Wireshark numbers `tcp.stream` in the same capture.
    pub stream: u32,
    /// The two endpoints.
    pub addresses: PerSide<SocketAddr>,
    /// The connection's first packet.
    pub first: Seen,
    /// Its last packet.
    pub last: Seen,
    /// The opening handshake.
    pub handshake: Handshake,
    /// How the server's answer begins that was no HTTP.
    pub answered_with: Option<Box<(Seen, Context)>>,
    /// The client began with a ClientHello.
    pub client_hello: Option<Box<Seen>>,
    /// How the TLS handshake failed, and who gave up.
    pub tls: Option<Box<(Side, Seen, tls::Outcome)>>,
    /// When both sides began to speak WebSocket.
    pub switched: Option<Seen>,
    /// What TCP noted, once the connection is over.
    pub tcp: Option<Box<Analysis>>,
    /// What each side sent.
    pub sent: PerSide<Sent>,
    /// Close frames, in the order in which they were captured.
    pub closes: Vec<Close>,
    /// Rules broken, the first ones.
    pub violations: Vec<Violation>,
    /// Rules broken beyond those.
    pub more_violations: u32,
}

/// What one side sent as WebSocket.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// Frames.
    pub frames: u64,
    /// Complete text messages.
    pub texts: u64,
    /// Complete binary messages.
    pub binaries: u64,
    /// Payload bytes on the wire, of all frames.
    pub payload_bytes: u64,
    /// Pings.
    pub pings: u64,
    /// Pongs.
    pub pongs: u64,
    /// Its latest data messages, the last one last.
    pub recent: [Option<DataMessage>; 2],
    /// Its longest data message so far but for the latest: what the other side has taken.
    pub largest_before: u64,
    /// Its pings without a pong so far, oldest first.
    pub unanswered_pings: Vec<Ping>,
    /// The segment with its last frame but for Close frames.
    pub last_frame: Option<Carrier>,
    /// How often its frames were lost sight of.
    pub lost: u32,
    /// Whether they are lost sight of now.
    pub is_lost: bool,
}

/// A text or binary message, perhaps not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataMessage {
    /// Text or binary.
    pub opcode: Opcode,
    /// Packet with its first byte.
    pub start: Seen,
    /// Stream offset just past its first frame's header.
    pub header_end: u64,
    /// Payload bytes that its frames have declared so far.
    pub declared: u64,
    /// Its size as a receiver counts it: inflated where that is known, else as declared.
    pub size: u64,
    /// Whether it was compressed, and its inflated size is known.
    pub inflated: bool,
    /// Whether its last frame is complete.
    pub complete: bool,
}

/// A ping that waits for its pong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Its packet.
    pub seen: Seen,
    /// A hash of its payload, which the pong must repeat.
    payload: u64,
}

/// A Close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Who sent it.
    pub side: Side,
    /// The segment with its first byte.
    pub carrier: Carrier,
    /// Stream offset of its first byte.
    pub offset: u64,
    /// Its code; `None` where it carried none, or where that was not captured.
    pub code: Option<CloseCode>,
    /// Its reason; what is no UTF-8 became U+FFFD.
    pub reason: Box<str>,
    /// Whether all its bytes were captured.
    pub complete: bool,
    /// Whether it is as RFC 6455 wants it.
    pub valid: bool,
    /// Whether a fragmented message of its sender was not finished.
    pub inside_message: bool,
}

impl Facts {
    /// Nothing known yet of the connection between these addresses.
    pub fn new(stream: u32, addresses: PerSide<SocketAddr>, first: Seen) -> Self {
        Self {
            stream,
            addresses,
            first,
            last: first,
            handshake: Handshake::default(),
            answered_with: None,
            client_hello: None,
            tls: None,
            switched: None,
            tcp: None,
            sent: PerSide::default(),
            closes: Vec::new(),
            violations: Vec::new(),
            more_violations: 0,
        }
    }

    /// Whether there is anything to report: an opening handshake, or a TLS handshake that failed.
    pub fn is_reportable(&self) -> bool {
        let refused_tls = self.client_hello.is_some() && self.answered_with.is_some();
        self.handshake.request.is_some() || self.handshake.response.is_some() || self.tls.is_some() || refused_tls
    }

    /// Whether frames of either side were lost sight of because bytes are missing.
    pub fn has_missing_frames(&self) -> bool {
        let tcp = &self.tcp().sent;
        Side::BOTH.iter().any(|side| self.sent[*side].lost > 0 && tcp[*side].lost_bytes + tcp[*side].cut_bytes > 0)
    }

    /// What TCP noted; nothing while the connection goes on.
    pub fn tcp(&self) -> &Analysis {
        static NOTHING: LazyLock<Analysis> = LazyLock::new(Analysis::default);
        self.tcp.as_deref().unwrap_or(&NOTHING)
    }

    /// Whether TCP has ended: a FIN or a RST of either side was seen.
    pub fn is_over(&self) -> bool {
        Side::BOTH.iter().any(|side| self.tcp().sent[*side].fin().is_some() || self.tcp().sent[*side].reset().is_some())
    }

    /// The last frame of either side before `end`, Close frames not counted.
    pub fn last_frame(&self, end: Seen) -> Option<Seen> {
        let last = |side: Side| self.sent[side].last_frame.map(|carrier| carrier.seen).filter(|seen| *seen <= end);
        last(Side::Client).max(last(Side::Server))
    }

    /// Takes one event.
    pub fn apply(&mut self, event: &Event<'_>) {
        let seen = event.carrier.seen;
        match event.what {
            What::Http(output) => self.apply_http(seen, output),
            What::Tls(outcome) => self.tls = Some(Box::new((event.side, seen, outcome))),
            What::Ws(ws) => self.apply_ws(event.side, event.carrier, ws),
            What::Fin | What::Reset => {}
        }
    }

    fn apply_http(&mut self, seen: Seen, output: &http::Output<'_>) {
        match output {
            http::Output::Request(request) => self.handshake.request = Some(request.clone()),
            http::Output::Response(response) => self.handshake.answer(response.clone()),
            http::Output::RefusalBody(bytes) => {
                if let Some(response) = &mut self.handshake.response {
                    response.append_body(bytes);
                }
            }
            http::Output::Cut => self.handshake.cut = true,
            http::Output::Switched { .. } => self.switched = Some(seen),
            http::Output::NotHttp { first } | http::Output::NotTls { first } => {
                self.answered_with.get_or_insert_with(|| Box::new((seen, Context::new(first))));
            }
            http::Output::Pipelined { .. } => {}
        }
    }

    fn apply_ws(&mut self, side: Side, carrier: &Carrier, event: &ws::Event<'_>) {
        let seen = carrier.seen;
        match event {
            ws::Event::Frame { header, start, header_end } => {
                self.sent[side].frame(header, *start, carrier, *header_end)
            }
            ws::Event::Message(message) => self.sent[side].message(message),
            ws::Event::Ping(payload) => self.sent[side].ping(payload, seen),
            ws::Event::Pong(payload) => {
                self.sent[side].pongs += 1;
                // A pong that comes after the Close came too late.
                if self.closes.is_empty() {
                    self.sent[!side].answered(payload);
                }
            }
            ws::Event::Close(close) => self.close(side, close),
            ws::Event::Violation(violation) => {
                if self.violations.len() < limits::VIOLATIONS {
                    self.violations.push(violation.clone());
                } else {
                    self.more_violations = self.more_violations.saturating_add(1);
                }
            }
            ws::Event::Lost => {
                self.sent[side].lost += 1;
                self.sent[side].is_lost = true;
            }
            ws::Event::Found => self.sent[side].is_lost = false,
        }
    }

    fn close(&mut self, side: Side, close: &ws::Close<'_>) {
        if self.closes.len() < limits::CLOSES {
            let fact = Close {
                side,
                carrier: close.carrier,
                offset: close.offset,
                code: close.code,
                reason: String::from_utf8_lossy(close.reason).into(),
                complete: close.complete,
                valid: close.valid,
                inside_message: close.inside_message,
            };
            // Bytes that waited behind a hole come late, but were captured in their turn.
            let is_later = |other: &Close| other.carrier.seen.packet > fact.carrier.seen.packet;
            let in_turn = self.closes.iter().position(is_later).unwrap_or(self.closes.len());
            // A side's own come in the order of its stream.
            let behind_own = self.closes.iter().rposition(|other| other.side == side).map_or(0, |own| own + 1);
            self.closes.insert(in_turn.max(behind_own), fact);
        }
    }
}

impl Sent {
    fn frame(&mut self, header: &ws::Header, start: Seen, carrier: &Carrier, header_end: u64) {
        self.frames += 1;
        self.payload_bytes = self.payload_bytes.saturating_add(header.length);
        if header.start.opcode != Opcode::CLOSE {
            self.last_frame = Some(*carrier);
        }
        let [before, latest] = &mut self.recent;
        match header.start.opcode {
            Opcode::TEXT | Opcode::BINARY => {
                if let Some(latest) = latest {
                    self.largest_before = self.largest_before.max(latest.size);
                }
                *before = *latest;
                *latest = Some(DataMessage {
                    opcode: header.start.opcode,
                    start,
                    header_end,
                    declared: header.length,
                    size: header.length,
                    inflated: false,
                    complete: false,
                });
            }
            Opcode::CONTINUATION => {
                if let Some(latest) = latest.as_mut().filter(|latest| !latest.complete) {
                    latest.declared = latest.declared.saturating_add(header.length);
                    latest.size = latest.declared;
                    latest.header_end = header_end;
                }
            }
            _ => {}
        }
    }

    /// Payload bytes that the last frame's header declared, and that were never sent.
    pub fn take_back(&mut self, payload_bytes: u64) {
        self.payload_bytes = self.payload_bytes.saturating_sub(payload_bytes);
    }

    fn message(&mut self, message: &ws::message::Message) {
        *if message.opcode == Opcode::TEXT { &mut self.texts } else { &mut self.binaries } += 1;
        let [_, latest] = &mut self.recent;
        if let Some(latest) = latest {
            latest.complete = true;
            if let Some(size) = message.plain_len.filter(|_| message.compressed) {
                (latest.size, latest.inflated) = (size, true);
            }
        }
    }

    fn ping(&mut self, payload: &[u8], seen: Seen) {
        self.pings += 1;
        if self.unanswered_pings.len() < limits::PINGS {
            self.unanswered_pings.push(Ping { seen, payload: hash(payload) });
        }
    }

    /// A pong answers the ping with its payload, and all before it (RFC 6455 §5.5.3).
    fn answered(&mut self, payload: &[u8]) {
        let payload = hash(payload);
        if let Some(at) = self.unanswered_pings.iter().rposition(|ping| ping.payload == payload) {
            self.unanswered_pings.drain(..=at);
        }
    }
}

fn hash(payload: &[u8]) -> u64 {
    FixedState::default().hash_one(payload)
}
