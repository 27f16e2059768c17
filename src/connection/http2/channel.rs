//! One stream that is, or may be, a WebSocket.

mod facts;

use super::super::{Application, Context, Layers, Probing, Protocol, Security};
use super::flow::{Flow, Window};
use super::{Begun, Halves};
use crate::chunk::{Carrier, Chunk, Data, Kept, Place};
use crate::event::{EndKind, What};
use crate::facts::{Facts, GoAway, Http2 as OfStream};
use crate::http::{self, Request, Response};
use crate::limits;
use crate::prefetch::prefetch;
use crate::seen::{Seen, Timestamp};
use crate::side::{PerSide, Side};
use crate::sink::Sink;
use crate::ws::Probe;

/// A stream: what reads it is the same as on a connection of its own.
#[derive(Debug)]
pub(crate) struct Channel {
    layers: Layers,
    state: State,
    /// Bytes of DATA so far.
    offsets: PerSide<u64>,
    /// What each side may still send.
    windows: PerSide<Window>,
    /// The sides that send no more.
    ended: Halves,
    /// The time of the event that ended it.
    over_since: Option<Timestamp>,
    last: Seen,
}

/// The stage of a stream.
#[derive(Debug)]
enum State {
    /// Requested, and not answered. The client may have sent frames already.
    Asked(Vec<Kept>),
    /// Refused: what follows is the body of the answer.
    Refused,
    /// What follows are frames, or may be. A request is kept until that is decided, if only parts of it are known, or if its
    /// answer has passed before it was read.
    Frames(Option<Box<Request>>),
}

impl Channel {
    fn new(parent: &Layers, begun: Begun<'_>, seen: Seen, state: State) -> Self {
        let Begun { stream, offered, flow, goaway } = begun;
        let mut facts = Box::new(Facts::new(parent.facts.stream, parent.facts.addresses(), seen));
        facts.rare.client_hello.clone_from(&parent.facts.rare.client_hello);
        facts.rare.processes.clone_from(&parent.facts.rare.processes);
        let (begun, goaway) = (parent.facts.first.packet, goaway.map(|goaway| Box::new(goaway.clone())));
        facts.rare.http2 = Some(Box::new(OfStream { stream, begun, offered, goaway, starved: None }));
        let layers = Layers {
            security: Security::None,
            application: Application::Other,
            protocol: Protocol::Http2,
            outside: None,
            facts,
            client_is_low: parent.client_is_low,
            sides_are_known: parent.sides_are_known,
            began_before: parent.began_before,
            swapped: false,
        };
        let (offsets, ended) = (PerSide::default(), PerSide::default());
        Self { layers, state, offsets, windows: flow.of_new_stream(), ended, over_since: None, last: seen }
    }

    /// Creates the channel of a stream on which a WebSocket is requested.
    pub fn asked<S: Sink>(
        parent: &Layers,
        of: Begun<'_>,
        start: &Carrier,
        mut request: Box<Request>,
        context: &mut Context<'_, S>,
    ) -> Self {
        let mut channel = Self::new(parent, of, start.seen, State::Asked(Vec::new()));
        request.share(&mut context.scratch.texts);
        channel.layers.tell(Side::Client, start, What::Http(&http::Event::Request(request)), context);
        channel
    }

    /// Creates the channel of a stream that has to show by its frames that it is a WebSocket.
    pub fn probed(parent: &Layers, of: Begun<'_>, seen: Seen) -> Self {
        let mut channel = Self::new(parent, of, seen, State::Frames(None));
        channel.layers.application =
            Application::Probe(Box::new(Probing::for_frames(Probe::new(parent.sides_are_known))));
        channel
    }

    /// Keeps a request that is known in part, or without its answer, until frames show that it was one for a WebSocket.
    pub fn with_parts(mut self, request: Box<Request>) -> Self {
        self.state = State::Frames(Some(request));
        self
    }

