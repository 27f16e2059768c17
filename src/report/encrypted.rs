//! One TLS connection that could not be decrypted, as it is seen from outside.

use std::sync::Arc;

use serde::Serialize;

use super::community_id::community_id;
use super::connection::endpoint;
use super::continuity::Continuity;
use super::finding::Finding;
use super::numbering::Original;
use super::places::Files;
use super::processes::Processes;
use super::redact::Redactor;
use super::tls::Tls;
use super::visibility::visibility;
use crate::catalog::Language;
use crate::diagnose::{Case, diagnose};
use crate::ending::Kind;
use crate::facts::Id;
use crate::side::{PerSide, Side};
use crate::tls::outside::{Evidence, View};

/// A TLS connection that could not be decrypted, and is, or seems to be, a WebSocket: what its times and sizes show. No
/// code and no text is known.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Encrypted {
    /// The number of the connection among those seen from outside: from 1, in the order of the captures, and in each in order
    /// of first packet.
    pub id: usize,
    /// The files that it is in, as those of a connection.
    pub files: Files,
    /// The files as documents name them; `None` if the report has a single capture.
    #[serde(skip)]
    pub file: Option<Arc<str>>,
    /// Wireshark's `tcp.stream`.
    pub tcp_stream: u32,
    /// Its numbers in the captures, if those of the report are of a slice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<Box<Original>>,
    /// The client's address and port.
    pub client: String,
    /// The server's address and port.
    pub server: String,
    /// The processes at its ends, if the capture names any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<Box<Processes>>,
    /// The Community ID, as logged by Zeek and Suricata.
    pub community_id: String,
    /// The TLS session, as far as its hellos show it; the close_notify of TLS 1.3, as far as the size of a record does.
    pub tls: Option<Box<Tls>>,
    /// The evidence that it is a WebSocket: `named` by the user (--wss), or its `shape`: the sizes and times of its records.
    pub websocket: &'static str,
    /// The time at which its TLS handshake was complete, or of its first packet.
    pub opened: String,
    /// The time its end began; `None` while it is open.
    pub ended: Option<String>,
    /// Seconds from `opened` to `ended`; while it is open, to the end of the capture.
    pub lifetime: f64,
    /// The way it ended: `close_handshake` if the last records have its sizes, `fin`, `reset`, `open`.
    pub ending: Kind,
    /// The side that began the end.
    pub closed_by: Option<Side>,
    /// The reason for the end.
    pub verdict: Box<Finding>,
    /// Other findings that fit, best first.
    pub findings: Vec<Finding>,
    /// The records of each side.
    pub records: PerSide<Records>,
    /// Its place among all that is known of it, if only a period was to be read, or parts were put together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuity: Option<Box<Continuity>>,
    /// The limits of the view, as those of a connection.
    pub visibility: Vec<&'static str>,
}

/// The records that one side sent after the handshake.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Records {
    /// Records of application data; session tickets and alerts of TLS 1.3 look the same.
    pub count: u64,
    /// Bytes of their plaintext, or of their ciphertext if the cipher suite does not show the former.
    pub bytes: u64,
}

impl Encrypted {
    /// Judges a connection, of which only the `view` from outside is known. `redactor` removes secrets. Its files are left to
    /// [`Pending`](super::Pending).
    pub(super) fn new(
        id: usize,
        (case, view): (&Case<'_>, &View),
        language: Language,
        redactor: &mut Redactor,
    ) -> Self {
        let Case { facts, ending, .. } = *case;
        redactor.next_connection(facts);
        let tls = Tls::new(facts, redactor);
        let PerSide { client, server } = facts.addresses().map(|end| redactor.endpoint(end));
        let verdicts = diagnose(case);
        let mut findings =
            verdicts.iter().map(|verdict| Finding::new(verdict, (facts.stream, None), language, redactor));
        let mut verdict = Box::new(findings.next().unwrap_or_else(|| Finding::none(facts)));
        let findings = findings.collect();
        let processes = Processes::new(facts.rare.processes.as_deref(), redactor);
        if let Some(processes) = &processes {
            verdict.name(processes, language);
        }
        let opened = facts.switched.unwrap_or(facts.first).time;
        let ended = ending.carrier.map(|carrier| carrier.seen.time);
        let records = |side: Side| Records { count: view.sent[side].records, bytes: view.sent[side].bytes };
        Self {
            id,
            files: Files::default(),
            file: None,
            tcp_stream: facts.stream,
            original: None,
            client: endpoint(client),
            server: endpoint(server),
            processes,
            community_id: community_id(client, server),
            tls,
            websocket: match view.evidence {
                Evidence::Named => "named",
                Evidence::Shape => "shape",
            },
            opened: opened.to_string(),
            ended: ended.map(|time| time.to_string()),
            lifetime: case.end().since(opened).as_secs_f64(),
            ending: ending.kind,
            closed_by: ending.by,
            verdict,
            findings,
            records: PerSide { client: records(Side::Client), server: records(Side::Server) },
            continuity: Continuity::of(facts),
            visibility: visibility(facts, &ending),
        }
    }

    /// Returns its identity in the captures.
    pub fn identity(&self) -> Id {
        let stream = self.original.as_ref().map_or(self.tcp_stream, |original| original.tcp_stream);
        Id { stream, http2_stream: 0, attempt: 0 }
    }

    /// Returns whether it ended with what looks like a closing handshake, and no cause for that was found.
    pub fn is_normal(&self) -> bool {
        self.verdict.rule.is_normal
    }

    /// Returns whether it ended otherwise; one that is still open has not ended.
    pub fn is_abnormal(&self) -> bool {
        !self.is_normal() && self.ending != Kind::Open
    }

    /// Returns the name of the server that the client asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.tls.as_ref()?.sni.as_deref()
    }

    /// Returns whether the side that began its end sent close_notify; either side, if it is not known which one did.
    pub fn is_notified(&self) -> bool {
        let notified = self.tls.as_ref().map(|tls| tls.close_notify.as_slice()).unwrap_or_default();
        self.closed_by.map_or(!notified.is_empty(), |by| notified.contains(&by))
    }
}
