//! HTTP/2 between the connection and its WebSockets: events of streams in, each stream a channel of its own.
//!
//! ```text
//!                                ┌ Channel (stream 1) ─ ws::Decoder × 2 ─ Facts
//! Chunk ─ http2::Session ─ Event ┼ Channel (stream 3) ─ ws::Probe ─ Facts
//!                                └ other streams: not read
//! ```

mod channel;
mod channels;
mod flow;
mod handshakes;

use std::ops::Range;

use self::channel::Channel;
use self::channels::Channels;
use self::flow::Flow;
use super::{Application, Context, Layers, Protocol};
use crate::chunk::{Carrier, Chunk, Data, Missing, Place};
use crate::event::EndKind;
use crate::facts::{Facts, GoAway};
use crate::http2::{self, Event, Session};
use crate::limits;
use crate::prefetch::prefetch;
use crate::seen::{Seen, Timestamp};
use crate::side::{PerSide, Side};
use crate::sink::Sink;
use crate::tcp::Analysis;
use crate::tls;

/// A connection of HTTP/2 and its WebSockets.
#[derive(Debug)]
pub(super) struct Http2 {
    session: Session,
    streams: Streams,
}

/// The streams of a connection.
#[derive(Debug)]
struct Streams {
    /// Those that are, or may be, WebSockets.
    channels: Channels,
    /// Whether the server accepts extended CONNECT; `None` until its settings are seen, or if they may have been missed.
    offered: Option<bool>,
    /// Whether settings of the server may have been missed.
    lacks_settings: bool,
    /// The windows of flow control.
    flow: Flow,
    /// The first GOAWAY of either side.
    goaway: Option<GoAway>,
    /// The highest stream that the client is known to have begun.
    highest: u32,
    /// The highest stream without a channel on which the server has sent something: all requests up to it were sent before,
    /// even if they come later here, behind a hole.
    answered: u32,
    /// Those that showed that the connection is HTTP/2.
    seen: Vec<u32>,
    /// The streams that may have begun without being seen.
    unseen: Range<u32>,
    /// Whether one that is to be reported has been handed out.
    has_reported: bool,
    /// The channels that have been counted among those of all connections.
    counted: usize,
}

/// What the facts of a stream need of the connection below.
pub(super) struct Below<'b> {
    /// The analysis of TCP.
    pub tcp: &'b Analysis,
    /// Its last packet.
    pub last: Seen,
    /// The TLS session.
    pub session: Option<&'b tls::Summary>,
    /// Whether the connection was followed to the end of the capture.
    pub followed_to_end: bool,
}

impl Http2 {
    /// Creates a connection of which so many bytes of the client's preface have been read.
    pub fn new(taken: usize) -> Self {
        Self { session: Session::new(taken), streams: Streams::new() }
    }

    /// Creates a connection that began before the capture, and on which these streams were seen.
    pub fn joined(seen: Vec<u32>) -> Self {
        let mut streams = Streams { seen, unseen: 0..u32::MAX, lacks_settings: true, ..Streams::new() };
        streams.flow.lose();
        Self { session: Session::joined(), streams }
    }

    /// Returns the number of bytes held.
    pub fn held_bytes(&self) -> usize {
        self.session.held_bytes() + self.streams.channels.held_bytes()
    }

    /// Prefetches what every frame needs.
    #[inline]
    pub fn prefetch(&self) {
        self.session.prefetch();
        prefetch(&self.streams.channels);
        prefetch(&self.streams.flow);
    }

    /// Prefetches what finds a channel.
    #[inline]
    pub fn prefetch_channels(&self) {
        self.streams.channels.prefetch();
    }

    /// Returns the channel of the frame that `payload` probably begins with.
    #[inline]
    pub fn next_channel(&self, payload: &[u8]) -> Option<&Channel> {
        let (_, header) = http2::frame::header(payload).ok()?;
        self.streams.channels.get(header.stream)
    }

    /// Drops what is kept of frames that are not proved yet.
    pub fn let_go(&mut self) {
        self.streams.channels.change_all(Channel::let_go);
    }

    /// Returns the facts of the streams that are to be reported.
    pub fn reportable(&self) -> impl Iterator<Item = &Facts> {
        self.streams.channels.iter().map(Channel::facts).filter(|facts| facts.is_reportable())
    }

