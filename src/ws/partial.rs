//! What is kept of a frame cut in two: a header without its end, the beginning of a control payload.

use super::frame::HEADER;
use crate::chunk::Carrier;

/// Bytes of the longest control payload (RFC 6455 §5.5).
const CONTROL: usize = 125;

/// The captured beginning of a control payload.
#[derive(Debug)]
pub struct Control {
    bytes: [u8; CONTROL],
    len: u8,
}

/// A header whose end has not come yet.
#[derive(Clone, Copy, Debug)]
pub struct Partial {
    bytes: [u8; HEADER],
    len: usize,
    /// The segment with its first byte.
    pub carrier: Carrier,
    /// That byte's stream offset.
    pub offset: u64,
    /// Whether its first two bytes have been looked at.
    pub judged: bool,
    /// Whether they broke no rule.
    pub legal: bool,
}

impl Control {
    /// Forgets what was there.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Keeps what fits: more than 125 bytes break a rule, and are not needed to say so.
    pub fn extend(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(usize::from(self.len)..).unwrap_or_default();
        let count = room.len().min(bytes.len());
        if let (Some(room), Some(bytes)) = (room.get_mut(..count), bytes.get(..count)) {
            room.copy_from_slice(bytes);
            self.len += count as u8;
        }
    }

    /// What is there, to be unmasked.
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
    /// Nothing of the header that begins there.
    pub const fn at(carrier: Carrier, offset: u64) -> Self {
        Self { bytes: [0; HEADER], len: 0, carrier, offset, judged: false, legal: false }
    }

    /// Copies what fits behind the bytes that are there; returns how many.
    pub fn fill(&mut self, bytes: &[u8]) -> usize {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let copied = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.len += copied;
        copied
    }

    /// What is there.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
