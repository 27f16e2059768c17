//! The search for a frame's first byte: behind missing bytes, or on a connection that began before the capture.
//!
//! Frames have no mark, but a header leaves little to chance: of random bytes, one in 2^40 looks like a DATA frame of a
//! stream that is known. Each plausible header counts the bits that chance would have to guess, and each place that has
//! been tried costs some. Headers that follow one another are weighed together.

use super::frame::{HEADER, Header, Type, header};
use crate::chunk::{Chunk, Data, Kept};
use crate::limits;

/// The bits that are required at the first place; each doubling of the places tried costs one more.
const ENOUGH: u32 = 38;

/// The longest frame that is sent unless the receiver offers more (RFC 9113 §6.5.2).
const LONGEST: u32 = 1 << 14;

/// The bits that the number of a known stream is worth: it is one of a thousand.
const KNOWN: u32 = 20;

/// The bits that a frame of another stream is worth at most. Headers are full of zeros, so that a byte more or less makes
/// one of them out of another.
const UNKNOWN: u32 = 12;

/// Places at once that may turn out to begin a frame.
const PENDING: usize = 16;

/// A search.
#[derive(Debug, Default)]
pub struct Resync {
    /// The bytes since it began, as far as a frame may begin in them.
    kept: Vec<Kept>,
    bytes: Vec<u8>,
    /// The indices at which a frame may begin, if more bytes prove it.
    pending: Vec<usize>,
    /// The index of the next byte that has not been tried.
    next: usize,
    tried: u32,
}

impl Resync {
    /// Returns the number of bytes held.
    pub fn held_bytes(&self) -> usize {
        2 * self.bytes.len() + self.kept.len() * size_of::<Kept>()
    }

    /// Examines the next bytes. Returns whether a frame has been found; [`Self::into_found`] then returns its bytes and
    /// those that follow.
    pub fn push(&mut self, chunk: Chunk<'_>, is_known: &dyn Fn(u32) -> bool) -> bool {
        let Data::Bytes(bytes) = chunk.data else { return false };
        self.kept.push(Kept::new(chunk));
        self.bytes.extend_from_slice(bytes);
        let fresh = self.next..(self.bytes.len() + 1).saturating_sub(HEADER).max(self.next);
        self.next = fresh.end;
        let mut still = Vec::new();
        for at in std::mem::take(&mut self.pending).into_iter().chain(fresh.clone()) {
            let required = ENOUGH + (self.tried + 1).ilog2();
            self.tried = self.tried.saturating_add(u32::from(fresh.contains(&at)));
            let rest = self.bytes.get(at..).unwrap_or_default();
            match evidence(rest, is_known) {
                Some(bits) if bits >= required => {
                    self.drop_before(at);
                    return true;
                }
                Some(_) if rest.len() < limits::HTTP2_RESYNC && still.len() < PENDING => still.push(at),
                _ => {}
            }
        }
        self.pending = still;
        self.drop_before(self.pending.first().map_or(self.next, |first| self.next.min(*first)));
        false
    }

    /// Returns the bytes from the frame on.
    pub fn into_found(self) -> Vec<Kept> {
        self.kept
    }

    /// Drops the bytes before an index.
    fn drop_before(&mut self, index: usize) {
        self.bytes.drain(..index.min(self.bytes.len()));
        self.next = self.next.saturating_sub(index);
        self.pending.iter_mut().for_each(|at| *at = at.saturating_sub(index));
        let mut before = index;
        self.kept.retain_mut(|kept| {
            let chunk = kept.chunk();
            let Data::Bytes(bytes) = chunk.data else { return false };
            let (len, offset) = (bytes.len(), chunk.place.offset);
            let dropped = before.min(len);
            before -= dropped;
            kept.begin_at(offset + dropped as u64);
            dropped < len
        });
    }
}

/// Weighs the frames that `bytes` begin with, of which the last may be cut: returns the bits that chance would have had to
/// guess. `None` if they cannot be frames.
pub fn evidence(bytes: &[u8], is_known: &dyn Fn(u32) -> bool) -> Option<u32> {
    let (mut rest, mut bits) = (bytes, 0_u32);
    while let Ok((behind, found)) = header(rest) {
        // Extensions have types of their own, and little else to show.
        let is_extension =
            bits > 0 && found.kind.0 > Type::CONTINUATION.0 && found.length <= LONGEST && !found.reserved;
        bits = bits.saturating_add(if is_extension { 0 } else { weigh(found, is_known)? });
        let Some(next) = behind.get(found.length as usize..) else { break };
        rest = next;
    }
    Some(bits)
}

/// Returns the bits that a header is worth; `None` if it cannot be one.
fn weigh(header: Header, is_known: &dyn Fn(u32) -> bool) -> Option<u32> {
    let Header { length, kind, flags, reserved, stream } = header;
    // The flags that the type has, the length that it must have, and whether it is of the whole connection.
    let (legal, fixed, of_connection) = match kind {
        Type::DATA => (0x09, None, Some(false)),
        Type::HEADERS => (0x2D, None, Some(false)),
        Type::PRIORITY => (0, Some(5), Some(false)),
        Type::RST_STREAM => (0, Some(4), Some(false)),
        Type::SETTINGS => (0x01, None, Some(true)),
        Type::PUSH_PROMISE => (0x0C, None, Some(false)),
        Type::PING => (0x01, Some(8), Some(true)),
        Type::GOAWAY => (0, None, Some(true)),
        Type::WINDOW_UPDATE => (0, Some(4), None),
        Type::CONTINUATION => (0x04, None, Some(false)),
        _ => return None,
    };
    let is_of_length = fixed.is_none_or(|fixed| length == fixed) && length <= LONGEST;
    let is_of_stream = of_connection.is_none_or(|of_connection| of_connection == (stream == 0));
    let is_settings = kind != Type::SETTINGS || length.is_multiple_of(6);
    if reserved || flags & !legal != 0 || !is_of_length || !is_of_stream || !is_settings {
        return None;
    }
    let of_length = if fixed.is_some() { 24 } else { 10 };
    let of_flags = legal.count_zeros();
    let of_stream = match stream {
        // Clients count their streams by odd numbers, from 1.
        1.. if !is_known(stream) => return (stream % 2 == 1).then_some(UNKNOWN),
        0 => 30,
        _ => KNOWN,
    };
    // One type of ten that there are.
    Some(of_length + of_flags + of_stream + 4 + 1)
}
