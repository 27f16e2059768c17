//! The Close frames of a connection in the form of the report, and the codes that APIs report for them.

use serde::Serialize;

use super::codes;
use super::redact::Redactor;
use crate::catalog::{Language, Registry};
use crate::diagnose::{Blame, Role, Verdict};
use crate::ending::{Ending, Kind, beginning_close, first_close, is_reply};
use crate::facts::Facts;
use crate::side::Side;
use crate::ws::CloseCode;

/// A Close frame.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Close {
    /// The side that sent it.
    pub side: Side,
    /// `first`, `reply`, or `extra`. Two that crossed are both `first`.
    pub role: &'static str,
    /// Its code; `None` if it carried none, or if the code was not captured.
    pub code: Option<u16>,
    /// The code's name.
    pub name: Option<String>,
    /// Its reason.
    pub reason: String,
    /// The number of its packet, from 1.
    pub packet: u64,
    /// The time of its packet, by RFC 3339 in UTC.
    pub time: String,
    /// Whether it is valid by RFC 6455.
    pub valid: bool,
    /// Whether all of it was captured.
    pub complete: bool,
}

/// Returns the codes of a connection's Close frames, with 1005 for a frame without a code and 1006 if there is no
/// frame.
pub(super) fn sent_codes(facts: &Facts) -> impl Iterator<Item = u16> {
    let of_close = |close: &crate::facts::Close| close.code.unwrap_or(CloseCode::NO_STATUS).0;
    let none = facts.closes.is_empty().then_some(CloseCode::ABNORMAL.0);
    facts.closes.iter().map(of_close).chain(none)
}

pub(super) fn closes(
    facts: &Facts,
    registry: Option<&Registry>,
    language: Language,
    redactor: &mut Redactor,
) -> Vec<Close> {
    let first = beginning_close(facts);
    facts
        .closes
        .iter()
        .map(|close| Close {
            side: close.side,
            role: match first {
                _ if first_close(facts, close.side) != Some(close) => "extra",
                Some(first) if first != close && is_reply(close, first) => "reply",
                _ => "first",
            },
            code: close.code.map(|code| code.0),
            name: close.code.map(|code| codes::name(code.0, registry, language)),
            reason: redactor.text(&close.reason),
            packet: close.carrier.seen.packet,
            time: close.carrier.seen.time.to_string(),
            valid: close.is_valid(),
            complete: close.complete,
        })
        .collect()
}

/// Returns the side that failed the connection according to a verdict: the side that is not to blame.
pub(super) fn failed_by(verdict: &Verdict) -> Option<Side> {
    match verdict.finding.blame.filter(|_| verdict.rule.role == Role::Failure)? {
        Blame::Client => Some(Side::Server),
        Blame::Server => Some(Side::Client),
        Blame::Network => None,
    }
}

/// Returns the code that a side's API reports: the code it received; 1005 for a Close frame without one; 1006 if no
/// Close frame came (RFC 6455 §7.1.5), or if the side failed the connection and read no further (§7.1.7). Returns
/// `None` if there was no end or no WebSocket, or if implementations differ.
pub(super) fn endpoint_code(facts: &Facts, ending: &Ending, side: Side, failed_by: Option<Side>) -> Option<u16> {
    match ending.kind {
        Kind::Open => return None,
        // A server has no connection to report on.
        Kind::Refused | Kind::NoAnswer => {
            return (side == Side::Client && ending.by.is_some()).then_some(CloseCode::ABNORMAL.0);
        }
        _ if failed_by == Some(side) => return Some(CloseCode::ABNORMAL.0),
        _ => {}
    }
    if let Some(received) = first_close(facts, !side) {
        let usable = received.is_valid() && (received.complete || received.code.is_some());
        return usable.then_some(received.code.unwrap_or(CloseCode::NO_STATUS).0);
    }
    facts.is_over().then_some(CloseCode::ABNORMAL.0)
}
