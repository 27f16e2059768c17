//! The search for frames on a connection without a complete opening handshake in the capture.

use super::{Application, Context, Http2, Layers};
use crate::chunk::{Chunk, Data, Place};
use crate::event::What;
use crate::http2;
use crate::side::{PerSide, Side};
use crate::sink::Sink;
use crate::ws::{Decoder, Found, Probe};

/// A search for a protocol in the middle of a connection.
#[derive(Debug)]
pub(super) struct Probing {
    frames: Probe,
    /// The search for HTTP/2, which a stream of it does not carry.
    http2: Option<http2::Probe>,
}

impl Probing {
    /// Creates a search in a connection about which nothing is known except, perhaps, the side of the client.
    pub fn new(sides_are_known: bool) -> Self {
        Self { frames: Probe::new(sides_are_known), http2: Some(http2::Probe::default()) }
    }

    /// Creates a search that looks for WebSocket frames only.
    pub const fn for_frames(frames: Probe) -> Self {
        Self { frames, http2: None }
    }

    /// Returns whether there is no evidence for WebSocket frames so far.
    pub const fn knows_nothing(&self) -> bool {
        self.frames.knows_nothing()
    }

    /// Returns the number of bytes that the kept chunks take, with their overhead.
    pub fn kept_bytes(&self) -> usize {
        self.frames.kept_bytes() + self.http2.as_ref().map_or(0, http2::Probe::held_bytes)
    }

    /// Drops the kept chunks.
    pub fn let_go(&mut self) {
        self.frames.let_go();
        if let Some(http2) = &mut self.http2 {
            http2.let_go();
        }
    }
}

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
        if let Application::Probe(probe) = &mut self.application
            && let Some(http2) = &mut probe.http2
            && http2.push(side, chunk)
        {
            let (chunks, streams) = std::mem::take(http2).into_parts();
            self.speak_http2(Http2::joined(streams));
            return chunks.iter().for_each(|(side, kept)| self.http2(*side, kept.chunk(), context));
        }
        self.probe_frames(side, chunk, context);
    }

    /// Looks for frames in a chunk that is not HTTP.
    pub(super) fn probe_frames<S: Sink>(&mut self, side: Side, chunk: Chunk<'_>, context: &mut Context<'_, S>) {
        let Application::Probe(probe) = &mut self.application else {
            return;
        };
        match probe.frames.push(side, chunk) {
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
        let probe = probe.frames;
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
        self.application = Application::Probe(Box::new(Probing::for_frames(probe)));
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
