//! Every TCP connection of a capture, from its first segment until it has been judged.

use std::collections::VecDeque;
use std::net::SocketAddr;

use arrayvec::ArrayVec;

use super::Stream;
use super::flows::{Flow, Flows};
use crate::connection::{Connection, Interest, Scratch};
use crate::facts::Facts;
use crate::limits;
use crate::seen::Timestamp;
use crate::sink::{Counts, Sink};
use crate::tcp::{Endpoints, Segment};

/// The connections being followed.
#[derive(Default)]
pub(super) struct Followed {
    flows: Flows,
    scratch: Scratch,
    /// Connections that are over, in the order in which they ended, and until when they wait for late segments.
    lingering: VecDeque<(Timestamp, Endpoints, u32)>,
    streams: u32,
    held_bytes: usize,
    sweep_at: usize,
    counts: Counts,
}

/// A segment, and whose it is.
pub(super) struct Routed<'a> {
    pub segment: Segment<'a>,
    /// The slot where its flow probably is.
    foreseen: Option<u32>,
}

impl Followed {
    /// Whose a segment is, and where that connection probably lies.
    #[inline]
    pub fn route<'a>(&self, segment: Segment<'a>) -> Routed<'a> {
        Routed { segment, foreseen: self.flows.foresee(&segment.endpoints) }
    }

    /// Goes the way to the state of each, a step at a time.
    pub fn prefetch<'r>(&self, routed: impl Iterator<Item = &'r Routed<'r>>) {
        let mut known = ArrayVec::<_, { limits::BATCH }>::new();
        for Routed { segment, foreseen } in routed {
            let flow = foreseen.and_then(|slot| self.flows.at(slot));
            if let Some(connection) = flow.and_then(|flow| flow.connection.as_deref()) {
                connection.prefetch();
                if segment.payload_len > 0 {
                    known.push((connection, segment.from_low));
                }
            }
        }
        known.iter().for_each(|(connection, from_low)| connection.prefetch_layers(*from_low));
        known.iter().for_each(|(connection, from_low)| connection.prefetch_moments(*from_low));
    }

    /// Takes a segment; which connection it belongs to.
    #[inline]
    pub fn take(&mut self, routed: &Routed<'_>, sink: &mut impl Sink) -> Option<Stream> {
        let Routed { segment, foreseen } = routed;
        let (key, now) = (segment.endpoints, segment.seen.time);
        let Self { flows, scratch, lingering, streams, held_bytes, counts, .. } = self;
        let flow = flows.entry(key, *foreseen, || Flow::new(streams, now))?;
        if flow.is_reused_by(segment) {
            let old = std::mem::replace(flow, Flow::new(streams, now));
            if let Some(connection) = old.connection {
                *held_bytes -= connection.held_bytes();
                connection.finish(scratch, sink);
            }
        }
        if flow.last < now {
            flow.last = now;
        }
        if flow.note(segment) {
            flow.connection = Some(Box::new(Connection::new(flow.stream, segment)));
        }
        if let Some(connection) = &mut flow.connection {
            *held_bytes -= connection.held_bytes();
            let interest = connection.push(segment, scratch, sink);
            let mut held = connection.held_bytes();
            while held > 0 && *held_bytes + held > limits::OUT_OF_ORDER_TOTAL {
                connection.give_up_holes(scratch, sink);
                held = connection.held_bytes();
            }
            if interest == Interest::Follow {
                *held_bytes += held;
                if !flow.lingers && connection.over() {
                    flow.lingers = true;
                    lingering.push_back((now.after(limits::LINGER), key, flow.stream));
                }
            } else {
                counts.encrypted += u64::from(interest == Interest::Encrypted);
                flow.connection = None;
            }
        }
        let stream = Stream { number: flow.stream, is_followed: flow.connection.is_some() };
        if self.flows.len() > self.sweep_at {
            self.sweep(now, sink);
        }
        Some(stream)
    }

    /// Judges all that is left.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        let mut connections: Vec<_> = std::mem::take(&mut self.flows)
            .into_values()
            .filter_map(|flow| Some((flow.stream, flow.connection?)))
            .collect();
        connections.sort_unstable_by_key(|(stream, _)| *stream);
        for (_, connection) in connections {
            connection.finish(&mut self.scratch, sink);
        }
        self.held_bytes = 0;
    }

    /// The facts so far of the connection between two endpoints, as if the capture ended here; `None` once it has been given
    /// to the sink, or if it is none to report.
    pub fn facts_between(&self, one: SocketAddr, other: SocketAddr) -> Option<Box<Facts>> {
        let (key, _) = Endpoints::of(one, other);
        self.flows.get(&key)?.connection.as_ref()?.facts_so_far()
    }

    /// Of what is no WebSocket connection.
    pub const fn counts(&self) -> Counts {
        Counts { tcp_streams: self.streams as u64, ..self.counts }
    }

    /// Judges connections that have been over for a while.
    #[inline]
    pub fn settle(&mut self, now: Timestamp, sink: &mut impl Sink) {
        while let Some((_, key, stream)) = self.lingering.pop_front_if(|(until, ..)| *until < now) {
            let flow = self.flows.get_mut(&key).filter(|flow| flow.stream == stream);
            if let Some(connection) = flow.and_then(|flow| flow.connection.take()) {
                self.held_bytes -= connection.held_bytes();
                connection.finish(&mut self.scratch, sink);
            }
        }
    }

    /// Forgets what is over or silent, oldest first, so that memory does not grow with the capture.
    fn sweep(&mut self, now: Timestamp, sink: &mut impl Sink) {
        let idle = oldest_allowed(self.flows.values().filter(|flow| flow.connection.is_none()), limits::CLOSED_STREAMS);
        let of_interest = |wanted| {
            let is_wanted = move |flow: &&Flow| {
                flow.connection.as_ref().map(|connection| connection.is_reportable()) == Some(wanted)
            };
            self.flows.values().filter(is_wanted)
        };
        let open = oldest_allowed(of_interest(true), limits::CONNECTIONS);
        let unknown = oldest_allowed(of_interest(false), limits::UNKNOWN_CONNECTIONS);
        let Self { flows, scratch, held_bytes, counts, .. } = self;
        flows.retain(|flow| {
            let silent = now.since(flow.last) > limits::IDLE_UNKNOWN;
            let Some(connection) = &flow.connection else {
                return flow.last > idle;
            };
            let is_reportable = connection.is_reportable();
            let given_up = is_reportable && flow.last <= open;
            if given_up || (!is_reportable && (silent || flow.last <= unknown)) {
                counts.given_up += u64::from(given_up);
                *held_bytes -= connection.held_bytes();
                if let Some(connection) = flow.connection.take() {
                    connection.finish(scratch, sink);
                }
            }
            true
        });
        // Often enough that what comes between two sweeps stays small beside what is kept.
        self.sweep_at = self.flows.len().saturating_add(limits::UNKNOWN_CONNECTIONS);
    }
}

/// The time such that no more than `most` of the flows have been heard after it.
fn oldest_allowed<'f>(flows: impl Iterator<Item = &'f Flow>, most: usize) -> Timestamp {
    let mut times: Vec<_> = flows.map(|flow| flow.last).collect();
    match times.len().checked_sub(most + 1) {
        Some(excess) => *times.select_nth_unstable(excess).1,
        None => Timestamp::from_nanos(i64::MIN),
    }
}
