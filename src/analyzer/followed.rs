//! The TCP connections of a capture, each from its first segment until it is handed to the sink.

use std::collections::VecDeque;
use std::net::SocketAddr;

use arrayvec::ArrayVec;

use super::Stream;
use super::flows::{Flow, Flows};
use crate::connection::{Connection, Interest, Shared, Standing};
use crate::facts::Facts;
use crate::limits;
use crate::packet::Glance;
use crate::seen::Timestamp;
use crate::shortcuts;
use crate::sink::{Counts, Sink};
use crate::tcp::{Endpoints, Segment};

const NEVER: Timestamp = Timestamp::from_nanos(i64::MAX);

/// The connections that are followed.
#[derive(Default)]
pub(super) struct Followed {
    flows: Flows,
    pub shared: Shared,
    /// Connections that are over, in the order in which they ended, with the time until which each waits for late
    /// segments.
    lingering: VecDeque<(Timestamp, Endpoints, u32)>,
    /// None of them waits for less than this.
    expire_at: Timestamp,
    streams: u32,
    held_bytes: usize,
    evict_at: usize,
}

/// The slot that probably holds a segment's flow.
pub(super) type Hint = Option<u32>;

impl Followed {
    /// Returns the slot that probably holds a segment's flow, and prefetches it.
    #[inline]
    pub fn hint(&self, segment: &Segment<'_>) -> Hint {
        self.flows.probable_slot(&segment.endpoints)
    }

    /// Returns the slots that probably hold the segments' flows, one for each glance. Prefetches what processing them
    /// needs, one step of indirection at a time for the whole batch.
    #[inline]
    pub fn lookup_batch(&self, glances: &[Glance<'_>]) -> ArrayVec<Hint, { limits::BATCH }> {
        let mut all = ArrayVec::<Hint, { limits::BATCH }>::new();
        for glance in glances {
            all.push(match glance {
                Glance::Segment(segment) => self.hint(segment),
                Glance::NoSegment | Glance::General => None,
            });
        }
        let mut bring_bytes = ArrayVec::<_, { limits::BATCH }>::new();
        for (glance, hint) in glances.iter().zip(&all) {
            if let Glance::Segment(segment) = glance
                && let Some(slot) = hint
                && let Some(connection) = self.flows.at(*slot).and_then(|flow| flow.connection.as_deref())
            {
                connection.prefetch();
                bring_bytes.push((connection, segment.from_low));
                // Whether a segment has a payload is unpredictable: no branch.
                bring_bytes.truncate(bring_bytes.len() - usize::from(segment.payload_len == 0));
            }
        }
        let mut directions = ArrayVec::<_, { limits::BATCH }>::new();
        for (connection, from_low) in &bring_bytes {
            connection.prefetch_layers(*from_low);
            directions.extend(connection.prefetch_security(*from_low));
        }
        bring_bytes.iter().for_each(|(connection, from_low)| connection.prefetch_moments(*from_low));
        directions.iter().for_each(|direction| direction.prefetch_epoch());
        directions.iter().for_each(|direction| direction.prefetch_candidate());
        directions.iter().for_each(|direction| direction.prefetch_keys());
        all
    }

    /// Processes a segment. Returns the TCP connection it belongs to.
    #[inline]
    pub fn push(&mut self, segment: &mut Segment<'_>, hint: Hint, sink: &mut impl Sink) -> Option<Stream> {
        // Fast path: most segments change nothing here but the state of their own connection.
        if shortcuts::are_taken()
            && let Some(flow) = self.flows.at_hint(&segment.endpoints, hint)
            && match &mut flow.connection {
                Some(connection) => connection.push_in_order(segment, &mut self.shared, &mut self.held_bytes, sink),
                None => flow.has_noted(segment),
            }
        {
            flow.last = flow.last.max(segment.carrier.seen.time);
            return Some(flow.as_stream());
        }
        self.push_slow(segment, hint, sink)
    }

    fn push_slow(&mut self, segment: &Segment<'_>, hint: Hint, sink: &mut impl Sink) -> Option<Stream> {
        let (key, now) = (segment.endpoints, segment.carrier.seen.time);
        let Self { flows, shared, lingering, expire_at, streams, held_bytes, .. } = self;
        let flow = flows.entry(key, hint, || Flow::new(streams, now))?;
        if flow.is_reused_by(segment) {
            let new = flow.reused_by(segment, streams, now);
            let old = std::mem::replace(flow, new);
            if let Some(connection) = old.connection {
                *held_bytes -= connection.held_bytes();
                connection.finish(shared, sink);
            }
        }
        flow.last = flow.last.max(now);
        if flow.note(segment) {
            flow.connection = Some(Box::new(Connection::new(flow.stream, segment)));
        }
        if let Some(connection) = &mut flow.connection {
            *held_bytes -= connection.held_bytes();
            let interest = connection.push(segment, shared, sink);
            let mut held = connection.held_bytes();
            while held > 0 && *held_bytes + held > limits::OUT_OF_ORDER_TOTAL {
                connection.give_up_holes(shared, sink);
                held = connection.held_bytes();
            }
            if interest == Interest::Follow {
                *held_bytes += held;
                if !flow.lingers && connection.over() {
                    flow.lingers = true;
                    let until = now.after(limits::LINGER);
                    *expire_at = until.min(*expire_at);
                    lingering.push_back((until, key, flow.stream));
                }
            } else {
                flow.connection = None;
            }
        }
        let stream = flow.as_stream();
        if self.flows.len() > self.evict_at {
            self.evict(now, sink);
        }
        Some(stream)
    }

    /// Reads what has waited for keys, now that more are known.
    pub fn retry(&mut self, sink: &mut impl Sink) {
        let Self { flows, shared, held_bytes, .. } = self;
        for connection in flows.values_mut().filter_map(|flow| flow.connection.as_mut()) {
            *held_bytes -= connection.held_bytes();
            connection.retry(shared, sink);
            *held_bytes += connection.held_bytes();
        }
    }

    /// Finishes all connections that are left, in the order of their stream numbers.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        let mut connections: Vec<_> = std::mem::take(&mut self.flows)
            .into_values()
            .filter_map(|flow| Some((flow.stream, flow.connection?)))
            .collect();
        connections.sort_unstable_by_key(|(stream, _)| *stream);
        for (_, mut connection) in connections {
            connection.follow_to_end();
            connection.finish(&mut self.shared, sink);
        }
        self.held_bytes = 0;
    }

