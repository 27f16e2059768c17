//! One connection of a report.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::SocketAddr;

use serde::{Serialize, Serializer};

use super::codes;
use super::phrase::{self, json};
use super::redact::Redactor;
use crate::catalog::evidence::Mark;
use crate::catalog::{Language, Registries, Registry, Texts};
use crate::diagnose::{Blame, Case, Confidence, Role, Verdict, diagnose};
use crate::ending::{Ending, Kind, beginning_close, first_close, is_reply};
use crate::facts::Facts;
use crate::http::extension::extensions;
use crate::report::community_id::community_id;
use crate::report::timeline::{Moment, timeline};
use crate::report::visibility::visibility;
use crate::side::{PerSide, Side};
use crate::ws::CloseCode;

/// One connection, or an attempt at one. Its large parts are boxed, so that they fit where the facts of connections judged
/// before were.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Connection {
    /// From 1, in order of first packet.
    pub id: usize,
    /// Wireshark's `tcp.stream`.
    pub tcp_stream: u32,
    /// The HTTP/2 stream, where it is one.
    pub http2_stream: Option<u32>,
    /// Whether it was inside TLS.
    pub encrypted: bool,
    /// The client's address and port.
    pub client: String,
    /// The server's.
    pub server: String,
    /// As Zeek and Suricata log it.
    pub community_id: String,
    /// The opening handshake.
    pub handshake: Box<Handshake>,
    /// When it was opened: the 101, else the first packet.
    pub opened: String,
    /// When its end began; `None` while it is open.
    pub ended: Option<String>,
    /// Seconds from one to the other, or to the last packet.
    pub lifetime: f64,
    /// How it ended.
    pub ending: Kind,
    /// Who began the end.
    pub closed_by: Option<Side>,
    /// Every Close frame.
    pub closes: Vec<Close>,
    /// The registry of close codes that the connection shows, if it is that of an application.
    pub registry: Option<String>,
    /// By what it shows it: `subprotocol`, `host`, `path`, `messages`.
    pub registry_shown_by: Vec<&'static str>,
    /// What each side's API reports (RFC 6455 §7.1.5): 1005 and 1006 appear here, never in `closes`.
    pub endpoint_codes: PerSide<Option<u16>>,
    /// Why.
    pub verdict: Box<Finding>,
    /// What else fits, best first.
    pub findings: Vec<Finding>,
    /// Rules of RFC 6455 and RFC 7692 that were broken, whether or not anybody minded.
    pub violations: Vec<Violation>,
    /// What each side sent.
    pub traffic: PerSide<Traffic>,
    /// The last things that happened, in order.
    pub timeline: Box<[Moment]>,
    /// The number of the connection that is the other leg of the same WebSocket through a proxy.
    pub other_leg: Option<usize>,
    /// What limited the view: `late_start`, `lost_bytes`, `kernel_drops`, `duplicated_packets`, `truncated_packets`, `one_direction`, `lost_frames`, `no_keys`, `early_end`.
    pub visibility: Vec<&'static str>,
}

/// An opening handshake.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Handshake {
    /// `complete`, `request_only`, `response_only`, `none`.
    pub seen: &'static str,
    /// Packet of the request, else of the response.
    pub packet: Option<u64>,
    /// Method.
    pub method: Option<String>,
    /// Request target, the values of its query left out.
    pub target: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Origin.
    pub origin: Option<String>,
    /// Status of the answer.
    pub status: Option<u16>,
    /// The subprotocol chosen.
    pub subprotocol: Option<String>,
    /// The extensions agreed on.
    pub extensions: Vec<String>,
    /// User-Agent.
    pub user_agent: Option<String>,
    /// Server.
    pub server: Option<String>,
    /// What RFC 6455 §4 finds wrong.
    pub problems: Vec<String>,
}

