//! The last frames and messages of one side.

use std::time::Duration;

use super::flat::Flat;
use crate::chunk::{Carrier, Wire};
use crate::limits;
use crate::prefetch::prefetch;
use crate::seen::{Seen, Timestamp};
use crate::ws::{Header, Opcode, Preview, message::Message};

/// A control frame or a message, perhaps not complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "Flat", into = "Flat")]
pub struct Moment {
    /// The packet with its first byte, or with its last one once a message is complete.
    pub seen: Seen,
    /// The TCP bytes that the header of its first frame needs.
    pub begun: u64,
    /// Stream offset just past the header of its first frame. Identifies it among the moments of its side.
    pub header_end: u64,
    /// Its size as a receiver counts it: inflated if that is known, else as declared by its frames so far.
    pub size: u64,
    /// Its beginning, until that expires, or is taken from there.
    pub preview: Preview,
    /// Payload bytes on the wire of a message that was inflated, capped at [`u32::MAX`].
    pub wire_size: u32,
    /// The low 32 bits of the TCP bytes that all of it needs, as far as its headers announce it: so a moment fits a
    /// cache line.
    pub needed_low: u32,
    /// The low 32 bits of the number of bytes that its packet acknowledges of the other side; [`u32::MAX`] if unknown.
    pub acked_low: u32,
    /// Its opcode; that of a message is text or binary.
    pub opcode: Opcode,
    /// Whether it was compressed, and its inflated size is known.
    pub inflated: bool,
    /// Whether its last frame is complete.
    pub complete: bool,
    /// Whether it has more than one frame.
    pub fragmented: bool,
}

impl Moment {
    /// Returns whether it is a text or binary message, complete or not.
    pub const fn is_message(&self) -> bool {
        matches!(self.opcode, Opcode::TEXT | Opcode::BINARY)
    }

    /// Returns its payload bytes on the wire.
    pub fn wire_bytes(&self) -> u64 {
        if self.inflated { u64::from(self.wire_size) } else { self.size }
    }

    /// Returns whether its sender had received the header of `other`, a moment of the other side, when it sent this
    /// one: by what its packet acknowledges, else by the order of capture.
    pub fn follows(&self, other: &Self) -> bool {
        self.had_received(other.begun).unwrap_or(other.seen < self.seen)
    }

    /// Returns the same for all of `other`.
    pub fn answers(&self, other: &Self) -> bool {
        self.had_received(other.needed()).unwrap_or(other.seen < self.seen)
    }

    /// Returns whether the other side's segment acknowledges all of it.
    pub fn is_known_to(&self, carrier: &Carrier) -> bool {
        carrier.acked().is_some_and(|acked| acked >= self.needed())
    }

    /// Returns the TCP bytes that all of it needs; of a message that is not complete, as far as its headers announce it.
    pub fn needed(&self) -> u64 {
        self.begun.saturating_add(u64::from(self.needed_low.wrapping_sub(self.begun as u32)))
    }

    fn had_received(&self, needed: u64) -> Option<bool> {
        // Compared like sequence numbers: no window is half as long.
        let had = |acked: u32| acked.wrapping_sub(needed as u32).cast_signed() >= 0;
        Some(self.acked_low).filter(|acked| *acked != u32::MAX).map(had)
    }
}

/// Moments are kept and prefetched as cache lines.
const _: () = assert!(size_of::<Moment>() <= 64);

fn low_half(carrier: &Carrier) -> u32 {
    carrier.acked().map_or(u32::MAX, |acked| acked as u32)
}

/// The last frames and messages of one side, up to [`limits::MOMENTS`].
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Recent {
    moments: Vec<Moment>,
    /// Size of the latest message so far.
    latest: u64,
    /// The index of the oldest one, once there is no more room.
    oldest: u8,
    /// The index of the message that is not complete.
    open: Option<u8>,
}

/// The rate at which a side sends messages.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Pace {
    /// The end of the period that is being counted.
    until: Timestamp,
    /// Messages in this period.
    count: u32,
    /// Messages in the period before.
    before: u32,
}

/// The number of moments by which the capacity grows.
const GROWTH: usize = 2;

/// The period over which a pace is measured.
const SECOND: Duration = Duration::from_secs(1);

