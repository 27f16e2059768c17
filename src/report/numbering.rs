//! The numbers of packets and streams in a slice of the captures, for the report that comes with it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde::Serialize;

use super::connection::Violation;
use super::finding::Stream;
use super::{Close, Connection, Encrypted, Finding, Handshake, Moment};
use crate::facts::Id;

/// The numbers that the packets and TCP connections of a capture have in a slice of it. They are in the same order, so a
/// verdict that is renumbered is that of the whole capture.
#[derive(Clone, Debug, Default)]
pub struct Numbering {
    /// The file name of the slice.
    pub slice: String,
    /// The file names of the captures.
    pub captures: Arc<str>,
    /// The connections that are in the slice.
    pub connections: HashSet<Id>,
    /// The packets that a report names, by their numbers in the capture, in ascending order.
    pub packets: Vec<u64>,
    /// The number of each of them in the slice; zero for one that is not there.
    pub in_slice: Vec<u64>,
    /// The number of each TCP connection in the slice, by its number in the capture.
    pub streams: HashMap<u32, u32, RandomState>,
}

/// The numbers of a connection in the captures. Those in the rest of the report are of the slice that comes with it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Original {
    /// The file names of the captures.
    #[serde(skip)]
    pub captures: Arc<str>,
    /// Wireshark's `tcp.stream`.
    pub tcp_stream: u32,
    /// A Wireshark display filter that shows the packets that prove the verdict.
    pub filter: String,
    /// The packets that the report names of this connection, in order.
    pub packets: Vec<Renumbered>,
}

/// A packet by both of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Renumbered {
    /// Its number in the captures.
    pub original: u64,
    /// Its number in the slice.
    pub packet: u64,
}

/// A part of a report that names packets.
pub trait NamesPackets {
    /// Calls `visit` with the number of each packet. Sentences are unchanged.
    fn each_packet(&mut self, visit: &mut dyn FnMut(&mut u64));
}

/// A connection of a report, seen from inside or from outside.
pub(super) trait Judged: NamesPackets {
    /// Returns its identity in the capture.
    fn identity(&self) -> Id;

    /// Returns the parts that the numbers of a slice change besides packets.
    fn numbered(&mut self) -> Numbered<'_>;
}

/// The parts of a connection that the numbers of a slice change besides packets.
pub(super) struct Numbered<'c> {
    tcp_stream: &'c mut u32,
    http2_stream: Option<u32>,
    verdict: &'c mut Finding,
    findings: &'c mut [Finding],
    original: &'c mut Option<Box<Original>>,
}

impl Numbering {
    /// Gives a connection the numbers of the slice, if it is in it.
    pub(super) fn apply(&self, connection: &mut impl Judged) {
        if !self.connections.contains(&connection.identity()) {
            return;
        }
        let packets = self.renumber(connection);
        let Numbered { tcp_stream, http2_stream, verdict, findings, original } = connection.numbered();
        let (stream, filter) = (*tcp_stream, verdict.filter.clone());
        *tcp_stream = self.stream(stream);
        findings.iter_mut().chain([verdict]).for_each(|finding| finding.say_again((*tcp_stream, http2_stream)));
        *original = Some(Box::new(self.original(stream, filter, packets)));
    }

    /// Gives a finding of a connection with this stream the numbers of the slice.
    pub fn apply_to_finding(&self, finding: &mut Finding, (tcp_stream, http2_stream): Stream) {
        self.renumber(finding);
        finding.say_again((self.stream(tcp_stream), http2_stream));
    }

    /// Renumbers packets, and returns them in order. Zero stands for one that is not in the slice.
    fn renumber(&self, part: &mut impl NamesPackets) -> Vec<Renumbered> {
        let mut all = Vec::new();
        part.each_packet(&mut |number| {
            let at = self.packets.binary_search(number).ok();
            let packet = at.and_then(|at| self.in_slice.get(at)).copied().unwrap_or_default();
            all.push(Renumbered { original: *number, packet });
            *number = packet;
        });
        all.sort_unstable();
        all.dedup();
        all
    }

