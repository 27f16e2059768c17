//! The parts kept of a frame that is cut in two: a header without its end, the beginning of a control payload.

use super::frame::HEADER;
use crate::chunk::{Carrier, Place, Wire};

/// Bytes of the longest control payload (RFC 6455 §5.5).
const CONTROL: usize = 125;

/// The captured beginning of a control payload.
#[derive(Debug)]
pub struct Control {
    bytes: [u8; CONTROL],
    len: u8,
}

/// A header that is not complete yet.
#[derive(Clone, Copy, Debug)]
pub struct Partial {
    bytes: [u8; HEADER],
    len: usize,
    /// The segment with its first byte.
    pub carrier: Carrier,
    offset: u64,
    wire: Wire,
    /// Whether its first two bytes have been checked.
    pub judged: bool,
    /// Whether they are legal.
    pub legal: bool,
}

impl Control {
    /// Drops the bytes that are kept.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Keeps as many bytes as there is room for: a payload of more than 125 bytes breaks a rule, and its rest is not
    /// needed to report that.
    pub fn extend(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(usize::from(self.len)..).unwrap_or_default();
        let count = room.len().min(bytes.len());
        if let (Some(room), Some(bytes)) = (room.get_mut(..count), bytes.get(..count)) {
            room.copy_from_slice(bytes);
            self.len += count as u8;
        }
    }

    /// Returns the bytes that are kept, so that they can be unmasked.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Default for Control {
    fn default() -> Self {
        Self { bytes: [0; CONTROL], len: 0 }
    }
}

impl Partial {
    /// Creates an empty header that begins at a place.
    pub const fn at(place: Place<'_>) -> Self {
        let Place { carrier, offset, wire } = place;
        Self { bytes: [0; HEADER], len: 0, carrier: *carrier, offset, wire, judged: false, legal: false }
    }

    /// Returns the place of its first byte.
    pub const fn place(&self) -> Place<'_> {
        Place { carrier: &self.carrier, offset: self.offset, wire: self.wire }
    }

    /// Appends as many bytes as there is room for. Returns how many.
    pub fn fill(&mut self, bytes: &[u8]) -> usize {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let copied = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.len += copied;
        copied
    }

    /// Returns the bytes that are kept.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