    /// Returns the facts so far of the connection between two endpoints, as if the capture ended here; `None` once they
    /// have been handed to the sink, or if the connection is not one to report.
    pub fn facts_between(&self, one: SocketAddr, other: SocketAddr) -> Option<Box<Facts>> {
        let (key, _) = Endpoints::of(one, other);
        self.flows.get(&key)?.connection.as_ref()?.facts_so_far()
    }

    /// Returns the counts that a report gives beside its connections.
    pub const fn counts(&self) -> Counts {
        let tls = self.shared.secrets.counts;
        Counts { tcp_streams: self.streams as u64, encrypted: tls.unread(), tls, ..self.shared.counts }
    }

    /// Finishes the connections that have waited for late segments until before `now`.
    #[inline]
    pub fn expire(&mut self, now: Timestamp, sink: &mut impl Sink) {
        if self.expire_at < now {
            self.expire_before(now, sink);
        }
    }

    fn expire_before(&mut self, now: Timestamp, sink: &mut impl Sink) {
        while let Some((_, key, stream)) = self.lingering.pop_front_if(|(until, ..)| *until < now) {
            // Another connection between the same endpoints may have the same stream number.
            let flow = self.flows.get_mut(&key).filter(|flow| flow.stream == stream && flow.lingers);
            if let Some(connection) = flow.and_then(|flow| flow.connection.take()) {
                self.held_bytes -= connection.held_bytes();
                connection.finish(&mut self.shared, sink);
            }
        }
        self.expire_at = self.lingering.front().map_or(NEVER, |(until, ..)| *until);
    }

    /// Evicts connections and flows that are over or silent, least recently heard first, so that memory does not grow
    /// with the capture.
    fn evict(&mut self, now: Timestamp, sink: &mut impl Sink) {
        let idle = oldest_allowed(self.flows.values().filter(|flow| flow.connection.is_none()), limits::CLOSED_STREAMS);
        let of_state = |wanted| {
            let is_wanted = move |flow: &&Flow| flow.connection.as_deref().map(Connection::standing) == Some(wanted);
            self.flows.values().filter(is_wanted)
        };
        let open = oldest_allowed(of_state(Standing::Open), limits::CONNECTIONS);
        let waiting = oldest_allowed(of_state(Standing::Waiting), limits::WAITING);
        let unknown = oldest_allowed(of_state(Standing::Unknown), limits::UNKNOWN_CONNECTIONS);
        let Self { flows, shared, held_bytes, .. } = self;
        flows.retain(|flow| {
            let silent = now.since(flow.last) > limits::IDLE_UNKNOWN;
            let Some(connection) = &flow.connection else {
                return flow.last > idle;
            };
            let standing = connection.standing();
            let is_too_old = match standing {
                Standing::Open => flow.last <= open,
                Standing::Waiting => flow.last <= waiting,
                Standing::Unknown => silent || flow.last <= unknown,
            };
            if is_too_old {
                shared.counts.given_up += u64::from(standing != Standing::Unknown && !connection.over());
                *held_bytes -= connection.held_bytes();
                if let Some(connection) = flow.connection.take() {
                    connection.finish(shared, sink);
                }
            }
            true
        });
        // Often enough that the flows added between two evictions stay few beside those that are kept.
        self.evict_at = self.flows.len().saturating_add(limits::UNKNOWN_CONNECTIONS);
    }
}

/// Returns the earliest time such that at most `most` of the flows have been heard after it.
fn oldest_allowed<'f>(flows: impl Iterator<Item = &'f Flow>, most: usize) -> Timestamp {
    let mut times: Vec<_> = flows.map(|flow| flow.last).collect();
    match times.len().checked_sub(most + 1) {
        Some(excess) => *times.select_nth_unstable(excess).1,
        None => Timestamp::from_nanos(i64::MIN),
    }
}
