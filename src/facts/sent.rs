//! Counts of what one side sent as WebSocket.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use thin_vec::ThinVec;

use super::{Moment, Pace, Recent};
use crate::chunk::{Carrier, Wire};
use crate::limits;
use crate::prefetch::prefetch;
use crate::seen::Seen;
use crate::ws::{self, Opcode, Preview, Unfinished};

/// Counts of what one side sent as WebSocket.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Sent {
    /// Frames.
    pub frames: u64,
    /// Complete text messages.
    pub texts: u32,
    /// Complete binary messages.
    pub binaries: u32,
    /// Payload bytes on the wire, of all frames.
    pub payload_bytes: u64,
    /// Pings.
    pub pings: u32,
    /// Pongs.
    pub pongs: u32,
    /// Its last frames and messages.
    pub recent: Recent,
    /// The size of its longest data message before the latest one: a size that the other side has accepted.
    pub largest_before: u64,
    /// The rate of its messages.
    pub pace: Pace,
    /// Its well-formed pings without a pong so far, oldest first.
    pub unanswered_pings: ThinVec<Ping>,
    /// The number, counted from 1, of the latest of its pings that has been answered; 0 if none has.
    pub answered_pings: u32,
    /// Whether the other side has broken a rule, so that this side's messages are counted in its breaches.
    pub is_watched: bool,
    /// The frame or message that was incomplete when its stream ended.
    pub unfinished: Option<Box<Unfinished>>,
    /// The number of times that its frames were lost sight of.
    pub lost: u32,
    /// Whether its frames are lost sight of now.
    pub is_lost: bool,
}

/// A ping without a pong so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ping {
    /// The packet it came in.
    pub seen: Seen,
    /// Its number among its sender's pings, from 1.
    number: u32,
    /// A hash of its payload, which the pong must repeat.
    payload: u64,
}

impl Ping {
    /// Returns it as one that comes behind so many other pings of its sender.
    pub(super) const fn behind(self, pings: u32) -> Self {
        Self { number: self.number.saturating_add(pings), ..self }
    }
}

impl Sent {
    /// Prefetches what every frame needs.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.frames);
        prefetch(&self.largest_before);
        prefetch(&self.recent);
        prefetch(&self.is_lost);
    }

    /// Prefetches the slot of the next moment.
    #[inline]
    pub fn prefetch_moments(&self) {
        self.recent.prefetch();
    }

    /// Notes a frame that is a complete message.
    #[inline(always)]
    pub(super) fn complete_message(
        &mut self,
        opcode: Opcode,
        size: u64,
        carrier: &Carrier,
        header_end: u64,
        wire: Wire,
        preview: Preview,
    ) {
        self.begin(opcode, size, carrier.seen);
        self.count(opcode);
        self.recent.complete_message(opcode, size, carrier, header_end, wire, preview);
    }

    pub(super) fn frame(&mut self, header: &ws::Header, start: Seen, carrier: &Carrier, header_end: u64, wire: Wire) {
        self.begin(header.start.opcode, header.length, start);
        if header.start.opcode != Opcode::CLOSE {
            self.recent.frame(header, start, carrier, header_end, wire);
        }
    }

    /// Counts a frame.
    #[inline]
    fn begin(&mut self, opcode: Opcode, length: u64, start: Seen) {
        self.frames += 1;
        self.payload_bytes = self.payload_bytes.saturating_add(length);
        if matches!(opcode, Opcode::TEXT | Opcode::BINARY) {
            self.largest_before = self.largest_before.max(self.recent.latest());
            self.pace.message(start.time);
        }
    }

    /// Returns its last frames and messages, oldest first. Close frames are not among them.
    pub fn moments(&self) -> impl DoubleEndedIterator<Item = &Moment> {
        self.recent.iter()
    }

    /// Returns its last text and binary messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Moment> {
        self.moments().filter(|moment| moment.is_message())
    }

    /// Returns the number of complete text and binary messages.
    pub const fn said(&self) -> u32 {
        self.texts.saturating_add(self.binaries)
    }

    /// Notes what was not completed. Bytes that a header declared and that never came do not count as sent.
    pub fn stop(&mut self, unfinished: Option<Unfinished>) {
        let outstanding = unfinished.map_or(0, |unfinished| unfinished.outstanding());
        self.payload_bytes = self.payload_bytes.saturating_sub(outstanding);
        self.unfinished = unfinished.map(Box::new);
    }

    pub(super) fn message(&mut self, message: &ws::message::Message, carrier: &Carrier, needed: u64) {
        self.count(message.opcode);
        self.recent.message(message, carrier, needed);
    }

    fn count(&mut self, opcode: Opcode) {
        let count = if opcode == Opcode::TEXT { &mut self.texts } else { &mut self.binaries };
        *count = count.saturating_add(1);
    }

    pub(super) fn ping(&mut self, payload: &[u8], framed: bool, seen: Seen) {
        self.pings = self.pings.saturating_add(1);
        if framed && self.unanswered_pings.len() < limits::PINGS {
            self.unanswered_pings.reserve_exact(1);
            self.unanswered_pings.push(Ping { seen, number: self.pings, payload: hash(payload) });
        }
    }

    /// Applies a pong of the other side: it answers the ping with its payload, and all earlier ones (RFC 6455 §5.5.3).
    pub(super) fn answered(&mut self, payload: &[u8]) {
        let payload = hash(payload);
        if let Some(at) = self.unanswered_pings.iter().rposition(|ping| ping.payload == payload) {
            let latest = self.unanswered_pings.drain(..=at).next_back();
            self.answered_pings = latest.map_or(0, |ping| ping.number).max(self.answered_pings);
        }
    }
}

fn hash(payload: &[u8]) -> u64 {
    FixedState::default().hash_one(payload)
}
