//! One connection of a report.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;

use super::close::{Close, closes, endpoint_code, failed_by, sent_codes};
use super::codes;
use super::community_id::community_id;
use super::continuity::Continuity;
use super::finding::Finding;
use super::handshake::Handshake;
use super::numbering::Original;
use super::places::Files;
use super::processes::Processes;
use super::redact::Redactor;
use super::timeline::{Moment, timeline};
use super::tls::Tls;
use super::visibility::visibility;
use crate::catalog::evidence::Mark;
use crate::catalog::{Language, Registries};
use crate::diagnose::{Case, Confidence, Verdict};
use crate::ending::Kind;
use crate::facts::{Facts, Id};
use crate::side::{PerSide, Side};
use crate::ws::CloseCode;

// The large parts are boxed, so that a connection fits into the memory freed by the facts of connections judged before.
/// One connection, or an attempt at one.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Connection {
    /// The number of the connection: from 1, in the order of the captures, and in each in order of first packet.
    pub id: usize,
    /// The files that it is in, from that of its first packet to that of its last: one, unless files were merged. Packets and
    /// streams are numbered as in this file, or as in the merge. If files that overlap in time were merged, the files of these
    /// two packets; all files of the merge, if they are not known.
    pub files: Files,
    /// The files as documents name them; `None` if the report has a single capture.
    #[serde(skip)]
    pub file: Option<Arc<str>>,
    /// Wireshark's `tcp.stream`.
    pub tcp_stream: u32,
    /// The number of attempts before it on the same TCP connection.
    #[serde(skip)]
    pub earlier_attempts: u32,
    /// The HTTP/2 stream, if it is one.
    pub http2_stream: Option<u32>,
    /// Whether it was inside TLS.
    pub encrypted: bool,
    /// Its numbers in the captures, if those of the report are of a slice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<Box<Original>>,
    /// The TLS session, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<Tls>>,
    /// The client's address and port.
    pub client: String,
    /// The server's address and port.
    pub server: String,
    /// The processes at its ends, if the capture names any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<Box<Processes>>,
    /// The Community ID, as logged by Zeek and Suricata.
    pub community_id: String,
    /// The opening handshake.
    pub handshake: Box<Handshake>,
    /// The time it was opened, by RFC 3339 in UTC: that of the 101, else of the first packet.
    pub opened: String,
    /// The time its end began, by RFC 3339 in UTC; `None` while it is open.
    pub ended: Option<String>,
    /// Seconds from `opened` to `ended`; while it is open, to the end of the capture.
    pub lifetime: f64,
    /// The way it ended.
    pub ending: Kind,
    /// Whether it ended as connections should; one that is still open has not ended.
    pub normal: bool,
    /// The side that began the end.
    pub closed_by: Option<Side>,
    /// Every Close frame.
    pub closes: Vec<Close>,
    /// The registry of close codes that the connection shows, if it is one of an application.
    pub registry: Option<String>,
    /// The evidence for the registry: `subprotocol`, `host`, `path`, `messages`.
    pub registry_shown_by: Vec<&'static str>,
    /// The codes reported by each side's API (RFC 6455 §7.1.5): 1005 and 1006 appear here, never in `closes`.
    pub endpoint_codes: PerSide<Option<u16>>,
    /// The reason for the end.
    pub verdict: Box<Finding>,
    /// Other findings that fit, best first.
    pub findings: Vec<Finding>,
    /// Rules of RFC 6455 and RFC 7692 that were broken, whether or not the other side reacted.
    pub violations: Vec<Violation>,
    /// The traffic of each side.
    pub traffic: PerSide<Traffic>,
    /// The last events of the connection, in order.
    pub timeline: Box<[Moment]>,
    /// The number of the connection that is the other leg of the same WebSocket through a proxy.
    pub other_leg: Option<usize>,
    /// Its place among all that is known of it, if only a period was to be read, or parts were put together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuity: Option<Box<Continuity>>,
    /// The limits of the view: `late_start`, `lost_bytes`, `kernel_drops`, `duplicated_packets`, `truncated_packets`, `one_direction`, `lost_frames`, `no_keys`, `joined_parts`, `early_end`.
    pub visibility: Vec<&'static str>,
}

/// A broken rule of the protocol.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Violation {
    /// The side that broke it.
    pub side: Side,
    /// The kind of violation.
    pub kind: &'static str,
    /// The section that states the rule.
    pub reference: &'static str,
    /// The number of the packet, from 1.
    pub packet: u64,
}

/// The traffic sent by one side.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Traffic {
    /// The number of frames.
    pub frames: u64,
    /// The number of complete messages.
    pub messages: u64,
    /// The payload of all frames in bytes, as it was on the wire: compressed, if it was.
    pub payload_bytes: u64,
    /// The number of pings.
    pub pings: u64,
    /// The number of pongs.
    pub pongs: u64,
}

impl Connection {
    /// Returns its identity in the captures.
    pub fn identity(&self) -> Id {
        let stream = self.original.as_ref().map_or(self.tcp_stream, |original| original.tcp_stream);
        Id { stream, http2_stream: self.http2_stream.unwrap_or_default(), attempt: self.earlier_attempts }
    }

