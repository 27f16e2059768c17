//! The opening handshake (RFC 6455 §4): the request and the response.

use std::borrow::Cow;
use std::sync::Arc;

use thin_vec::ThinVec;

use super::credentials::Credentials;
use super::extension::{DEFLATE, extensions};
use super::head::{Fields, text};
use super::problem::{self, Problem};
use super::shared::SharedTexts;
use crate::chunk::Carrier;
use crate::limits;
use crate::seen::{Seen, Sights};
use crate::side::PerSide;

/// A client's opening handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Request {
    /// The packet with its first byte.
    pub seen: Seen,
    /// The method: `GET`, or a wrong one.
    pub method: Cow<'static, str>,
    /// The request target.
    pub target: Box<str>,
    /// Host.
    pub host: Option<Arc<str>>,
    /// Origin.
    pub origin: Option<Arc<str>>,
    /// User-Agent.
    pub user_agent: Option<Arc<str>>,
    /// Sec-WebSocket-Key.
    pub key: Option<Box<str>>,
    /// The minor HTTP version.
    pub minor_version: u8,
    /// Whether Upgrade has `websocket`.
    pub upgrade: bool,
    /// Whether Connection has `Upgrade`.
    pub connection: bool,
    /// Whether it is an extended CONNECT of HTTP/2 (RFC 8441), which has neither a key nor these two.
    pub extended: bool,
    /// The offer that the response is checked against; dropped once that is done.
    pub offer: Option<Box<Offer>>,
    /// Cookies, credentials, and values passed as subprotocols.
    pub credentials: Option<Box<Credentials>>,
}

/// The offer of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Offer {
    /// Sec-WebSocket-Version.
    pub version: Option<Arc<str>>,
    /// Sec-WebSocket-Protocol.
    pub subprotocols: Option<Box<str>>,
    /// Sec-WebSocket-Extensions.
    pub extensions: Option<Arc<str>>,
}

/// The server's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Response {
    /// The packet with its first byte.
    pub seen: Seen,
    /// Bytes of the client that it acknowledges.
    pub acked: Option<u64>,
    /// Status code; 101 opens the WebSocket, or 200 over HTTP/2.
    pub status: u16,
    /// Whether Upgrade has `websocket`.
    pub upgrade: bool,
    /// Whether Connection has `Upgrade`.
    pub connection: bool,
    /// Sec-WebSocket-Protocol: the chosen subprotocol.
    pub subprotocol: Option<Arc<str>>,
    /// Sec-WebSocket-Extensions: the agreed extensions.
    pub extensions: Option<Arc<str>>,
    /// Server.
    pub server: Option<Arc<str>>,
    /// The proof of a 101, or the details of a refusal; dropped once a 101 is checked.
    pub details: Option<Box<Details>>,
    /// Cookies that are set.
    pub credentials: Option<Box<Credentials>>,
}

/// The proof of a 101, and the details of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Details {
    /// Sec-WebSocket-Accept.
    pub accept: Option<Box<str>>,
    /// Reason phrase.
    pub reason: Box<str>,
    /// Location of a redirect.
    pub location: Option<Box<str>>,
    /// The beginning of the body of a refusal, as sent, without the blanks before it.
    #[serde(with = "serde_bytes")]
    pub body: Box<[u8]>,
}

impl Details {
    /// Returns the beginning of the body as text, without a partial character at its end.
    pub fn body_text(&self) -> Cow<'_, str> {
        let last = self.body.utf8_chunks().last().map(|chunk| chunk.invalid().len()).unwrap_or_default();
        let (before, rest) = self.body.split_at(self.body.len() - last);
        let is_cut = std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
        String::from_utf8_lossy(if is_cut { before } else { &self.body })
    }
}

/// The request and the response, as far as they were captured.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Handshake {
    /// The request.
    pub request: Option<Box<Request>>,
    /// The final response.
    pub response: Option<Box<Response>>,
    /// Whether a head was only partly captured: missing fields may have been in the rest.
    pub cut: bool,
    /// The problems found, once the response is there.
    judged: Option<ThinVec<Problem>>,
}

impl Request {
    /// Reads the relevant fields; `None` if the request is not an attempt at a WebSocket.
    pub fn read(carrier: &Carrier, parsed: &httparse::Request<'_, '_>, fields: Fields<'_>) -> Option<Self> {
        let upgrade = fields.has_token("upgrade", "websocket");
        let key = fields.first("sec-websocket-key").map(|key| text(key).into());
        if !upgrade && key.is_none() {
            return None;
        }
        Some(
            Self { upgrade, connection: fields.has_token("connection", "upgrade"), key, ..Self::cut(carrier, parsed) }
                .with(fields),
        )
    }

