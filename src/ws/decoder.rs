//! The frames of one side, from chunks cut anywhere.
//!
//! In-order payload bytes are lent through; only a header cut in two and a control payload are kept. Decoding goes on
//! behind violations as far as lengths can be believed, and behind gaps as far as they lie within a known payload.

mod lost;

use super::close::{Body, body};
use super::frame::{Header, Opcode, START, header, start, unmask};
use super::message::{Fault, Messages, whole, whole_control};
use super::partial::{Control, Partial};
use super::resync::{Search, overrun};
use super::violation::{Context, Kind, MessageState, Rules, Violation, is_legal, of_length, of_start};
use super::{Close, Event, Preview, Scratch};
use crate::chunk::{Carrier, Chunk, Missing};
use crate::limits;
use crate::prefetch::prefetch;
use crate::side::Side;

/// What begins an HTTP/1 response where a frame should begin.
const HTTP: &[u8] = b"HTTP/1.";

/// Decodes one side's frames.
#[derive(Debug)]
pub struct Decoder {
    rules: Rules,
    state: State,
    /// A header whose end has not come yet.
    partial: Option<Box<Partial>>,
    messages: Messages,
    /// The captured beginning of a control payload, still masked.
    control: Option<Box<Control>>,
    /// The mask of the text payload that has just ended, the phase that its next byte would have, and whether it may
    /// have ended within a code point.
    text_before: Option<(Option<[u8; 4]>, u8, bool)>,
    /// Frames so far that were masked as their side should.
    well_masked: u32,
    closed: bool,
    /// Whether the first byte may not have been the first of a frame.
    unsure: bool,
    /// How often an excess of text has been searched for.
    overruns: u8,
    /// What may be frames again, since they were lost sight of.
    search: Option<Box<Search>>,
}

#[derive(Debug)]
enum State {
    Header,
    Payload(Box<Frame>),
    Lost,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    header: Header,
    /// The segment with its first byte.
    start: Carrier,
    /// Stream offset of its first byte.
    offset: u64,
    /// Payload bytes so far, missing ones included.
    received: u64,
    /// Whether all of them were captured.
    intact: bool,
    /// Whether its header broke no rule.
    legal: bool,
}

/// Where a piece of the stream came from.
#[derive(Clone, Copy)]
struct Place<'a> {
    carrier: &'a Carrier,
    offset: u64,
}

impl Frame {
    const fn new(header: Header, start: Carrier, offset: u64, legal: bool) -> Self {
        Self { header, start, offset, received: 0, intact: true, legal }
    }

    /// Whether all of its payload has come.
    const fn is_complete(&self) -> bool {
        self.received == self.header.length
    }
}

impl Place<'_> {
    /// The same segment, so many bytes on.
    const fn after(self, bytes: usize) -> Self {
        Self { offset: self.offset.saturating_add(bytes as u64), ..self }
    }
}

impl Decoder {
    /// A decoder for the frames of `side`; `no_context_takeover` of that side where permessage-deflate was agreed.
    /// `in_step` if its first byte is the first of a frame.
    pub fn new(side: Side, no_context_takeover: Option<bool>, in_step: bool) -> Self {
        Self {
            rules: Rules { side, deflate: no_context_takeover.is_some() },
            state: if in_step { State::Header } else { State::Lost },
            partial: None,
            messages: Messages::new(no_context_takeover),
            control: None,
            text_before: None,
            well_masked: 0,
            closed: false,
            unsure: false,
            overruns: 0,
            search: None,
        }
    }

    /// A decoder for the frames of `side` from somewhere in their midst on, of which nothing was agreed that is known: its
    /// compressed messages cannot be inflated.
    pub fn joined(side: Side, in_step: bool) -> Self {
        let mut decoder = Self::new(side, Some(false), in_step);
        decoder.messages.lose();
        decoder
    }

