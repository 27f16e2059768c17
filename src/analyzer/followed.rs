//! The TCP connections of a capture, each from its first segment until it is handed to the sink.

mod leaving;
mod parking;
mod single;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::ops::Range;

use arrayvec::ArrayVec;

use self::parking::Parking;
use super::Stream;
use super::flows::{Flow, Flows, Phase};
use super::share::{Births, Share};
use crate::capture::{Attribution, Block, Packet};
use crate::connection::{Connection, Interest, Shared};
use crate::facts::Facts;
use crate::limits;
use crate::packet::Glance;
use crate::seen::Timestamp;
use crate::shortcuts;
use crate::sink::{Counts, Sink};
use crate::tcp::{Endpoints, Segment};
use crate::tls::ledger::Turn;

/// The connections that are followed.
#[derive(Default)]
pub(super) struct Followed {
    flows: Flows,
    pub shared: Shared,
    /// Connections that are over, by the time until which each waits for late segments.
    lingering: Lingering,
    /// None of them waits for less than this.
    expire_at: Timestamp,
    /// The connections that are silent.
    parking: Parking,
    /// The number of the last packet.
    packet: u64,
    streams: u32,
    /// The connections that this analyzer follows, and the packets that begin them, if it is one of several.
    pub share: Share,
    births: Births,
    held_bytes: usize,
    evict_at: usize,
}

/// Connections that are over, the first to be finished on top, each with the time at which that is due.
type Lingering = BinaryHeap<Reverse<(Timestamp, Place)>>;

