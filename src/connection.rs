//! One TCP connection from its first segment to its last, and the protocols on top of it.
//!
//! ```text
//!                Chunk            Chunk
//! Segment ─ tcp ───── security ─────────── application                          each Event ─┬─ Facts
//!                     none, or             http::Exchange ─(101)──┬─ ws::Decoder × 2        └─ Sink
//!                     tls::Session         ws::Probe ─────(frames)┤
//!                        │                 http2::Session ─(200)──┘ for each stream
//!                        │ as long as nothing is decrypted
//!                     tls::Outside
//! ```

mod concluding;
mod http2;
mod opening;
mod parked;
mod prefetching;
mod probing;
mod protocol;
mod routing;
mod secured;
mod sides;

pub use parked::Parked;
pub use secured::Secrets;

use self::http2::Http2;
use self::probing::Probing;
use self::protocol::Protocol;
use self::sides::{guess_sides, is_http_response, speaks_as};
use crate::capture::Attribution;
use crate::chunk::{Carrier, Data, Place, Wire};
use crate::event::{Event, What};
use crate::facts::Facts;
use crate::http::{Exchange, SharedTexts};
use crate::side::{PerSide, Side};
use crate::sink::{Counts, Sink};
use crate::tcp::{Flags, Segment, Tcp};
use crate::tls::{Outside, Session};
use crate::ws::{self, Decoder};

/// One TCP connection and the layers above it.
#[derive(Debug)]
pub struct Connection {
    tcp: Tcp,
    layers: Layers,
}

const _: () = assert!(size_of::<Connection>() <= 192);

/// Everything above TCP.
#[derive(Debug)]
struct Layers {
    security: Security,
    application: Application,
    protocol: Protocol,
    /// The records of TLS as they are seen without keys: of a session that has not been decrypted, and, if it cannot be
    /// read but may be a WebSocket, of a connection whose application is [`Application::Other`].
    outside: Option<Box<Outside>>,
    facts: Box<Facts>,
    /// Tells whether the client, as TCP has it, is the flow's lower endpoint. It is kept here because the addresses are in
    /// another cache line.
    client_is_low: bool,
    /// Whether a SYN has shown which endpoint is the client.
    sides_are_known: bool,
    /// Whether bytes of the connection's beginning are missing.
    began_before: bool,
    /// Whether the client as TCP has it is in fact the server.
    swapped: bool,
}

/// The layer between TCP and the application.
#[derive(Debug)]
enum Security {
    /// There is none, as far as is known: TCP carries the application's bytes.
    None,
    /// TLS.
    Tls(Box<Session>),
}

/// The layer that carries the WebSocket, and the WebSocket itself.
#[derive(Debug)]
enum Application {
    /// No byte of it has come yet.
    Unknown,
    Http(Box<Exchange>),
    WebSocket(Box<PerSide<Decoder>>),
    /// The server has switched to WebSocket; the client's request is late, or lost.
    Unasked(Box<(Exchange, PerSide<Decoder>)>),
    /// The capture begins with neither HTTP nor TLS: it may be in the middle of a WebSocket.
    Probe(Box<Probing>),
    /// HTTP/2, whose streams are WebSockets of their own.
    Http2(Box<Http2>),
    /// Another protocol, or one that cannot be read.
    Other,
}

/// The interest in a connection: whether it needs to be followed further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// It is, or may become, a WebSocket connection.
    Follow,
    /// It is not a WebSocket connection, or cannot be read.
    None,
}

/// The stage that a connection has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its protocol is not known yet.
    Unknown,
    /// A WebSocket was requested, and there is no response so far.
    Waiting,
    /// It is, or was requested to become, a WebSocket, and will be in the report.
    Open,
}

/// What all connections of a thread share.
#[derive(Debug, Default)]
pub struct Shared {
    /// The secrets of TLS, and buffers for its records.
    pub secrets: Secrets,
    /// The counts that a report gives beside its connections, but for those of TLS.
    pub counts: Counts,
    scratch: Scratch,
    /// The WebSockets and attempts that are followed on connections of HTTP/2.
    http2_streams: usize,
}

