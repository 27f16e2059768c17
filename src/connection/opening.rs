//! The opening handshake: from HTTP to the frames after it.

use super::{Application, Context, Http2, Layers, Probing, Protocol, tell};
use crate::chunk::{Chunk, Data};
use crate::event::What;
use crate::facts::Facts;
use crate::http;
use crate::http::exchange::PREFACE_HEAD;
use crate::side::{PerSide, Side};
use crate::sink::Sink;
use crate::tcp::Analysis;
use crate::ws::Decoder;

/// Returns the decoders for the frames behind an opening handshake.
fn agreed_decoders(facts: &Facts, in_step: bool) -> PerSide<Decoder> {
    let agreed = facts.handshake.agreed_deflate();
    let is_cut = facts.handshake.cut;
    let decoder = |side| match agreed {
        // The missing part of the head may have held the agreed extensions, and the end of the head itself.
        _ if is_cut => Decoder::joined(side, in_step).unsure(),
        agreed => Decoder::new(side, agreed.map(|no_context_takeover| no_context_takeover[side]), in_step),
    };
    PerSide { client: decoder(Side::Client), server: decoder(Side::Server) }
}

impl Layers {
    /// Returns the decoders for the frames behind the opening handshake.
    pub(super) fn agreed_decoders(&self, in_step: bool) -> PerSide<Decoder> {
        agreed_decoders(&self.facts, in_step)
    }

    /// Reads requests and responses, until a response switches to WebSocket.
    pub(super) fn http<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        let Application::Http(exchange) = &mut self.application else {
            return;
        };
        let carrier = chunk.place.carrier;
        let (facts, began_before) = (&mut self.facts, self.began_before);
        let (mut switched, mut other, mut to_http2) = (None, false, false);
        let Context { scratch, sink } = context;
        let taken = exchange.push(side, chunk, &mut |mut output| {
            match &mut output {
                http::Event::Request(request) => request.share(&mut scratch.texts),
                http::Event::Response(response) => response.share(&mut scratch.texts),
                _ => {}
            }
            match output {
                http::Event::Switched { in_step } => switched = Some(in_step),
                http::Event::NotHttp { .. } => other = true,
                // Another attempt on the same TCP connection, or HTTP/2 behind it: the one before was refused.
                http::Event::Request(_) | http::Event::Http2
                    if facts.handshake.response.is_some() && facts.switched.is_none() =>
                {
                    let next = Box::new(facts.of_next_attempt(carrier.seen));
                    let mut refused = std::mem::replace(facts, next);
                    // All packets up to this request belong to the refused attempt.
                    refused.last.packet = carrier.seen.packet.saturating_sub(1);
                    refused.tcp = Some(Box::new(Analysis::of_both(!began_before)));
                    sink.connection(refused);
                }
                _ => {}
            }
            to_http2 |= matches!(output, http::Event::Http2);
            tell(facts, side, carrier, What::Http(&output), *sink);
        });
        if other && self.protocol == Protocol::Http {
            self.protocol = Protocol::Unknown;
        }
        if to_http2 {
            // The client's preface continues behind its head; behind an upgrade, all of it is to come.
            self.speak_http2(Http2::new(if side == Side::Client { PREFACE_HEAD.len() } else { 0 }));
            self.http2(side, chunk.after(taken), context);
        } else if let Some(in_step) = switched {
            let decoders = agreed_decoders(facts, in_step);
            let pipelined = exchange.take_pipelined();
            self.application = if exchange.awaits_request() {
                Application::Unasked(Box::new((std::mem::take(&mut **exchange), decoders)))
            } else {
                Application::WebSocket(Box::new(decoders))
            };
            for kept in pipelined {
                self.chunk(Side::Client, kept.chunk(), context);
            }
            if matches!(chunk.data, Data::Bytes(bytes) if bytes.len() > taken) {
                self.chunk(side, chunk.after(taken), context);
            }
        } else if other && self.began_before {
            self.application = Application::Probe(Box::new(Probing::new(self.sides_are_known)));
            self.probe_frames(side, chunk, context);
        } else if other {
            self.application = Application::Other;
        } else if matches!(chunk.data, Data::Gap { .. }) {
            self.began_before = true;
            if exchange.is_lost() {
                self.probe_what_http_lost(context);
            }
        }
    }

    /// Reads what the client sent before its frames, once the server has switched: captures merged from several queues
    /// can contain the response first.
    pub(super) fn late_request<S: Sink>(&mut self, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        let Application::Unasked(unasked) = &mut self.application else {
            return;
        };
        let (facts, sink) = (&mut self.facts, &mut *context.sink);
        let mut other = false;
        let taken = unasked.0.push(Side::Client, chunk, &mut |output| match output {
            http::Event::NotHttp { .. } => other = true,
            output => tell(facts, Side::Client, chunk.place.carrier, What::Http(&output), sink),
        });
        if !other && unasked.0.awaits_request() {
            return;
        }
        if let Application::Unasked(unasked) = std::mem::replace(&mut self.application, Application::Unknown) {
            self.application = Application::WebSocket(Box::new(unasked.1));
        }
        self.chunk(Side::Client, chunk.after(taken), context);
    }
}