    /// Prefetches what a frame needs of the channel itself.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.state);
        prefetch(&self.offsets);
        prefetch(&self.last);
    }

    /// Returns what reads the stream.
    #[inline]
    pub const fn layers(&self) -> &Layers {
        &self.layers
    }

    pub fn facts(&self) -> &Facts {
        &self.layers.facts
    }

    /// Returns the packet that it was heard in last.
    pub const fn last(&self) -> Seen {
        self.last
    }

    /// Returns whether neither side sends anything more.
    pub const fn is_over(&self) -> bool {
        self.over_since.is_some()
    }

    /// Returns whether it is a WebSocket or an attempt at one, and not over.
    pub fn is_open(&self) -> bool {
        !self.is_over() && self.layers.facts.is_reportable()
    }

    /// Returns the time of the event that ended it, if it is over.
    pub const fn over_since(&self) -> Option<Timestamp> {
        self.over_since
    }

    /// Returns whether a request waits for its answer.
    pub const fn is_asked(&self) -> bool {
        matches!(self.state, State::Asked(_))
    }

    /// Returns whether its data are known to be frames, of which nothing is held.
    #[inline]
    pub const fn reads_frames(&self) -> bool {
        matches!((&self.state, &self.layers.application), (State::Frames(_), Application::WebSocket(_)))
    }

    /// Returns the number of bytes held.
    pub fn held_bytes(&self) -> usize {
        let of_state = match &self.state {
            State::Asked(kept) => kept.iter().map(Kept::size).sum(),
            State::Refused | State::Frames(_) => 0,
        };
        of_state + self.layers.held_bytes()
    }

    /// Drops what is kept of frames that are not proved yet.
    pub fn let_go(&mut self) {
        if let Application::Probe(probe) = &mut self.layers.application {
            probe.let_go();
        }
    }

    /// Applies the answer to the request.
    pub fn answer<S: Sink>(&mut self, start: &Carrier, mut response: Box<Response>, context: &mut Context<'_, S>) {
        response.share(&mut context.scratch.texts);
        self.last = self.last.max(start.seen);
        let (accepts, layers) = (response.accepts(true), &mut self.layers);
        layers.tell(Side::Server, start, What::Http(&http::Event::Response(response)), context);
        if !accepts {
            self.state = State::Refused;
            return;
        }
        layers.tell(Side::Server, start, What::Http(&http::Event::Switched { in_step: true }), context);
        layers.application = Application::WebSocket(Box::new(layers.agreed_decoders(true)));
        self.replay(context);
    }

    /// Notes that a part of the header lists is unknown.
    pub fn note_cut<S: Sink>(&mut self, start: &Carrier, context: &mut Context<'_, S>) {
        self.layers.tell(Side::Client, start, What::Http(&http::Event::Cut), context);
    }

    /// Looks for frames, because the answer to the request was lost.
    fn search<S: Sink>(&mut self, context: &mut Context<'_, S>) {
        self.layers.application = Application::Probe(Box::new(Probing::for_frames(Probe::asked())));
        self.replay(context);
    }

    /// Reads what the client has sent before it was known what that is.
    fn replay<S: Sink>(&mut self, context: &mut Context<'_, S>) {
        if let State::Asked(kept) = std::mem::replace(&mut self.state, State::Frames(None)) {
            kept.iter().for_each(|kept| self.read(Side::Client, kept.chunk(), context));
        }
    }

    /// Processes the next bytes of a side, or a gap in them.
    pub fn data<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        let side = self.own(side);
        let len = match chunk.data {
            Data::Bytes(bytes) => bytes.len() as u64,
            Data::Gap { len, .. } => len,
        };
        self.last = self.last.max(chunk.place.carrier.seen);
        let place = Place { offset: self.offsets[side], ..chunk.place };
        self.offsets[side] = place.offset.saturating_add(len);
        let chunk = Chunk { place, ..chunk };
        match &mut self.state {
            State::Asked(kept) if side == Side::Client => {
                let held: usize = kept.iter().map(Kept::size).sum();
                if held < limits::PIPELINED_BYTES {
                    kept.push(Kept::new(chunk));
                } else if let Some(last) = kept.last_mut() {
                    last.append(chunk);
                }
            }
            // The answer was before it.
            State::Asked(_) => {
                self.search(context);
                self.read(side, chunk, context);
            }
            State::Refused => {
                if let (Side::Server, Data::Bytes(body)) = (side, chunk.data) {
                    let event = http::Event::RefusalBody(body);
                    self.layers.tell(side, chunk.place.carrier, What::Http(&event), context);
                }
            }
            State::Frames(_) => self.read(side, chunk, context),
        }
    }

    /// Reads frames, or looks for them.
    fn read<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        let layers = &mut self.layers;
        match (&layers.application, chunk.data) {
            (Application::WebSocket(_), Data::Bytes(bytes)) => layers.messages(side, chunk.place, bytes, context),
            (Application::WebSocket(_), Data::Gap { .. }) => layers.frames(side, chunk, context),
            (Application::Probe(_), _) => {
                layers.probe_frames(side, chunk, context);
                if let State::Frames(parts) = &mut self.state
                    && layers.facts.joined
                    && let Some(request) = parts.take()
                {
                    layers.facts.handshake.ask(request);
                }
            }
            _ => {}
        }
    }

    /// Ends the stream on a side.
    pub fn end<S: Sink>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        (kind, needed): (EndKind, u64),
        context: &mut Context<'_, S>,
    ) {
        let side = self.own(side);
        self.last = self.last.max(carrier.seen);
        self.ended[side] = true;
        if matches!(kind, EndKind::StreamReset(_)) {
            self.ended = PerSide { client: true, server: true };
        }
        if self.ended.client && self.ended.server {
            self.over_since.get_or_insert(carrier.seen.time);
        }
        self.layers.end_frames(side, true, context);
        self.layers.end(side, carrier, kind, needed, context);
    }

    /// Ends the stream on a side, unless it has ended there, because the connection below ends.
    pub fn end_below<S: Sink>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        end: (EndKind, u64),
        context: &mut Context<'_, S>,
    ) {
        let own = self.own(side);
        if !self.ended[own] && !self.is_over() {
            self.layers.end_frames(own, true, context);
            self.layers.end(own, carrier, end.0, end.1, context);
            self.last = self.last.max(carrier.seen);
        }
    }

    /// Takes the bytes of a DATA frame of `side` from its window.
    pub fn spend(&mut self, side: Side, bytes: u32, seen: Seen) {
        self.windows[side].spend(bytes, seen);
    }

    /// Adds bytes to the window of `side`.
    pub fn grant(&mut self, side: Side, bytes: i64) {
        self.windows[side].grant(bytes);
    }

    /// Notes which side can send no more, before the stream ends.
    pub fn note_starved(&mut self, flow: &Flow) {
        let has_ended = self.ended.client || self.ended.server || self.is_over();
        if let Some(of_stream) = &mut self.layers.facts.rare.http2
            && !has_ended
        {
            let mut starved = flow.starved(&self.windows);
            if self.layers.swapped {
                starved.iter_mut().for_each(|starved| starved.side = !starved.side);
            }
            of_stream.starved = starved;
        }
    }

    /// Notes whether the server accepts extended CONNECT, unless that was known when the stream began.
    pub fn settle(&mut self, offered: bool) {
        if let Some(of_stream) = &mut self.layers.facts.rare.http2 {
            of_stream.offered.get_or_insert(offered);
        }
    }

    /// Notes that a side serves no more streams.
    pub fn go_away(&mut self, goaway: &GoAway) {
        if let Some(of_stream) = &mut self.layers.facts.rare.http2 {
            match &mut of_stream.goaway {
                None => of_stream.goaway = Some(Box::new(goaway.clone())),
                Some(first) if first.side == goaway.side => first.follow(goaway),
                Some(_) => {}
            }
        }
    }

    fn own(&self, side: Side) -> Side {
        if self.layers.swapped { !side } else { side }
    }
}