    /// Asks for what every frame needs.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.state);
        prefetch(&self.messages);
        prefetch(&self.text_before);
        prefetch(&self.well_masked);
    }

    /// The same decoder, of which it is not certain that its first byte is the first of a frame: the head before was cut.
    pub const fn unsure(mut self) -> Self {
        self.unsure = true;
        self
    }

    /// Payload bytes that the frame now open declared, and that have not come.
    pub fn outstanding(&self) -> u64 {
        match &self.state {
            State::Payload(frame) => frame.header.length.saturating_sub(frame.received),
            State::Header | State::Lost => 0,
        }
    }

    /// Takes the next chunk of the stream, which begins at `offset` of it.
    #[inline(always)]
    pub fn push(
        &mut self,
        carrier: &Carrier,
        offset: u64,
        chunk: Chunk<'_>,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        match chunk {
            Chunk::Bytes(bytes) => self.bytes(carrier, offset, bytes, scratch, out),
            Chunk::Gap { len, missing } => self.gap(Place { carrier, offset }, len, missing, scratch, out),
        }
    }

    fn bytes(
        &mut self,
        carrier: &Carrier,
        offset: u64,
        mut bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        let mut place = Place { carrier, offset };
        while !bytes.is_empty() {
            let taken = match std::mem::replace(&mut self.state, State::Header) {
                State::Header => self.header(place, bytes, scratch, out),
                State::Payload(mut frame) => {
                    let taken = self.payload(&mut frame, place, bytes, scratch, out);
                    if !frame.is_complete() {
                        self.state = State::Payload(frame);
                    }
                    taken
                }
                State::Lost => {
                    self.state = State::Lost;
                    return self.search(place, bytes, scratch, out);
                }
            };
            bytes = bytes.get(taken..).unwrap_or_default();
            place.offset += taken as u64;
        }
    }

    /// Takes bytes of a header, and of the payload behind it; returns how many.
    #[inline]
    fn header(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        // Nearly every header is whole and legal.
        if self.partial.is_none()
            && let Ok((rest, parsed)) = header(bytes)
            && is_legal(&parsed, self.rules, self.messages.state())
            && (!self.closed || parsed.start.opcode == Opcode::CLOSE)
        {
            if self.messages.state() == MessageState::Closed
                && let Some(preview) = whole(&parsed, rest, scratch)
            {
                return self.message(&parsed, preview, place, out);
            }
            if let Some(payload) = whole_control(&parsed, rest, scratch) {
                return self.control(&parsed, payload, place, out);
            }
            let frame = Frame::new(parsed, *place.carrier, place.offset, true);
            return self.begin(frame, place, usize::from(parsed.size), bytes, scratch, out);
        }
        self.doubtful_header(place, bytes, scratch, out)
    }

    /// Tells of a message that one frame in one piece brought.
    fn message(
        &mut self,
        header: &Header,
        preview: Preview,
        place: Place<'_>,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let size = usize::from(header.size);
        self.well_masked = self.well_masked.saturating_add(1);
        let is_text = header.start.opcode == Opcode::TEXT;
        self.text_before = is_text.then_some((header.key, (header.length % 4) as u8, false));
        out(place.carrier, Event::Whole { header, header_end: place.after(size).offset, preview });
        size + header.length as usize
    }

    /// Tells of a ping or pong in one piece.
    fn control(
        &mut self,
        header: &Header,
        payload: &[u8],
        place: Place<'_>,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let size = usize::from(header.size);
        self.well_masked = self.well_masked.saturating_add(1);
        self.text_before = None;
        let header_end = place.after(size).offset;
        out(place.carrier, Event::Frame { header: *header, start: place.carrier.seen, header_end });
        let is_ping = header.start.opcode == Opcode::PING;
        out(place.carrier, if is_ping { Event::Ping(payload) } else { Event::Pong(payload) });
        size + payload.len()
    }

    /// The same for a header that is cut, or breaks a rule.
    #[cold]
    fn doubtful_header(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let mut partial =
            self.partial.take().map_or_else(|| Partial::at(*place.carrier, place.offset), |partial| *partial);
        let Partial { carrier: begun, offset, .. } = partial;
        let had = partial.bytes().len();
        let copied = partial.fill(bytes);
        let known = partial;
        let known = known.bytes();
        let context = |len: usize| Context::new(known.get(..len).unwrap_or(known));
        if self.rules.side == Side::Server && known.iter().zip(HTTP).all(|(a, b)| a == b) {
            if known.len() >= HTTP.len() {
                let end = place.after(HTTP.len().saturating_sub(had));
                let http = context(HTTP.len());
                out(place.carrier, self.violation(Kind::HttpAfterUpgrade, Opcode::CLOSE, begun, end, http));
                self.lose(place, out);
            } else {
                self.partial = Some(Box::new(partial));
            }
            return copied;
        }
        let parsed = header(known).ok().map(|(_, parsed)| parsed);
        let Ok((_, first)) = start(known) else {
            self.partial = Some(Box::new(partial));
            return copied;
        };
        let is_legal_start =
            of_start(first, u64::from(first.length), self.rules, self.messages.state()).next().is_none();
        if self.unsure && self.well_masked == 0 && !is_legal_start {
            self.lose(place, out);
            return copied;
        }
        if !std::mem::replace(&mut partial.judged, true) {
            let end = place.after(START.saturating_sub(had));
            let mut kinds: Vec<_> =
                of_start(first, u64::from(first.length), self.rules, self.messages.state()).collect();
            let implausible = kinds.iter().filter(|kind| kind.is_implausible(self.well_masked > 0)).count();
            if implausible > 0
                && had == 0
                && let Some(len) = self.overrun(begun, place, bytes, first.opcode, out)
            {
                return len;
            }
            partial.legal = kinds.is_empty();
            // How long a control frame is, if not in these two bytes, is told with the rest of the header.
            kinds.retain(|kind| !matches!(kind, Kind::OversizedControl(_)));
            let context = context(START);
            for kind in kinds {
                out(place.carrier, self.violation(kind, first.opcode, begun, end, context));
            }
            if implausible > 1 {
                out(place.carrier, self.violation(Kind::Desynchronized, first.opcode, begun, end, context));
                self.lose(place, out);
                return copied;
            }
            if self.closed && first.opcode != Opcode::CLOSE {
                out(place.carrier, self.violation(Kind::AfterClose, first.opcode, begun, end, context));
            }
        }
        let Some(parsed) = parsed else {
            self.partial = Some(Box::new(partial));
            return copied;
        };
        let taken = usize::from(parsed.size).saturating_sub(had);
        let end = place.after(taken);
        let legal = partial.legal;
        let context = context(usize::from(parsed.size));
        if first.opcode.is_control() && parsed.length > 125 {
            // Endpoints object to the second byte already.
            let needed = Place { offset: offset.saturating_add(START as u64), ..place };
            out(
                place.carrier,
                self.violation(Kind::OversizedControl(parsed.length), first.opcode, begun, needed, context),
            );
        }
        for kind in of_length(&parsed) {
            out(place.carrier, self.violation(kind, first.opcode, begun, end, context));
        }
        if parsed.length >> 63 == 1 {
            self.lose(place, out);
            return taken;
        }
        self.begin(Frame::new(parsed, begun, offset, legal), place, taken, bytes, scratch, out)
    }

    /// Begins a frame whose header ends `taken` bytes into `bytes`, and goes on with its payload; returns how many bytes
    /// both have taken.
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
        let well_masked = header.start.masked == (self.rules.side == Side::Client);
        self.well_masked = self.well_masked.saturating_add(u32::from(well_masked));
        out(place.carrier, Event::Frame { header, start: start.seen, header_end: end.offset });
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

    /// Skips bytes that go on with the text before them instead of beginning a frame; how many, if they do.
    fn overrun(
        &mut self,
        begun: Carrier,
        place: Place<'_>,
        bytes: &[u8],
        opcode: Opcode,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> Option<usize> {
        let (key, phase, cut) = self.text_before.take()?;
        self.overruns = self.overruns.checked_add(1).filter(|overruns| *overruns <= limits::OVERRUNS)?;
        let len = overrun(bytes, key.map(|key| (key, u64::from(phase))), cut, self.rules)?;
        let text = Context::new(&decoded(bytes, key, u64::from(phase)));
        out(place.carrier, self.violation(Kind::LengthTooShort(len as u64), opcode, begun, place.after(1), text));
        Some(len)
    }

    /// Takes bytes of a payload; returns how many.
    fn payload(
        &mut self,
        frame: &mut Frame,
        place: Place<'_>,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let left = usize::try_from(frame.header.length - frame.received).unwrap_or(usize::MAX);
        let piece = bytes.get(..left).unwrap_or(bytes);
        if frame.header.start.opcode.is_control() {
            if frame.intact {
                self.control.get_or_insert_default().extend(piece);
            }
        } else if !frame.header.start.opcode.is_reserved() {
            self.data(frame, place, piece, scratch, out);
        }
        frame.received += piece.len() as u64;
        if frame.is_complete() {
            self.end_frame(frame, place.after(piece.len()), scratch, out);
        }
        piece.len()
    }

    /// Unmasks and looks at the bytes of a data payload, where they are worth it.
    fn data(
        &mut self,
        frame: &Frame,
        place: Place<'_>,
        piece: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        let (room, mut inflating) = scratch.split();
        if !self.messages.wants_bytes() {
            self.messages.preview(piece, frame.header.key, frame.received, inflating.previews);
            return self.messages.count(piece.len() as u64);
        }
        self.messages.count(piece.len() as u64);
        let mut phase = frame.received;
        let mut offset = place.offset;
        for part in piece.chunks(room.len()) {
            let plain = match (frame.header.key, room.get_mut(..part.len())) {
                (Some(key), Some(room)) => {
                    room.copy_from_slice(part);
                    unmask(room, key, phase);
                    &*room
                }
                _ => part,
            };
            if let Err(fault) = self.messages.push(plain, &mut inflating) {
                let event = self.fault(fault, false, frame, Place { offset, ..place }, plain);
                return out(place.carrier, event);
            }
            phase += part.len() as u64;
            offset = offset.saturating_add(part.len() as u64);
        }
    }

    /// A violation in a message's contents, found in `plain`, which begins at `place`, or at the message's end.
    fn fault<'e>(&self, fault: Fault, at_end: bool, frame: &Frame, place: Place<'_>, plain: &[u8]) -> Event<'e> {
        let opcode = frame.header.start.opcode;
        match fault {
            Fault::Deflate(begins) => {
                let end = place.after(plain.len());
                self.violation(Kind::UndecodableDeflate, opcode, frame.start, end, begins)
            }
            Fault::Utf8(invalid) => {
                let kind = Kind::InvalidUtf8 { offset: invalid.offset, byte: invalid.byte, at_end };
                // Where in this piece: exact for plain text, its end for inflated text.
                let before = self.messages.text_before(plain.len());
                let at = before.and_then(|before| usize::try_from(invalid.proof.checked_sub(before)?).ok());
                let end = place.after(at.map_or(plain.len(), |at| at + 1));
                self.violation(kind, opcode, frame.start, end, invalid.context)
            }
        }
    }

    fn end_frame(
        &mut self,
        frame: &Frame,
        place: Place<'_>,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        let header = frame.header;
        self.text_before = None;
        match header.start.opcode {
            Opcode::CLOSE => self.close(frame, place, out),
            Opcode::PING | Opcode::PONG => {
                let payload = self.control_payload(&header);
                out(
                    place.carrier,
                    if header.start.opcode == Opcode::PING { Event::Ping(payload) } else { Event::Pong(payload) },
                );
            }
            Opcode::CONTINUATION | Opcode::TEXT | Opcode::BINARY => {
                let is_plain_text = self.messages.is_plain_text();
                let (_, mut inflating) = scratch.split();
                let (message, result) = self.messages.end_frame(header.start.fin, &mut inflating);
                if is_plain_text {
                    let cut = result.is_err() || !header.start.fin;
                    self.text_before = Some((header.key, (header.length % 4) as u8, cut));
                }
                if let Err(fault) = result {
                    out(place.carrier, self.fault(fault, true, frame, place, &[]));
                }
                if let Some(message) = message {
                    out(place.carrier, Event::Message(message));
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, frame: &Frame, place: Place<'_>, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        self.closed = true;
        let payload = self.control_payload(&frame.header).to_vec();
        let complete = frame.intact && payload.len() as u64 == frame.header.length;
        let (mut code, mut reason, mut fault) = (None, payload.as_slice(), None);
        match body(&payload) {
            Body::Empty => {}
            Body::HalfCode(half) => {
                reason = &[];
                fault = complete.then_some(Kind::TruncatedCloseCode(half));
            }
            Body::Code(found, text) => {
                (code, reason) = (Some(found), text);
                fault = if !found.may_be_sent() {
                    Some(Kind::InvalidCloseCode(found))
                } else if complete {
                    invalid_reason(text)
                } else {
                    None
                };
            }
        }
        let valid = frame.legal && fault.is_none();
        let inside_message = self.messages.state() == MessageState::Open;
        let close = Close { code, reason, complete, valid, inside_message, carrier: frame.start, offset: frame.offset };
        out(place.carrier, Event::Close(close));
        if let Some(kind) = fault {
            out(place.carrier, self.violation(kind, Opcode::CLOSE, frame.start, place, Context::new(&payload)));
        }
    }

    /// Unmasks the control payload in its place.
    fn control_payload(&mut self, header: &Header) -> &[u8] {
        let Some(control) = &mut self.control else {
            return &[];
        };
        if let Some(key) = header.key {
            unmask(control.bytes_mut(), key, 0);
        }
        control.bytes_mut()
    }

    fn gap(
        &mut self,
        place: Place<'_>,
        len: u64,
        why: Missing,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        let State::Payload(frame) = &mut self.state else {
            return self.gap_between_frames(place, Chunk::Gap { len, missing: why }, scratch, out);
        };
        let missing = len.min(frame.header.length - frame.received);
        frame.received += missing;
        frame.intact = false;
        let frame = **frame;
        if !frame.header.start.opcode.is_control() {
            self.messages.count(missing);
            self.messages.gap();
        }
        if frame.is_complete() {
            self.state = State::Header;
            self.end_frame(&frame, Place { offset: place.offset.saturating_add(missing), ..place }, scratch, out);
        }
        if missing < len {
            self.lose(place, out);
        }
    }

    /// A violation by the frame that `begun` carried, proved by the bytes before `end`.
    fn violation<'e>(&self, kind: Kind, opcode: Opcode, begun: Carrier, end: Place<'_>, context: Context) -> Event<'e> {
        let (side, seen) = (self.rules.side, end.carrier.seen);
        Event::Violation(Violation { kind, side, frame: begun.seen, seen, needed: end.offset, opcode, context })
    }
}

