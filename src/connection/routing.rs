//! The routing of TCP's events to the layer that reads them.

use super::{Application, Context, Interest, Layers, Security, is_http_response, tell};
use crate::chunk::{Carrier, Chunk, Data, Place};
use crate::event::{EndKind, What};
use crate::http::exchange::is_request;
use crate::side::{PerSide, Side};
use crate::sink::Sink;
use crate::tcp;
use crate::tls::record::is_client_hello;
use crate::tls::{Decision, Outcome};
use crate::ws::{self, Decoder, Probe};

impl Application {
    /// Returns the decoders of both sides, if frames are being read.
    fn decoders(&mut self) -> Option<&mut PerSide<Decoder>> {
        match self {
            Self::WebSocket(decoders) => Some(decoders),
            Self::Unasked(unasked) => Some(&mut unasked.1),
            Self::Unknown | Self::Http(_) | Self::Probe(_) | Self::Other { .. } => None,
        }
    }
}

impl Layers {
    pub(super) fn interest(&self) -> Interest {
        match self.application {
            Application::Other { .. } if self.facts.is_reportable() => Interest::Follow,
            Application::Other { encrypted: true } => Interest::Encrypted,
            Application::Other { encrypted: false } => Interest::None,
            Application::Unknown
            | Application::Http(_)
            | Application::Probe(_)
            | Application::WebSocket(_)
            | Application::Unasked(_) => Interest::Follow,
        }
    }

    /// Routes an event of TCP.
    pub(super) fn output<S: Sink>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        output: tcp::Event<'_>,
        context: &mut Context<'_, S>,
    ) {
        let side = if self.swapped { !side } else { side };
        match output {
            tcp::Event::Chunk { offset, data } => self.from_tcp(side, Chunk::of_tcp(carrier, offset, data), context),
            tcp::Event::Fin { offset } => {
                self.end_frames(side, true, context);
                // FIN takes a sequence number.
                self.end(side, carrier, EndKind::Fin, offset.saturating_add(1), context);
            }
            tcp::Event::Reset => self.end(side, carrier, EndKind::Reset, u64::MAX, context),
        }
    }

    /// Returns whether no byte of the connection has come yet.
    pub(super) const fn is_silent(&self) -> bool {
        matches!((&self.security, &self.application), (Security::None, Application::Unknown))
    }

    /// Routes a chunk of the TCP stream.
    fn from_tcp<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        if side == Side::Client
            && self.is_silent()
            && matches!(chunk.data, Data::Bytes(bytes) if is_client_hello(bytes))
        {
            self.facts.client_hello = Some(Box::new(chunk.place.carrier.seen));
            self.security = Security::Observed(Box::default());
        }
        match &mut self.security {
            Security::None => self.chunk(side, chunk, context),
            Security::Observed(observer) => {
                let carrier = chunk.place.carrier;
                if let Data::Bytes(bytes) = chunk.data
                    && side == Side::Server
                    && is_http_response(bytes)
                {
                    self.leave(false);
                    return self.tell(side, carrier, What::NotTls { first: bytes }, context);
                }
                let decision = observer.push(side, carrier, chunk.data);
                self.tls(decision, context);
            }
        }
    }

    /// Routes a chunk of the application's stream.
    pub(super) fn chunk<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        if matches!(self.application, Application::Unknown) {
            self.application = match chunk.data {
                Data::Bytes(bytes) => self.application_of(side, bytes),
                Data::Gap { .. } => {
                    self.began_before = true;
                    Application::Unknown
                }
            };
        }
        match &mut self.application {
            Application::Unknown | Application::Other { .. } => {}
            Application::Probe(_) => self.probe(side, chunk, context),
            Application::Unasked(_) if side == Side::Client => self.late_request(chunk, context),
            Application::WebSocket(_) | Application::Unasked(_) => self.frames(side, chunk, context),
            Application::Http(_) => self.http(side, chunk, context),
        }
    }

    /// Chooses the application by the first bytes that were captured.
    fn application_of(&self, side: Side, bytes: &[u8]) -> Application {
        if self.began_before && !is_http_response(bytes) && !(side == Side::Client && is_request(bytes)) {
            Application::Probe(Box::new(Probe::new(self.sides_are_known)))
        } else {
            Application::Http(Box::default())
        }
    }

    /// Emits the whole messages that `bytes` begin with, which are nearly always all of them, and passes the rest on to
    /// [`Self::frames`]. Not inlined, because it needs all registers.
    #[inline(never)]
    pub(super) fn messages<S: Sink>(
        &mut self,
        side: Side,
        mut place: Place<'_>,
        mut bytes: &[u8],
        context: &mut Context<'_, S>,
    ) {
        let Application::WebSocket(decoders) = &mut self.application else {
            return;
        };
        let (decoder, Context { scratch, sink }) = (&mut decoders[side], &mut *context);
        while let Some((message, len)) = decoder.whole(place, bytes, &mut scratch.frames) {
            tell(&mut self.facts, side, place.carrier, What::Ws(&message), *sink);
            place = place.after(len);
            bytes = bytes.get(len..).unwrap_or_default();
        }
        if !bytes.is_empty() {
            self.frames(side, Chunk { place, data: Data::Bytes(bytes) }, context);
        }
    }

    pub(super) fn frames<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        let Some(decoders) = self.application.decoders() else {
            return;
        };
        let facts = &mut self.facts;
        let Context { scratch, sink } = context;
        let mut closes = false;
        decoders[side].push(chunk, &mut scratch.frames, &mut |carrier, event| {
            closes |= matches!(event, ws::Event::Close(_));
            tell(facts, side, carrier, What::Ws(&event), *sink);
        });
        if closes {
            facts.keep_previews(&scratch.frames.previews);
        }
    }

    /// Ends the frames of a side, because its stream `has_ended`, or because the capture has.
    pub(super) fn end_frames<S: Sink>(&mut self, side: Side, has_ended: bool, context: &mut Context<'_, S>) {
        let Some(decoders) = self.application.decoders() else {
            return;
        };
        let facts = &mut self.facts;
        let Context { scratch, sink } = context;
        let other = facts.closes.iter().find(|close| close.side != side).and_then(|close| close.code);
        decoders[side].end(other, has_ended, &mut scratch.frames, &mut |carrier, event| {
            tell(facts, side, carrier, What::Ws(&event), *sink);
        });
    }

    fn end<S: Sink>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        kind: EndKind,
        needed: u64,
        context: &mut Context<'_, S>,
    ) {
        if let Security::Observed(observer) = &mut self.security {
            let decision = observer.end(side, carrier);
            self.tls(decision, context);
        }
        self.facts.keep_previews(&context.scratch.frames.previews);
        self.tell(side, carrier, What::End { kind, needed }, context);
    }

    fn tls<S: Sink>(&mut self, decision: Option<Decision>, context: &mut Context<'_, S>) {
        if let Some(Decision { outcome, side, carrier }) = decision {
            self.leave(outcome == Outcome::Established);
            if outcome != Outcome::Established {
                self.tell(side, &carrier, What::Tls(outcome), context);
            }
        }
    }

    /// Stops reading the connection.
    fn leave(&mut self, encrypted: bool) {
        self.security = Security::None;
        self.application = Application::Other { encrypted };
    }

    pub(super) fn tell<S: Sink>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        what: What<'_>,
        context: &mut Context<'_, S>,
    ) {
        tell(&mut self.facts, side, carrier, what, context.sink);
    }
}
