//! The ways in which connections leave: at the end of the capture, after both ends have finished them, or because there
//! are too many.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;

use super::{Followed, Lingering, Place};
use crate::analyzer::flows::{Flow, Phase};
use crate::connection::Standing;
use crate::limits;
use crate::seen::Timestamp;
use crate::sink::Sink;
use crate::tls::ledger::Turn;

/// Later than any packet.
const NEVER: Timestamp = Timestamp::from_nanos(i64::MAX);

impl Followed {
    /// Finishes all connections that are left, in the order of their stream numbers.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.shared.secrets.enter(Turn::END);
        self.shared.secrets.publish();
        let mut left: Vec<_> = std::mem::take(&mut self.flows).into_values().filter(Flow::is_followed).collect();
        left.sort_unstable_by_key(|flow| flow.stream);
        for mut flow in left {
            let Some(mut connection) = self.parking.take(&mut flow, &mut self.shared.counts) else { continue };
            connection.follow_to_end();
            connection.finish(&mut self.shared, sink);
        }
        self.held_bytes = 0;
    }

    /// Finishes the connections that have waited for late segments until before `now`.
    #[inline]
    pub fn expire(&mut self, now: Timestamp, sink: &mut impl Sink) {
        if self.expire_at < now {
            self.expire_before(now, sink);
        }
    }

    #[cold]
    fn expire_before(&mut self, now: Timestamp, sink: &mut impl Sink) {
        self.shared.secrets.enter(Turn::expired(self.packet));
        while let Some(Place { stream, slot }) = pop_before(&mut self.lingering, now) {
            // Another connection between the same endpoints may have the same stream number.
            let is_the_same = |flow: &&mut Flow| flow.stream == stream && flow.phase == Phase::Lingering;
            let Some(flow) = self.flows.at_mut(slot).filter(is_the_same) else { continue };
            if let Some(connection) = self.parking.take(flow, &mut self.shared.counts) {
                self.held_bytes -= connection.held_bytes();
                connection.finish(&mut self.shared, sink);
            }
        }
        self.expire_at = self.lingering.peek().map_or(NEVER, |Reverse((until, ..))| *until);
    }

    /// Evicts connections and flows that are over or silent, least recently heard first, so that memory does not grow
    /// with the capture.
    pub(super) fn evict(&mut self, sink: &mut impl Sink) {
        let share = self.share;
        let without = self.flows.values().filter(|flow| flow.standing().is_none());
        let idle = oldest_allowed(without, share.of(limits::CLOSED_STREAMS));
        let of_state = |wanted| self.flows.values().filter(move |flow| flow.standing() == Some(wanted));
        let open = oldest_allowed(of_state(Standing::Open), share.of(limits::CONNECTIONS));
        let waiting = oldest_allowed(of_state(Standing::Waiting), share.of(limits::WAITING));
        let unknown = oldest_allowed(of_state(Standing::Unknown), share.of(limits::UNKNOWN_CONNECTIONS));
        let Self { flows, shared, parking, held_bytes, .. } = self;
        flows.retain(|flow| {
            let Some(standing) = flow.standing() else {
                return flow.last > idle;
            };
            let is_too_old = match standing {
                Standing::Open => flow.last <= open,
                Standing::Waiting => flow.last <= waiting,
                Standing::Unknown => flow.last <= unknown,
            };
            if is_too_old && let Some(connection) = parking.take(flow, &mut shared.counts) {
                shared.counts.given_up += u64::from(standing != Standing::Unknown && !connection.over());
                *held_bytes -= connection.held_bytes();
                connection.finish(shared, sink);
            }
            true
        });
        // Often enough that the flows added between two evictions stay few beside those that are kept.
        self.evict_at = self.flows.len().saturating_add(share.of(limits::UNKNOWN_CONNECTIONS));
    }
}

fn pop_before(lingering: &mut Lingering, now: Timestamp) -> Option<Place> {
    let Reverse((_, place)) = PeekMut::pop(lingering.peek_mut().filter(|first| first.0.0 < now)?);
    Some(place)
}

/// Returns the earliest time such that at most `most` of the flows have been heard after it.
fn oldest_allowed<'f>(flows: impl Iterator<Item = &'f Flow>, most: usize) -> Timestamp {
    let mut times: Vec<_> = flows.map(|flow| flow.last).collect();
    match times.len().checked_sub(most + 1) {
        Some(excess) => *times.select_nth_unstable(excess).1,
        None => Timestamp::from_nanos(i64::MIN),
    }
}
