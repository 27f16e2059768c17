//! One TCP connection: both halves, and what their segments say of each other.

use super::reassembly::{Arrival, Half, Payload};
use super::{Analysis, Event, Flags, Segment};
use crate::chunk::{Carrier, Chunk};
use crate::prefetch::prefetch;
use crate::seen::Seen;
use crate::side::{PerSide, Side};

/// A TCP connection as an observer sees it.
#[derive(Debug, Default)]
pub struct Tcp {
    halves: PerSide<Half>,
    analysis: Analysis,
    reset: bool,
}

impl Tcp {
    /// Asks for what every segment needs.
    #[inline]
    pub fn prefetch(&self) {
        for side in Side::BOTH {
            prefetch(&self.halves[side]);
            prefetch(&self.analysis.sent[side]);
        }
    }

    /// Takes a segment, if it is what nearly all are: it acknowledges, and brings the next bytes or none, of a connection in
    /// which nothing out of the ordinary has been seen. Its bytes are then for the caller to pass on, with their offset in the
    /// stream; all else is done that [`push`](Self::push) does with any segment, as far as it can matter.
    #[inline(always)]
    pub fn push_in_order(&mut self, side: Side, segment: &mut Segment<'_>) -> Option<u64> {
        let (own, other) = self.halves.own_and_other(side);
        let (sent, other_sent) = self.analysis.sent.own_and_other(side);
        let is_next = segment.flags.is_plain()
            && segment.is_whole()
            && segment.window > 0
            && own.is_next(segment.seq)
            && other.is_in_order()
            && sent.is_ordinary()
            && other_sent.is_ordinary();
        if !is_next {
            return None;
        }
        // In its place: a copy would be read while it is still being written, and wait for the cache.
        segment.carrier.acknowledges(other.offset_of(segment.ack));
        other.acknowledge(segment.ack);
        sent.note(segment);
        Some(own.pass(u64::from(segment.payload_len)))
    }

    /// Takes a segment that `side` sent; gives what it puts in order, of either side.
    pub fn push(&mut self, side: Side, segment: &Segment<'_>, out: &mut impl FnMut(Side, &Carrier, Event<'_>)) {
        let acked = segment.flags.has(Flags::ACK).then_some(segment.ack);
        let known = acked.and_then(|ack| self.halves[!side].offset_of(ack));
        let carrier = Carrier::new(segment.carrier.seen, known, segment.carrier.ttl);
        if segment.flags.has(Flags::RST) {
            // Its sender had sent all up to there, whether or not that was captured; a forger may have guessed.
            if segment.carrier.ttl == self.analysis.sent[side].ttl {
                self.halves[side].acknowledge(segment.seq);
            }
            self.analysis.apply(side, segment, Arrival::Empty);
            self.reset = true;
            if self.analysis.sent[side].note_reset(carrier) {
                out(side, &carrier, Event::Reset);
            }
            return;
        }
        if let Some(ack) = acked {
            self.halves[!side].acknowledge(ack);
        }
        let syn = segment.flags.has(Flags::SYN);
        let payload = Payload {
            seq: segment.seq.wrapping_add(u32::from(syn)),
            bytes: segment.payload,
            len: segment.payload_len,
            fin: segment.flags.has(Flags::FIN),
        };
        if syn {
            self.halves[side].synchronize(payload.seq);
        }
        let Self { halves, analysis, .. } = self;
        let arrival = halves[side].push(&carrier, &payload, &mut recorded(side, analysis, out));
        for half in Side::BOTH {
            halves[half].tick(&carrier, &mut recorded(half, analysis, out));
        }
        self.analysis.apply(side, segment, arrival);
    }

    /// Gives up every hole: no segment will come any more.
    pub fn finish(&mut self, out: &mut impl FnMut(Side, &Carrier, Event<'_>)) {
        let last = self.last_carrier();
        let Self { halves, analysis, .. } = self;
        for side in Side::BOTH {
            halves[side].finish(&last, &mut recorded(side, analysis, out));
            analysis.conflicts = analysis.conflicts.saturating_add(halves[side].conflicts());
        }
        analysis.finish(last.seen.time);
    }

    /// Gives up the first hole of each side, to free what is held behind it.
    pub fn give_up_holes(&mut self, out: &mut impl FnMut(Side, &Carrier, Event<'_>)) {
        let last = self.last_carrier();
        let Self { halves, analysis, .. } = self;
        for side in Side::BOTH {
            halves[side].give_up_hole(&last, &mut recorded(side, analysis, out));
        }
    }

    /// Exchanges the sides: what was taken for the client is the server.
    pub fn swap(&mut self) {
        self.halves.swap();
        self.analysis.sent.swap();
    }

    /// Bytes held out of order, of both sides.
    pub fn held_bytes(&self) -> usize {
        self.halves.client.held_bytes() + self.halves.server.held_bytes()
    }

    /// Whether nothing more can come: both have sent FIN, or one has reset.
    pub fn over(&self) -> bool {
        self.reset || (self.halves.client.finished() && self.halves.server.finished())
    }

    /// The last segment's packet.
    pub fn last(&self) -> Seen {
        self.last_carrier().seen
    }

    /// The last segment, with all that its side has acknowledged.
    fn last_carrier(&self) -> Carrier {
        let sent = &self.analysis.sent;
        let side = if sent.client.last() > sent.server.last() { Side::Client } else { Side::Server };
        let acked = self.halves[!side].acked();
        Carrier::new(sent[side].last().unwrap_or_default(), acked, sent[side].ttl)
    }

    /// What was noted.
    pub const fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// What was noted, once it is over.
    pub fn into_analysis(self) -> Box<Analysis> {
        Box::new(self.analysis)
    }
}

/// Passes a half's output on under its side, and keeps the books of losses and ends.
fn recorded<'o>(
    side: Side,
    analysis: &'o mut Analysis,
    out: &'o mut impl FnMut(Side, &Carrier, Event<'_>),
) -> impl FnMut(&Carrier, Event<'_>) + 'o {
    move |carrier, output| {
        let sent = &mut analysis.sent[side];
        match output {
            Event::Chunk { chunk: Chunk::Gap { len, missing }, .. } => sent.note_gap(len, missing),
            Event::Fin { offset } => sent.note_fin(*carrier, offset),
            Event::Chunk { chunk: Chunk::Bytes(_), .. } | Event::Reset => {}
        }
        out(side, carrier, output);
    }
}
