//! The opening handshake (RFC 6455 §4): what was asked, what was answered, and what is wrong with it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::head::{Fields, text};
use super::shared::SharedTexts;
use crate::chunk::Carrier;
use crate::limits;
use crate::seen::Seen;

/// What the key is joined with before it is hashed (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A client's opening handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The packet with its first byte.
    pub seen: Seen,
    /// `GET`, or what stood there.
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
    /// What the response is held against; dropped once that is done.
    pub offer: Option<Box<Offer>>,
}

/// What a client offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Sec-WebSocket-Version.
    pub version: Option<Arc<str>>,
    /// Sec-WebSocket-Protocol.
    pub subprotocols: Option<Box<str>>,
    /// Sec-WebSocket-Extensions.
    pub extensions: Option<Arc<str>>,
}

/// The server's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The packet with its first byte.
    pub seen: Seen,
    /// Bytes of the client that it acknowledges.
    pub acked: Option<u64>,
    /// Status code; 101 opens the WebSocket.
    pub status: u16,
    /// Whether Upgrade has `websocket`.
    pub upgrade: bool,
    /// Whether Connection has `Upgrade`.
    pub connection: bool,
    /// Sec-WebSocket-Protocol: what was chosen.
    pub subprotocol: Option<Arc<str>>,
    /// Sec-WebSocket-Extensions: what was agreed.
    pub extensions: Option<Arc<str>>,
    /// Server.
    pub server: Option<Arc<str>>,
    /// What a 101 has to prove and a refusal has to say; dropped once a 101 has proved it.
    pub details: Option<Box<Details>>,
}

/// What a 101 has to prove, and what a refusal has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Sec-WebSocket-Accept.
    pub accept: Option<Box<str>>,
    /// Reason phrase.
    pub reason: Box<str>,
    /// Location of a redirect.
    pub location: Option<Box<str>>,
    /// Beginning of the body of a refusal.
    pub body: Box<str>,
}

/// Both, as far as they were captured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// The request.
    pub request: Option<Box<Request>>,
    /// The final response.
    pub response: Option<Box<Response>>,
    /// Whether a head was only partly captured: what it lacks may have stood in the rest.
    pub cut: bool,
    /// What was wrong, once the response is there.
    judged: Option<Box<[Problem]>>,
}

/// What is wrong with an opening handshake that was answered with 101, or why it could not be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The method is not GET (RFC 6455 §4.1).
    Method,
    /// The version is below HTTP/1.1 (§4.1).
    HttpVersion,
    /// The request has no Host (§4.2.1).
    NoHost,
    /// The request's Upgrade lacks `websocket` (§4.2.1).
    RequestUpgrade,
    /// The request's Connection lacks `Upgrade` (§4.2.1).
    RequestConnection,
    /// The key is missing, or is not 16 bytes in base64 (§4.2.1).
    Key,
    /// The version is missing, or is not 13 (§4.2.1).
    Version,
    /// The response's Upgrade lacks `websocket` (§4.1).
    ResponseUpgrade,
    /// The response's Connection lacks `Upgrade` (§4.1).
    ResponseConnection,
    /// Sec-WebSocket-Accept is missing (§4.1).
    NoAccept,
    /// Sec-WebSocket-Accept does not fit the key (§4.1).
    Accept {
        /// What the key asks for.
        expected: Box<str>,
    },
    /// An extension, or a parameter of it, was accepted that was not offered (§4.1; RFC 7692 §7.1).
    Extension(Box<str>),
    /// A subprotocol was chosen that was not offered (§4.1).
    Subprotocol(Box<str>),
}

impl Problem {
    /// The problem's name in the JSON report.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::HttpVersion => "http_version",
            Self::NoHost => "no_host",
            Self::RequestUpgrade => "request_upgrade",
            Self::RequestConnection => "request_connection",
            Self::Key => "key",
            Self::Version => "version",
            Self::ResponseUpgrade => "response_upgrade",
            Self::ResponseConnection => "response_connection",
            Self::NoAccept => "no_accept",
            Self::Accept { .. } => "accept",
            Self::Extension(_) => "extension",
            Self::Subprotocol(_) => "subprotocol",
        }
    }

    /// What the words name beside the problem: the value that the key asks for, the extension, the subprotocol.
    pub fn detail(&self) -> &str {
        match self {
            Self::Accept { expected: detail } | Self::Extension(detail) | Self::Subprotocol(detail) => detail,
            _ => "",
        }
    }

    /// Whether the response broke the rule, not the request.
    pub const fn is_in_response(&self) -> bool {
        matches!(
            self,
            Self::ResponseUpgrade
                | Self::ResponseConnection
                | Self::NoAccept
                | Self::Accept { .. }
                | Self::Extension(_)
                | Self::Subprotocol(_)
        )
    }
}

