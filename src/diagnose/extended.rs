//! Extended CONNECT (RFC 8441) that came to nothing: browsers use it wherever a server offers it, while other clients upgrade
//! HTTP/1.1, so that the same server works for some and not for others.

use super::{Case, Member};
use crate::ending::{Kind, stream_reset};
use crate::facts::{Facts, Http2};
use crate::http::Request;
use crate::seen::Seen;
use crate::side::Side;

/// Statuses with which programs and proxies answer a method that they do not know, or a request without Upgrade.
const NOT_UNDERSTOOD: &[u16] = &[400, 405, 426, 501, 505];

/// Statuses about the user and the page, whatever carries the request.
const ABOUT_THE_USER: &[u16] = &[401, 403, 407, 429];

/// An extended CONNECT that opened nothing.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'f> {
    /// The request.
    pub request: &'f Request,
    /// The way it failed.
    pub how: How<'f>,
}

/// The way in which it failed.
#[derive(Clone, Copy, Debug)]
pub enum How<'f> {
    /// The server had not offered it.
    NotOffered,
    /// The server had offered it, and answered with another status than 200.
    Status {
        /// The status.
        status: u16,
        /// The packet of the answer.
        seen: Seen,
        /// A WebSocket that the same host opened to the same server later, over HTTP/1.1.
        later: Option<&'f Member>,
    },
    /// The server had offered it, and reset the stream with this code.
    Reset {
        /// The code.
        code: u32,
        /// The packet of RST_STREAM.
        seen: Seen,
        /// The same as that of a status.
        later: Option<&'f Member>,
    },
    /// The server had offered it, and sent nothing on the stream.
    Unanswered,
}

/// Returns how an extended CONNECT failed, if that it was one explains the failure: a wrong password, or a stop of the server,
/// does not depend on what carries the request.
pub fn failure<'f>(case: &Case<'f>) -> Option<Failure<'f>> {
    let (request, http2) = candidate(case)?;
    let facts = case.facts;
    let answered = answered(facts);
    let later = case.fleet.over_http1_after(facts);
    let how = match (http2.offered?, answered, stream_reset(facts, Side::Server)) {
        (false, ..) => How::NotOffered,
        (true, Some((status, seen)), _) if later.is_some() || NOT_UNDERSTOOD.contains(&status) => {
            How::Status { status, seen, later }
        }
        (true, Some(_), _) => return None,
        (true, None, Some((code, carrier))) => How::Reset { code, seen: carrier.seen, later },
        (true, None, None) => How::Unanswered,
    };
    Some(Failure { request, how })
}

/// Returns whether it may have failed because it was one: it is not known whether the server had offered it.
pub fn may_explain(case: &Case<'_>) -> bool {
    candidate(case).is_some_and(|(_, http2)| http2.offered.is_none())
}

/// Returns an extended CONNECT that failed, and its stream, unless the failure is about something else.
fn candidate<'f>(case: &Case<'f>) -> Option<(&'f Request, &'f Http2)> {
    let facts = case.facts;
    let request = facts.handshake.request.as_deref().filter(|request| request.extended)?;
    let http2 = facts.rare.http2.as_deref()?;
    let is_about_user = answered(facts).is_some_and(|(status, _)| ABOUT_THE_USER.contains(&status) || status < 400);
    let has_failed = matches!(case.ending.kind, Kind::Refused | Kind::NoAnswer);
    (has_failed && !is_about_user && !is_left_unserved(http2)).then_some((request, http2))
}

fn answered(facts: &Facts) -> Option<(u16, Seen)> {
    facts.handshake.response.as_ref().map(|response| (response.status, response.seen))
}

/// Returns whether the server had said that it serves no such stream any more.
pub fn is_left_unserved(http2: &Http2) -> bool {
    http2.goaway.as_deref().is_some_and(|goaway| goaway.side == Side::Server && http2.stream > goaway.last)
}

/// The names of the error codes, in the order of their numbers (RFC 9113 §7).
const CODES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// Returns the name of an error code of HTTP/2; that of an unknown one in hexadecimal.
pub fn code_name(code: u32) -> String {
    CODES.get(code as usize).map_or_else(|| format!("0x{code:x}"), |name| (*name).to_owned())
}
