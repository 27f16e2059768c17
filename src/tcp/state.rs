//! One TCP connection: both halves, and the analysis of their segments.

use super::reassembly::{Arrival, Half, Payload};
use super::{Analysis, Event, Flags, Segment};
use crate::chunk::{Carrier, Data};
use crate::prefetch::prefetch;
use crate::seen::Seen;
use crate::side::{PerSide, Side};

/// A TCP connection as an observer sees it.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Tcp {
    halves: PerSide<Half>,
    analysis: Analysis,
}

impl Tcp {
    /// Prefetches what every segment needs.
    #[inline]
    pub fn prefetch(&self) {
        for side in Side::BOTH {
            prefetch(&self.halves[side]);
            prefetch(&self.analysis.sent[side]);
        }
    }

    /// Returns whether nothing waits for bytes before it.
    pub fn is_at_rest(&self) -> bool {
        self.halves.client.is_at_rest() && self.halves.server.is_at_rest()
    }

    /// Fast path for the common case: a plain ACK, in order, with or without bytes, on a connection with nothing
    /// unusual pending. Returns the stream offset of the payload, which the caller must deliver; `None` means the
    /// segment needs [`push`](Self::push). Does everything else that [`push`](Self::push) does, as far as it can matter
    /// here.
    #[inline(always)]
    pub fn push_in_order(&mut self, side: Side, segment: &mut Segment<'_>) -> Option<u64> {
        let is_reset = self.is_reset();
        let (own, other) = self.halves.own_and_other(side);
        let (sent, other_sent) = self.analysis.sent.own_and_other(side);
        let is_next = segment.flags.is_plain()
            && segment.is_whole()
            && segment.window > 0
            && own.is_next(segment.seq)
            && other.is_in_order()
            && !is_reset
            && sent.is_ordinary()
            && other_sent.is_ordinary();
        if !is_next {
            return None;
        }
        // Set in place: a copy would be read while it is still being written, and would wait for the cache.
        segment.carrier.acknowledges(other.offset_of(segment.ack));
        other.acknowledge(segment.ack);
        sent.note(segment);
        Some(own.pass(u64::from(segment.payload_len)))
    }

    /// Processes a segment that `side` sent. Passes the events that it puts in order to `out`, of either side.
    pub fn push(&mut self, side: Side, segment: &Segment<'_>, out: &mut impl FnMut(Side, &Carrier, Event<'_>)) {
        let acked = segment.flags.has(Flags::ACK).then_some(segment.ack);
        let known = acked.and_then(|ack| self.halves[!side].offset_of(ack));
        let carrier = Carrier::new(segment.carrier.seen, known, segment.carrier.ttl);
        if segment.flags.has(Flags::RST) {
            // The sender had sent everything before this sequence number, whether or not it was captured. A forger may
            // have guessed the number, but its time to live often differs.
            if segment.carrier.ttl == self.analysis.sent[side].ttl {
                self.halves[side].acknowledge(segment.seq);
            }
            self.analysis.apply(side, segment, Arrival::Empty);
            if !std::mem::replace(&mut self.analysis.sent[side].has_reset, true) {
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

    /// Gives up every hole. Must be called when no more segments will come.
    pub fn finish(&mut self, out: &mut impl FnMut(Side, &Carrier, Event<'_>)) {
        let last = self.last_carrier();
        let Self { halves, analysis, .. } = self;
        for side in Side::BOTH {
            halves[side].finish(&last, &mut recorded(side, analysis, out));
            analysis.conflicts = analysis.conflicts.saturating_add(halves[side].conflicts());
        }
        analysis.finish(last.seen.time);
    }

    /// Gives up the first hole of each side, to free the bytes held after it.
    pub fn give_up_holes(&mut self, out: &mut impl FnMut(Side, &Carrier, Event<'_>)) {
        let last = self.last_carrier();
        let Self { halves, analysis, .. } = self;
        for side in Side::BOTH {
            halves[side].give_up_hole(&last, &mut recorded(side, analysis, out));
        }
    }

    /// Exchanges the sides: the supposed client is the server.
    pub fn swap(&mut self) {
        self.halves.swap();
        self.analysis.sent.swap();
    }

    /// Returns the bytes held out of order, of both sides.
    pub fn held_bytes(&self) -> usize {
        self.halves.client.held_bytes() + self.halves.server.held_bytes()
    }

    /// Returns whether nothing more can come: both have sent FIN, or one has reset.
    pub fn over(&self) -> bool {
        self.is_reset() || (self.halves.client.finished() && self.halves.server.finished())
    }

    const fn is_reset(&self) -> bool {
        self.analysis.sent.client.has_reset || self.analysis.sent.server.has_reset
    }

    /// Returns the packet of the last segment.
    pub fn last(&self) -> Seen {
        self.last_carrier().seen
    }

    /// Returns the carrier of the last segment, with everything that its side has acknowledged.
    fn last_carrier(&self) -> Carrier {
        let sent = &self.analysis.sent;
        let side = if sent.client.last() > sent.server.last() { Side::Client } else { Side::Server };
        let acked = self.halves[!side].acked();
        Carrier::new(sent[side].last().unwrap_or_default(), acked, sent[side].ttl)
    }

    /// Returns the analysis so far.
    pub const fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// Returns the analysis, once the connection is over.
    pub fn into_analysis(self) -> Box<Analysis> {
        Box::new(self.analysis)
    }
}

/// Returns a callback that passes the events of a half on under its side, and notes its gaps.
fn recorded<'o>(
    side: Side,
    analysis: &'o mut Analysis,
    out: &'o mut impl FnMut(Side, &Carrier, Event<'_>),
) -> impl FnMut(&Carrier, Event<'_>) + 'o {
    move |carrier, output| {
        let sent = &mut analysis.sent[side];
        match output {
            Event::Chunk { data: Data::Gap { len, missing }, .. } => sent.note_gap(len, missing),
            Event::Chunk { data: Data::Bytes(_), .. } | Event::Fin { .. } | Event::Reset => {}
        }
        out(side, carrier, output);
    }
}
