//! One connection of a report.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde::Serialize;

use super::close::{Close, closes, endpoint_code, failed_by, sent_codes};
use super::codes;
use super::community_id::community_id;
use super::finding::Finding;
use super::handshake::Handshake;
use super::redact::Redactor;
use super::timeline::{Moment, timeline};
use super::visibility::visibility;
use crate::catalog::evidence::Mark;
use crate::catalog::{Language, Registries};
use crate::diagnose::{Case, Confidence, Verdict, diagnose};
use crate::ending::Kind;
use crate::facts::Facts;
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
        redactor.next_connection(facts);
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
            violations: facts.breaches.iter().map(|breach| Violation::new(&breach.violation)).collect(),
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

/// An address and a port; the text gets its room at once, and not a piece for each of its numbers.
fn endpoint(endpoint: SocketAddr) -> String {
    let mut text = String::with_capacity("255.255.255.255:65535".len());
    // Writing to a String never fails.
    let _ = write!(text, "{endpoint}");
    text
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
