//! The search for frames on a connection without a complete opening handshake in the capture.

use super::{Application, Context, Layers};
use crate::chunk::{Chunk, Data, Place};
use crate::event::What;
use crate::side::{PerSide, Side};
use crate::sink::Sink;
use crate::ws::{Decoder, Found, Probe};

impl Layers {
    /// Looks for frames in a chunk, unless it begins with a head of HTTP/1, which may be an opening handshake.
    pub(super) fn probe<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        if let Data::Bytes(bytes) = chunk.data
            && let Some(speaker) = speaker_of_head(bytes)
            && (speaker == side || !self.sides_are_known)
        {
            if speaker != side {
                self.swap();
            }
            self.application = Application::Http(Box::default());
            return self.http(speaker, chunk, context);
        }
        self.probe_frames(side, chunk, context);
    }

    /// Looks for frames in a chunk that is not HTTP.
    pub(super) fn probe_frames<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        let Application::Probe(probe) = &mut self.application else {
            return;
        };
        match probe.push(side, chunk) {
            Found::Nothing => {}
            Found::NoWebSocket => self.application = Application::Other,
            Found::Frames { swapped } => {
                if swapped {
                    self.swap();
                }
                let from = self.read_what_was_kept(side, swapped, chunk.place, context);
                // The rest of this chunk, from its first frame on.
                let side = if swapped { !side } else { side };
                let before = from.map_or(0, |from| from.saturating_sub(chunk.place.offset));
                self.frames(side, chunk.after(usize::try_from(before).unwrap_or(usize::MAX)), context);
            }
        }
    }

    /// Switches to frames, and reads those that the probe has kept. Returns the stream offset from which frames follow
    /// in the chunk at `place`, which `side` sent. `swapped` says that the probe has the sides the other way round.
    fn read_what_was_kept<S: Sink>(
        &mut self,
        side: Side,
        swapped: bool,
        place: Place<'_>,
        context: &mut Context<'_, S>,
    ) -> Option<u64> {
        let Application::Probe(probe) = std::mem::replace(&mut self.application, Application::Unknown) else {
            return None;
        };
        let own = |side: Side| if swapped { !side } else { side };
        let decoder = |side| Decoder::joined(side, probe.in_step(own(side)));
        self.application =
            Application::WebSocket(Box::new(PerSide { client: decoder(Side::Client), server: decoder(Side::Server) }));
        let from = probe.begins_at(side, place.offset);
        let chunks = probe.into_chunks();
        let first = chunks.first().map_or(*place.carrier, |(_, chunk)| *chunk.carrier());
        self.tell(own(side), &first, What::Joined, context);
        for (side, kept) in &chunks {
            self.frames(own(*side), kept.chunk(), context);
        }
        from
    }

    /// Switches from HTTP to a search for frames, where the response to an opening handshake was lost, or both sides'
    /// heads.
    pub(super) fn probe_what_http_lost<S: Sink>(&mut self, context: &mut Context<'_, S>) {
        let Application::Http(exchange) = &mut self.application else {
            return;
        };
        let exchange = std::mem::take(&mut **exchange);
        let probe = if exchange.has_asked() { Probe::asked() } else { Probe::new(self.sides_are_known) };
        self.application = Application::Probe(Box::new(probe));
        let (request, pipelined) = exchange.into_unanswered();
        if let Some(request) = request {
            self.facts.handshake.ask(request);
        }
        for kept in pipelined {
            self.chunk(Side::Client, kept.chunk(), context);
        }
    }

    /// Looks for frames behind requests, once it is known that no response to them was captured.
    pub(super) fn probe_behind_requests<S: Sink>(&mut self, context: &mut Context<'_, S>) {
        // An opening handshake may follow a CONNECT.
        for _ in 0..2 {
            if let Application::Http(exchange) = &self.application
                && exchange.awaits_answer()
            {
                self.probe_what_http_lost(context);
            }
        }
    }

    /// Swaps the sides: what was taken for the client is the server.
    pub(super) fn swap(&mut self) {
        self.swapped = !self.swapped;
        self.facts.swap();
    }
}

/// Returns the side that sends bytes that begin like this: the head of a GET, or of a response.
fn speaker_of_head(bytes: &[u8]) -> Option<Side> {
    if bytes.starts_with(b"GET ") {
        Some(Side::Client)
    } else if super::is_http_response(bytes) {
        Some(Side::Server)
    } else {
        None
    }
}