    fn stream(&self, original: u32) -> u32 {
        self.streams.get(&original).copied().unwrap_or(u32::MAX)
    }

    fn original(&self, tcp_stream: u32, filter: String, packets: Vec<Renumbered>) -> Original {
        Original { captures: Arc::clone(&self.captures), tcp_stream, filter, packets }
    }
}

impl Judged for Connection {
    fn identity(&self) -> Id {
        self.identity()
    }

    fn numbered(&mut self) -> Numbered<'_> {
        let Self { tcp_stream, http2_stream, verdict, findings, original, .. } = self;
        Numbered { tcp_stream, http2_stream: *http2_stream, verdict, findings, original }
    }
}

impl Judged for Encrypted {
    fn identity(&self) -> Id {
        self.identity()
    }

    fn numbered(&mut self) -> Numbered<'_> {
        let Self { tcp_stream, verdict, findings, original, .. } = self;
        Numbered { tcp_stream, http2_stream: None, verdict, findings, original }
    }
}

// Every field is listed, so that a new one cannot be forgotten.

impl NamesPackets for Connection {
    fn each_packet(&mut self, visit: &mut dyn FnMut(&mut u64)) {
        let Self {
            id: _,
            tcp_stream: _,
            earlier_attempts: _,
            http2_stream: _,
            encrypted: _,
            original: _,
            files: _,
            file: _,
            tls: _,
            client: _,
            server: _,
            processes: _,
            community_id: _,
            handshake,
            opened: _,
            ended: _,
            lifetime: _,
            ending: _,
            normal: _,
            closed_by: _,
            closes,
            registry: _,
            registry_shown_by: _,
            endpoint_codes: _,
            verdict,
            findings,
            violations,
            traffic: _,
            timeline,
            other_leg: _,
            continuity: _,
            visibility: _,
        } = self;
        handshake.each_packet(visit);
        closes.iter_mut().for_each(|close| close.each_packet(visit));
        verdict.each_packet(visit);
        findings.iter_mut().for_each(|finding| finding.each_packet(visit));
        violations.iter_mut().for_each(|violation| violation.each_packet(visit));
        timeline.iter_mut().for_each(|moment| moment.each_packet(visit));
    }
}

impl NamesPackets for Encrypted {
    fn each_packet(&mut self, visit: &mut dyn FnMut(&mut u64)) {
        let Self {
            id: _,
            tcp_stream: _,
            original: _,
            files: _,
            file: _,
            client: _,
            server: _,
            processes: _,
            community_id: _,
            tls: _,
            websocket: _,
            opened: _,
            ended: _,
            lifetime: _,
            ending: _,
            closed_by: _,
            verdict,
            findings,
            records: _,
            continuity: _,
            visibility: _,
        } = self;
        verdict.each_packet(visit);
        findings.iter_mut().for_each(|finding| finding.each_packet(visit));
    }
}

impl NamesPackets for Handshake {
    fn each_packet(&mut self, visit: &mut dyn FnMut(&mut u64)) {
        let Self {
            seen: _,
            packet,
            method: _,
            target: _,
            path: _,
            query: _,
            host: _,
            origin: _,
            status: _,
            subprotocol: _,
            extensions: _,
            user_agent: _,
            server: _,
            problems: _,
        } = self;
        packet.iter_mut().for_each(visit);
    }
}

impl NamesPackets for Close {
    fn each_packet(&mut self, visit: &mut dyn FnMut(&mut u64)) {
        let Self { side: _, role: _, code: _, name: _, reason: _, packet, time: _, valid: _, complete: _ } = self;
        visit(packet);
    }
}

impl NamesPackets for Violation {
    fn each_packet(&mut self, visit: &mut dyn FnMut(&mut u64)) {
        let Self { side: _, kind: _, reference: _, packet } = self;
        visit(packet);
    }
}

impl NamesPackets for Moment {
    fn each_packet(&mut self, visit: &mut dyn FnMut(&mut u64)) {
        let Self { packet, after: _, side: _, what: _, size: _, code: _, preview: _ } = self;
        visit(packet);
    }
}
