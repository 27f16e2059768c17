//! The fold of events into facts.

use super::{Breach, Close, End, Facts};
use crate::chunk::Carrier;
use crate::event::{Event, What};
use crate::seen::Seen;
use crate::side::Side;
use crate::ws::violation::Context;
use crate::{http, limits, ws};

impl Facts {
    /// Applies one event. Inlined: most events are messages, and the caller knows the variant statically.
    #[inline(always)]
    pub fn apply(&mut self, event: &Event<'_>) {
        let seen = event.carrier.seen;
        match event.what {
            What::Http(output) => self.apply_http(seen, output),
            What::NotTls { first } => self.answered_otherwise(seen, first),
            What::Tls(outcome) => self.rare.tls = Some(Box::new((event.side, seen, outcome))),
            What::Ws(ws) => self.apply_ws(event.side, event.carrier, ws),
            What::Joined => {
                self.joined = true;
                self.switched = Some(seen);
            }
            What::End { kind, needed } => {
                self.note_end(End { side: event.side, kind, carrier: *event.carrier, needed })
            }
        }
    }

    fn answered_otherwise(&mut self, seen: Seen, first: &[u8]) {
        self.rare.answered_with.get_or_insert_with(|| Box::new((seen, Context::beginning(first))));
    }

    fn apply_http(&mut self, seen: Seen, output: &http::Event<'_>) {
        match output {
            http::Event::Request(request) => self.handshake.ask(request.clone()),
            http::Event::Response(response) => self.handshake.answer(response.clone()),
            http::Event::RefusalBody(bytes) => {
                if let Some(response) = &mut self.handshake.response {
                    response.append_body(bytes);
                }
            }
            http::Event::Cut => self.handshake.cut = true,
            http::Event::Switched { .. } => self.switched = Some(seen),
            http::Event::Http2 => {}
            http::Event::NotHttp { first } => self.answered_otherwise(seen, first),
        }
    }

    #[inline(always)]
    fn apply_ws(&mut self, side: Side, carrier: &Carrier, event: &ws::Event<'_>) {
        let seen = carrier.seen;
        match event {
            ws::Event::Frame { header, start, header_end, wire } => {
                self.sent[side].frame(header, *start, carrier, *header_end, *wire);
            }
            ws::Event::Message { message, needed } => {
                self.sent[side].message(message, carrier, *needed);
                self.watch(side, carrier);
            }
            ws::Event::Whole { header, header_end, wire, preview } => {
                let opcode = header.start.opcode;
                self.sent[side].complete_message(opcode, header.length, carrier, *header_end, *wire, *preview);
                self.watch(side, carrier);
            }
            ws::Event::Ping { payload, framed } => self.sent[side].ping(payload, *framed, seen),
            ws::Event::Pong(payload) => {
                let pongs = &mut self.sent[side].pongs;
                *pongs = pongs.saturating_add(1);
                // A pong after a Close frame comes too late.
                if self.closes.is_empty() {
                    self.sent[!side].answered(payload);
                }
            }
            ws::Event::Close(close) => self.close(side, close),
            ws::Event::Violation(violation) => {
                if self.rare.breaches.len() < limits::VIOLATIONS {
                    let sent = &self.sent[side];
                    let (messages_before, pings_before) = (sent.said(), sent.pings);
                    let violation = violation.clone();
                    self.rare.breaches.push(Breach { violation, messages_before, pings_before, messages_behind: 0 });
                    self.sent[!side].is_watched = true;
                } else {
                    self.rare.more_breaches = self.rare.more_breaches.saturating_add(1);
                }
            }
            ws::Event::Lost => {
                self.sent[side].lost += 1;
                self.sent[side].is_lost = true;
                if self.rare.gaps.len() < limits::GAPS {
                    self.rare.gaps.push((side, seen));
                }
            }
            ws::Event::Found => self.sent[side].is_lost = false,
        }
    }

    /// Notes a message of a side in the breaches of the other side.
    #[inline(always)]
    fn watch(&mut self, side: Side, carrier: &Carrier) {
        if self.sent[side].is_watched {
            let by_other = self.rare.breaches.iter_mut().filter(|breach| breach.violation.side != side);
            by_other.for_each(|breach| breach.answered(carrier));
        }
    }

    fn close(&mut self, side: Side, close: &ws::Close<'_>) {
        if self.closes.len() < limits::CLOSES {
            let fact = Close {
                side,
                carrier: close.carrier,
                offset: close.offset,
                needed: close.needed,
                code: close.code,
                reason: String::from_utf8_lossy(close.reason).into(),
                complete: close.complete,
                framed: close.framed,
                sound: close.sound,
                inside_message: close.inside_message,
            };
            // Bytes that waited behind a hole come late, but keep the place of their packet.
            let is_later = |other: &Close| other.carrier.seen.packet > fact.carrier.seen.packet;
            let in_turn = self.closes.iter().position(is_later).unwrap_or(self.closes.len());
            // The Close frames of one side are in stream order.
            let behind_own = self.closes.iter().rposition(|other| other.side == side).map_or(0, |own| own + 1);
            // There are mostly two, and they are kept until the report is written.
            self.closes.reserve_exact(1);
            self.closes.insert(in_turn.max(behind_own), fact);
        }
    }
}
