//! The flow table: every TCP connection of a capture by its two endpoints.
//!
//! ```text
//! index: hash → Place { slot, tag } ──┬→ slots: Vec<(endpoints, flow)>
//!                                     └→ bases: Vec<the first sequence numbers>
//! ```
//!
//! The index is small, the slots are not: [`Flows::probable_slot`] uses the index alone and prefetches the slot, which
//! is in the cache by the time its contents are needed ([`prefetch`](crate::prefetch)). What only SYNs and the first
//! segments need is kept apart, so that a slot is one cache line.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::Stream;
use crate::connection::{Connection, Standing};
use crate::prefetch::prefetch;
use crate::seen::Timestamp;
use crate::tcp::{Endpoints, Flags, Segment};

/// The state of the traffic between two endpoints.
#[derive(Debug)]
pub(super) struct Flow {
    /// The time of its latest segment.
    pub last: Timestamp,
    /// Its connection, as long as it may be a WebSocket connection.
    pub connection: Option<Box<Connection>>,
    /// Its number, as Wireshark's `tcp.stream`.
    pub stream: u32,
    /// Tells for each direction, that of `low` first, whether its first sequence number is in the [`Base`].
    has_base: [bool; 2],
    pub phase: Phase,
    /// True while its connection is [parked](super::followed).
    pub is_parked: bool,
}

/// The stages of a flow on the way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Neither side has ended it.
    Open,
    /// A FIN or RST was seen.
    Ending,
    /// It is over, and kept for late segments.
    Lingering,
}

/// The first sequence number of each direction of a flow, that of `low` first. A SYN with another one begins a new
/// connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Base([u32; 2]);

/// A flow with its key.
#[derive(Debug)]
#[repr(align(64))]
struct Slot {
    key: Endpoints,
    flow: Flow,
}

const _: () = assert!(size_of::<Option<Slot>>() == 64);

/// The flow table.
#[derive(Default)]
pub(super) struct Flows {
    hasher: RandomState,
    index: HashTable<Place>,
    slots: Vec<Option<Slot>>,
    /// The first sequence numbers of the flow in each slot.
    bases: Vec<Base>,
    /// The empty slots.
    free: Vec<u32>,
}

/// The slot of a flow, and 32 bits of its key's hash.
#[derive(Clone, Copy, Debug)]
struct Place {
    slot: u32,
    tag: u32,
}

impl Flows {
    /// Returns the slot that probably holds the flow of `key`, by 32 bits of the hash: the key in the slot is not
    /// compared. Prefetches the slot.
    #[inline]
    pub fn probable_slot(&self, key: &Endpoints) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let place = self.index.find(hash, |place| place.tag == tag(hash))?;
        prefetch(self.slots.get(place.slot as usize)?);
        Some(place.slot)
    }

    /// Returns the flow in a slot.
    #[inline]
    pub fn at(&self, slot: u32) -> Option<&Flow> {
        self.slots.get(slot as usize)?.as_ref().map(|held| &held.flow)
    }

    /// Returns the flow of `key`, if the hinted slot holds it.
    #[inline]
    pub fn at_hint(&mut self, key: &Endpoints, hint: Option<u32>) -> Option<&mut Flow> {
        let held = self.slots.get_mut(hint? as usize)?.as_mut()?;
        (held.key == *key).then_some(&mut held.flow)
    }

    /// Returns the slot of the flow of `key`: the hinted one, or else by a lookup.
    fn slot(&self, key: &Endpoints, hint: Option<u32>) -> Option<u32> {
        let is_there =
            |slot: u32| self.slots.get(slot as usize).and_then(Option::as_ref).is_some_and(|held| held.key == *key);
        if let Some(slot) = hint.filter(|slot| is_there(*slot)) {
            return Some(slot);
        }
        let hash = self.hasher.hash_one(key);
        Some(self.index.find(hash, |place| place.tag == tag(hash) && is_there(place.slot))?.slot)
    }

    /// Returns the flow between two endpoints, with its slot and its first sequence numbers. Inserts `new()` if there is
    /// none.
    #[inline]
    pub fn entry(
        &mut self,
        key: Endpoints,
        hint: Option<u32>,
        new: impl FnOnce() -> Flow,
    ) -> Option<(u32, &mut Flow, &mut Base)> {
        let slot = match self.slot(&key, hint) {
            Some(slot) => slot,
            None => self.insert(key, new()),
        };
        let (flow, base) = (self.slots.get_mut(slot as usize), self.bases.get_mut(slot as usize)?);
        Some((slot, &mut flow?.as_mut()?.flow, base))
    }

    #[cold]
    fn insert(&mut self, key: Endpoints, flow: Flow) -> u32 {
        let Self { hasher, index, slots, bases, free } = self;
        let slot = free.pop().unwrap_or_else(|| {
            slots.push(None);
            bases.push(Base::default());
            slots.len() as u32 - 1
        });
        if let Some(place) = slots.get_mut(slot as usize) {
            *place = Some(Slot { key, flow });
        }
        let hash = hasher.hash_one(key);
        let hash_of = |place: &Place| {
            slots.get(place.slot as usize).and_then(Option::as_ref).map_or(0, |held| hasher.hash_one(held.key))
        };
        index.insert_unique(hash, Place { slot, tag: tag(hash) }, hash_of);
        slot
    }

    /// Returns the flow of a key.
    pub fn get(&self, key: &Endpoints) -> Option<&Flow> {
        self.at(self.slot(key, None)?)
    }

    /// Returns the flow of a key.
    pub fn get_mut(&mut self, key: &Endpoints) -> Option<&mut Flow> {
        let slot = self.slot(key, None)?;
        self.slots.get_mut(slot as usize)?.as_mut().map(|held| &mut held.flow)
    }

    /// Returns the flow in a slot.
    pub fn at_mut(&mut self, slot: u32) -> Option<&mut Flow> {
        self.slots.get_mut(slot as usize)?.as_mut().map(|held| &mut held.flow)
    }

    /// Returns the number of flows.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Returns all flows.
    pub fn values(&self) -> impl Iterator<Item = &Flow> {
        self.slots.iter().flatten().map(|held| &held.flow)
    }

    /// Returns all flows, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Flow> {
        self.slots.iter_mut().flatten().map(|held| &mut held.flow)
    }

    /// Consumes the table and returns all flows.
    pub fn into_values(self) -> impl Iterator<Item = Flow> {
        self.slots.into_iter().flatten().map(|held| held.flow)
    }

    /// Removes the flows for which `keep` returns `false`.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut Flow) -> bool) {
        let Self { index, slots, free, .. } = self;
        index.retain(|place| {
            let Some(held) = slots.get_mut(place.slot as usize) else { return false };
            let is_kept = held.as_mut().is_some_and(|held| keep(&mut held.flow));
            if !is_kept {
                *held = None;
                free.push(place.slot);
            }
            is_kept
        });
    }
}