/// Buffers of the application's layer.
#[derive(Debug, Default)]
struct Scratch {
    frames: ws::Scratch,
    texts: SharedTexts,
}

/// The shared state that the application's layer needs.
struct Context<'c, S> {
    scratch: &'c mut Scratch,
    sink: &'c mut S,
}

impl Shared {
    /// Returns what the connections of another thread share, which may have so many inflaters at once.
    pub fn share(&self, inflaters: usize) -> Self {
        let mut scratch = Scratch::default();
        scratch.frames.limit_inflaters(inflaters);
        Self { secrets: self.secrets.share(), scratch, ..Self::default() }
    }

    /// Counts the next packet of the capture, of `len` captured bytes, whichever connection it belongs to.
    #[inline]
    pub fn count_packet(&mut self, len: usize) {
        self.scratch.frames.previews.count(len);
    }

    /// Counts so many packets at once, of so many captured bytes together. Returns `false` if each has to be counted by
    /// itself; then none has been.
    #[inline]
    pub fn count_packets(&mut self, packets: u64, bytes: u64) -> bool {
        self.scratch.frames.previews.count_at_once(packets, bytes)
    }
}

impl Connection {
    /// Creates a connection that begins, as far as captured, with `segment`, which [`Self::push`] still has to process.
    pub fn new(stream: u32, segment: &Segment<'_>) -> Self {
        let addresses = guess_sides(segment);
        let client_is_low = segment.endpoints.low() == addresses.client;
        let facts = Box::new(Facts::new(stream, addresses, segment.carrier.seen));
        let sides_are_known = segment.flags.has(Flags::SYN);
        let layers = Layers {
            security: Security::None,
            application: Application::Unknown,
            protocol: Protocol::Unknown,
            outside: None,
            facts,
            client_is_low,
            sides_are_known,
            began_before: !sides_are_known,
            swapped: false,
        };
        Self { tcp: Tcp::default(), layers }
    }

    const fn side(&self, from_low: bool) -> Side {
        if from_low == self.layers.client_is_low { Side::Client } else { Side::Server }
    }

    /// Fast path for the common case: a segment in order, with payload or without, on a WebSocket or HTTP/2 with nothing
    /// unusual pending; TLS may carry it. Returns whether it has processed the segment; `false` means the segment needs
    /// [`Self::push`]. Updates the count of bytes held by all connections.
    #[inline]
    pub fn push_in_order(
        &mut self,
        segment: &mut Segment<'_>,
        shared: &mut Shared,
        held_bytes: &mut usize,
        sink: &mut impl Sink,
    ) -> bool {
        let side = self.side(segment.from_low);
        let Self { tcp, layers, .. } = self;
        let is_http2 = matches!(layers.application, Application::Http2(_));
        let is_plain = match (&layers.application, &layers.security) {
            (Application::WebSocket(_), Security::None) => true,
            // The general path gives up bytes that are held, if there are too many.
            (Application::Http2(_), _) if layers.held_bytes() > 0 => return false,
            (Application::Http2(_), _) | (_, Security::Tls(_)) => false,
            (_, Security::None) => return false,
        };
        let Some(offset) = tcp.push_in_order(side, segment) else {
            return false;
        };
        if !segment.payload.is_empty() {
            let side = if layers.swapped { !side } else { side };
            let Shared { secrets, scratch, .. } = shared;
            let context = &mut Context { scratch, sink };
            let place = Place { carrier: &segment.carrier, offset, wire: Wire::plain(offset) };
            if is_plain {
                layers.messages(side, place, segment.payload, context);
            } else {
                let rest = layers.data(side, place, segment.payload, secrets, context);
                if !matches!(rest.data, Data::Bytes([])) {
                    let before = layers.held_bytes();
                    layers.tcp_chunk(side, rest, secrets, context);
                    *held_bytes = held_bytes.saturating_sub(before).saturating_add(layers.held_bytes());
                }
            }
        }
        if is_http2 {
            self.hand_out_streams(segment.carrier.seen.time, shared, sink);
        }
        true
    }

