//! One TCP connection: both halves, and what their segments say of each other.

use super::reassembly::{Arrival, Half, Payload};
use super::{Analysis, Flags, Output, Segment};
use crate::chunk::{Carrier, Chunk};
use crate::prefetch::prefetch;
use crate::seen::Seen;
use crate::side::{PerSide, Side};

/// A TCP connection as an observer sees it.
#[derive(Debug, Default)]
pub struct Tcp {
    halves: PerSide<Half>,
    analysis: Analysis,
    last: Carrier,
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
        prefetch(&self.last);
    }

    /// Takes a segment that `side` sent; gives what it puts in order, of either side.
    pub fn push(&mut self, side: Side, segment: &Segment<'_>, out: &mut impl FnMut(Side, &Carrier, Output<'_>)) {
        if self.is_next(side, segment) {
            return self.push_next(side, segment, out);
        }
        let acked = segment.flags.has(Flags::ACK).then_some(segment.ack);
        let known = acked.and_then(|ack| self.halves[!side].offset_of(ack));
        let carrier = Carrier::new(segment.seen, known, segment.ttl);
        self.last = carrier;
        if segment.flags.has(Flags::RST) {
            // Its sender had sent all up to there, whether or not that was captured; a forger may have guessed.
            if segment.ttl == self.analysis.sent[side].ttl {
                self.halves[side].acknowledge(segment.seq);
            }
            self.analysis.apply(side, segment, Arrival::Empty);
            self.reset = true;
            if self.analysis.sent[side].note_reset(carrier) {
                out(side, &carrier, Output::Reset);
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

    /// Whether a segment is what nearly all are: it acknowledges, and brings the next bytes or none, of a connection in
    /// which nothing out of the ordinary has been seen.
    #[inline]
    fn is_next(&self, side: Side, segment: &Segment<'_>) -> bool {
        segment.flags.is_plain()
            && self.halves[side].is_next(segment.seq)
            && self.halves[!side].is_in_order()
            && self.analysis.is_ordinary(side, segment)
    }

    /// Takes such a segment: what [`push`](Self::push) does with any, as far as it can matter.
    #[inline]
    fn push_next(&mut self, side: Side, segment: &Segment<'_>, out: &mut impl FnMut(Side, &Carrier, Output<'_>)) {
        let Self { halves, analysis, last, .. } = self;
        let carrier = Carrier::new(segment.seen, halves[!side].offset_of(segment.ack), segment.ttl);
        *last = carrier;
        halves[!side].acknowledge(segment.ack);
        if segment.payload_len > 0 {
            let len = u64::from(segment.payload_len);
            halves[side].deliver(&carrier, segment.payload, len, &mut recorded(side, analysis, out));
        }
        analysis.sent[side].note(segment);
    }

    /// Gives up every hole: no segment will come any more.
    pub fn finish(&mut self, out: &mut impl FnMut(Side, &Carrier, Output<'_>)) {
        let Self { halves, analysis, last, .. } = self;
        for side in Side::BOTH {
            halves[side].finish(last, &mut recorded(side, analysis, out));
            analysis.conflicts = analysis.conflicts.saturating_add(halves[side].conflicts());
        }
        analysis.finish(last.seen.time);
    }

    /// Gives up the first hole of each side, to free what is held behind it.
    pub fn give_up_holes(&mut self, out: &mut impl FnMut(Side, &Carrier, Output<'_>)) {
        let Self { halves, analysis, last, .. } = self;
        for side in Side::BOTH {
            halves[side].give_up_hole(last, &mut recorded(side, analysis, out));
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
    pub const fn last(&self) -> Seen {
        self.last.seen
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
    out: &'o mut impl FnMut(Side, &Carrier, Output<'_>),
) -> impl FnMut(&Carrier, Output<'_>) + 'o {
    move |carrier, output| {
        let sent = &mut analysis.sent[side];
        match output {
            Output::Chunk { chunk: Chunk::Gap { len, missing }, .. } => sent.note_gap(len, missing),
            Output::Fin { offset } => sent.note_fin(*carrier, offset),
            Output::Chunk { chunk: Chunk::Bytes(_), .. } | Output::Reset => {}
        }
        out(side, carrier, output);
    }
}
