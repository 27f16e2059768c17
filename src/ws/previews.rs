//! The beginnings of messages, kept for a while in a ring of bytes that all connections of a thread share.
//!
//! A peer's last message explains its Close frame, but which message is the last is only known later. If each
//! connection kept its own, that would cost more than all its other state. In the ring, a text stays until it is
//! overwritten, which takes far longer than the time between an explanation and a Close frame.

use super::frame::unmask;
use crate::limits;
use crate::prefetch::prefetch;

/// Bits of a [`Preview`] that hold its length.
const LENGTH_BITS: u32 = 10;

const LENGTH: u64 = (1 << LENGTH_BITS) - 1;

/// The distances ahead at which the ring is prefetched: a few messages, in cache lines.
const AHEAD: [usize; 3] = [1024, 1024 + 64, 1024 + 128];

const RING: u64 = limits::PREVIEWS as u64;

// The longest preview fits the length bits and the ring.
const _: () = assert!(limits::PREVIEW as u64 <= LENGTH && limits::PREVIEW < limits::PREVIEWS);

/// The place of the beginning of one message in the ring: a position and a length, or nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preview(u64);

/// The ring.
#[derive(Debug)]
pub struct Previews {
    bytes: Vec<u8>,
    /// The position of the next byte: all bytes ever written, and those skipped at the ring's end.
    head: u64,
}

impl Default for Previews {
    fn default() -> Self {
        Self { bytes: vec![0; limits::PREVIEWS], head: 0 }
    }
}

impl Preview {
    const fn new(position: u64, len: usize) -> Self {
        Self(position << LENGTH_BITS | len as u64)
    }

    const fn position(self) -> u64 {
        self.0 >> LENGTH_BITS
    }

    /// Returns the number of its bytes.
    pub const fn len(self) -> usize {
        (self.0 & LENGTH) as usize
    }

    /// Returns whether it has no bytes.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl Previews {
    /// Returns the room for the beginning of the next message: `len` bytes, at most [`limits::PREVIEW`].
    #[inline]
    pub fn next(&mut self, len: usize) -> &mut [u8] {
        self.head = self.make_room(len);
        let at = (self.head % RING) as usize;
        self.prefetch(at);
        self.bytes.get_mut(at..at + len).unwrap_or_default()
    }

    /// Keeps the bytes written to the room from [`Self::next`], with the same `len`.
    #[inline]
    pub const fn keep(&mut self, len: usize) -> Preview {
        let position = self.head;
        self.head += len as u64;
        Preview::new(position, len)
    }

    /// Prefetches the places of the messages soon to come, which have long fallen out of the cache.
    #[inline]
    fn prefetch(&self, at: usize) {
        for ahead in AHEAD {
            if let Some(byte) = self.bytes.get(at + ahead) {
                prefetch(byte);
            }
        }
    }

    /// Appends the next bytes of a message to its preview, up to the bound. Unmasks them with `key`, if it is given
    /// with the phase of the first of them. Returns the new preview; an empty one if the old one had been overwritten.
    pub fn extend(&mut self, preview: Preview, more: &[u8], key: Option<([u8; 4], u64)>) -> Preview {
        let room = limits::PREVIEW.saturating_sub(preview.len());
        let Some(more) = more.get(..room.min(more.len())).filter(|more| !more.is_empty()) else {
            return preview;
        };
        let (had, len) = (preview.len(), preview.len() + more.len());
        let goes_on = had > 0 && preview.position() + had as u64 == self.head && self.fits(more.len());
        let position = if goes_on { preview.position() } else { self.make_room(len) };
        if !goes_on && had > 0 && !self.move_to(position, preview) {
            return Preview::default();
        }
        let at = (position % RING) as usize + had;
        self.prefetch(at);
        if let Some(to) = self.bytes.get_mut(at..at + more.len()) {
            to.copy_from_slice(more);
            if let Some((key, phase)) = key {
                unmask(to, key, phase);
            }
        }
        self.head = position + len as u64;
        Preview::new(position, len)
    }

    /// Returns the bytes of a preview, unless they have been overwritten.
    pub fn get(&self, preview: Preview) -> Option<&[u8]> {
        let position = preview.position();
        if preview.is_empty() || self.head - position > RING {
            return None;
        }
        let at = (position % RING) as usize;
        self.bytes.get(at..at + preview.len())
    }

    const fn fits(&self, len: usize) -> bool {
        self.head % RING + len as u64 <= RING
    }

    /// Returns the next position from which `len` bytes are contiguous.
    const fn make_room(&self, len: usize) -> u64 {
        if self.fits(len) { self.head } else { self.head.next_multiple_of(RING) }
    }

    /// Copies a preview to a later position. Returns whether it was still there.
    fn move_to(&mut self, position: u64, preview: Preview) -> bool {
        let is_there = position + preview.len() as u64 - preview.position() <= RING;
        let (from, to) = ((preview.position() % RING) as usize, (position % RING) as usize);
        if is_there {
            self.bytes.copy_within(from..from + preview.len(), to);
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_two_messages_do_not_mix() {
        let mut previews = Previews::default();
        let one = previews.extend(Preview::default(), b"one, ", None);
        let two = previews.extend(Preview::default(), b"two, ", None);
        let one = previews.extend(one, b"and on", None);
        let two = previews.extend(two, &[b'a' ^ 7, b'b' ^ 9], Some(([0, 7, 9, 0], 1)));
        assert_eq!(previews.get(one).unwrap(), b"one, and on");
        assert_eq!(previews.get(two).unwrap(), b"two, ab");
        assert_eq!(previews.get(Preview::default()), None);
    }

    #[test]
    fn what_is_overwritten_is_gone() {
        let mut previews = Previews::default();
        let first = previews.extend(Preview::default(), b"first", None);
        let mut last = first;
        for round in 0..=limits::PREVIEWS / limits::PREVIEW {
            assert_eq!(previews.get(first).is_some(), round < limits::PREVIEWS / limits::PREVIEW, "{round}");
            last = previews.extend(Preview::default(), &[b'x'; 2 * limits::PREVIEW], None);
            assert_eq!(previews.get(last), Some(&[b'x'; limits::PREVIEW][..]));
        }
        assert!(previews.extend(first, b" and more", None).is_empty());
        assert_eq!(previews.extend(last, b"full", None), last);
    }
}
