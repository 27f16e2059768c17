//! The beginnings of messages, kept for a while in memory that all connections of a thread share.
//!
//! A peer's last message explains its Close frame, but which message is the last is only known later. If each
//! connection kept its own, that would cost more than all its other state. Here, a text stays for
//! [`limits::PREVIEW_PACKETS`] of the capture, which takes far longer than the time between an explanation and a
//! Close frame. It counts the packets of all connections, also of those that another thread follows, so that a report
//! does not depend on the number of threads.
//!
//! ```text
//!          expired ┊ tail                              head
//! pages      ┌─────┊──────┐┌────────────┐┌────────────┐┌──┊─────────┐
//!            └─────┊──────┘└────────────┘└────────────┘└──┊─────────┘
//! marks            └ a mark each 512 packets: the head at that time
//! ```

use std::collections::VecDeque;

use super::frame::unmask;
use crate::limits;
use crate::prefetch::prefetch;

/// Bits of a [`Preview`] that hold its length.
const LENGTH_BITS: u32 = 10;

const LENGTH: u64 = (1 << LENGTH_BITS) - 1;

/// The distances ahead at which a page is prefetched: a few messages, in cache lines.
const AHEAD: [usize; 3] = [1024, 1024 + 64, 1024 + 128];

/// Bytes of a page.
const PAGE: usize = 64 * 1024;

/// Pages at once.
const PAGES: usize = limits::PREVIEWS / PAGE;

/// Packets between two marks.
const STRIDE: u64 = 512;

/// Marks at once.
const MARKS: usize = (limits::PREVIEW_PACKETS / STRIDE) as usize;

// The longest preview fits the length bits and a page, and there is room for the one that is written.
const _: () = assert!(limits::PREVIEW as u64 <= LENGTH && limits::PREVIEW < PAGE && PAGES > 1);

/// The place of the beginning of one message: a position and a length, or nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Preview(u64);

/// The beginnings of the last messages.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
pub struct Previews {
    /// The last pages, the oldest first.
    pages: VecDeque<Box<[u8]>>,
    /// A page that was dropped, to be used again.
    spare: Option<Box<[u8]>>,
    /// The number of pages before those.
    dropped: u64,
    /// The position of the next byte: all bytes ever written, and those skipped at the end of pages.
    head: u64,
    /// What was written before this position has expired.
    tail: u64,
    /// The number of packets, and of their bytes, so far.
    packets: u64,
    bytes: u64,
    marks: VecDeque<Mark>,
}

/// The state at an earlier time.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(PartialEq))]
struct Mark {
    head: u64,
    bytes: u64,
}

impl Preview {
    const fn new(position: u64, len: usize) -> Self {
        Self(position << LENGTH_BITS | len as u64)
    }

    /// Returns it as a number.
    pub const fn into_bits(self) -> u64 {
        self.0
    }

    /// Returns the preview that is this number.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
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
    /// Counts the next packet of the capture, of `len` bytes, whichever connection it belongs to.
    #[inline]
    pub fn count(&mut self, len: usize) {
        self.packets += 1;
        self.bytes += len as u64;
        if self.packets.is_multiple_of(STRIDE) {
            self.mark();
        }
    }

    /// Counts so many packets, of so many bytes together, unless there is a mark among them. Returns whether it has.
    #[inline]
    pub fn count_at_once(&mut self, packets: u64, bytes: u64) -> bool {
        let before_mark = packets < STRIDE - self.packets % STRIDE;
        if before_mark {
            self.packets += packets;
            self.bytes += bytes;
        }
        before_mark
    }

    /// Expires what has been kept for long enough.
    fn mark(&mut self) {
        self.marks.push_back(Mark { head: self.head, bytes: self.bytes });
        let (is_full, bytes) = (self.marks.len() > MARKS, self.bytes);
        let is_old = |mark: &mut Mark| bytes - mark.bytes > limits::PREVIEW_BYTES;
        if let Some(mark) = self.marks.pop_front_if(|_| is_full) {
            self.tail = mark.head;
        }
        while let Some(mark) = self.marks.pop_front_if(is_old) {
            self.tail = mark.head;
        }
        while self.pages.len() > 1 && (self.dropped + 1) * PAGE as u64 <= self.tail {
            self.drop_page();
        }
    }

    fn drop_page(&mut self) {
        self.spare = self.pages.pop_front();
        self.dropped += 1;
    }

    /// Returns the room for the beginning of the next message: `len` bytes, at most [`limits::PREVIEW`].
    #[inline]
    pub fn next(&mut self, len: usize) -> &mut [u8] {
        self.make_room(len);
        let at = self.head as usize % PAGE;
        let page = self.pages.back_mut().map(AsMut::as_mut).unwrap_or_default();
        // The places of the messages soon to come have long fallen out of the cache.
        for ahead in AHEAD {
            if let Some(byte) = page.get(at + ahead) {
                prefetch(byte);
            }
        }
        page.get_mut(at..at + len).unwrap_or_default()
    }

    /// Keeps the bytes written to the room from [`Self::next`], with the same `len`.
    #[inline]
    pub const fn keep(&mut self, len: usize) -> Preview {
        let position = self.head;
        self.head += len as u64;
        Preview::new(position, len)
    }

