//! The effect of a complete head on an exchange: of a request, and of the answer for both sides.

use super::{Asked, Event, Exchange, State};
use crate::chunk::Carrier;
use crate::http::body::Body;
use crate::http::head::{self, Fields};
use crate::http::{Request, Response};
use crate::limits;
use crate::side::Side;

/// The head that the preface of HTTP/2 begins with (RFC 9113 §3.4).
pub const PREFACE_HEAD: &[u8] = b"PRI * HTTP/2.0\r\n\r\n";

impl Exchange {
    /// Processes a complete head; `None` if it is not HTTP.
    pub(super) fn whole_head(
        &mut self,
        side: Side,
        start: &Carrier,
        head: &[u8],
        out: &mut impl FnMut(Event<'_>),
    ) -> Option<()> {
        let read = match side {
            Side::Client => self.request(start, head, out),
            Side::Server => self.response(start, head, out),
        };
        if read.is_none() {
            out(Event::NotHttp { first: head });
        }
        read
    }

    fn request(&mut self, carrier: &Carrier, bytes: &[u8], out: &mut impl FnMut(Event<'_>)) -> Option<()> {
        if bytes.starts_with(PREFACE_HEAD) {
            self.is_http2 = true;
            out(Event::Http2);
            return Some(());
        }
        let late = self.readers.server.state == State::Switched;
        let (asked, body) = head::request(bytes, |parsed, fields| {
            let asked = match (Request::read(carrier, parsed, fields), parsed.method.unwrap_or_default()) {
                (Some(request), _) => {
                    out(Event::Request(Box::new(request)));
                    Asked::WebSocket
                }
                (None, "CONNECT") => Asked::Connect,
                (None, "HEAD") => Asked::Head,
                (None, _) => Asked::Other,
            };
            (asked, Body::of_request(fields))
        })?;
        self.readers.client.state = match (&asked, body) {
            _ if late => State::Switched,
            (Asked::WebSocket | Asked::Connect, _) => State::Waiting,
            (_, Body::Length(0)) => State::Head,
            (_, body) => State::Body(body),
        };
        if !late && self.asked.len() < limits::PIPELINED_REQUESTS {
            self.asked.push_back(asked);
        }
        Some(())
    }

    fn response(&mut self, carrier: &Carrier, bytes: &[u8], out: &mut impl FnMut(Event<'_>)) -> Option<()> {
        let to_head = self.asked.front() == Some(&Asked::Head);
        let (response, body, to_http2) = head::response(bytes, |parsed, fields: Fields<'_>| {
            let status = parsed.code.unwrap_or_default();
            let to_http2 = status == 101 && fields.has_token("upgrade", "h2c");
            (Response::read(carrier, parsed, fields), Body::of_response(status, to_head, fields), to_http2)
        })?;
        if to_http2 {
            self.is_http2 = true;
            out(Event::Http2);
            return Some(());
        }
        if matches!(response.status, 100 | 102..=199) {
            return Some(());
        }
        self.answer(response, body, true, out)
    }

    /// Applies a response to both sides. Returns `None` if the connection switches to another protocol than WebSocket.
    pub(super) fn answer(
        &mut self,
        response: Response,
        body: Body,
        in_step: bool,
        out: &mut impl FnMut(Event<'_>),
    ) -> Option<()> {
        let asked = self.asked.pop_front();
        let switches = response.status == 101;
        self.refusing = false;
        self.unasked = asked.is_none();
        self.readers.server.state = if body == Body::Length(0) { State::Head } else { State::Body(body) };
        match asked {
            Some(Asked::WebSocket) if switches => self.switch(response, State::Switched, in_step, out),
            Some(Asked::Unknown(request)) if switches => {
                out(Event::Request(request));
                self.switch(response, State::Switched, in_step, out);
            }
            // The request was lost, or is late. Protocols other than WebSocket are not of interest.
            None if switches && (response.upgrade || !in_step) => {
                self.switch(response, State::SwitchedUnasked, in_step, out);
            }
            _ if switches => return None,
            Some(Asked::WebSocket) => {
                self.refusing = true;
                out(Event::Response(Box::new(response)));
                self.resume_requests(out);
            }
            Some(Asked::Connect) if matches!(response.status, 200..=299) => {
                self.readers.server.state = State::Start;
                self.readers.client.state = State::Start;
                self.is_tunnel = true;
                self.replay_pipelined(out);
            }
            Some(Asked::Connect | Asked::Unknown(_)) => self.resume_requests(out),
            Some(Asked::Head | Asked::Other) | None => {}
        }
        Some(())
    }

    fn switch(&mut self, response: Response, client: State, in_step: bool, out: &mut impl FnMut(Event<'_>)) {
        out(Event::Response(Box::new(response)));
        out(Event::Switched { in_step });
        self.readers.server.state = State::Switched;
        let client_reader = &mut self.readers.client;
        // The rest of an incomplete head may be late.
        let in_head = client_reader.state == State::Head && !client_reader.head.bytes().is_empty();
        if client == State::Switched || !in_head {
            client_reader.state = client;
        }
    }
}