/// A Close frame.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Close {
    /// Who sent it.
    pub side: Side,
    /// `first`, `reply`, or `extra`. Two that crossed are both `first`.
    pub role: &'static str,
    /// Its code; `None` where it carried none, or where that was not captured.
    pub code: Option<u16>,
    /// The code's name.
    pub name: Option<String>,
    /// Its reason.
    pub reason: String,
    /// Its packet.
    pub packet: u64,
    /// When.
    pub time: String,
    /// Whether it is as RFC 6455 wants it.
    pub valid: bool,
    /// Whether all of it was captured.
    pub complete: bool,
}

/// A verdict in words.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// Whether it is a cause, and not only how the connection ended.
    pub is_cause: bool,
    /// How sure.
    pub confidence: Confidence,
    /// Whose doing.
    pub side: Option<Blame>,
    /// The packets that prove it.
    pub packets: Vec<u64>,
    /// A Wireshark display filter that shows them.
    pub filter: String,
    /// A few words.
    pub title: &'static str,
    /// What happened, as a sentence.
    pub summary: Cow<'static, str>,
    /// How this comes about.
    pub cause: Cow<'static, str>,
    /// What to do.
    pub fix: Cow<'static, str>,
    /// The values behind the sentence.
    #[serde(serialize_with = "as_map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, serde_json::Value>"))]
    pub evidence: Vec<(&'static str, serde_json::Value)>,
}

/// A broken rule of the protocol.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Violation {
    /// Who broke it.
    pub side: Side,
    /// What.
    pub kind: &'static str,
    /// The section that makes the rule.
    pub reference: &'static str,
    /// The packet.
    pub packet: u64,
}

/// What one side sent.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Traffic {
    /// Frames.
    pub frames: u64,
    /// Complete messages.
    pub messages: u64,
    /// Payload bytes on the wire.
    pub payload_bytes: u64,
    /// Pings.
    pub pings: u64,
    /// Pongs.
    pub pongs: u64,
}

impl Connection {
    /// Judges a connection, its codes named by `registries`; what `redactor` finds secret stays with it.
    pub fn new(
        id: usize,
        case: &Case<'_>,
        registries: &Registries,
        language: Language,
        redactor: &mut Redactor,
    ) -> Self {
        let Case { facts, ending, .. } = *case;
        let verdicts = diagnose(case);
        let is_sure = |verdict: &&Verdict| verdict.finding.confidence <= Confidence::High;
        let failed_by = verdicts.first().into_iter().chain(verdicts.iter().filter(is_sure)).find_map(failed_by);
        let endpoint_code = |side| endpoint_code(facts, &ending, side, failed_by);
        redactor.next_connection();
        // First, for later texts may repeat what is secret in it.
        let handshake = Box::new(Handshake::new(facts, language, redactor));
        let [client, server] = [facts.addresses.client, facts.addresses.server].map(|end| redactor.endpoint(end));
        let has_own_meaning = || sent_codes(facts).any(|code| registries.may_name(code));
        let shown = has_own_meaning().then(|| registries.shown_by(&codes::shown(facts))).flatten();
        let (registry, marks) = shown.map_or((None, Vec::new()), |(registry, marks)| (Some(registry), marks));
        let closes = closes(facts, registry, language, redactor);
        let mut findings = verdicts.iter().map(|verdict| Finding::new(verdict, facts.stream, language, redactor));
        let opened = facts.switched.filter(|_| !facts.joined).unwrap_or(facts.first).time;
        let ended = ending.carrier.map(|carrier| carrier.seen.time);
        let verdict = Box::new(findings.next().unwrap_or_else(|| Finding::none(facts)));
        let findings = findings.collect();
        let timeline = timeline(facts, opened, redactor);
        Self {
            id,
            tcp_stream: facts.stream,
            http2_stream: None,
            encrypted: facts.client_hello.is_some(),
            client: endpoint(client),
            server: endpoint(server),
            community_id: community_id(client, server),
            handshake,
            opened: opened.to_string(),
            ended: ended.map(|time| time.to_string()),
            lifetime: ended.unwrap_or(facts.last.time).since(opened).as_secs_f64(),
            ending: ending.kind,
            closed_by: ending.by,
            closes,
            registry: registry.map(|registry| registry.id.clone()),
            registry_shown_by: marks.into_iter().map(Mark::name).collect(),
            endpoint_codes: PerSide { client: endpoint_code(Side::Client), server: endpoint_code(Side::Server) },
            verdict,
            findings,
            violations: facts.violations.iter().map(Violation::new).collect(),
            traffic: PerSide { client: Traffic::new(facts, Side::Client), server: Traffic::new(facts, Side::Server) },
            timeline,
            other_leg: case.member.and_then(|member| Some(case.fleet.other_leg(member)?.id)),
            visibility: visibility(facts, &ending),
        }
    }