    /// Puts the verdicts on a connection into words, with codes named by `registries`. `redactor` removes secrets, and remembers them for later
    /// connections. Its files are left to [`Pending`](super::Pending).
    pub fn new(
        id: usize,
        (case, verdicts): (&Case<'_>, &[Verdict]),
        registries: &Registries,
        language: Language,
        redactor: &mut Redactor,
    ) -> Self {
        let Case { facts, ending, .. } = *case;
        let is_sure = |verdict: &&Verdict| verdict.finding.confidence <= Confidence::High;
        let failed_by = verdicts.first().into_iter().chain(verdicts.iter().filter(is_sure)).find_map(failed_by);
        let endpoint_code = |side| endpoint_code(facts, &ending, side, failed_by);
        redactor.next_connection(facts);
        // The handshake comes first, since later texts may repeat the secrets in it.
        let handshake = Box::new(Handshake::new(facts, language, redactor));
        let PerSide { client, server } = facts.addresses().map(|end| redactor.endpoint(end));
        let has_own_meaning = || sent_codes(facts).any(|code| registries.may_name(code));
        let shown = has_own_meaning().then(|| registries.shown_by(&codes::shown(facts))).flatten();
        let (registry, marks) = shown.map_or((None, Vec::new()), |(registry, marks)| (Some(registry), marks));
        let closes = closes(facts, registry, language, redactor);
        let mut findings = verdicts
            .iter()
            .map(|verdict| Finding::new(verdict, (facts.stream, facts.http2_stream()), language, redactor));
        let opened = facts.switched.filter(|_| !facts.joined).unwrap_or(facts.first).time;
        let ended = ending.carrier.map(|carrier| carrier.seen.time);
        let mut verdict = Box::new(findings.next().unwrap_or_else(|| Finding::none(facts)));
        let findings = findings.collect();
        let code = case.close.and_then(|close| close.code);
        if verdict.rule.defers_to_code
            && let Some(row) = code.and_then(|code| registry?.row(code.0))
        {
            verdict.defer_to(row, language);
        }
        let timeline = timeline(facts, opened, redactor);
        let processes = Processes::new(facts.rare.processes.as_deref(), redactor);
        if let Some(processes) = &processes {
            verdict.name(processes, language);
        }
        Self {
            id,
            files: Files::default(),
            file: None,
            tcp_stream: facts.stream,
            earlier_attempts: facts.attempt,
            http2_stream: facts.http2_stream(),
            encrypted: facts.rare.client_hello.is_some() || facts.rare.session.is_some(),
            original: None,
            tls: Tls::new(facts, redactor),
            client: endpoint(client),
            server: endpoint(server),
            processes,
            community_id: community_id(client, server),
            handshake,
            opened: opened.to_string(),
            ended: ended.map(|time| time.to_string()),
            lifetime: case.end().since(opened).as_secs_f64(),
            ending: ending.kind,
            normal: verdict.rule.is_normal,
            closed_by: ending.by,
            closes,
            registry: registry.map(|registry| registry.id.clone()),
            registry_shown_by: marks.into_iter().map(Mark::name).collect(),
            endpoint_codes: PerSide { client: endpoint_code(Side::Client), server: endpoint_code(Side::Server) },
            verdict,
            findings,
            violations: facts.rare.breaches.iter().map(|breach| Violation::new(&breach.violation)).collect(),
            traffic: PerSide { client: Traffic::new(facts, Side::Client), server: Traffic::new(facts, Side::Server) },
            timeline,
            other_leg: case.member.and_then(|member| Some(case.fleet.other_leg(member)?.id as usize)),
            continuity: Continuity::of(facts),
            visibility: visibility(facts, &ending),
        }
    }

    /// Returns whether it ended as connections should.
    pub fn is_normal(&self) -> bool {
        self.verdict.rule.is_normal
    }

    /// Returns whether it ended as connections should not; one that is still open has not ended.
    pub fn is_abnormal(&self) -> bool {
        !self.is_normal() && self.ending != Kind::Open
    }

    /// Returns the code that stands for the end: that of the Close frame that began it, 1005 if this frame has no code,
    /// 1006 for an end without a Close frame, and `None` if there was no WebSocket, no end, or if the code was not
    /// captured.
    pub fn code(&self) -> Option<u16> {
        match self.ending {
            Kind::CloseHandshake | Kind::CloseUnanswered => {
                let first = self.first_close()?;
                first.code.or(first.complete.then_some(CloseCode::NO_STATUS.0))
            }
            Kind::Fin | Kind::Reset | Kind::EndStream | Kind::StreamReset => Some(CloseCode::ABNORMAL.0),
            Kind::Open | Kind::Refused | Kind::NoAnswer => None,
        }
    }

    /// Returns the Close frame that began the end.
    pub fn first_close(&self) -> Option<&Close> {
        self.closes.iter().find(|close| Some(close.side) == self.closed_by)
    }

    /// Returns the reason that the side that closed gave in a Close frame.
    pub fn reason(&self) -> Option<&str> {
        let closes = self.closes.iter().filter(|close| Some(close.side) == self.closed_by);
        closes.map(|close| &*close.reason).find(|reason| !reason.is_empty())
    }

    /// Returns whether an endpoint's API reports a code.
    pub fn is_reported(&self, code: u16) -> bool {
        [self.endpoint_codes.client, self.endpoint_codes.server].contains(&Some(code))
    }

    /// Returns every code that occurred, once, and whether it was on the wire.
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

/// Formats an address and a port, with a single allocation instead of one for each piece.
pub(super) fn endpoint(endpoint: SocketAddr) -> String {
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
