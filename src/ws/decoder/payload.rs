//! The payload of a frame, and its end.

use super::{Decoder, Frame, State, TextBefore};
use crate::chunk::{Carrier, Place};
use crate::ws::close::{Body, body};
use crate::ws::frame::{Header, Opcode, unmask};
use crate::ws::message::Fault;
use crate::ws::text::Invalid;
use crate::ws::violation::{Context, Kind, MessageState};
use crate::ws::{Close, Event, Scratch};

impl Decoder {
    /// Takes bytes of the payload of the open frame. Returns how many.
    pub(super) fn rest_of_payload(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> usize {
        let State::Payload(mut frame) = std::mem::replace(&mut self.state, State::BETWEEN) else {
            return bytes.len();
        };
        let taken = self.payload(&mut frame, place, bytes, scratch, out);
        if !frame.is_complete() {
            self.state = State::Payload(frame);
        }
        taken
    }

    /// Takes bytes of a payload, and ends the frame if they complete it. Returns how many.
    pub(super) fn payload(
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

    /// Unmasks and examines bytes of a data payload, if the message needs its contents; otherwise only counts them.
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
        let mut at = place;
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
                let event = self.fault(fault, false, frame, at, plain);
                return out(place.carrier, event);
            }
            phase += part.len() as u64;
            at = at.after(part.len());
        }
    }

    /// Creates the event of a fault in a message's contents. It was found in `plain`, which begins at `place`, or at
    /// the message's end.
    fn fault<'e>(&self, fault: Fault, at_end: bool, frame: &Frame, place: Place<'_>, plain: &[u8]) -> Event<'e> {
        let opcode = frame.header.start.opcode;
        match fault {
            Fault::Deflate(begins) => {
                let end = place.after(plain.len());
                self.violation(Kind::UndecodableDeflate, opcode, frame.start, end, begins)
            }
            Fault::Utf8(Invalid { place: found, context }) => {
                let kind = Kind::InvalidUtf8 { offset: found.offset, byte: found.byte, at_end };
                // The position in this piece: exact for plain text; for inflated text, the end of the piece.
                let before = self.messages.text_before(plain.len());
                let at = before.and_then(|before| usize::try_from(found.proof.checked_sub(before)?).ok());
                let end = place.after(at.map_or(plain.len(), |at| at + 1));
                self.violation(kind, opcode, frame.start, end, context)
            }
        }
    }

    pub(super) fn end_frame(
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
            Opcode::PING => {
                let framed = frame.legal;
                out(place.carrier, Event::Ping { payload: self.control_payload(&header), framed });
            }
            Opcode::PONG => out(place.carrier, Event::Pong(self.control_payload(&header))),
            Opcode::CONTINUATION | Opcode::TEXT | Opcode::BINARY => {
                let text_so_far = self.messages.plain_text();
                let (_, mut inflating) = scratch.split();
                let (message, result) = self.messages.end_frame(header.start.fin, &mut inflating);
                if let Some(text) = text_so_far {
                    let is_cut = result.is_err() || !header.start.fin;
                    let phase = (header.length % 4) as u8;
                    self.text_before = Some(TextBefore { key: header.key, phase, is_cut, text });
                }
                if let Err(fault) = result {
                    out(place.carrier, self.fault(fault, true, frame, place, &[]));
                }
                if let Some(message) = message {
                    out(place.carrier, Event::Message { message, needed: place.needed() });
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, frame: &Frame, place: Place<'_>, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        self.closed = true;
        let payload = self.control_payload(&frame.header).to_vec();
        // Hardly any other control frame follows, and connections are kept for a while once they are over.
        self.control = None;
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
        let (framed, sound) = (frame.legal, fault.is_none());
        let inside_message = self.messages.state() == MessageState::Open;
        let close = Close {
            code,
            reason,
            complete,
            framed,
            sound,
            inside_message,
            carrier: frame.start,
            offset: frame.offset,
            needed: frame.needed,
        };
        out(place.carrier, Event::Close(close));
        if let Some(kind) = fault {
            let context = match &kind {
                Kind::InvalidCloseReason { offset, .. } => Context::beginning(&payload).with_fault(2 + offset),
                _ => Context::beginning(&payload),
            };
            out(place.carrier, self.violation(kind, Opcode::CLOSE, frame.start, place, context));
        }
    }

    /// Unmasks the control payload in place, and returns it.
    fn control_payload(&mut self, header: &Header) -> &[u8] {
        let Some(control) = &mut self.control else {
            return &[];
        };
        if let Some(key) = header.key {
            unmask(control.bytes_mut(), key, 0);
        }
        control.bytes_mut()
    }
}

fn invalid_reason(reason: &[u8]) -> Option<Kind> {
    let error = simdutf8::compat::from_utf8(reason).err()?;
    let offset = error.valid_up_to();
    Some(Kind::InvalidCloseReason { offset: offset as u64, byte: reason.get(offset).copied().unwrap_or_default() })
}