impl Request {
    /// Reads the fields that matter; `None` if the request is no attempt at a WebSocket.
    pub fn read(carrier: &Carrier, parsed: &httparse::Request<'_, '_>, fields: Fields<'_>) -> Option<Self> {
        let upgrade = fields.has_token("upgrade", "websocket");
        let key = fields.first("sec-websocket-key").map(|key| text(key).into());
        if !upgrade && key.is_none() {
            return None;
        }
        Some(Self {
            host: fields.joined("host"),
            origin: fields.joined("origin"),
            user_agent: fields.joined("user-agent"),
            upgrade,
            connection: fields.has_token("connection", "upgrade"),
            key,
            offer: Some(Box::new(Offer {
                version: fields.joined("sec-websocket-version"),
                subprotocols: fields.joined("sec-websocket-protocol"),
                extensions: fields.joined("sec-websocket-extensions"),
            })),
            ..Self::cut(carrier, parsed)
        })
    }

    /// What is known of a request of which only the first line was captured.
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

    /// Shares what many requests have in common.
    pub fn share(&mut self, texts: &mut SharedTexts) {
        for text in [&mut self.host, &mut self.origin, &mut self.user_agent] {
            texts.share(text);
        }
    }
}

impl Response {
    /// Reads the fields that matter.
    pub fn read(carrier: &Carrier, parsed: &httparse::Response<'_, '_>, fields: Fields<'_>) -> Self {
        Self {
            seen: carrier.seen,
            acked: carrier.acked(),
            status: parsed.code.unwrap_or_default(),
            upgrade: fields.has_token("upgrade", "websocket"),
            connection: fields.has_token("connection", "upgrade"),
            subprotocol: fields.joined("sec-websocket-protocol"),
            extensions: fields.joined("sec-websocket-extensions"),
            server: fields.joined("server"),
            details: Some(Box::new(Details {
                accept: fields.joined("sec-websocket-accept"),
                reason: text(parsed.reason.unwrap_or_default().as_bytes()).into(),
                location: fields.joined("location"),
                body: Box::default(),
            })),
        }
    }

    /// Shares what many responses have in common.
    pub fn share(&mut self, texts: &mut SharedTexts) {
        for text in [&mut self.subprotocol, &mut self.extensions, &mut self.server] {
            texts.share(text);
        }
    }

    /// Keeps the beginning of the body, as text.
    pub fn append_body(&mut self, bytes: &[u8]) {
        let body = &mut self.details.get_or_insert_default().body;
        let room = limits::REFUSAL_BODY.saturating_sub(body.len());
        if room > 0 {
            let more = String::from_utf8_lossy(bytes.get(..room).unwrap_or(bytes));
            *body = format!("{body}{more}").into();
        }
    }
}

impl Handshake {
    /// Takes the request. In captures merged from several queues it may stand behind its answer.
    pub fn ask(&mut self, request: Box<Request>) {
        self.request = Some(request);
        if self.response.is_some() {
            self.conclude();
        }
    }

    /// Takes the response.
    pub fn answer(&mut self, response: Box<Response>) {
        self.response = Some(response);
        self.conclude();
    }

    /// Holds the response against the request, and drops what was only needed for that.
    fn conclude(&mut self) {
        self.judged = Some(self.judge().into());
        let Some(request) = &mut self.request else {
            return;
        };
        request.offer = None;
        if let Some(response) = self.response.as_mut().filter(|response| response.status == 101) {
            response.details = None;
        }
    }

    /// What RFC 6455 §4 finds wrong, as far as the heads were captured.
    pub fn problems(&self) -> Vec<Problem> {
        self.judged.as_ref().map_or_else(|| self.judge(), |judged| judged.to_vec())
    }

    fn judge(&self) -> Vec<Problem> {
        if self.cut {
            return Vec::new();
        }
        let request = self.request.as_deref();
        let accepted = self.response.as_deref().filter(|response| response.status == 101);
        let mut problems: Vec<_> = request.map(problems_of_request).into_iter().flatten().collect();
        if let Some(response) = accepted {
            problems.extend(problems_of_response(request, response));
        }
        problems
    }
}