/// The place of a connection, in which there may be another one later. Those that are due at the same time are finished in
/// the order of their streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place {
    stream: u32,
    slot: u32,
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
                bring_bytes.push((connection, segment));
                // Whether a segment has a payload is unpredictable: no branch.
                bring_bytes.truncate(bring_bytes.len() - usize::from(segment.payload_len == 0));
            }
        }
        let mut directions = ArrayVec::<_, { limits::BATCH }>::new();
        let mut http2 = ArrayVec::<_, { limits::BATCH }>::new();
        for (connection, segment) in bring_bytes.iter().copied() {
            connection.prefetch_layers(segment.from_low);
            directions.extend(connection.prefetch_security(segment.from_low));
            http2.extend(connection.prefetch_http2().then_some((connection, segment)));
        }
        bring_bytes.iter().for_each(|(connection, segment)| connection.prefetch_moments(segment.from_low));
        http2.iter().for_each(|(connection, _)| connection.prefetch_channels());
        http2.iter().for_each(|(connection, segment)| connection.prefetch_channel(segment.payload));
        for (connection, segment) in http2 {
            connection.prefetch_channel_layers(segment.from_low, segment.payload);
        }
        directions.iter().for_each(|direction| direction.prefetch_epoch());
        directions.iter().for_each(|direction| direction.prefetch_candidate());
        directions.iter().for_each(|direction| direction.prefetch_keys());
        all
    }

    /// Returns what follows another share of the connections of the same capture, of which nothing has been read yet.
    pub fn part(&self, share: Share) -> Self {
        let (shared, parking) = (self.shared.share(share.of(limits::INFLATERS)), Parking::new(share));
        Self { shared, parking, share, ..Self::default() }
    }

    /// Returns whether a segment belongs to a connection that is followed here.
    #[inline]
    pub fn owns(&self, segment: &Segment<'_>) -> bool {
        self.share.has(&segment.endpoints)
    }

    /// Passes over the segments of connections that others follow. `is_own` returns whether the glance with an index is
    /// known to be none of them.
    #[inline]
    pub fn pass_over_others(&self, glances: &mut [Glance<'_>], is_own: impl Fn(usize) -> bool) {
        if self.share.is_part() {
            for (at, glance) in glances.iter_mut().enumerate() {
                if !is_own(at)
                    && let Glance::Segment(segment) = glance
                    && !self.owns(segment)
                {
                    *glance = Glance::NoSegment;
                }
            }
        }
    }

    /// Lets other threads know that all packets so far have been processed.
    pub fn publish(&mut self) {
        self.shared.secrets.enter(Turn::first(self.packet.saturating_add(1)));
        self.shared.secrets.publish();
    }

    /// Returns the packets that have begun streams, in the order of the streams.
    pub fn into_births(self) -> Births {
        self.births
    }

    /// Meets the next packet, whichever connection it belongs to: finishes connections that ended long enough before it.
    #[inline]
    pub fn meet(&mut self, packet: &Packet<'_>, sink: &mut impl Sink) {
        self.meet_bytes((packet.number, packet.time, packet.data.len()), sink);
    }

    /// Meets consecutive packets of a block, most of which others follow: mostly all at once, because nothing is due
    /// before the last of them is processed.
    #[inline]
    pub fn meet_all(&mut self, block: &Block, range: Range<usize>, sink: &mut impl Sink) {
        match self.count_all(block, range.clone()) {
            Some(latest) => self.meet_counted(block, range, latest, sink),
            None => block.each_passing(range).for_each(|passing| self.meet_bytes(passing, sink)),
        }
    }

    /// Counts consecutive packets of a block, and returns the latest time of a packet so far in the block. They are then
    /// yet to be met [as counted ones](Self::meet_counted). Returns `None`, and counts nothing, if something is due before
    /// the last of them is processed.
    #[inline]
    pub fn count_all(&mut self, block: &Block, range: Range<usize>) -> Option<Timestamp> {
        let passing = block.passing(range)?;
        let is_due = self.expire_at < passing.latest || self.parking.is_due(passing.last);
        (!is_due && self.shared.count_packets(passing.packets, passing.bytes)).then_some(passing.latest)
    }

    /// Meets consecutive packets of a block that have been counted. None of them is later than `latest`, so that no
    /// connection expires among them, unless the processing of a packet has changed that.
    #[inline]
    pub fn meet_counted(&mut self, block: &Block, range: Range<usize>, latest: Timestamp, sink: &mut impl Sink) {
        if self.expire_at < latest {
            for (number, time, _) in block.each_passing(range) {
                self.packet = number;
                self.expire(time, sink);
            }
        } else if let Some(last) = range.end.checked_sub(1).and_then(|last| block.number(last)) {
            self.packet = last;
        }
    }

    /// Meets the next packet, of which only the number, the time, and the number of bytes are read.
    #[inline]
    pub fn meet_bytes(&mut self, (number, time, len): (u64, Timestamp, usize), sink: &mut impl Sink) {
        self.packet = number;
        self.shared.count_packet(len);
        self.expire(time, sink);
        if self.parking.is_due(number) {
            self.parking.park(&mut self.flows, number);
        }
    }

    /// Processes the segment of the packet that was met last. Returns the TCP connection it belongs to.
    #[inline]
    pub fn push(&mut self, segment: &mut Segment<'_>, hint: Hint, sink: &mut impl Sink) -> Option<Stream> {
        self.shared.secrets.enter(Turn::pushed(self.packet));
        // Fast path: most segments change nothing here but the state of their own connection.
        if shortcuts::are_taken()
            && let Some(flow) = self.flows.at_hint(&segment.endpoints, hint)
            && match &mut flow.connection {
                Some(connection) => connection.push_in_order(segment, &mut self.shared, &mut self.held_bytes, sink),
                None => flow.passes_over(segment),
            }
        {
            flow.last = flow.last.max(segment.carrier.seen.time);
            return Some(flow.as_stream());
        }
        self.push_slow(segment, hint, sink)
    }

    /// Takes the process that the packet of a segment is said to belong to.
    #[cold]
    pub fn attribute(&mut self, segment: &Segment<'_>, attribution: &Attribution) {
        let connection = self.flows.get_mut(&segment.endpoints).and_then(|flow| flow.connection.as_mut());
        connection.into_iter().for_each(|connection| connection.attribute(segment.from_low, attribution));
    }

    fn push_slow(&mut self, segment: &Segment<'_>, hint: Hint, sink: &mut impl Sink) -> Option<Stream> {
        let (key, time) = (segment.endpoints, segment.carrier.seen.time);
        let Self { flows, shared, lingering, expire_at, parking, streams, share, births, held_bytes, .. } = self;
        let before = *streams;
        let (slot, flow, base) = flows.entry(key, hint, || Flow::new(streams, time))?;
        if flow.is_parked {
            parking.restore(flow, &mut shared.counts);
            parking.watch(Place { slot, stream: flow.stream }, self.packet);
        }
        if flow.is_reused_by(segment, *base) {
            let new = flow.reused_by(segment, *base, streams, time);
            let mut old = std::mem::replace(flow, new);
            if let Some(connection) = parking.take(&mut old, &mut shared.counts) {
                *held_bytes -= connection.held_bytes();
                connection.finish(shared, sink);
            }
        }
        if *streams > before && share.is_part() {
            births.push(self.packet);
        }
        flow.last = flow.last.max(time);
        if flow.note(segment, base) {
            flow.connection = Some(Box::new(Connection::new(flow.stream, segment)));
            parking.enter(Place { slot, stream: flow.stream }, self.packet);
        }
        if let Some(connection) = &mut flow.connection {
            *held_bytes -= connection.held_bytes();
            let interest = connection.push(segment, shared, sink);
            let mut held = connection.held_bytes();
            while held > 0 && *held_bytes + held > share.of(limits::OUT_OF_ORDER_TOTAL) {
                connection.give_up_holes(shared, sink);
                held = connection.held_bytes();
            }
            if interest == Interest::Follow {
                *held_bytes += held;
                if flow.phase != Phase::Lingering && connection.over() {
                    flow.phase = Phase::Lingering;
                    let until = time.after(limits::LINGER);
                    *expire_at = until.min(*expire_at);
                    let place = Place { stream: flow.stream, slot };
                    parking.watch_end(place, self.packet);
                    lingering.push(Reverse((until, place)));
                }
            } else {
                drop(parking.take(flow, &mut shared.counts));
            }
        }
        let stream = flow.as_stream();
        if self.flows.len() > self.evict_at {
            self.evict(sink);
        }
        Some(stream)
    }

    /// Reads what has waited for keys, now that more are known.
    pub fn retry(&mut self, sink: &mut impl Sink) {
        let next = self.packet.saturating_add(1);
        self.shared.secrets.enter(Turn::first(next));
        self.retry_all(sink);
        if self.shared.secrets.enter_second(Turn::second(next)) {
            self.retry_all(sink);
        }
    }

    fn retry_all(&mut self, sink: &mut impl Sink) {
        let Self { flows, shared, held_bytes, .. } = self;
        for connection in flows.values_mut().filter_map(|flow| flow.connection.as_mut()) {
            *held_bytes -= connection.held_bytes();
            connection.retry(shared, sink);
            *held_bytes += connection.held_bytes();
        }
    }

    /// Returns the facts so far of the connection between two endpoints, as if the capture ended here; `None` once they
    /// have been handed to the sink, or if the connection is not one to report. Those of an HTTP/2 stream are asked for by
    /// its number.
    pub fn facts_between(&self, one: SocketAddr, other: SocketAddr, http2_stream: Option<u32>) -> Option<Box<Facts>> {
        let (key, _) = Endpoints::of(one, other);
        self.ask(&key, |connection| connection.facts_so_far(http2_stream))?
    }

    /// Asks the connection between two endpoints, parked or not. Returns `None` if they have no connection.
    fn ask<R>(&self, key: &Endpoints, ask: impl FnOnce(&Connection) -> R) -> Option<R> {
        let flow = self.flows.get(key)?;
        match &flow.connection {
            Some(connection) => Some(ask(connection)),
            None => self.parking.get(flow).map(|connection| ask(&connection)),
        }
    }

    /// Returns the counts that a report gives beside its connections.
    pub const fn counts(&self) -> Counts {
        let tls = self.shared.secrets.counts;
        Counts { tcp_streams: self.streams as u64, encrypted: tls.unread(), tls, ..self.shared.counts }
    }
}