    /// Processes the next segment. Returns whether the connection needs to be followed further.
    pub fn push(&mut self, segment: &Segment<'_>, shared: &mut Shared, sink: &mut impl Sink) -> Interest {
        let mut side = self.side(segment.from_low);
        if self.layers.is_silent() && !self.tcp.analysis().syn && speaks_as(!side, segment.payload) {
            self.tcp.swap();
            self.layers.facts.swap();
            self.layers.client_is_low = !self.layers.client_is_low;
            side = !side;
        }
        let Self { tcp, layers, .. } = self;
        let Shared { secrets, scratch, .. } = shared;
        let mut context = Context { scratch, sink };
        tcp.push(side, segment, &mut |side, carrier, output| {
            layers.output(side, carrier, output, secrets, &mut context);
        });
        if matches!(layers.application, Application::Http2(_)) {
            self.hand_out_streams(segment.carrier.seen.time, shared, sink);
        }
        let layers = &mut self.layers;
        let interest = layers.interest();
        if interest == Interest::None {
            layers.count_session(&mut shared.secrets);
            self.count(&mut shared.counts);
        }
        interest
    }

    /// Takes the process that a packet is said to belong to; it was sent by the lower endpoint if `from_low`.
    pub fn attribute(&mut self, from_low: bool, attribution: &Attribution) {
        let side = self.side(from_low);
        let side = if self.layers.swapped { !side } else { side };
        self.layers.facts.attribute(side, attribution);
    }

    /// Gives up the first hole of each side, to free the bytes held behind it, and drops what is kept of frames not yet
    /// proved, and of records that wait for keys.
    pub fn give_up_holes(&mut self, shared: &mut Shared, sink: &mut impl Sink) {
        let Self { tcp, layers, .. } = self;
        if let Application::Probe(probe) = &mut layers.application {
            probe.let_go();
        }
        if let Application::Http2(http2) = &mut layers.application {
            http2.let_go();
        }
        if let Security::Tls(session) = &mut layers.security {
            session.let_go();
        }
        if let Some(outside) = &mut layers.outside {
            outside.let_go();
        }
        let Shared { secrets, scratch, .. } = shared;
        let mut context = Context { scratch, sink };
        tcp.give_up_holes(&mut |side, carrier, output| layers.output(side, carrier, output, secrets, &mut context));
    }

    /// Reads the records that have waited for keys, now that more are known.
    pub fn retry(&mut self, shared: &mut Shared, sink: &mut impl Sink) {
        let Shared { secrets, scratch, .. } = shared;
        self.layers.retry(secrets, &mut Context { scratch, sink });
    }

    /// Returns the number of bytes held, out of order or until their protocol is known.
    pub fn held_bytes(&self) -> usize {
        self.tcp.held_bytes() + self.layers.held_bytes()
    }

    /// Returns the packet of the last segment.
    pub fn last_packet(&self) -> u64 {
        self.tcp.last().packet
    }

    /// Returns whether both sides have finished, or one has reset the connection.
    pub fn over(&self) -> bool {
        self.tcp.over()
    }

    /// Returns the stage that the connection has reached.
    pub fn standing(&self) -> Standing {
        let Layers { application, facts, outside, .. } = &self.layers;
        if outside.as_ref().is_some_and(|outside| outside.evidence.is_some()) {
            return Standing::Open;
        }
        if let Application::Http2(http2) = application {
            return match http2.reportable().map(Facts::is_unanswered).min() {
                Some(true) => Standing::Waiting,
                Some(false) => Standing::Open,
                None => Standing::Unknown,
            };
        }
        match facts.is_reportable() {
            true if facts.is_unanswered() => Standing::Waiting,
            true => Standing::Open,
            false => Standing::Unknown,
        }
    }
}

#[inline(always)]
fn tell(facts: &mut Facts, side: Side, carrier: &Carrier, what: What<'_>, sink: &mut impl Sink) {
    let event = Event { side, carrier, what };
    facts.apply(&event);
    sink.event(facts, &event);
}