fn problems_of_request(request: &Request) -> Vec<Problem> {
    let key_is_good =
        request.key.as_deref().is_some_and(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16));
    let version = request.offer.as_ref().and_then(|offer| offer.version.as_deref());
    let mut problems = Vec::new();
    let mut hold = |broken: bool, problem: Problem| {
        if broken {
            problems.push(problem);
        }
    };
    hold(&*request.method != "GET", Problem::Method);
    hold(request.minor_version == 0, Problem::HttpVersion);
    hold(request.host.is_none(), Problem::NoHost);
    hold(!request.upgrade, Problem::RequestUpgrade);
    hold(!request.connection, Problem::RequestConnection);
    hold(!key_is_good, Problem::Key);
    hold(version != Some("13"), Problem::Version);
    problems
}

fn problems_of_response(request: Option<&Request>, response: &Response) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !response.upgrade {
        problems.push(Problem::ResponseUpgrade);
    }
    if !response.connection {
        problems.push(Problem::ResponseConnection);
    }
    let given = response.details.as_ref().and_then(|details| details.accept.as_deref());
    let expected = request.and_then(|request| request.key.as_deref()).map(accept);
    match (given, expected) {
        (None, _) => problems.push(Problem::NoAccept),
        (Some(given), Some(expected)) if given.trim() != expected => {
            problems.push(Problem::Accept { expected: expected.into() })
        }
        _ => {}
    }
    if let Some(offer) = request.and_then(|request| request.offer.as_deref()) {
        problems.extend(unoffered_extensions(offer, response));
        let offered = offer.subprotocols.as_deref().unwrap_or_default();
        if let Some(chosen) = response.subprotocol.as_deref()
            && !offered.split(',').any(|name| name.trim() == chosen.trim())
        {
            problems.push(Problem::Subprotocol(chosen.into()));
        }
    }
    problems
}

/// What Sec-WebSocket-Accept must be for a key (RFC 6455 §4.2.2).
pub fn accept(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key.trim()).chain_update(GUID).finalize())
}

fn unoffered_extensions(offer: &Offer, response: &Response) -> Vec<Problem> {
    let offered = || extensions(offer.extensions.as_deref());
    extensions(response.extensions.as_deref())
        .filter_map(|agreed| {
            let Some(offer) = offered().find(|offer| offer.name == agreed.name) else {
                return Some(Problem::Extension(agreed.name.into()));
            };
            // RFC 7692 §7.1.2.2: the only parameter that a server may not send unasked.
            let parameter = "client_max_window_bits";
            let asked = offered().any(|offer| offer.parameter(parameter).is_some());
            (offer.name == DEFLATE && agreed.parameter(parameter).is_some() && !asked)
                .then(|| Problem::Extension(format!("{DEFLATE}; {parameter}").into()))
        })
        .collect()
}

/// The extension's name in IANA's registry.
pub const DEFLATE: &str = "permessage-deflate";

/// One element of Sec-WebSocket-Extensions (RFC 6455 §9.1).
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    /// Its token.
    pub name: &'a str,
    parameters: &'a str,
}

impl fmt::Display for Extension<'_> {
    /// As it stood in the header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parameters.trim() {
            "" => f.write_str(self.name),
            parameters => write!(f, "{}; {parameters}", self.name),
        }
    }
}

impl<'a> Extension<'a> {
    /// The value of a parameter, empty where it has none; `None` where the parameter is not there.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.split(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            key.trim().eq_ignore_ascii_case(name).then_some(value.trim().trim_matches('"'))
        })
    }
}

/// The elements of a Sec-WebSocket-Extensions value.
pub fn extensions(value: Option<&str>) -> impl Iterator<Item = Extension<'_>> {
    value.unwrap_or_default().split(',').map(str::trim).filter(|element| !element.is_empty()).map(|element| {
        let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
        Extension { name: name.trim(), parameters }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455 §1.3.
    #[test]
    fn the_accept_of_the_rfc() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
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
    fn parameters_of_extensions() {
        let all: Vec<_> =
            extensions(Some("permessage-deflate; server_no_context_takeover; client_max_window_bits=\"10\", x"))
                .collect();
        let [deflate, other] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((deflate.name, other.name), (DEFLATE, "x"));
        assert_eq!(deflate.parameter("server_no_context_takeover"), Some(""));
        assert_eq!(deflate.parameter("client_max_window_bits"), Some("10"));
        assert_eq!(deflate.parameter("client_no_context_takeover"), None);
    }
}
