//! How messages began, kept once their connection is about to end.

use crate::side::Side;

/// The beginnings of some messages. Few of them are ever asked for, so that they lie in one piece.
#[derive(Clone, Debug, Default)]
pub struct Previewed {
    messages: Vec<Message>,
    /// Their first bytes, one behind the other.
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    /// Who sent it.
    side: Side,
    /// Bytes of it.
    len: usize,
    /// Its [`Moment::header_end`](super::Moment::header_end).
    header_end: u64,
}

impl Previewed {
    /// Adds messages: who sent each, its [`Moment::header_end`](super::Moment::header_end), and its first bytes, unmasked
    /// and inflated.
    pub(super) fn extend(&mut self, more: &[(Side, u64, &[u8])]) {
        self.messages.reserve_exact(more.len());
        self.bytes.reserve_exact(more.iter().map(|(.., bytes)| bytes.len()).sum());
        for (side, header_end, bytes) in more {
            self.messages.push(Message { side: *side, len: bytes.len(), header_end: *header_end });
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// How a side's message began whose header ends there.
    pub fn get(&self, side: Side, header_end: u64) -> Option<&[u8]> {
        let mut all = self.messages.iter().zip(self.iter());
        all.find(|(message, _)| (message.side, message.header_end) == (side, header_end)).map(|(_, bytes)| bytes)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &*self.bytes;
        self.messages.iter().map_while(move |message| rest.split_off(..message.len))
    }
}