    /// Whether it ended as connections should.
    pub fn is_normal(&self) -> bool {
        matches!(self.verdict.rule, "closed_normally" | "going_away")
    }

    /// Whether it ended as connections should not; one that is still open has not ended.
    pub fn is_abnormal(&self) -> bool {
        !self.is_normal() && self.ending != Kind::Open
    }

    /// The code that stands for the end: of the Close frame that began it; 1005 for one without a code, 1006 for an end
    /// without a Close frame, nothing where there was no WebSocket or no end.
    pub fn code(&self) -> Option<u16> {
        match self.ending {
            Kind::CloseHandshake | Kind::CloseUnanswered => {
                let first = self.closes.iter().find(|close| Some(close.side) == self.closed_by)?;
                first.code.or(first.complete.then_some(CloseCode::NO_STATUS.0))
            }
            Kind::Fin | Kind::Reset => Some(CloseCode::ABNORMAL.0),
            Kind::Open | Kind::Refused | Kind::NoAnswer => None,
        }
    }

    /// Whether a code occurred, on the wire or at an endpoint.
    pub fn has_code(&self, code: u16) -> bool {
        self.codes().iter().any(|(other, _)| *other == code)
    }

    /// Every code that occurred, and whether it was on the wire; each once.
    pub(super) fn codes(&self) -> Vec<(u16, bool)> {
        let sent = self.closes.iter().filter_map(|close| Some((close.code?, true)));
        let reported = [self.endpoint_codes.client, self.endpoint_codes.server, self.code()].into_iter().flatten();
        let mut codes = Vec::with_capacity(self.closes.len() + 3);
        for (code, was_sent) in sent.chain(reported.map(|code| (code, false))) {
            if !codes.iter().any(|(other, _)| *other == code) {
                codes.push((code, was_sent));
            }
        }
        codes
    }
}