    /// Appends the next bytes of a message to its preview, up to the bound. Unmasks them with `key`, if it is given
    /// with the phase of the first of them. Returns the new preview; an empty one if the old one has expired.
    pub fn extend(&mut self, preview: Preview, more: &[u8], key: Option<([u8; 4], u64)>) -> Preview {
        let room = limits::PREVIEW.saturating_sub(preview.len());
        let Some(more) = more.get(..room.min(more.len())).filter(|more| !more.is_empty()) else {
            return preview;
        };
        let mut whole = [0; limits::PREVIEW];
        let (had, len) = (preview.len(), preview.len() + more.len());
        match self.get(preview) {
            Some(before) => whole.iter_mut().zip(before).for_each(|(to, from)| *to = *from),
            None if had > 0 => return Preview::default(),
            None => {}
        }
        if let Some(to) = whole.get_mut(had..len) {
            to.copy_from_slice(more);
            if let Some((key, phase)) = key {
                unmask(to, key, phase);
            }
        }
        // The last one grows in its place.
        let is_last = had > 0 && preview.position() + had as u64 == self.head && self.fits(more.len());
        if is_last {
            self.head = preview.position();
        }
        self.next(len).iter_mut().zip(&whole).for_each(|(to, from)| *to = *from);
        self.keep(len)
    }

    /// Returns the bytes of a preview, unless it has expired.
    pub fn get(&self, preview: Preview) -> Option<&[u8]> {
        let position = preview.position();
        if preview.is_empty() || position < self.tail {
            return None;
        }
        let page = (position / PAGE as u64).checked_sub(self.dropped)?;
        let at = position as usize % PAGE;
        self.pages.get(usize::try_from(page).ok()?)?.get(at..at + preview.len())
    }

    /// Returns whether `len` more bytes fit into the page of the head.
    const fn fits(&self, len: usize) -> bool {
        self.head as usize % PAGE + len <= PAGE
    }

    /// Moves the head to where `len` bytes are contiguous, and sees to it that there is a page.
    #[inline]
    fn make_room(&mut self, len: usize) {
        if !self.fits(len) {
            self.head = self.head.next_multiple_of(PAGE as u64);
        }
        if self.head / PAGE as u64 == self.dropped + self.pages.len() as u64 {
            self.add_page();
        }
    }

    #[cold]
    fn add_page(&mut self) {
        if self.pages.len() == PAGES {
            self.drop_page();
        }
        self.pages.push_back(self.spare.take().unwrap_or_else(|| vec![0; PAGE].into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of packets after which a preview that is written now expires, up to `most`.
    fn life(previews: &mut Previews, len: usize, most: u64) -> Option<u64> {
        let preview = previews.extend(Preview::default(), b"text", None);
        (1..=most).find(|_| {
            previews.count(len);
            previews.get(preview).is_none()
        })
    }

    #[test]
    fn packets_are_counted_at_once_as_they_are_one_by_one() {
        let (mut one_by_one, mut at_once) = (Previews::default(), Previews::default());
        let mut whole = 0;
        for packets in (0..5000).map(|at| at * 7919 % (STRIDE + 6)) {
            for previews in [&mut one_by_one, &mut at_once] {
                previews.extend(Preview::default(), b"text", None);
            }
            (0..packets).for_each(|_| one_by_one.count(100));
            if at_once.count_at_once(packets, packets * 100) {
                whole += 1;
            } else {
                (0..packets).for_each(|_| at_once.count(100));
            }
            assert_eq!(at_once, one_by_one);
        }
        assert!((1000..4000).contains(&whole), "{whole}");
    }

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
    fn a_message_in_pieces_takes_its_bytes_once() {
        let mut previews = Previews::default();
        let whole = b"abcdefgh".iter().fold(Preview::default(), |part, byte| previews.extend(part, &[*byte], None));
        assert_eq!((previews.get(whole).unwrap(), previews.head), (&b"abcdefgh"[..], 8));
    }

    #[test]
    fn a_preview_expires_by_the_packets_of_all_connections() {
        let alone = life(&mut Previews::default(), 60, 100_000).unwrap();
        let mut busy = Previews::default();
        (0..1000).for_each(|_| _ = busy.extend(Preview::default(), &[b'x'; 200], None));
        assert_eq!(life(&mut busy, 60, 100_000), Some(alone), "what else is kept does not matter");
        assert!((limits::PREVIEW_PACKETS..=limits::PREVIEW_PACKETS + STRIDE).contains(&alone), "{alone}");
        // Packets of a bulk transfer that was captured with segmentation offload.
        let large = life(&mut Previews::default(), 65_536, 100_000).unwrap();
        assert!(large < alone && large * 65_536 >= limits::PREVIEW_BYTES, "{large}");
    }

    #[test]
    fn an_expired_message_is_not_continued() {
        let mut previews = Previews::default();
        let first = previews.extend(Preview::default(), b"first", None);
        (0..2 * limits::PREVIEW_PACKETS).for_each(|_| previews.count(100));
        let last = previews.extend(Preview::default(), &[b'x'; 2 * limits::PREVIEW], None);
        assert!(previews.extend(first, b" and more", None).is_empty());
        assert_eq!(previews.extend(last, b"full", None), last);
        assert_eq!(previews.get(last), Some(&[b'x'; limits::PREVIEW][..]));
    }

    #[test]
    fn memory_is_bounded_and_follows_what_is_kept() {
        let mut previews = Previews::default();
        let mut all: Vec<_> = (0..2 * limits::PREVIEWS / 100)
            .map(|at| previews.extend(Preview::default(), format!("{at:0100}").as_bytes(), None))
            .collect();
        assert_eq!(previews.pages.len(), PAGES);
        let kept = all.split_off(all.iter().position(|one| previews.get(*one).is_some()).unwrap());
        assert!(all.iter().all(|one| previews.get(*one).is_none()));
        assert!(
            kept.iter()
                .zip(all.len()..)
                .all(|(one, at)| previews.get(*one).unwrap().ends_with(at.to_string().as_bytes()))
        );
        (0..2 * limits::PREVIEW_PACKETS).for_each(|_| previews.count(100));
        assert_eq!(previews.pages.len(), 1);
    }
}
