//! Bytes after a text that may continue it, kept until enough of the stream is known to decide that.

use super::{Decoder, State, TextBefore};
use crate::chunk::{Carrier, Place, Wire};
use crate::limits;
use crate::ws::frame::{Opcode, unmask};
use crate::ws::resync::{Behind, behind_text};
use crate::ws::violation::{Context, Kind, Negotiated};
use crate::ws::{Event, Previews, Scratch};

/// The bytes of the stream after a text, at most [`limits::OVERRUN_BYTES`].
#[derive(Debug)]
pub(super) struct Waiting {
    text: TextBefore,
    /// The opcode that they would have as a frame.
    opcode: Opcode,
    /// Stream offset of the first byte.
    offset: u64,
    bytes: Vec<u8>,
    /// The segments that carried the bytes, each with the index of its first byte, and what that needs.
    carriers: Vec<(usize, Carrier, Wire)>,
    /// The number of bytes at which the next attempt to decide is worthwhile.
    look_at: usize,
}

impl Waiting {
    /// Keeps the next bytes. Returns how many of them there was room for.
    fn push(&mut self, place: Place<'_>, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(limits::OVERRUN_BYTES.saturating_sub(self.bytes.len()));
        if let Some(taken @ [_, ..]) = bytes.get(..taken) {
            self.carriers.push((self.bytes.len(), *place.carrier, place.wire));
            self.bytes.extend_from_slice(taken);
        }
        taken
    }

    /// Decides what the bytes are, if enough have come since the last attempt: an eighth more, so that a stream of
    /// small segments is not examined once a byte. The decision does not depend on when it is made.
    fn decide(&mut self, rules: Negotiated) -> Option<Behind> {
        if self.bytes.len() < self.look_at.min(limits::OVERRUN_BYTES) {
            return None;
        }
        self.look_at = self.bytes.len() + self.bytes.len() / 8 + 1;
        self.behind(false, rules)
    }

    /// Decides what the bytes are. Always succeeds if nothing follows them (`is_all`).
    fn behind(&self, is_all: bool, rules: Negotiated) -> Option<Behind> {
        let TextBefore { key, phase, is_cut, .. } = self.text;
        behind_text(&self.bytes, key.map(|key| (key, u64::from(phase))), is_cut, is_all, rules)
    }

    /// Returns a context that shows the beginning of the `len` excess bytes, unmasked as part of the text. `previews`
    /// contains the beginning of the text.
    fn context(&self, len: usize, previews: &Previews) -> Context {
        let TextBefore { key, phase, text, .. } = self.text;
        let most = limits::CONTEXT + limits::AROUND_CONTEXT;
        let mut excess = self.bytes.get(..len.min(most)).unwrap_or_default().to_vec();
        if let Some(key) = key {
            unmask(&mut excess, key, u64::from(phase));
        }
        // The last bytes of a longer message are not kept.
        let before = previews.get(text).filter(|before| before.len() < limits::PREVIEW);
        Context::going_on(before.unwrap_or_default(), &excess, before.is_some())
    }

    /// Returns the bytes of each segment, from index `from` on, with their place.
    fn pieces(&self, from: usize) -> impl Iterator<Item = (Place<'_>, &[u8])> {
        let ends = self.carriers.iter().skip(1).map(|(begin, ..)| *begin).chain([self.bytes.len()]);
        self.carriers.iter().zip(ends).filter_map(move |((begin, carrier, wire), end)| {
            let place = Place { carrier, offset: self.offset.saturating_add(*begin as u64), wire: *wire };
            let first = from.max(*begin);
            let piece = self.bytes.get(first..end).filter(|piece| !piece.is_empty())?;
            Some((place.after(first - begin), piece))
        })
    }
}

impl Decoder {
    /// Starts to wait with bytes after a text that do not begin with an expected header, but one with `opcode`: those
    /// that came `before`, with their place, and `bytes`. Returns how many of `bytes` it has taken;
    /// `None` if there is no text before them, or if they are decided to be a frame, or if there were too many such
    /// searches.
    #[cold]
    pub(super) fn doubt(
        &mut self,
        before: (Place<'_>, &[u8]),
        place: Place<'_>,
        bytes: &[u8],
        opcode: Opcode,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> Option<usize> {
        let text = self.text_before.take()?;
        self.overruns = self.overruns.checked_add(1).filter(|overruns| *overruns <= limits::OVERRUNS)?;
        let (begun, before) = before;
        let mut waiting = Box::new(Waiting {
            text,
            opcode,
            offset: begun.offset,
            bytes: Vec::new(),
            carriers: Vec::new(),
            look_at: 0,
        });
        waiting.push(begun, before);
        let taken = waiting.push(place, bytes);
        match waiting.decide(self.rules) {
            Some(Behind::Frame) => return None,
            Some(behind) => self.go_on(&waiting, behind, scratch, out),
            None => self.state = State::Waiting(waiting),
        }
        Some(taken)
    }

    /// Takes the next bytes after those that are kept. Returns how many.
    #[cold]
    pub(super) fn wait(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let State::Waiting(mut waiting) = std::mem::replace(&mut self.state, State::BETWEEN) else {
            return 0;
        };
        let taken = waiting.push(place, bytes);
        match waiting.decide(self.rules) {
            Some(behind) => self.go_on(&waiting, behind, scratch, out),
            None => self.state = State::Waiting(waiting),
        }
        taken
    }

    /// Decides on the bytes that are kept, and decodes them, because nothing follows them.
    pub(super) fn stop_waiting(&mut self, scratch: &mut Scratch, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        // The frames among them may in turn end in a text with too short a length.
        while let State::Waiting(waiting) = &mut self.state {
            let behind = waiting.behind(true, self.rules).unwrap_or(Behind::Frame);
            if let State::Waiting(waiting) = std::mem::replace(&mut self.state, State::BETWEEN) {
                self.go_on(&waiting, behind, scratch, out);
            }
        }
    }

    /// Reports the excess if there is one, and decodes the rest of the bytes that were kept.
    fn go_on(
        &mut self,
        waiting: &Waiting,
        behind: Behind,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        let skipped = match behind {
            Behind::Frame => 0,
            Behind::Text(len) => len,
        };
        if skipped > 0
            && let Some((first, _)) = waiting.pieces(0).next()
        {
            let (carrier, end) = (first.carrier, first.after(1));
            let kind = Kind::LengthTooShort(skipped as u64);
            let context = waiting.context(skipped, &scratch.previews);
            out(carrier, self.violation(kind, waiting.opcode, *carrier, end, context));
        }
        for (place, piece) in waiting.pieces(skipped) {
            self.bytes(place, piece, scratch, out);
        }
    }
}
