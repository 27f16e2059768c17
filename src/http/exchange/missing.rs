//! Missing bytes: the use of a head without its end, and the loss of the position of further heads.

use super::{Asked, Event, Exchange, State};
use crate::chunk::{Carrier, Missing};
use crate::http::body::Body;
use crate::http::head;
use crate::http::{Request, Response};
use crate::side::Side;

impl Exchange {
    /// Processes missing bytes of a side.
    pub(super) fn gap(
        &mut self,
        side: Side,
        carrier: &Carrier,
        len: u64,
        missing: Missing,
        out: &mut impl FnMut(Event<'_>),
    ) {
        let reader = &mut self.readers[side];
        if !reader.head.bytes().is_empty() {
            let head = std::mem::take(&mut reader.head);
            reader.state = State::Lost;
            let start = head.start().unwrap_or(*carrier);
            // The rest of a cut segment is known to end where the segment ends.
            self.cut_head(side, &start, head.bytes(), missing == Missing::CutBySnaplen, out);
            if side == Side::Client && self.readers.server.state == State::Switched {
                self.readers.client.state = State::Switched;
            }
            return;
        }
        match &mut reader.state {
            State::Body(body) => match body.skip_gap(len) {
                Some(taken) if taken == len && missing != Missing::Undecrypted => {}
                Some(_) | None => reader.state = State::Lost,
            },
            State::Start | State::Head => {
                reader.state = State::Lost;
                // The last request may still be recognised by what follows its answer.
                let lost = if side == Side::Server { self.asked.len().saturating_sub(1) } else { self.asked.len() };
                self.asked.drain(..lost);
            }
            State::SwitchedUnasked => reader.state = State::Switched,
            State::Waiting | State::Lost | State::Switched => {}
        }
    }

    /// Processes as much as was captured of a head without its end.
    fn cut_head(&mut self, side: Side, start: &Carrier, bytes: &[u8], in_step: bool, out: &mut impl FnMut(Event<'_>)) {
        let complete = complete_lines(side, bytes);
        match side {
            Side::Client => {
                let request = head::request(&complete, |parsed, fields| {
                    Request::read(start, parsed, fields).map_or_else(
                        || Asked::Unknown(Box::new(Request::cut(start, parsed))),
                        |request| {
                            out(Event::Cut);
                            out(Event::Request(Box::new(request)));
                            Asked::WebSocket
                        },
                    )
                });
                if let Some(asked) = request {
                    self.asked.push_back(asked);
                    self.readers.client.state = State::Waiting;
                }
            }
            Side::Server => {
                let response = head::response(&complete, |parsed, fields| Response::read(start, parsed, fields));
                if let Some(response) = response {
                    out(Event::Cut);
                    if self.answer(response, Body::UntilClose, in_step, out).is_none() {
                        self.readers.server.state = State::Lost;
                    }
                }
            }
        }
    }
}

/// Returns the complete lines of a cut head, made into a head. If the first line of a request is cut, uses the method
/// and the captured part of the target.
fn complete_lines(side: Side, bytes: &[u8]) -> Vec<u8> {
    if let Some(newline) = bytes.iter().rposition(|byte| *byte == b'\n') {
        return [bytes.get(..=newline).unwrap_or_default(), b"\r\n"].concat();
    }
    match side {
        Side::Client => {
            let words: Vec<_> = bytes.split(|byte| *byte == b' ').take(2).collect();
            [&words.join(&b' '), b" HTTP/1.1\r\n\r\n".as_slice()].concat()
        }
        Side::Server => [bytes.trim_ascii_end(), b"\r\n\r\n"].concat(),
    }
}