    /// Returns whether there is, or was, a stream that is to be reported.
    pub fn has_websocket(&self) -> bool {
        self.streams.has_reported || self.reportable().next().is_some()
    }

    /// Returns the channel of a stream.
    pub fn channel(&self, stream: u32) -> Option<&Channel> {
        self.streams.channels.get(stream)
    }

    /// Returns how many more channels there are than when this was called, or channels were taken, last.
    pub fn new_channels(&mut self) -> usize {
        let now = self.streams.channels.len();
        now.saturating_sub(std::mem::replace(&mut self.streams.counted, now))
    }

    /// Takes the channels that are to be handed out before the connection is over: those that have been over for a
    /// while, and the least recently heard of more than `most`.
    pub fn take_due(&mut self, now: Timestamp, most: usize) -> Vec<Channel> {
        let streams = &mut self.streams;
        if !streams.channels.are_due(now, most) {
            return Vec::new();
        }
        let due = streams.channels.take(now, most);
        streams.counted = streams.channels.len();
        streams.has_reported |= due.iter().any(|channel| channel.facts().is_reportable());
        due
    }

    /// Takes all channels.
    pub fn into_channels(self) -> impl Iterator<Item = Channel> {
        self.streams.channels.into_all()
    }
}

impl Layers {
    /// Switches to HTTP/2.
    pub(super) fn speak_http2(&mut self, http2: Http2) {
        self.protocol = Protocol::Http2;
        self.application = Application::Http2(Box::new(http2));
    }

    /// Reads a chunk of a connection of HTTP/2.
    pub(super) fn http2<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        let Application::Http2(mut http2) = std::mem::replace(&mut self.application, Application::Unknown) else {
            return;
        };
        let Http2 { session, streams } = &mut *http2;
        // The session asks for streams while it lends events to them, so it gets a copy, which only a search needs.
        let known: Vec<u32> = if session.is_lost(side) { streams.known().collect() } else { Vec::new() };
        let is_known = |stream| known.contains(&stream);
        session.push(side, chunk, &is_known, &mut |event| streams.event(self, side, event, context));
        self.application = Application::Http2(http2);
    }

    /// Ends a side of all streams, because that of the connection below ends.
    pub(super) fn end_streams<S: Sink>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        (kind, needed): (EndKind, u64),
        context: &mut Context<'_, S>,
    ) {
        if let Application::Http2(http2) = &mut self.application {
            let Streams { channels, flow, .. } = &mut http2.streams;
            channels.change_all(|channel| {
                channel.note_starved(flow);
                channel.end_below(side, carrier, (kind, needed), context);
            });
        }
    }
}

impl Streams {
    /// Creates the streams of a connection that is read from its beginning.
    fn new() -> Self {
        Self {
            channels: Channels::default(),
            offered: None,
            lacks_settings: false,
            flow: Flow::new(),
            goaway: None,
            highest: 0,
            answered: 0,
            seen: Vec::new(),
            unseen: 0..0,
            has_reported: false,
            counted: 0,
        }
    }

    /// Returns the streams that frames may well belong to.
    fn known(&self) -> impl Iterator<Item = u32> {
        self.channels.streams().chain(&self.seen).copied()
    }

