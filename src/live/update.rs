//! The four kinds of updates. As JSON, each is one object on one line, with a `type`.

use std::borrow::Cow;

use serde::Serialize;

use crate::catalog::{Language, Registries};
use crate::diagnose::Confidence;
use crate::ending::{Ending, Kind};
use crate::facts::Facts;
use crate::report::Connection;
use crate::report::codes::{self, Occurred};
use crate::report::document::{Clock, Row, row};
use crate::side::Side;

/// An update, reported as it happens. `--format ndjson` writes it as one JSON object:
///
/// | `type` | what happened | fields |
/// |---|---|---|
/// | `opened` | both sides speak WebSocket | those of [`Opened`] |
/// | `refused` | an opening handshake was refused, or nobody answered it | those of [`Ended`] |
/// | `closed` | a connection ended | those of [`Ended`] |
/// | `notice` | anything else worth a line | those of [`Notice`] |
///
/// The report follows at the end of a run, as lines of the `type`s `connection`, `encrypted` and, last, `report`
/// ([`crate::render::ndjson::Line`]).
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Update {
    /// Both sides speak WebSocket.
    Opened(Opened),
    /// The opening handshake failed.
    Refused(Box<Ended>),
    /// The connection ended.
    Closed(Box<Ended>),
    /// Anything else worth a line.
    Notice(Notice),
}

/// An opening.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Opened {
    /// The time of the 101, or else of the packet by which it was recognised, by RFC 3339 in UTC.
    pub time: String,
    /// The number of that packet.
    pub packet: u64,
    /// Wireshark's `tcp.stream`.
    pub tcp_stream: u32,
    /// The client's address and port.
    pub client: String,
    /// The server's address and port.
    pub server: String,
    /// The request target, without the values of its query.
    pub target: Option<String>,
    /// Whether it had begun before the capture.
    pub late_start: bool,
    /// The connection as in the report.
    #[serde(skip)]
    pub connection: Box<Connection>,
}

/// An end, judged by what had been captured when it was reported. The report at the end of the run is authoritative.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ended {
    /// The time at which the end began, by RFC 3339 in UTC.
    pub time: String,
    /// The number of the packet that began it.
    pub packet: u64,
    /// Wireshark's `tcp.stream`.
    pub tcp_stream: u32,
    /// The client's address and port.
    pub client: String,
    /// The server's address and port.
    pub server: String,
    /// The request target, without the values of its query.
    pub target: Option<String>,
    /// Seconds from its opening to its end.
    pub lifetime: f64,
    /// The kind of ending, as in the report.
    pub ending: Kind,
    /// The side that began the end.
    pub closed_by: Option<Side>,
    /// The close code of the end: 1005 or 1006 if none was sent; `None` for a refusal.
    pub code: Option<u16>,
    /// The code's name.
    pub name: Option<String>,
    /// The reason in the Close frame that began the end.
    pub reason: Option<String>,
    /// The status of the response to the opening handshake.
    pub status: Option<u16>,
    /// Whether it ended normally.
    pub normal: bool,
    /// The rule that fits.
    pub rule: &'static str,
    /// The confidence in that rule.
    pub confidence: Confidence,
    /// The rule's title, a few words.
    pub title: Cow<'static, str>,
    /// The cause, as a sentence.
    pub summary: String,
    /// The numbers of the packets that prove it.
    pub packets: Vec<u64>,
    /// Its row of the report's table.
    #[serde(skip)]
    pub row: Row,
    /// The connection as in the report.
    #[serde(skip)]
    pub connection: Box<Connection>,
}

/// Something else worth a line.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Notice {
    /// The time, by RFC 3339 in UTC.
    pub time: String,
    /// The subject: `drops`, `interface`, `write`, `unanswered_ping`, `unanswered_handshake` or `judged_again`.
    pub about: &'static str,
    /// Wireshark's `tcp.stream`, if it concerns one connection.
    pub tcp_stream: Option<u32>,
    /// The notice itself, as a sentence.
    pub text: String,
    /// The connection as in the report, if it was judged again.
    #[serde(skip)]
    pub connection: Option<Box<Connection>>,
}

impl Opened {
    pub(super) fn new(facts: &Facts, connection: Box<Connection>) -> Self {
        let seen = facts.switched.unwrap_or(facts.first);
        Self {
            time: seen.time.to_string(),
            packet: seen.packet,
            tcp_stream: connection.tcp_stream,
            client: connection.client.clone(),
            server: connection.server.clone(),
            target: connection.handshake.target.clone(),
            late_start: facts.joined,
            connection,
        }
    }
}

impl Update {
    /// Creates the update for the end of a connection.
    pub(super) fn end(facts: &Facts, connection: Box<Connection>, registries: &Registries, language: Language) -> Self {
        let mut occurred = Occurred::default();
        occurred.add(&connection);
        let codes = occurred.codes(registries, language);
        let carrier = Ending::of(facts).carrier;
        let seen = carrier.map_or(facts.last, |carrier| carrier.seen);
        let first = connection.closes.iter().find(|close| close.packet == seen.packet);
        let code = connection.code();
        let refused = matches!(connection.ending, Kind::Refused | Kind::NoAnswer);
        let ended = Box::new(Ended {
            time: seen.time.to_string(),
            packet: seen.packet,
            tcp_stream: connection.tcp_stream,
            client: connection.client.clone(),
            server: connection.server.clone(),
            target: connection.handshake.target.clone(),
            lifetime: connection.lifetime,
            ending: connection.ending,
            closed_by: connection.closed_by,
            code,
            name: code.and_then(|code| Some(codes::find(&codes, &connection, code)?.name.clone())),
            reason: first.map(|close| close.reason.clone()).filter(|reason| !reason.is_empty()),
            status: connection.handshake.status,
            normal: connection.is_normal(),
            rule: connection.verdict.rule.name,
            confidence: connection.verdict.confidence,
            title: connection.verdict.title.clone(),
            summary: connection.verdict.summary.to_string(),
            packets: connection.verdict.packets.clone(),
            row: row(&connection, &codes, Clock::default(), language),
            connection,
        });
        if refused { Self::Refused(ended) } else { Self::Closed(ended) }
    }
}
