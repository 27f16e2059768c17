//! Frame headers and the rules they break; and the fast path for frames in one piece.

use super::{Decoder, Frame, State, TextBefore};
use crate::chunk::{Carrier, Place};
use crate::shortcuts;
use crate::side::Side;
use crate::ws::frame::{Header, Opcode, START, header, start};
use crate::ws::message::{whole, whole_control};
use crate::ws::partial::Partial;
use crate::ws::violation::{Context, Kind, MessageState, is_legal, of_length, of_start};
use crate::ws::{Event, Scratch};

/// The beginning of an HTTP/1 response, in place of a frame.
const HTTP: &[u8] = b"HTTP/1.";

impl Decoder {
    /// Fast path for most frames. Returns [`Event::Whole`] and the number of bytes in the frame, if `bytes`, which begin
    /// at `place`, begin with a frame of that kind. `None` means that the bytes need [`Self::push`].
    #[inline(always)]
    pub fn whole(&mut self, place: Place<'_>, bytes: &[u8], scratch: &mut Scratch) -> Option<(Event<'static>, usize)> {
        let (rest, header) = header(bytes).ok()?;
        let is_next = shortcuts::are_taken()
            && matches!(self.state, State::Header(None))
            && !self.closed
            && self.messages.state() == MessageState::Closed
            && header.start.is_plain_message()
            && is_legal(&header, self.rules, MessageState::Closed);
        let preview = if is_next { whole(&header, rest, scratch)? } else { return None };
        self.well_masked = true;
        let is_text = header.start.opcode == Opcode::TEXT;
        let phase = (header.length % 4) as u8;
        self.text_before = is_text.then_some(TextBefore { key: header.key, phase, is_cut: false, text: preview });
        let Place { offset: header_end, wire, .. } = place.after(usize::from(header.size));
        Some((Event::Whole { header, header_end, wire, preview }, usize::from(header.size) + header.length as usize))
    }

    /// Takes bytes of a header, and of the payload after it. Returns how many.
    pub(super) fn header(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        if let Some((event, taken)) = self.whole(place, bytes, scratch) {
            out(place.carrier, event);
            return taken;
        }
        if shortcuts::are_taken()
            && matches!(self.state, State::Header(None))
            && let Ok((rest, header)) = header(bytes)
            && is_legal(&header, self.rules, self.messages.state())
            && (!self.closed || header.start.opcode == Opcode::CLOSE)
        {
            if let Some(payload) = whole_control(&header, rest, scratch) {
                return self.control(&header, payload, place, out);
            }
            let frame = Frame::new(header, place, true);
            return self.begin(frame, place, usize::from(header.size), bytes, scratch, out);
        }
        self.doubtful_header(place, bytes, scratch, out)
    }

    /// Emits the events of a ping or pong in one piece. Returns how many bytes it has.
    fn control(
        &mut self,
        header: &Header,
        payload: &[u8],
        place: Place<'_>,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let size = usize::from(header.size);
        self.well_masked = true;
        self.text_before = None;
        let Place { offset: header_end, wire, .. } = place.after(size);
        out(place.carrier, Event::Frame { header: *header, start: place.carrier.seen, header_end, wire });
        let is_ping = header.start.opcode == Opcode::PING;
        out(place.carrier, if is_ping { Event::Ping { payload, framed: true } } else { Event::Pong(payload) });
        size + payload.len()
    }

