//! A window over the bytes of a capture: plain buffered reading that can hold one whole block.
//!
//! ```text
//!            before           start        end
//!   ├ consumed, forgotten ┼┤ consumed ├ held ┤ free ┤
//!                          └───────── buffer ────────┘
//! ```
//!
//! The held bytes stay in place until the next [`Window::hold`] that has to read. Then they move to the buffer's front.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use super::{Block, Damage};

/// The bytes of a capture, part of them in memory.
pub(super) struct Window {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    before: u64,
    ended: bool,
    /// Whether the held bytes must stay in place.
    still: bool,
    broken: Option<Damage>,
}

impl Window {
    /// Creates a window with a buffer of `capacity` bytes.
    pub(super) fn new(reader: Box<dyn Read + Send>, capacity: usize) -> Self {
        Self {
            reader,
            buffer: vec![0; capacity],
            start: 0,
            end: 0,
            before: 0,
            ended: false,
            still: false,
            broken: None,
        }
    }

    /// Ensures that `wanted` bytes are held, growing the buffer if it is smaller. Returns `false` if the capture ends
    /// before that. The caller bounds `wanted`.
    #[inline]
    pub(super) fn hold(&mut self, wanted: usize) -> io::Result<bool> {
        if self.end.saturating_sub(self.start) >= wanted { Ok(true) } else { self.fill(wanted) }
    }

    /// Sets whether the held bytes must stay in place. While they must, a [`hold`](Self::hold) that would have to read
    /// fails with `WouldBlock` and changes nothing.
    pub(super) const fn keep_still(&mut self, still: bool) {
        self.still = still;
    }

    /// Reads until `wanted` bytes are held.
    #[cold]
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if self.still {
            return Err(ErrorKind::WouldBlock.into());
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.before = self.position();
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        }
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted && !self.ended {
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.reader.read(free) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end = self.end.saturating_add(read).min(self.buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // `Damage` means that the file itself is at fault: the bytes before it are good.
                Err(error) => {
                    self.broken = Some(error.downcast::<Damage>()?);
                    self.ended = true;
                }
            }
        }
        Ok(self.end >= wanted)
    }

    /// Lends the buffer with everything in it, and goes on with another one, to which the held bytes are moved. Places found
    /// before are places in the buffer that was lent.
    pub(super) fn lend(&mut self, block: &mut Block) {
        let position = self.position();
        let mut other = block.take(Vec::new());
        let held = self.buffer.get(self.start..self.end).unwrap_or_default();
        // Zeroed once: after that, it is a buffer that was lent before.
        other.resize(self.buffer.len(), 0);
        if let Some(to) = other.get_mut(..held.len()) {
            to.copy_from_slice(held);
        }
        (self.before, self.start, self.end) = (position, 0, held.len());
        block.take(std::mem::replace(&mut self.buffer, other));
    }

    /// Returns the held bytes.
    #[inline]
    pub(super) fn held(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Returns the place of the `count` bytes that begin `front` bytes after the first held one, for
    /// [`lent`](Self::lent).
    #[inline]
    pub(super) fn place(&self, front: usize, count: usize) -> Range<usize> {
        let from = self.start.saturating_add(front);
        from..from.saturating_add(count)
    }

    /// Consumes `count` of the held bytes.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Returns the bytes at a [`place`](Self::place) found since the last [`hold`](Self::hold), even if consumed.
    #[inline]
    pub(super) fn lent(&self, place: Range<usize>) -> &[u8] {
        self.buffer.get(place).unwrap_or_default()
    }

    /// Returns the offset in the capture of the first held byte.
    pub(super) fn position(&self) -> u64 {
        self.before.saturating_add(self.start as u64)
    }

    /// Returns the number of bytes of the capture read so far.
    pub(super) fn read(&self) -> u64 {
        self.before.saturating_add(self.end as u64)
    }

    /// Returns the damage that ended the capture, if its decompressor failed.
    pub(super) fn broken(&self) -> Option<&Damage> {
        self.broken.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that returns one byte per call, with interruptions, and then fails.
    struct Trickle(Vec<u8>, Option<Damage>, bool);

    impl Read for Trickle {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(ErrorKind::Interrupted.into());
            }
            if self.0.is_empty() {
                return Err(match self.1.take() {
                    Some(damage) => io::Error::new(ErrorKind::UnexpectedEof, damage),
                    // The error of a disk, not of a decompressor.
                    None => ErrorKind::UnexpectedEof.into(),
                });
            }
            buf[0] = self.0.remove(0);
            Ok(1)
        }
    }

    #[test]
    fn grows_to_what_is_wanted_and_carries_the_tail() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut window = Window::new(Box::new(io::Cursor::new(bytes.clone())), 16);
        assert!(window.hold(10).unwrap());
        let place = window.place(2, 8);
        window.consume(10);
        assert_eq!(window.lent(place), &bytes[2..10]);
        assert!(window.hold(100).unwrap());
        assert_eq!(window.position(), 10);
        assert_eq!(&window.held()[..100], &bytes[10..110]);
        window.consume(100);
        assert!(!window.hold(147).unwrap());
        assert_eq!((window.held().len(), window.read()), (146, 256));
    }

    #[test]
    fn a_broken_stream_ends_and_an_io_error_fails() {
        let damage = Damage { format: "gzip", words: None };
        let mut window = Window::new(Box::new(Trickle(vec![1, 2, 3], Some(damage.clone()), false)), 16);
        assert!(window.hold(3).unwrap());
        assert!(window.broken().is_none());
        assert!(!window.hold(4).unwrap());
        assert_eq!(window.broken(), Some(&damage));
        assert_eq!(window.held(), [1, 2, 3]);

        let mut window = Window::new(Box::new(Trickle(vec![1, 2, 3], None, false)), 16);
        assert_eq!(window.hold(4).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}
