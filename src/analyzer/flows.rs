//! The flow table: every TCP connection of a capture by its two endpoints.
//!
//! ```text
//! index: hash → Place { slot, tag } ──→ slots: Vec<(endpoints, flow)>
//! ```
//!
//! The index is small, the slots are not: [`Flows::probable_slot`] goes by the index alone and asks for the slot, which is there
//! by the time somebody looks into it ([`prefetch`](crate::prefetch)).

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::Stream;
use crate::connection::Connection;
use crate::prefetch::prefetch;
use crate::seen::Timestamp;
use crate::tcp::{Endpoints, Flags, Segment};

/// What two endpoints say to each other. What every segment needs stands first.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Flow {
    /// When it was last heard.
    pub last: Timestamp,
    /// What is known of it, as long as it may be a WebSocket connection.
    pub connection: Option<Box<Connection>>,
    /// First sequence number of each direction, `low`'s first: a SYN with another one is a new connection.
    base: [Option<u32>; 2],
    /// As Wireshark numbers `tcp.stream`.
    pub stream: u32,
    ended: bool,
    /// Whether it is over, and waits for late segments.
    pub lingers: bool,
}

/// A flow with its key: what every segment needs is one cache line.
#[derive(Debug)]
#[repr(C, align(64))]
struct Slot {
    key: Endpoints,
    flow: Flow,
}

/// Flows by their keys.
#[derive(Default)]
pub(super) struct Flows {
    hasher: RandomState,
    index: HashTable<Place>,
    slots: Vec<Option<Slot>>,
    /// Slots that are empty.
    free: Vec<u32>,
}

/// Where a flow is, and 32 bits of its key's hash.
#[derive(Clone, Copy, Debug)]
struct Place {
    slot: u32,
    tag: u32,
}

impl Flows {
    /// The slot where the flow of `key` probably is: by 32 bits of the hash, without a look at the key there.
    #[inline]
    pub fn probable_slot(&self, key: &Endpoints) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let place = self.index.find(hash, |place| place.tag == tag(hash))?;
        prefetch(self.slots.get(place.slot as usize)?);
        Some(place.slot)
    }

    /// What is in a slot.
    #[inline]
    pub fn at(&self, slot: u32) -> Option<&Flow> {
        self.slots.get(slot as usize)?.as_ref().map(|held| &held.flow)
    }

    /// The flow of `key`, if it is where it was hinted.
    #[inline]
    pub fn at_hint(&mut self, key: &Endpoints, hint: Option<u32>) -> Option<&mut Flow> {
        let held = self.slots.get_mut(hint? as usize)?.as_mut()?;
        (held.key == *key).then_some(&mut held.flow)
    }

    /// The slot of the flow of `key`, where it was hinted or elsewhere.
    fn slot(&self, key: &Endpoints, hint: Option<u32>) -> Option<u32> {
        let is_there =
            |slot: u32| self.slots.get(slot as usize).and_then(Option::as_ref).is_some_and(|held| held.key == *key);
        if let Some(slot) = hint.filter(|slot| is_there(*slot)) {
            return Some(slot);
        }
        let hash = self.hasher.hash_one(key);
        Some(self.index.find(hash, |place| place.tag == tag(hash) && is_there(place.slot))?.slot)
    }

    /// The flow of `key`; a new one if there is none.
    #[inline]
    pub fn entry(&mut self, key: Endpoints, hint: Option<u32>, new: impl FnOnce() -> Flow) -> Option<&mut Flow> {
        let slot = match self.slot(&key, hint) {
            Some(slot) => slot,
            None => self.insert(key, new()),
        };
        self.slots.get_mut(slot as usize)?.as_mut().map(|held| &mut held.flow)
    }

    #[cold]
    fn insert(&mut self, key: Endpoints, flow: Flow) -> u32 {
        let Self { hasher, index, slots, free } = self;
        let slot = free.pop().unwrap_or_else(|| {
            slots.push(None);
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

    /// The flow of a key.
    pub fn get(&self, key: &Endpoints) -> Option<&Flow> {
        self.at(self.slot(key, None)?)
    }

    /// The flow of a key.
    pub fn get_mut(&mut self, key: &Endpoints) -> Option<&mut Flow> {
        let slot = self.slot(key, None)?;
        self.slots.get_mut(slot as usize)?.as_mut().map(|held| &mut held.flow)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// All of them.
    pub fn values(&self) -> impl Iterator<Item = &Flow> {
        self.slots.iter().flatten().map(|held| &held.flow)
    }

    /// All of them, for good.
    pub fn into_values(self) -> impl Iterator<Item = Flow> {
        self.slots.into_iter().flatten().map(|held| held.flow)
    }

    /// Lets go of those that are not to be kept.
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
    /// A new one.
    pub fn new(streams: &mut u32, now: Timestamp) -> Self {
        let stream = *streams;
        *streams = streams.saturating_add(1);
        Self::numbered(stream, now)
    }

    fn numbered(stream: u32, now: Timestamp) -> Self {
        Self { stream, base: [None; 2], ended: false, lingers: false, last: now, connection: None }
    }

    /// Whether a SYN begins another connection between the same endpoints (Wireshark: "TCP Port numbers reused").
    pub fn is_reused_by(&self, segment: &Segment<'_>) -> bool {
        if !segment.flags.has(Flags::SYN) || segment.flags.has(Flags::ACK) {
            return false;
        }
        let [low, high] = self.base;
        let base = if segment.from_low { low } else { high };
        base.is_some_and(|base| base != segment.seq || self.ended)
    }

    /// The flow of another connection between the same endpoints, which this SYN begins. Wireshark goes on with the same
    /// `tcp.stream` where the sequence number is the same.
    pub fn reused_by(&self, segment: &Segment<'_>, streams: &mut u32, now: Timestamp) -> Self {
        let [low, high] = self.base;
        let base = if segment.from_low { low } else { high };
        if base == Some(segment.seq) { Self::numbered(self.stream, now) } else { Self::new(streams, now) }
    }

    /// Whether a segment tells of its flow only that it goes on.
    #[inline]
    pub const fn has_noted(&self, segment: &Segment<'_>) -> bool {
        segment.flags.is_plain() && matches!(self.base, [Some(_), Some(_)])
    }

    /// What others know of it.
    pub const fn as_stream(&self) -> Stream {
        Stream { number: self.stream, is_followed: self.connection.is_some() }
    }

    /// Notes where the directions begin and that one has ended; whether this is the flow's first segment.
    pub fn note(&mut self, segment: &Segment<'_>) -> bool {
        if self.has_noted(segment) {
            return false;
        }
        let is_first = self.base == [None; 2];
        let [low, high] = &mut self.base;
        let (own, other) = if segment.from_low { (low, high) } else { (high, low) };
        let before = u32::from(!segment.flags.has(Flags::SYN));
        own.get_or_insert(segment.seq.wrapping_sub(before));
        if segment.flags.has(Flags::ACK) {
            other.get_or_insert(segment.ack.wrapping_sub(1));
        }
        self.ended |= segment.flags.has(Flags::FIN) || segment.flags.has(Flags::RST);
        is_first
    }
}