fn invalid_reason(reason: &[u8]) -> Option<Kind> {
    let error = simdutf8::compat::from_utf8(reason).err()?;
    let offset = error.valid_up_to();
    Some(Kind::InvalidCloseReason { offset: offset as u64, byte: reason.get(offset).copied().unwrap_or_default() })
}

fn decoded(bytes: &[u8], key: Option<[u8; 4]>, phase: u64) -> Vec<u8> {
    let mut text = bytes.get(..bytes.len().min(limits::CONTEXT)).unwrap_or_default().to_vec();
    if let Some(key) = key {
        unmask(&mut text, key, phase);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a decoder tells of chunks, without the packets: names, opcodes, codes, stream offsets.
    fn events(side: Side, chunks: &[Chunk<'_>]) -> Vec<String> {
        let mut decoder = Decoder::new(side, None, true);
        let (mut scratch, mut events, mut offset) = (Scratch::default(), Vec::new(), 0);
        let mut tell = |event: Event<'_>| {
            events.push(match event {
                Event::Frame { header, .. } => format!("frame {:x}", header.start.opcode.0),
                Event::Message(message) => format!("message of {}", message.wire_len),
                Event::Whole { header, .. } => {
                    format!("frame {:x}, message of {}", header.start.opcode.0, header.length)
                }
                Event::Ping(payload) => format!("ping {payload:?}"),
                Event::Pong(payload) => format!("pong {payload:?}"),
                Event::Close(close) => format!("close {:?} {:?} {}", close.code, close.reason, close.complete),
                Event::Violation(violation) => format!("{:?} needs {}", violation.kind, violation.needed),
                Event::Lost => "lost".to_owned(),
                Event::Found => "found".to_owned(),
            });
        };
        for chunk in chunks {
            decoder.push(&Carrier::default(), offset, *chunk, &mut scratch, &mut |_, event| tell(event));
            offset += match chunk {
                Chunk::Bytes(bytes) => bytes.len() as u64,
                Chunk::Gap { len, .. } => *len,
            };
        }
        decoder.end(None, true, &mut scratch, &mut |_, event| tell(event));
        events
    }

    const GAP: fn(u64) -> Chunk<'static> = |len| Chunk::Gap { len, missing: Missing::NeverCaptured };

    /// A ping between fragments, bad UTF-8 over two of them, a reserved opcode, a Close, and a frame behind it.
    const STREAM: &[u8] = b"\x01\x03h\xc3\xa4\x89\x02hi\x00\x02t\xe9\x80\x01s\x83\x01x\x88\x04\x03\xefno\x81\x01z";

    #[test]
    fn every_cut_tells_the_same() {
        let whole = events(Side::Server, &[Chunk::Bytes(STREAM)]);
        assert_eq!(
            whole,
            [
                "frame 1",
                "frame 9",
                "ping [104, 105]",
                "frame 0",
                "frame 0",
                "InvalidUtf8 { offset: 4, byte: 233, at_end: false } needs 16",
                "message of 6",
                "ReservedOpcode needs 18",
                "frame 3",
                "frame 8",
                "close Some(CloseCode(1007)) [110, 111] true",
                "AfterClose needs 27",
                "frame 1",
                "message of 1",
            ]
        );
        for first in 0..STREAM.len() {
            for second in first..STREAM.len() {
                let (head, tail) = STREAM.split_at(second);
                let (head, middle) = head.split_at(first);
                assert_eq!(events(Side::Server, &[head, middle, tail].map(Chunk::Bytes)), whole, "{first} {second}");
            }
        }
    }

    #[test]
    fn a_gap_within_a_payload_keeps_the_frames_in_step() {
        let chunks = [Chunk::Bytes(b"\x81\x05he"), GAP(3), Chunk::Bytes(b"\x88\x02\x03\xe8")];
        let told = events(Side::Server, &chunks);
        assert_eq!(told, ["frame 1", "message of 5", "frame 8", "close Some(CloseCode(1000)) [] true"]);
    }

    /// What is told of bytes behind a lost header, once it is lost.
    fn behind_a_gap(chunks: &[&[u8]]) -> Vec<String> {
        let begun = [Chunk::Bytes(b"\x81\x02he".as_slice()), GAP(9)];
        let all: Vec<_> = begun.into_iter().chain(chunks.iter().map(|bytes| Chunk::Bytes(bytes))).collect();
        let told = events(Side::Server, &all);
        assert_eq!(told[..3], ["frame 1", "message of 2", "lost"]);
        told[3..].to_vec()
    }

    #[test]
    fn behind_a_gap_over_a_header_only_what_is_proved_counts() {
        let close = "close Some(CloseCode(1000)) [] true";
        assert_eq!(behind_a_gap(&[b"\x88\x02\x03\xe8"]), ["found", "frame 8", close]);
        assert_eq!(behind_a_gap(&[b"lo\x88\x02\x03\xe8"]), ["found", "frame 8", close], "inside a segment");
        assert_eq!(behind_a_gap(&[b"\x88\x02\x03\xe8", b"x"]), [""; 0], "a Close is the last");
        assert_eq!(behind_a_gap(&[b"\x88\x02\x03\xe8\x00"]), [""; 0]);
        assert_eq!(behind_a_gap(&[b"\x88\x02\x00\x07"]), [""; 0], "a code that nobody may send");
        assert_eq!(behind_a_gap(&[b"\x88\x82\x03\xe8\x01\x02\x03\x04"]), [""; 0], "masked by a server");
        let text = b"\x81\x15a text of some length";
        assert_eq!(behind_a_gap(&[text]), ["found", "frame 1", "message of 21"]);
        assert_eq!(behind_a_gap(&[b"\x82\x01x", text]).len(), 5, "the frames before are told, too");
        assert_eq!(behind_a_gap(&[b"rest", text]).len(), 3);
    }

    #[test]
    fn a_control_frame_is_too_long_though_its_length_never_comes() {
        for cut in 2..4 {
            let told = events(Side::Server, &[Chunk::Bytes(&b"\x89\x7e\x00"[..cut])]);
            assert_eq!(told, ["OversizedControl(126) needs 2"]);
        }
        assert_eq!(events(Side::Server, &[Chunk::Bytes(b"\x81\x7e\x00")]), [""; 0]);
    }

    #[test]
    fn half_a_code_is_no_reason() {
        let told = events(Side::Server, &[Chunk::Bytes(b"\x88\x01\x03")]);
        assert_eq!(told, ["frame 8", "close None [] true", "TruncatedCloseCode(3) needs 3"]);
    }

    #[test]
    fn a_close_that_is_cut_keeps_its_code() {
        let chunks = [Chunk::Bytes(b"\x88\x06\x03\xe8b"), GAP(3)];
        assert_eq!(events(Side::Server, &chunks), ["frame 8", "close Some(CloseCode(1000)) [98] false"]);
        let chunks = [Chunk::Bytes(b"\x88\x06\x03"), GAP(5)];
        assert_eq!(events(Side::Server, &chunks), ["frame 8", "close None [] false"]);
    }

    #[test]
    fn http_is_no_close() {
        for cut in 1..7 {
            let (head, tail) = b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\n".split_at(cut);
            let told = events(Side::Server, &[Chunk::Bytes(head), Chunk::Bytes(tail)]);
            assert_eq!(told, ["HttpAfterUpgrade needs 7", "lost"], "cut at {cut}");
        }
    }

    #[test]
    fn how_long_a_control_frame_is_does_not_depend_on_the_cut() {
        for stream in [&b"\x89\x7e\0\x05hello"[..], &[&b"\x89\x7e\0\x80"[..], &[0; 128]].concat()] {
            let whole = events(Side::Server, &[Chunk::Bytes(stream)]);
            for cut in 1..6 {
                let (head, tail) = stream.split_at(cut);
                assert_eq!(events(Side::Server, &[head, tail].map(Chunk::Bytes)), whole, "cut at {cut}");
            }
        }
        let told = events(Side::Server, &[Chunk::Bytes(b"\x89\x7e\0\x05hello")]);
        assert_eq!(told[0], "NonMinimalLength(5) needs 4");
    }

    #[test]
    fn a_reserved_opcode_behind_a_whole_text_does_not_go_on_with_it() {
        let told = events(Side::Server, &[Chunk::Bytes(b"\x81\x02hi\x83\x20thirty-two printable characters.")]);
        assert_eq!(told, ["frame 1", "message of 2", "ReservedOpcode needs 6", "frame 3"]);
    }

    #[test]
    fn a_length_that_was_counted_in_characters() {
        let text = "{\"city\":\"Curaçao\"}";
        let stream = [&[0x81, 18][..], text.as_bytes(), b"\x88\x02\x03\xe8"].concat();
        let told = events(Side::Server, &[Chunk::Bytes(&stream)]);
        assert_eq!(told[1..3], ["message of 18", "LengthTooShort(1) needs 21"]);
        assert_eq!(told.last().unwrap(), "close Some(CloseCode(1000)) [] true");
    }
}