impl Recent {
    /// Returns all moments, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Moment> {
        let (newer, older) = self.moments.split_at(usize::from(self.oldest));
        older.iter().chain(newer)
    }

    /// Returns all moments, in no particular order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Moment> {
        self.moments.iter_mut()
    }

    /// Takes the previews that are not empty, each with its moment's `header_end`. Each is returned once, because it is
    /// kept elsewhere then.
    pub(super) fn take_previews(&mut self) -> impl Iterator<Item = (u64, Preview)> {
        let all = self.moments.iter_mut().map(|moment| (moment.header_end, std::mem::take(&mut moment.preview)));
        all.filter(|(_, preview)| !preview.is_empty())
    }

    /// Prefetches the slot that the next moment overwrites.
    #[inline]
    pub(super) fn prefetch(&self) {
        if let Some(oldest) = self.moments.get(usize::from(self.oldest)) {
            prefetch(&oldest.seen);
            prefetch(&oldest.fragmented);
        }
    }

    /// Returns the size of the latest message so far.
    pub(super) const fn latest(&self) -> u64 {
        self.latest
    }

    /// Notes a frame whose header is complete. A continuation is added to the message that is open.
    #[inline]
    pub(super) fn frame(&mut self, header: &Header, start: Seen, carrier: &Carrier, header_end: u64, wire: Wire) {
        let opcode = header.start.opcode;
        let needed = wire.after(header.length).needed() as u32;
        if opcode == Opcode::CONTINUATION
            && let Some(message) = self.open()
        {
            message.size = message.size.saturating_add(header.length);
            message.needed_low = needed;
            message.fragmented = true;
            self.latest = message.size;
            return;
        }
        let at = self.add(Moment {
            seen: start,
            begun: wire.needed(),
            header_end,
            size: header.length,
            needed_low: needed,
            acked_low: low_half(carrier),
            opcode,
            ..Moment::default()
        });
        if !opcode.is_control() {
            self.open = Some(at);
            self.latest = header.length;
        }
    }

    /// Notes a frame that is a complete message.
    #[inline]
    pub(super) fn complete_message(
        &mut self,
        opcode: Opcode,
        size: u64,
        carrier: &Carrier,
        header_end: u64,
        wire: Wire,
        preview: Preview,
    ) {
        self.add(Moment {
            seen: carrier.seen,
            begun: wire.needed(),
            header_end,
            size,
            preview,
            needed_low: wire.after(size).needed() as u32,
            acked_low: low_half(carrier),
            opcode,
            complete: true,
            ..Moment::default()
        });
        (self.open, self.latest) = (None, size);
    }

    /// Adds a moment, overwriting the oldest if there is no more room. Returns its index.
    #[inline]
    fn add(&mut self, moment: Moment) -> u8 {
        if self.moments.len() < limits::MOMENTS {
            if self.moments.len() == self.moments.capacity() {
                // Many connections send only a few messages.
                self.moments.reserve_exact(GROWTH);
            }
            self.moments.push(moment);
            return self.moments.len() as u8 - 1;
        }
        let oldest = self.oldest;
        if let Some(slot) = self.moments.get_mut(usize::from(oldest)) {
            *slot = moment;
        }
        self.oldest = if usize::from(oldest) + 1 == limits::MOMENTS { 0 } else { oldest + 1 };
        self.open = self.open.filter(|open| *open != oldest);
        oldest
    }

    /// Returns the message that is not complete.
    fn open(&mut self) -> Option<&mut Moment> {
        self.moments.get_mut(usize::from(self.open?))
    }

    /// Completes the open message, in the packet of `carrier`. Its last byte needs `needed` TCP bytes.
    #[inline]
    pub(super) fn message(&mut self, message: &Message, carrier: &Carrier, needed: u64) {
        let Some(moment) = self.open() else {
            return;
        };
        (moment.seen, moment.complete, moment.preview) = (carrier.seen, true, message.preview);
        (moment.acked_low, moment.needed_low) = (low_half(carrier), needed as u32);
        if let Some(size) = message.plain_len.filter(|_| message.compressed) {
            moment.wire_size = u32::try_from(message.wire_len).unwrap_or(u32::MAX);
            (moment.size, moment.inflated) = (size, true);
            self.latest = size;
        }
        self.open = None;
    }
}

impl Pace {
    /// Returns the messages in a second, of late: the larger count of this period and the one before.
    pub const fn per_second(&self) -> u32 {
        if self.count > self.before { self.count } else { self.before }
    }

    #[inline]
    pub(super) fn message(&mut self, now: Timestamp) {
        if now > self.until {
            self.before = if now > self.until.after(SECOND) { 0 } else { self.count };
            (self.until, self.count) = (now.after(SECOND), 0);
        }
        self.count = self.count.saturating_add(1);
    }
}