impl Handshake {
    fn new(facts: &Facts, language: Language, redactor: &mut Redactor) -> Self {
        let request = facts.handshake.request.as_deref();
        let response = facts.handshake.response.as_deref();
        Self {
            seen: match (request, response) {
                (Some(_), Some(_)) => "complete",
                (Some(_), None) => "request_only",
                (None, Some(_)) => "response_only",
                (None, None) => "none",
            },
            packet: request.map(|request| request.seen.packet).or(response.map(|response| response.seen.packet)),
            method: request.map(|request| redactor.common(&request.method)),
            target: request.map(|request| redactor.target(&request.target)),
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

impl Finding {
    fn new(verdict: &Verdict, stream: u32, language: Language, redactor: &mut Redactor) -> Self {
        let texts: &'static Texts = &verdict.rule.words;
        let finding = &verdict.finding;
        let variant = finding.variant.as_deref().unwrap_or_default();
        let evidence = redactor.evidence(&finding.evidence);
        let text = |name| phrase::sentence(texts.variant(name, variant, language), &evidence, language);
        Self {
            rule: verdict.rule.name,
            is_cause: matches!(verdict.rule.role, Role::Failure | Role::Cause),
            confidence: finding.confidence,
            side: finding.blame,
            packets: finding.packets.clone(),
            filter: filter(stream, &finding.packets),
            title: texts.variant("title", variant, language),
            summary: text("summary"),
            cause: text("cause"),
            fix: text("fix"),
            evidence: evidence.iter().map(|evidence| (evidence.name, json(&evidence.value, language))).collect(),
        }
    }

    /// A value behind the sentence.
    pub fn value(&self, name: &str) -> Option<&serde_json::Value> {
        self.evidence.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The table's last rule always fits; this stands where the table is empty.
    fn none(facts: &Facts) -> Self {
        Self {
            rule: "unexplained",
            is_cause: false,
            confidence: Confidence::Low,
            side: None,
            packets: Vec::new(),
            filter: filter(facts.stream, &[]),
            title: "",
            summary: Cow::Borrowed(""),
            cause: Cow::Borrowed(""),
            fix: Cow::Borrowed(""),
            evidence: Vec::new(),
        }
    }
}

fn as_map<S: Serializer>(evidence: &[(&'static str, serde_json::Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(evidence.iter().map(|(name, value)| (name, value)))
}

/// An address and a port; the text gets its room at once, and not a piece for each of its numbers.
fn endpoint(endpoint: SocketAddr) -> String {
    let mut text = String::with_capacity("255.255.255.255:65535".len());
    // Writing to a String never fails.
    let _ = write!(text, "{endpoint}");
    text
}

/// A Wireshark display filter for packets of a stream.
fn filter(stream: u32, packets: &[u64]) -> String {
    match packets {
        [] => format!("tcp.stream eq {stream}"),
        [one] => format!("tcp.stream eq {stream} && frame.number eq {one}"),
        _ => {
            let numbers: Vec<_> = packets.iter().map(ToString::to_string).collect();
            format!("tcp.stream eq {stream} && frame.number in {{{}}}", numbers.join(","))
        }
    }
}

impl Violation {
    fn new(violation: &crate::ws::Violation) -> Self {
        let (kind, reference) = violation.kind.name();
        Self { side: violation.side, kind, reference, packet: violation.seen.packet }
    }
}

impl Traffic {
    fn new(facts: &Facts, side: Side) -> Self {
        let sent = &facts.sent[side];
        Self {
            frames: sent.frames,
            messages: u64::from(sent.texts) + u64::from(sent.binaries),
            payload_bytes: sent.payload_bytes,
            pings: u64::from(sent.pings),
            pongs: u64::from(sent.pongs),
        }
    }
}

/// The codes of its Close frames, and what APIs make of a missing one.
fn sent_codes(facts: &Facts) -> impl Iterator<Item = u16> {
    let of_close = |close: &crate::facts::Close| close.code.unwrap_or(CloseCode::NO_STATUS).0;
    let none = facts.closes.is_empty().then_some(CloseCode::ABNORMAL.0);
    facts.closes.iter().map(of_close).chain(none)
}

fn closes(facts: &Facts, registry: Option<&Registry>, language: Language, redactor: &mut Redactor) -> Vec<Close> {
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
            valid: close.valid,
            complete: close.complete,
        })
        .collect()
}

/// Who failed the connection, by this verdict: the side that is not to blame.
fn failed_by(verdict: &Verdict) -> Option<Side> {
    match verdict.finding.blame.filter(|_| verdict.rule.role == Role::Failure)? {
        Blame::Client => Some(Side::Server),
        Blame::Server => Some(Side::Client),
        Blame::Network => None,
    }
}

/// What a side's API reports: the code it received, 1005 for a Close frame without one, 1006 where none came
/// (RFC 6455 §7.1.5), or where the side failed the connection and read no further (§7.1.7). `None` where there was no
/// end, or no WebSocket, or where implementations differ.
fn endpoint_code(facts: &Facts, ending: &Ending, side: Side, failed_by: Option<Side>) -> Option<u16> {
    match ending.kind {
        Kind::Open => return None,
        // A server has nothing to report.
        Kind::Refused | Kind::NoAnswer => {
            return (side == Side::Client && ending.by.is_some()).then_some(CloseCode::ABNORMAL.0);
        }
        _ if failed_by == Some(side) => return Some(CloseCode::ABNORMAL.0),
        _ => {}
    }
    if let Some(received) = first_close(facts, !side) {
        let usable = received.valid && (received.complete || received.code.is_some());
        return usable.then_some(received.code.unwrap_or(CloseCode::NO_STATUS).0);
    }
    facts.is_over().then_some(CloseCode::ABNORMAL.0)
}
