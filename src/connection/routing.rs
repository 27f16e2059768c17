//! The routing of TCP's events to the layer that reads them.

use super::{Application, Context, Http2, Interest, Layers, Probing, Protocol, Secrets, Security, tell};
use crate::chunk::{Carrier, Chunk, Data, Place};
use crate::event::{EndKind, Event, What};
use crate::http2::begins_like_server;
use crate::side::{PerSide, Side};
use crate::sink::Sink;
use crate::tcp;
use crate::ws::{self, Decoder};

impl Application {
    /// Returns the decoders of both sides, if frames are being read.
    fn decoders(&mut self) -> Option<&mut PerSide<Decoder>> {
        match self {
            Self::WebSocket(decoders) => Some(decoders),
            Self::Unasked(unasked) => Some(&mut unasked.1),
            Self::Unknown | Self::Http(_) | Self::Http2(_) | Self::Probe(_) | Self::Other => None,
        }
    }
}

impl Layers {
    pub(super) fn interest(&self) -> Interest {
        match self.application {
            Application::Other if self.facts.is_reportable() || self.outside.is_some() => Interest::Follow,
            Application::Other => Interest::None,
            Application::Unknown
            | Application::Http(_)
            | Application::Http2(_)
            | Application::Probe(_)
            | Application::WebSocket(_)
            | Application::Unasked(_) => Interest::Follow,
        }
    }

    /// Returns the number of bytes held by all layers.
    pub(super) fn held_bytes(&self) -> usize {
        let of_session = if let Security::Tls(session) = &self.security { session.held_bytes() } else { 0 };
        let of_probe = match &self.application {
            Application::Probe(probe) => probe.kept_bytes(),
            Application::Http2(http2) => http2.held_bytes(),
            _ => 0,
        };
        let of_outside = self.outside.as_ref().map_or(0, |outside| outside.held_bytes());
        of_session + of_probe + of_outside
    }

    /// Routes an event of TCP.
    pub(super) fn output<S: Sink>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        output: tcp::Event<'_>,
        secrets: &mut Secrets,
        context: &mut Context<'_, S>,
    ) {
        let side = if self.swapped { !side } else { side };
        match output {
            tcp::Event::Chunk { offset, data } => {
                self.tcp_chunk(side, Chunk::of_tcp(carrier, offset, data), secrets, context);
            }
            tcp::Event::Fin { offset } => {
                self.end_session(side, carrier, secrets, context);
                self.end_frames(side, true, context);
                // FIN takes a sequence number.
                self.end(side, carrier, EndKind::Fin, offset.saturating_add(1), context);
            }
            tcp::Event::Reset => {
                self.end_session(side, carrier, secrets, context);
                self.end(side, carrier, EndKind::Reset, u64::MAX, context);
            }
        }
    }

    /// Returns whether no byte of the connection has come yet.
    pub(super) const fn is_silent(&self) -> bool {
        matches!((&self.security, &self.application), (Security::None, Application::Unknown))
    }

    /// Routes a chunk of the application's stream.
    pub(super) fn chunk<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        if matches!(self.application, Application::Unknown) {
            match chunk.data {
                // The server's first frame may be captured before the client's preface.
                Data::Bytes(bytes) if side == Side::Server && begins_like_server(bytes) => {
                    self.speak_http2(Http2::new(0));
                }
                Data::Bytes(bytes) => {
                    self.protocol = Protocol::of(side, bytes);
                    self.application = self.first_application();
                }
                Data::Gap { .. } => self.began_before = true,
            }
        }
        match &mut self.application {
            Application::Unknown | Application::Other => {}
            Application::Probe(_) => self.probe(side, chunk, context),
            Application::Unasked(_) if side == Side::Client => self.late_request(chunk, context),
            Application::WebSocket(_) | Application::Unasked(_) => self.frames(side, chunk, context),
            Application::Http(_) => self.http(side, chunk, context),
            Application::Http2(_) => self.http2(side, chunk, context),
        }
    }

    /// Returns the application that reads a connection of this protocol.
    fn first_application(&self) -> Application {
        if self.began_before && self.protocol == Protocol::Unknown {
            Application::Probe(Box::new(Probing::new(self.sides_are_known)))
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

    pub(super) fn end<S: Sink>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        kind: EndKind,
        needed: u64,
        context: &mut Context<'_, S>,
    ) {
        if matches!(self.application, Application::Http2(_)) {
            return self.end_streams(side, carrier, (kind, needed), context);
        }
        if matches!((&self.application, &self.outside), (Application::Other, Some(_))) {
            // No sink is told of a connection that may not be a WebSocket.
            return self.facts.apply(&Event { side, carrier, what: What::End { kind, needed } });
        }
        self.facts.keep_previews(&context.scratch.frames.previews);
        self.tell(side, carrier, What::End { kind, needed }, context);
    }

    /// Stops reading the connection.
    pub(super) fn leave(&mut self) {
        self.security = Security::None;
        self.application = Application::Other;
        self.outside = None;
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
