//! Bytes behind a text that may go on with it: kept until enough of the stream is known to tell.

use super::{Decoder, Place, State, TextBefore};
use crate::chunk::Carrier;
use crate::limits;
use crate::ws::frame::{Opcode, unmask};
use crate::ws::resync::{BEHIND, Behind, behind_text};
use crate::ws::violation::{Context, Kind, Rules};
use crate::ws::{Event, Previews, Scratch};

/// Bytes of the stream behind a text, at most [`BEHIND`].
#[derive(Debug)]
pub(super) struct Waiting {
    text: TextBefore,
    /// What they would be as a frame.
    opcode: Opcode,
    /// Stream offset of the first.
    offset: u64,
    bytes: Vec<u8>,
    /// The segments that brought them, each with where its bytes begin.
    carriers: Vec<(usize, Carrier)>,
}

impl Waiting {
    /// Keeps the next bytes; returns how many there is room for.
    fn push(&mut self, carrier: &Carrier, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(BEHIND.saturating_sub(self.bytes.len()));
        if let Some(taken @ [_, ..]) = bytes.get(..taken) {
            self.carriers.push((self.bytes.len(), *carrier));
            self.bytes.extend_from_slice(taken);
        }
        taken
    }

    /// Tells what they are, if that is known; it is where they are all that comes.
    fn told(&self, is_all: bool, rules: Rules) -> Option<Behind> {
        let TextBefore { key, phase, is_cut, .. } = self.text;
        behind_text(&self.bytes, key.map(|key| (key, u64::from(phase))), is_cut, is_all, rules)
    }

    /// Shows the first bytes of `len`, as the text has them; `previews` tell how the text began.
    fn context(&self, len: usize, previews: &Previews) -> Context {
        let TextBefore { key, phase, text, .. } = self.text;
        let most = limits::CONTEXT + limits::AROUND_CONTEXT;
        let mut excess = self.bytes.get(..len.min(most)).unwrap_or_default().to_vec();
        if let Some(key) = key {
            unmask(&mut excess, key, u64::from(phase));
        }
        // Of a longer message the last bytes are not known.
        let before = previews.get(text).filter(|before| before.len() < limits::PREVIEW);
        Context::going_on(before.unwrap_or_default(), &excess, before.is_some())
    }

    /// What each segment brought from the byte `from` on, with its stream offset.
    fn pieces(&self, from: usize) -> impl Iterator<Item = (&Carrier, u64, &[u8])> {
        let ends = self.carriers.iter().skip(1).map(|(begin, _)| *begin).chain([self.bytes.len()]);
        self.carriers.iter().zip(ends).filter_map(move |((begin, carrier), end)| {
            let begin = from.max(*begin);
            let piece = self.bytes.get(begin..end).filter(|piece| !piece.is_empty())?;
            Some((carrier, self.offset.saturating_add(begin as u64), piece))
        })
    }
}

impl Decoder {
    /// Keeps bytes behind a text whose first two, of an `opcode`, are no header that is expected there: those that came
    /// `before`, with their carrier and stream offset, and `bytes`. Returns how many of `bytes` that takes; `None` where no
    /// text stands before them, or where they are known to be a frame.
    pub(super) fn doubt(
        &mut self,
        before: (&Carrier, u64, &[u8]),
        place: Place<'_>,
        bytes: &[u8],
        opcode: Opcode,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> Option<usize> {
        let text = self.text_before.take()?;
        self.overruns = self.overruns.checked_add(1).filter(|overruns| *overruns <= limits::OVERRUNS)?;
        let (begun, offset, before) = before;
        let mut waiting = Box::new(Waiting { text, opcode, offset, bytes: Vec::new(), carriers: Vec::new() });
        waiting.push(begun, before);
        let taken = waiting.push(place.carrier, bytes);
        match waiting.told(false, self.rules) {
            Some(Behind::Frame) => return None,
            Some(told) => self.go_on(&waiting, told, scratch, out),
            None => self.state = State::Waiting(waiting),
        }
        Some(taken)
    }

    /// Takes the next bytes behind those that are kept; returns how many.
    pub(super) fn wait(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let State::Waiting(mut waiting) = std::mem::replace(&mut self.state, State::Header) else {
            return 0;
        };
        let taken = waiting.push(place.carrier, bytes);
        match waiting.told(false, self.rules) {
            Some(told) => self.go_on(&waiting, told, scratch, out),
            None => self.state = State::Waiting(waiting),
        }
        taken
    }

    /// Goes on with what is kept: nothing follows it that is known.
    pub(super) fn stop_waiting(&mut self, scratch: &mut Scratch, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        // Frames among it may end in a text that is too short as well.
        while let State::Waiting(waiting) = &mut self.state {
            let told = waiting.told(true, self.rules).unwrap_or(Behind::Frame);
            if let State::Waiting(waiting) = std::mem::replace(&mut self.state, State::Header) {
                self.go_on(&waiting, told, scratch, out);
            }
        }
    }

    fn go_on(
        &mut self,
        waiting: &Waiting,
        told: Behind,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        let skipped = match told {
            Behind::Frame => 0,
            Behind::Text(len) => len,
        };
        if skipped > 0
            && let Some((carrier, offset, _)) = waiting.pieces(0).next()
        {
            let end = Place { carrier, offset }.after(1);
            let kind = Kind::LengthTooShort(skipped as u64);
            let context = waiting.context(skipped, &scratch.previews);
            out(carrier, self.violation(kind, waiting.opcode, *carrier, end, context));
        }
        for (carrier, offset, piece) in waiting.pieces(skipped) {
            self.bytes(carrier, offset, piece, scratch, out);
        }
    }
}