    /// The same for a header that is cut, or breaks a rule, or may not be a header.
    #[cold]
    fn doubtful_header(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let begun = if let State::Header(partial) = &mut self.state { partial.take() } else { None };
        let mut partial = begun.map_or_else(|| Partial::at(place), |partial| *partial);
        let begun = partial.carrier;
        let had = partial.bytes().len();
        let copied = partial.fill(bytes);
        let known = partial;
        let known = known.bytes();
        let context = |len: usize| Context::beginning(known.get(..len).unwrap_or(known));
        if self.rules.side == Side::Server && known.iter().zip(HTTP).all(|(a, b)| a == b) {
            if known.len() >= HTTP.len() {
                let end = place.after(HTTP.len().saturating_sub(had));
                let http = context(HTTP.len());
                out(place.carrier, self.violation(Kind::HttpAfterUpgrade, Opcode::CLOSE, begun, end, http));
                self.lose(place, out);
            } else {
                self.state = State::Header(Some(Box::new(partial)));
            }
            return copied;
        }
        let parsed = header(known).ok().map(|(_, parsed)| parsed);
        let Ok((_, first)) = start(known) else {
            self.state = State::Header(Some(Box::new(partial)));
            return copied;
        };
        let is_legal_start =
            of_start(first, u64::from(first.length), self.rules, self.messages.state()).next().is_none();
        if self.unsure && !self.well_masked && !is_legal_start {
            self.lose(place, out);
            return copied;
        }
        if !std::mem::replace(&mut partial.judged, true) {
            let end = place.after(START.saturating_sub(had));
            let mut kinds: Vec<_> =
                of_start(first, u64::from(first.length), self.rules, self.messages.state()).collect();
            let implausible = kinds.iter().filter(|kind| kind.is_implausible(self.well_masked)).count();
            if implausible > 0 {
                let known = known.get(..had).unwrap_or_default();
                if let Some(taken) = self.doubt((partial.place(), known), place, bytes, first.opcode, scratch, out) {
                    return taken;
                }
            }
            partial.legal = kinds.is_empty();
            // An oversized control frame is reported with the rest of the header, which may contain the length.
            kinds.retain(|kind| !matches!(kind, Kind::OversizedControl(_)));
            for kind in kinds {
                out(place.carrier, self.violation(kind, first.opcode, begun, end, context(START)));
            }
            if implausible > 1 {
                out(place.carrier, self.violation(Kind::Desynchronized, first.opcode, begun, end, context(START)));
                self.lose(place, out);
                return copied;
            }
            if self.closed && first.opcode != Opcode::CLOSE {
                out(place.carrier, self.violation(Kind::AfterClose, first.opcode, begun, end, context(START)));
            }
        }
        let Some(parsed) = parsed else {
            self.state = State::Header(Some(Box::new(partial)));
            return copied;
        };
        let taken = usize::from(parsed.size).saturating_sub(had);
        let end = place.after(taken);
        let legal = partial.legal;
        let size = usize::from(parsed.size);
        if first.opcode.is_control() && parsed.length > 125 {
            // Endpoints object as soon as they have the second byte.
            let needed = place_of_start(&partial, had, place);
            out(
                place.carrier,
                self.violation(Kind::OversizedControl(parsed.length), first.opcode, begun, needed, context(size)),
            );
        }
        for kind in of_length(&parsed) {
            out(place.carrier, self.violation(kind, first.opcode, begun, end, context(size)));
        }
        if parsed.length >> 63 == 1 {
            self.lose(place, out);
            return taken;
        }
        self.begin(Frame::new(parsed, partial.place(), legal), place, taken, bytes, scratch, out)
    }

    /// Begins a frame, where its header ends `taken` bytes into `bytes`, and reads its payload as far as it is there.
    /// Returns how many bytes header and payload have taken.
    fn begin(
        &mut self,
        mut frame: Frame,
        place: Place<'_>,
        taken: usize,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let Frame { header, start, .. } = frame;
        let end = place.after(taken);
        self.well_masked |= header.start.masked == (self.rules.side == Side::Client);
        let Place { offset: header_end, wire, .. } = end;
        out(place.carrier, Event::Frame { header, start: start.seen, header_end, wire });
        if matches!(header.start.opcode, Opcode::CONTINUATION | Opcode::TEXT | Opcode::BINARY) {
            self.messages.begin_frame(&header, start.seen);
        }
        if let Some(control) = &mut self.control {
            control.clear();
        }
        let paid = self.payload(&mut frame, end, bytes.get(taken..).unwrap_or_default(), scratch, out);
        if !frame.is_complete() {
            self.state = State::Payload(Box::new(frame));
        }
        taken + paid
    }
}

/// Returns the place after the first two bytes of a header, of which the first `had` came before `place`.
const fn place_of_start<'a>(partial: &'a Partial, had: usize, place: Place<'a>) -> Place<'a> {
    if had >= START { partial.place().after(START) } else { place.after(START - had) }
}