    /// Routes an event of the connection to its stream.
    fn event<S: Sink>(&mut self, parent: &Layers, side: Side, event: Event<'_>, context: &mut Context<'_, S>) {
        match event {
            Event::Headers { stream, fields, start } => self.headers(parent, side, (stream, fields), start, context),
            Event::DataBegins { stream, length, carrier } => {
                self.flow.spend(side, length, carrier.seen);
                if let Some(channel) = self.channels.for_windows(stream) {
                    channel.spend(side, length, carrier.seen);
                }
            }
            Event::Window { stream: 0, increment } => self.flow.grant(side, increment),
            Event::Window { stream, increment } => {
                if let Some(channel) = self.channels.for_windows(stream) {
                    channel.grant(!side, increment.into());
                }
            }
            Event::Data { stream, chunk } => {
                if let Some(channel) = self.channels.for_frames(stream) {
                    return channel.data(side, chunk, context);
                }
                if self.unseen.contains(&stream) && stream % 2 == 1 && self.channels.get(stream).is_none() {
                    self.probe(parent, stream, chunk.place.carrier);
                }
                if self.channels.change(stream, |channel| channel.data(side, chunk, context)).is_none() {
                    self.pass(side, stream);
                }
            }
            Event::End { stream, end } => self.end(side, stream, EndKind::EndStream, end, context),
            Event::Reset { stream, code, end } => self.end(side, stream, EndKind::StreamReset(code), end, context),
            Event::GoAway { says, end } => self.go_away(side, says, end),
            Event::Settings { accepts_connect, initial_window } => {
                if side == Side::Server {
                    self.settle(accepts_connect);
                }
                if let Some(initial) = initial_window {
                    let more = self.flow.set(side, initial);
                    self.channels.change_all(|channel| channel.grant(!side, more));
                }
            }
            Event::Lost(place) => {
                if side == Side::Client {
                    self.unseen = self.unseen.start.min(self.highest)..u32::MAX;
                } else {
                    self.offered = self.offered.filter(|offered| *offered);
                    self.lacks_settings = true;
                }
                self.flow.lose();
                let gap = Data::Gap { len: 1, missing: Missing::Undecrypted };
                self.channels.change_all(|channel| channel.data(side, Chunk { place, data: gap }, context));
            }
        }
    }

    /// Applies the settings of the server.
    fn settle(&mut self, accepts_connect: Option<bool>) {
        // A setting that is not repeated stays as it was.
        self.offered = accepts_connect.or(self.offered).or((!self.lacks_settings).then_some(false));
        if let Some(offered) = self.offered {
            self.channels.change_all(|channel| channel.settle(offered));
        }
    }

    /// Notes what a side has sent on a stream without a channel.
    fn pass(&mut self, side: Side, stream: u32) {
        if side == Side::Server {
            self.answered = self.answered.max(stream);
        }
    }

    /// Begins to search a stream for frames, whose request was not seen.
    fn probe(&mut self, parent: &Layers, stream: u32, carrier: &Carrier) {
        if self.channels.unproved() < limits::HTTP2_PROBES {
            self.channels.insert(stream, Channel::probed(parent, self.begun(stream), carrier.seen));
        }
    }

    fn end<S: Sink>(&mut self, side: Side, stream: u32, kind: EndKind, end: Place<'_>, context: &mut Context<'_, S>) {
        let flow = &self.flow;
        let is_of_no_use = self.channels.change(stream, |channel| {
            channel.note_starved(flow);
            channel.end(side, end.carrier, (kind, end.needed()), context);
            channel.is_over() && !channel.facts().is_reportable()
        });
        match is_of_no_use {
            Some(true) => _ = self.channels.remove(stream),
            Some(false) => {}
            None => self.pass(side, stream),
        }
    }

    /// Returns what a new stream needs of the connection.
    const fn begun(&self, stream: u32) -> Begun<'_> {
        Begun { stream, offered: self.offered, flow: &self.flow, goaway: self.goaway.as_ref() }
    }

    fn go_away(&mut self, side: Side, says: http2::frame::GoAway<'_>, end: Place<'_>) {
        let text = says.debug.get(..limits::GOAWAY_TEXT).unwrap_or(says.debug);
        let goaway = GoAway {
            side,
            seen: end.carrier.seen,
            last: says.last,
            code: says.code,
            debug: String::from_utf8_lossy(text).into(),
            open: self.channels.iter().filter(|channel| channel.is_open()).count() as u32,
        };
        self.channels.change_all(|channel| {
            if !channel.is_over() {
                channel.go_away(&goaway);
            }
        });
        self.goaway.get_or_insert(goaway);
    }
}

/// What a new stream needs of its connection.
#[derive(Clone, Copy)]
pub(in crate::connection) struct Begun<'s> {
    stream: u32,
    /// Whether the server accepts extended CONNECT.
    offered: Option<bool>,
    flow: &'s Flow,
    /// The GOAWAY that came before it.
    goaway: Option<&'s GoAway>,
}

/// The two halves of a stream.
type Halves = PerSide<bool>;