const fn tag(hash: u64) -> u32 {
    hash as u32
}

impl Flow {
    /// Creates a flow with the next stream number.
    pub fn new(streams: &mut u32, now: Timestamp) -> Self {
        let stream = *streams;
        *streams = streams.saturating_add(1);
        Self::numbered(stream, now)
    }

    fn numbered(stream: u32, now: Timestamp) -> Self {
        Self { stream, has_base: [false; 2], phase: Phase::Open, is_parked: false, last: now, connection: None }
    }

    /// Returns whether a segment is a SYN that begins another connection between the same endpoints (Wireshark: "TCP
    /// Port numbers reused").
    pub fn is_reused_by(&self, segment: &Segment<'_>, base: Base) -> bool {
        if !segment.flags.has(Flags::SYN) || segment.flags.has(Flags::ACK) {
            return false;
        }
        self.base(base, segment.from_low).is_some_and(|first| first != segment.seq || self.phase != Phase::Open)
    }

    /// Returns the first sequence number of a direction, if it is known.
    const fn base(&self, Base([low, high]): Base, of_low: bool) -> Option<u32> {
        match (self.has_base, of_low) {
            ([true, _], true) => Some(low),
            ([_, true], false) => Some(high),
            _ => None,
        }
    }

    /// Creates the flow of the connection that this SYN begins between the same endpoints. It keeps the stream number
    /// if the sequence number is the same, as Wireshark's `tcp.stream` does.
    pub fn reused_by(&self, segment: &Segment<'_>, base: Base, streams: &mut u32, now: Timestamp) -> Self {
        if self.base(base, segment.from_low) == Some(segment.seq) {
            Self::numbered(self.stream, now)
        } else {
            Self::new(streams, now)
        }
    }

    /// Returns whether a segment adds nothing to this flow's state but its time.
    #[inline]
    pub const fn has_noted(&self, segment: &Segment<'_>) -> bool {
        segment.flags.is_plain() && matches!(self.has_base, [true, true])
    }

    /// Returns whether a segment adds nothing to the flow, which has no connection.
    #[inline]
    pub const fn passes_over(&self, segment: &Segment<'_>) -> bool {
        !self.is_followed() && self.has_noted(segment)
    }

    /// Returns the stage that its connection has reached, if it has one. Those that are parked are open.
    pub fn standing(&self) -> Option<Standing> {
        match &self.connection {
            Some(connection) => Some(connection.standing()),
            None => self.is_parked.then_some(Standing::Open),
        }
    }

    /// Returns whether it has a connection, parked or not.
    pub const fn is_followed(&self) -> bool {
        self.connection.is_some() || self.is_parked
    }

    /// Returns the public view of the flow.
    pub const fn as_stream(&self) -> Stream {
        Stream { number: self.stream, is_followed: self.is_followed() }
    }

    /// Notes the first sequence numbers of both directions, and that one has ended. Returns whether this is the flow's
    /// first segment.
    pub fn note(&mut self, segment: &Segment<'_>, base: &mut Base) -> bool {
        if self.has_noted(segment) {
            return false;
        }
        let is_first = self.has_base == [false; 2];
        let ([has_low, has_high], Base([low, high])) = (&mut self.has_base, base);
        let (low, high) = ((has_low, low), (has_high, high));
        let (own, other) = if segment.from_low { (low, high) } else { (high, low) };
        let learn = |(is_known, base): (&mut bool, &mut u32), first| {
            if !std::mem::replace(is_known, true) {
                *base = first;
            }
        };
        let before = u32::from(!segment.flags.has(Flags::SYN));
        learn(own, segment.seq.wrapping_sub(before));
        if segment.flags.has(Flags::ACK) {
            learn(other, segment.ack.wrapping_sub(1));
        }
        if self.phase == Phase::Open && (segment.flags.has(Flags::FIN) || segment.flags.has(Flags::RST)) {
            self.phase = Phase::Ending;
        }
        is_first
    }
}