    /// Reads the fields of an extended CONNECT (RFC 8441 §4).
    pub fn extended(carrier: &Carrier, fields: Fields<'_>) -> Self {
        let request = Self {
            seen: carrier.seen,
            method: Cow::Borrowed("CONNECT"),
            target: text(fields.first(":path").unwrap_or_default()).into(),
            extended: true,
            ..Self::default()
        };
        let request = request.with(fields);
        Self { host: fields.joined(":authority").or(request.host), ..request }
    }

    /// Adds the fields that both forms have.
    fn with(self, fields: Fields<'_>) -> Self {
        Self {
            host: fields.joined("host"),
            origin: fields.joined("origin"),
            user_agent: fields.joined("user-agent"),
            credentials: Credentials::read(fields),
            offer: Some(Box::new(Offer {
                version: fields.joined("sec-websocket-version"),
                subprotocols: fields.joined("sec-websocket-protocol"),
                extensions: fields.joined("sec-websocket-extensions"),
            })),
            ..self
        }
    }

    /// Returns a request with only its first line captured.
    pub fn cut(carrier: &Carrier, parsed: &httparse::Request<'_, '_>) -> Self {
        Self {
            seen: carrier.seen,
            method: match parsed.method.unwrap_or_default() {
                "GET" => Cow::Borrowed("GET"),
                other => Cow::Owned(other.to_owned()),
            },
            target: text(parsed.path.unwrap_or_default().as_bytes()).into(),
            minor_version: parsed.version.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Shares the texts that many requests have in common.
    pub fn share(&mut self, texts: &mut SharedTexts) {
        for text in [&mut self.host, &mut self.origin, &mut self.user_agent] {
            texts.share(text);
        }
    }
}

impl Response {
    /// Reads the relevant fields.
    pub fn read(carrier: &Carrier, parsed: &httparse::Response<'_, '_>, fields: Fields<'_>) -> Self {
        let (status, reason) = (parsed.code.unwrap_or_default(), parsed.reason.unwrap_or_default());
        Self::of_fields(carrier, status, reason, fields)
    }

    /// Reads the relevant fields of a response with this status and this reason phrase, which HTTP/2 does not have.
    pub fn of_fields(carrier: &Carrier, status: u16, reason: &str, fields: Fields<'_>) -> Self {
        Self {
            seen: carrier.seen,
            acked: carrier.acked(),
            status,
            upgrade: fields.has_token("upgrade", "websocket"),
            connection: fields.has_token("connection", "upgrade"),
            subprotocol: fields.joined("sec-websocket-protocol"),
            extensions: fields.joined("sec-websocket-extensions"),
            server: fields.joined("server"),
            credentials: Credentials::read(fields),
            details: Some(Box::new(Details {
                accept: fields.joined("sec-websocket-accept"),
                reason: text(reason.as_bytes()).into(),
                location: fields.joined("location"),
                body: Box::default(),
            })),
        }
    }

    /// Returns whether it opens the WebSocket, for which the request was an extended CONNECT or an upgrade.
    pub const fn accepts(&self, is_extended: bool) -> bool {
        if is_extended { self.status / 100 == 2 } else { self.status == 101 }
    }

    /// Shares the texts that many responses have in common.
    pub fn share(&mut self, texts: &mut SharedTexts) {
        for text in [&mut self.subprotocol, &mut self.extensions, &mut self.server] {
            texts.share(text);
        }
    }

    /// Keeps the beginning of the body, from its first visible character on.
    pub fn append_body(&mut self, bytes: &[u8]) {
        let body = &mut self.details.get_or_insert_default().body;
        let bytes = if body.is_empty() { bytes.trim_ascii_start() } else { bytes };
        let room = limits::REFUSAL_BODY.saturating_sub(body.len());
        if room > 0 {
            let more = bytes.get(..room).unwrap_or(bytes);
            *body = [body, more].concat().into();
        }
    }
}

impl Handshake {
    /// Sets the request. In captures merged from several queues, it may come after its response.
    pub fn ask(&mut self, request: Box<Request>) {
        self.request = Some(request);
        if self.response.is_some() {
            self.conclude();
        }
    }

    /// Sets the response.
    pub fn answer(&mut self, response: Box<Response>) {
        self.response = Some(response);
        self.conclude();
    }

    /// Checks the response against the request, and drops what was only needed for that.
    fn conclude(&mut self) {
        self.judged = Some(self.judge().into());
        let Some(request) = &mut self.request else {
            return;
        };
        request.offer = None;
        let is_extended = request.extended;
        if let Some(response) = self.response.as_mut().filter(|response| response.accepts(is_extended)) {
            response.details = None;
        }
    }

    /// Returns the violations of RFC 6455 §4; none if a head was only partly captured.
    pub fn problems(&self) -> Vec<Problem> {
        self.judged.as_ref().map_or_else(|| self.judge(), |judged| judged.to_vec())
    }

    /// Returns `no_context_takeover` of each side (RFC 7692 §7.1.1), if permessage-deflate was agreed.
    pub fn agreed_deflate(&self) -> Option<PerSide<bool>> {
        let agreed = self.response.as_ref()?.extensions.as_deref();
        let deflate = extensions(agreed).find(|extension| extension.name == DEFLATE)?;
        Some(PerSide {
            client: deflate.parameter("client_no_context_takeover").is_some(),
            server: deflate.parameter("server_no_context_takeover").is_some(),
        })
    }

    fn judge(&self) -> Vec<Problem> {
        if self.cut {
            return Vec::new();
        }
        problem::problems(self.request.as_deref(), self.response.as_deref())
    }
}

impl Sights for Handshake {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self { request, response, cut: _, judged: _ } = self;
        request.iter_mut().for_each(|request| visit(&mut request.seen));
        response.iter_mut().for_each(|response| visit(&mut response.seen));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_same_text_however_it_is_cut() {
        let full = [&b"\xe0\xb8"[..], "สวัสดี".repeat(limits::REFUSAL_BODY).as_bytes()].concat();
        let text = |pieces: &[&[u8]]| {
            let mut response = Response::default();
            pieces.iter().for_each(|piece| response.append_body(piece));
            response.details.unwrap().body_text().into_owned()
        };
        for body in ["สวัสดี, ça va 😀".as_bytes(), &full] {
            let whole = text(&[body]);
            assert!(!whole.ends_with('\u{fffd}'));
            for cut in 0..body.len().min(30) {
                let (head, tail) = body.split_at(cut);
                assert_eq!(text(&[head, tail]), whole, "{cut}");
            }
        }
    }

    #[test]
    fn the_accept_is_checked_whichever_head_comes_first() {
        let request = || Box::new(Request { key: Some("dGhlIHNhbXBsZSBub25jZQ==".into()), ..Request::default() });
        let response = |accept: &str| {
            let details = Details { accept: Some(accept.into()), ..Details::default() };
            Box::new(Response { status: 101, details: Some(Box::new(details)), ..Response::default() })
        };
        for (accept, is_wrong) in [("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", false), ("other", true)] {
            let (mut in_order, mut late) = (Handshake::default(), Handshake::default());
            in_order.ask(request());
            in_order.answer(response(accept));
            late.answer(response(accept));
            late.ask(request());
            assert_eq!(in_order, late);
            let is_accept = |problem: &Problem| matches!(problem, Problem::Accept { .. });
            assert_eq!(late.problems().iter().any(is_accept), is_wrong);
        }
    }

    #[test]
    fn deflate_is_agreed_by_its_whole_name_and_parameters() {
        for (extensions, expected) in [
            (None, None),
            (Some("x, permessage-deflate2; server_no_context_takeover"), None),
            (Some("permessage-deflate"), Some((false, false))),
            (Some("x, permessage-deflate ;server_no_context_takeover"), Some((false, true))),
            (Some("permessage-deflate; Client_No_Context_Takeover"), Some((true, false))),
            (
                Some("permessage-deflate; x=server_no_context_takeover, x; client_no_context_takeover"),
                Some((false, false)),
            ),
        ] {
            let response = Response { extensions: extensions.map(Into::into), ..Response::default() };
            let handshake = Handshake { response: Some(Box::new(response)), ..Handshake::default() };
            let agreed = handshake.agreed_deflate().map(|PerSide { client, server }| (client, server));
            assert_eq!(agreed, expected, "{extensions:?}");
        }
        assert!(Handshake::default().agreed_deflate().is_none());
    }
}
