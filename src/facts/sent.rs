//! What one side sent as WebSocket, counted.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::{Moment, Pace, Recent};
use crate::chunk::Carrier;
use crate::limits;
use crate::prefetch::prefetch;
use crate::seen::Seen;
use crate::ws::{self, Opcode, Preview, Unfinished};

/// What one side sent as WebSocket.
#[derive(Clone, Debug, Default)]
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
    /// Its longest data message so far but for the latest: what the other side has taken.
    pub largest_before: u64,
    /// How fast its messages come.
    pub pace: Pace,
    /// Its well-formed pings without a pong so far, oldest first.
    pub unanswered_pings: Vec<Ping>,
    /// Which of its pings, counted from 1, is the latest that has its pong; 0 while none has.
    pub answered_pings: u32,
    /// Whether the other side has broken a rule: it counts then what this one says.
    pub is_watched: bool,
    /// What it had begun and not completed when its stream ended.
    pub unfinished: Option<Box<Unfinished>>,
    /// How often its frames were lost sight of.
    pub lost: u32,
    /// Whether they are lost sight of now.
    pub is_lost: bool,
}

/// A ping that waits for its pong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Its packet.
    pub seen: Seen,
    /// Which of its sender's pings it is, from 1.
    number: u32,
    /// A hash of its payload, which the pong must repeat.
    payload: u64,
}

impl Sent {
    /// Asks for what every frame needs.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.frames);
        prefetch(&self.largest_before);
        prefetch(&self.recent);
        prefetch(&self.is_lost);
    }

    /// Asks for the place of the next moment.
    #[inline]
    pub fn prefetch_moments(&self) {
        self.recent.prefetch();
    }

    /// A frame that is a complete_message message.
    #[inline(always)]
    pub(super) fn complete_message(
        &mut self,
        opcode: Opcode,
        size: u64,
        carrier: &Carrier,
        header_end: u64,
        preview: Preview,
    ) {
        self.begin(opcode, size, carrier.seen);
        self.count(opcode);
        self.recent.complete_message(opcode, size, carrier, header_end, preview);
    }

    pub(super) fn frame(&mut self, header: &ws::Header, start: Seen, carrier: &Carrier, header_end: u64) {
        self.begin(header.start.opcode, header.length, start);
        if header.start.opcode != Opcode::CLOSE {
            self.recent.frame(header, start, carrier, header_end);
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

    /// Its last frames and messages, oldest first, Close frames not among them.
    pub fn moments(&self) -> impl DoubleEndedIterator<Item = &Moment> {
        self.recent.iter()
    }

    /// Its last text and binary messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Moment> {
        self.moments().filter(|moment| moment.is_message())
    }

    /// Complete text and binary messages.
    pub const fn said(&self) -> u32 {
        self.texts.saturating_add(self.binaries)
    }

    /// Notes what was not completed. What a header declared and never came does not count as sent.
    pub fn stop(&mut self, unfinished: Option<Unfinished>) {
        let outstanding = unfinished.map_or(0, |unfinished| unfinished.outstanding());
        self.payload_bytes = self.payload_bytes.saturating_sub(outstanding);
        self.unfinished = unfinished.map(Box::new);
    }

    pub(super) fn message(&mut self, message: &ws::message::Message, carrier: &Carrier) {
        self.count(message.opcode);
        self.recent.message(message, carrier);
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

    /// A pong answers the ping with its payload, and all before it (RFC 6455 §5.5.3).
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
