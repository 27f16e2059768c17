//! The beginnings of messages, kept once their connection is about to end.

use crate::side::Side;

/// A list of the beginnings of messages. While it is empty, it takes 8 bytes.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Previewed(Option<Box<Kept>>);

/// The list once it has any. Few messages are ever read, so the bytes of all are in one allocation.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Kept {
    messages: Vec<Message>,
    /// The first bytes of all messages, concatenated.
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Message {
    /// The side that sent it.
    side: Side,
    /// The number of its bytes in `bytes`.
    len: usize,
    /// Its [`Moment::header_end`](super::Moment::header_end).
    header_end: u64,
}

impl Previewed {
    /// Adds messages: for each its side, its [`Moment::header_end`](super::Moment::header_end), and its first bytes,
    /// unmasked and inflated.
    pub(super) fn extend(&mut self, more: &[(Side, u64, &[u8])]) {
        if more.is_empty() {
            return;
        }
        let Kept { messages, bytes: all } = &mut **self.0.get_or_insert_default();
        messages.reserve_exact(more.len());
        all.reserve_exact(more.iter().map(|(.., bytes)| bytes.len()).sum());
        for (side, header_end, bytes) in more {
            messages.push(Message { side: *side, len: bytes.len(), header_end: *header_end });
            all.extend_from_slice(bytes);
        }
    }

    /// Drops the messages for which `is_wanted` returns `false`, given the side and `header_end` of each.
    pub(super) fn retain(&mut self, is_wanted: impl Fn(Side, u64) -> bool) {
        let all = self.all().map(|(message, bytes)| (message.side, message.header_end, bytes));
        let wanted: Vec<_> = all.filter(|(side, header_end, _)| is_wanted(*side, *header_end)).collect();
        let mut kept = Self::default();
        kept.extend(&wanted);
        *self = kept;
    }

    /// Returns the number of messages.
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |kept| kept.messages.len())
    }

    /// Returns the beginning of a side's message, found by its [`Moment::header_end`](super::Moment::header_end).
    pub fn get(&self, side: Side, header_end: u64) -> Option<&[u8]> {
        self.all().find(|(message, _)| (message.side, message.header_end) == (side, header_end)).map(|(_, bytes)| bytes)
    }

    /// Returns the beginnings of the messages of a side, in the order in which they were added.
    pub fn of(&self, side: Side) -> impl Iterator<Item = &[u8]> {
        self.all().filter(move |(message, _)| message.side == side).map(|(_, bytes)| bytes)
    }

    /// Returns the beginnings of all messages, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.all().map(|(_, bytes)| bytes)
    }

    fn all(&self) -> impl Iterator<Item = (&Message, &[u8])> {
        let (messages, mut rest) = self.0.as_ref().map(|kept| (&*kept.messages, &*kept.bytes)).unwrap_or_default();
        messages.iter().map_while(move |message| Some((message, rest.split_off(..message.len)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{Carrier, Wire};
    use crate::facts::Facts;
    use crate::limits;
    use crate::seen::Seen;
    use crate::side::PerSide;
    use crate::ws::{Opcode, Preview, Previews};

    #[test]
    fn whoever_closes_again_and_again_fills_no_memory() {
        let address = "10.0.0.1:80".parse().unwrap();
        let mut facts = Facts::new(0, PerSide { client: address, server: address }, Seen::default());
        let mut previews = Previews::default();
        let mut say = |facts: &mut Facts, side: Side, at: u64| {
            let preview = previews.extend(Preview::default(), format!("{at:05}").as_bytes(), None);
            facts.sent[side].recent.complete_message(
                Opcode::TEXT,
                5,
                &Carrier::default(),
                at,
                Wire::plain(at),
                preview,
            );
            facts.keep_previews(&previews);
        };
        say(&mut facts, Side::Server, 1);
        for at in 0..1000 {
            say(&mut facts, Side::Client, at);
            assert!(facts.previews.iter().count() <= limits::KEPT_PREVIEWS, "{at}");
        }
        for (side, at) in [(Side::Client, 999), (Side::Client, 994), (Side::Server, 1)] {
            assert_eq!(facts.previews.get(side, at).unwrap(), format!("{at:05}").as_bytes());
        }
    }
}
