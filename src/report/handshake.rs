//! The opening handshake of a connection, in the form of the report.

use serde::Serialize;

use super::phrase;
use super::redact::Redactor;
use crate::catalog::Language;
use crate::facts::Facts;
use crate::http::extension::extensions;

/// An opening handshake.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Handshake {
    /// The parts that were captured: `complete`, `request_only`, `response_only`, `none`.
    pub seen: &'static str,
    /// The number of the packet with the request, else with the response.
    pub packet: Option<u64>,
    /// Method.
    pub method: Option<String>,
    /// Request target; the values of its query are redacted unless secrets are shown.
    pub target: Option<String>,
    /// The target up to its question mark.
    pub path: Option<String>,
    /// The target behind its question mark; `None` if it has none.
    pub query: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Origin.
    pub origin: Option<String>,
    /// Status of the response.
    pub status: Option<u16>,
    /// The subprotocol chosen.
    pub subprotocol: Option<String>,
    /// The extensions agreed upon.
    pub extensions: Vec<String>,
    /// User-Agent.
    pub user_agent: Option<String>,
    /// Server.
    pub server: Option<String>,
    /// Violations of RFC 6455 §4.
    pub problems: Vec<String>,
}

impl Handshake {
    pub(super) fn new(facts: &Facts, language: Language, redactor: &mut Redactor) -> Self {
        let request = facts.handshake.request.as_deref();
        let response = facts.handshake.response.as_deref();
        let target = request.map(|request| redactor.target(&request.target));
        let parts = target
            .as_deref()
            .map(|target| target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query))));
        let (path, query) = parts.unzip();
        let (path, query) = (path.map(str::to_owned), query.flatten().map(str::to_owned));
        Self {
            seen: match (request, response) {
                (Some(_), Some(_)) => "complete",
                (Some(_), None) => "request_only",
                (None, Some(_)) => "response_only",
                (None, None) => "none",
            },
            packet: request.map(|request| request.seen.packet).or(response.map(|response| response.seen.packet)),
            method: request.map(|request| redactor.common(&request.method)),
            target,
            path,
            query,
            host: request.and_then(|request| Some(redactor.host(request.host.as_deref()?))),
            origin: request.and_then(|request| Some(redactor.common(request.origin.as_deref()?))),
            status: response.map(|response| response.status),
            subprotocol: response.and_then(|response| Some(redactor.subprotocols(response.subprotocol.as_deref()?))),
            extensions: extensions(response.and_then(|response| response.extensions.as_deref()))
                .map(|extension| redactor.text(&extension.to_string()))
                .collect(),
            user_agent: request.and_then(|request| Some(redactor.common(request.user_agent.as_deref()?))),
            server: response.and_then(|response| Some(redactor.common(response.server.as_deref()?))),
            problems: facts
                .handshake
                .problems()
                .iter()
                .map(|problem| phrase::problem(&redactor.problem(problem), language))
                .collect(),
        }
    }
}
