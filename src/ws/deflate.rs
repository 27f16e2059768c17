//! permessage-deflate (RFC 7692): inflating with the agreed parameters.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::{Decompress, FlushDecompress, Status};

use crate::limits;

/// The bytes that a sender removes from the end of a compressed message: those of an empty DEFLATE block (RFC 7692
/// §7.2.2).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// An inflater for the messages of one side.
#[derive(Debug)]
pub struct Inflater {
    inflate: Decompress,
    no_context_takeover: bool,
    /// Bytes that this message has inflated to.
    produced: u64,
    _permit: Permit,
}

/// The reason that a message cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The bytes are not a DEFLATE stream.
    Corrupt,
    /// The message inflates beyond [`limits::INFLATED_MESSAGE`].
    TooLarge,
}

impl Inflater {
    /// Creates an inflater for a side's messages; `None` if too many are alive.
    pub fn new(no_context_takeover: bool, permits: &Permits) -> Option<Self> {
        let permit = permits.take()?;
        Some(Self { inflate: Decompress::new(false), no_context_takeover, produced: 0, _permit: permit })
    }

    /// Returns whether each message starts with an empty window.
    pub const fn no_context_takeover(&self) -> bool {
        self.no_context_takeover
    }

    /// Inflates the next bytes of a message into `scratch`, and passes each piece to `out`; a piece has at most the
    /// length of `scratch`.
    pub fn push(&mut self, mut bytes: &[u8], scratch: &mut [u8], out: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
        loop {
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let outcome = self.inflate.decompress(bytes, scratch, FlushDecompress::Sync);
            let consumed = usize::try_from(self.inflate.total_in() - before_in).unwrap_or(usize::MAX);
            let produced = self.inflate.total_out() - before_out;
            bytes = bytes.get(consumed..).unwrap_or_default();
            self.produced = self.produced.saturating_add(produced);
            let produced = usize::try_from(produced).unwrap_or(usize::MAX);
            // The bytes before corrupt ones, too: the message may have another fault there.
            out(scratch.get(..produced).unwrap_or_default());
            let status = outcome.map_err(|_| Failure::Corrupt)?;
            if self.produced > limits::INFLATED_MESSAGE {
                return Err(Failure::TooLarge);
            }
            if status == Status::StreamEnd {
                // A block marked as the last is legal (RFC 7692 §7.2.3.4); a new stream begins after it.
                self.inflate.reset(false);
            }
            let full = produced == scratch.len();
            if bytes.is_empty() && !full {
                return Ok(());
            }
            if consumed == 0 && produced == 0 {
                return Err(Failure::Corrupt);
            }
        }
    }

    /// Completes the message: passes the rest of it to `out`, and drops the window if `no_context_takeover` was agreed.
    pub fn finish(&mut self, scratch: &mut [u8], out: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
        self.push(&TAIL, scratch, out)?;
        self.produced = 0;
        if self.no_context_takeover {
            self.inflate.reset(false);
        }
        Ok(())
    }
}

/// The number of inflaters that may still be created, over all connections. Each gives its permit back when it is
/// dropped.
#[derive(Clone, Debug)]
pub struct Permits(Arc<AtomicUsize>);

#[derive(Debug)]
struct Permit(Arc<AtomicUsize>);

impl Default for Permits {
    fn default() -> Self {
        Self::new(limits::INFLATERS)
    }
}

impl Permits {
    /// Creates so many permits.
    pub fn new(inflaters: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(inflaters)))
    }

    fn take(&self) -> Option<Permit> {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok()?;
        Some(Permit(Arc::clone(&self.0)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inflate_all(inflater: &mut Inflater, message: &[u8], cut: usize) -> Result<Vec<u8>, Failure> {
        let (mut scratch, mut plain) = ([0; 64], Vec::new());
        let mut out = |bytes: &[u8]| plain.extend_from_slice(bytes);
        let (head, tail) = message.split_at(cut);
        inflater.push(head, &mut scratch, &mut out)?;
        inflater.push(tail, &mut scratch, &mut out)?;
        inflater.finish(&mut scratch, &mut out)?;
        Ok(plain)
    }

    /// RFC 7692 §7.2.3.1, §7.2.3.2 and §7.2.3.4.
    #[test]
    fn the_examples_of_the_rfc() {
        let first = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        let with_context = [0xf2, 0x00, 0x11, 0x00, 0x00];
        let last_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        for cut in 0..first.len() {
            let mut inflater = Inflater::new(false, &Permits::default()).unwrap();
            assert_eq!(inflate_all(&mut inflater, &first, cut).unwrap(), b"Hello");
            assert_eq!(inflate_all(&mut inflater, &with_context, 2).unwrap(), b"Hello");
        }
        let mut inflater = Inflater::new(true, &Permits::default()).unwrap();
        assert_eq!(inflate_all(&mut inflater, &last_block, 3).unwrap(), b"Hello");
        assert_eq!(inflate_all(&mut inflater, &first, 3).unwrap(), b"Hello");
        assert_eq!(inflate_all(&mut inflater, &with_context, 3), Err(Failure::Corrupt));
    }

    #[test]
    fn an_empty_message_is_one_zero_byte() {
        let mut inflater = Inflater::new(false, &Permits::default()).unwrap();
        assert_eq!(inflate_all(&mut inflater, &[0x00], 0).unwrap(), b"");
    }

    #[test]
    fn permits_come_back() {
        let permits = Permits::default();
        let all: Vec<_> = std::iter::from_fn(|| Inflater::new(false, &permits)).collect();
        assert_eq!(all.len(), limits::INFLATERS);
        drop(all);
        assert!(Inflater::new(false, &permits).is_some());
    }
}
