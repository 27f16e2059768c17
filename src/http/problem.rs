//! Problems of an opening handshake (RFC 6455 §4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::deflate_answer::refused_parameter;
use super::extension::{DEFLATE, Extension, extensions};
use super::handshake::{Offer, Request, Response};

/// The text that is appended to the key before it is hashed (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A problem of an opening handshake that was answered with 101, or a reason that it could not be accepted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
        /// The value that the key requires.
        expected: Box<str>,
    },
    /// An extension, or a parameter of it, was accepted that was not offered (§4.1; RFC 7692 §7.1).
    Extension(Box<str>),
    /// permessage-deflate was accepted with a parameter that the client has to refuse (RFC 7692 §7.1).
    ExtensionParameter(Box<str>),
    /// A subprotocol was chosen that was not offered (§4.1).
    Subprotocol(Box<str>),
}

impl Problem {
    /// Returns the problem's name in the JSON report.
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
            Self::ExtensionParameter(_) => "parameter",
            Self::Subprotocol(_) => "subprotocol",
        }
    }

    /// Returns the detail that the words name besides the problem: the value that the key requires, the extension and
    /// its parameter, or the subprotocol. Empty if there is none.
    pub fn detail(&self) -> &str {
        match self {
            Self::Accept { expected: detail }
            | Self::Extension(detail)
            | Self::ExtensionParameter(detail)
            | Self::Subprotocol(detail) => detail,
            _ => "",
        }
    }

    /// Returns whether the response broke the rule, not the request.
    pub const fn is_in_response(&self) -> bool {
        matches!(
            self,
            Self::ResponseUpgrade
                | Self::ResponseConnection
                | Self::NoAccept
                | Self::Accept { .. }
                | Self::Extension(_)
                | Self::ExtensionParameter(_)
                | Self::Subprotocol(_)
        )
    }
}

/// Returns the problems of a request, and of the response to it if that is a 101.
pub fn problems(request: Option<&Request>, response: Option<&Response>) -> Vec<Problem> {
    let mut problems = request.map_or_else(Vec::new, problems_of_request);
    let is_extended = request.is_some_and(|request| request.extended);
    if let Some(accepted) = response.filter(|response| response.accepts(is_extended)) {
        problems.extend(problems_of_response(request, accepted));
    }
    problems
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
    if request.extended {
        hold(request.host.is_none(), Problem::NoHost);
        hold(version != Some("13"), Problem::Version);
        return problems;
    }
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
    if !request.is_some_and(|request| request.extended) {
        problems.extend(problems_of_upgrade(request, response));
    }
    if let Some(offer) = request.and_then(|request| request.offer.as_deref()) {
        problems.extend(problems_of_extensions(offer, response));
        let offered = offer.subprotocols.as_deref().unwrap_or_default();
        if let Some(chosen) = response.subprotocol.as_deref()
            && !offered.split(',').any(|name| name.trim() == chosen.trim())
        {
            problems.push(Problem::Subprotocol(chosen.into()));
        }
    }
    problems
}

/// Returns the problems of a 101 that only HTTP/1.1 has.
fn problems_of_upgrade(request: Option<&Request>, response: &Response) -> Vec<Problem> {
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
    problems
}

/// Returns the Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2).
pub fn accept(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key.trim()).chain_update(GUID).finalize())
}

fn problems_of_extensions(offer: &Offer, response: &Response) -> Vec<Problem> {
    let offered: Vec<_> = extensions(offer.extensions.as_deref()).collect();
    extensions(response.extensions.as_deref()).filter_map(|agreed| problem_of_extension(&agreed, &offered)).collect()
}

fn problem_of_extension(agreed: &Extension<'_>, offered: &[Extension<'_>]) -> Option<Problem> {
    if !offered.iter().any(|offer| offer.name == agreed.name) {
        return Some(Problem::Extension(agreed.name.into()));
    }
    if agreed.name != DEFLATE {
        return None;
    }
    // RFC 7692 §7.1.2.2: the only parameter that a server may not send unasked.
    let parameter = "client_max_window_bits";
    let is_asked = offered.iter().any(|offer| offer.parameter(parameter).is_some());
    if agreed.parameter(parameter).is_some() && !is_asked {
        return Some(Problem::Extension(format!("{DEFLATE}; {parameter}").into()));
    }
    let offers: Vec<_> = offered.iter().filter(|offer| offer.name == DEFLATE).copied().collect();
    refused_parameter(agreed, &offers).map(|parameter| Problem::ExtensionParameter(parameter.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455 §1.3.
    #[test]
    fn the_accept_of_the_rfc() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
