//! One TLS connection: chunks of TCP in, chunks of plaintext out, as far as keys are known.
//!
//! ```text
//! chunks ─ Reader ─ records ─┬─ Outlook: how did the handshake end?
//!                            ├─ hellos ─ Negotiation ─ keys ─┐
//!                            └─ protected ─── Direction ─────┴─ contents ─ Event
//! ```
//!
//! Only what authenticates is handed on. What is missing or does not authenticate becomes a gap, whose length is estimated.
//! Records that come before their keys wait for them, as long as keys may come.

mod early;
mod handshake;
mod late;
mod negotiation;
mod reading;
mod steady;
mod summary;
mod waiting;

#[cfg(test)]
mod rfc8448;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use self::early::Early;
use self::late::{Attempts, Work};
use self::negotiation::Negotiation;
pub use self::steady::Contents;
pub use self::summary::{Obstacle, Summary};
use self::waiting::{Held, HeldRecord, Waiting};
use super::direction::Direction;
use super::keys::{Keys, Origin};
use super::messages::Messages;
use super::observer::{Decision, Outlook};
use super::outside::Agreed;
use super::reader::{Framed, Item, Reader};
use super::record::{Alert, FRAGMENT};
use crate::chunk::{Carrier, Chunk, Data};
use crate::limits;
use crate::prefetch::Lines;
use crate::side::{PerSide, Side};

/// One TLS connection.
#[derive(Debug, Default)]
pub struct Session {
    readers: PerSide<Reader>,
    state: State,
}

/// Something that a connection has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The next contents of a side, or a gap in them. Offsets count contents; the bytes of a record need its last byte.
    Data(Chunk<'a>),
    /// An alert.
    Alert {
        /// The alert.
        alert: Alert,
        /// Whether it was encrypted, and so is certainly from its sender.
        is_encrypted: bool,
        /// The segment with its last byte.
        carrier: &'a Carrier,
        /// The bytes of the TCP stream up to its end.
        end: u64,
    },
    /// The outcome of the handshake.
    Decided(Decision),
}

/// Buffers and bounds that all sessions of a thread share.
#[derive(Debug, Default)]
pub struct Scratch {
    /// A buffer for records that lie in several chunks.
    spare: Vec<u8>,
    opening: Opening,
}

/// What opening a record needs.
#[derive(Debug)]
struct Opening {
    /// The buffer for contents. Ciphers write whole cache lines of it.
    plain: Box<Lines<[u8; FRAGMENT]>>,
    /// The work left for searches behind gaps.
    search: u64,
    /// The work left for connections that began before the capture.
    late: Work,
}

impl Default for Opening {
    fn default() -> Self {
        Self { plain: Box::new(Lines::new([0; FRAGMENT])), search: limits::TLS_SEARCH_TOTAL, late: Work::default() }
    }
}

#[cfg(any(test, feature = "internals"))]
impl Scratch {
    /// Sets the work left for searches behind gaps, and for connections that began before the capture, in blocks of AES.
    pub const fn limit_searches(&mut self, behind_gaps: u64, begun_before: u64) {
        self.opening.search = behind_gaps;
        self.opening.late = Work::of(begun_before);
    }
}

/// Everything above the records.
#[derive(Debug, Default)]
struct State {
    outlook: Outlook,
    negotiation: Negotiation,
    halves: PerSide<Half>,
    waiting: Waiting,
    early: Early,
    /// The ticket that the server has given, until the session's secret is known.
    ticket: Option<Box<[u8]>>,
    keys_from: Option<Origin>,
    searched: u64,
    is_late: bool,
    sides_are_swapped: bool,
    /// The generation of the keys that the waiting records were tried with.
    tried_at: Option<u64>,
}

/// One side. What a record of data needs comes first, in two cache lines ([`Session::prefetch`]).
#[derive(Debug, Default)]
#[repr(C, align(64))]
struct Half {
    direction: Direction,
    /// Bytes of contents so far.
    offset: u64,
    /// Protected records so far.
    protected: u64,
    /// Says whether the next record is expected to be data, for which the keys are known ([`Session::data`]).
    is_steady: bool,
    /// Whether it has changed to encryption, before TLS 1.3.
    has_changed: bool,
    /// Whether bytes of its TCP stream are missing.
    has_gap: bool,
    messages: Messages,
    late: Attempts,
}

/// What processing a record needs from outside.
struct Context<'c, O> {
    keys: &'c mut Keys,
    opening: &'c mut Opening,
    out: &'c mut O,
}

impl Session {
    /// Processes the next chunk of a side, and passes what it shows to `out`.
    pub fn push(
        &mut self,
        side: Side,
        chunk: Chunk<'_>,
        keys: &mut Keys,
        scratch: &mut Scratch,
        out: &mut impl FnMut(Side, Event<'_>),
    ) {
        let Self { readers, state } = self;
        let Scratch { spare, opening } = scratch;
        let reader = &mut readers[side];
        if keys.is_empty() && !keys.may_grow() && state.outlook.is_decided() {
            reader.keep_at_most(0);
        }
        let context = &mut Context { keys, opening, out };
        state.replay(context);
        state.outlook.chunk(side, chunk);
        let carrier = chunk.place.carrier;
        state.halves[side].has_gap |= matches!(chunk.data, Data::Gap { .. });
        reader.push(chunk, spare, &mut |item| state.item(side, item, carrier, context));
        if reader.is_lost() || matches!(chunk.data, Data::Gap { .. }) {
            let decision = state.outlook.lost(side, carrier);
            context.decide(decision);
        }
    }

    /// Ends a side, whose last segment is `carrier`. Records that still wait for keys go on waiting.
    pub fn end(
        &mut self,
        side: Side,
        carrier: &Carrier,
        keys: &mut Keys,
        scratch: &mut Scratch,
        out: &mut impl FnMut(Side, Event<'_>),
    ) {
        let Self { readers, state } = self;
        let context = &mut Context { keys, opening: &mut scratch.opening, out };
        state.replay(context);
        let mut end = None;
        readers[side].end(&mut |item| {
            if let Item::Record(framed) = item {
                end = Some(framed.end);
            }
            state.item(side, item, carrier, context);
        });
        state.lose_at_end(side, carrier, end, context);
        let decision = state.outlook.end(side, carrier);
        context.decide(decision);
    }

    /// Processes the records that wait, if keys have come since.
    pub fn retry(&mut self, keys: &mut Keys, scratch: &mut Scratch, out: &mut impl FnMut(Side, Event<'_>)) {
        self.state.replay(&mut Context { keys, opening: &mut scratch.opening, out });
    }

    /// Returns whether it is in use, and there is no hope that it will be decrypted.
    pub fn is_unreadable(&self, keys: &Keys) -> bool {
        let State { halves, outlook, keys_from, .. } = &self.state;
        let protected = halves.client.protected.max(halves.server.protected);
        let is_in_use = outlook.is_decided() || protected >= limits::TLS_UNREADABLE;
        let is_hopeless = keys.is_empty() || protected >= limits::TLS_UNREADABLE;
        keys_from.is_none() && !keys.may_grow() && is_in_use && is_hopeless
    }

    /// Returns what both sides have agreed on in the clear; `None` until both hellos have come.
    pub fn agreed(&self) -> Option<Agreed<'_>> {
        self.state.negotiation.agreed()
    }

    /// Returns whether anything has been decrypted.
    pub const fn is_decrypted(&self) -> bool {
        self.state.keys_from.is_some()
    }

    /// Returns the protected records of a side.
    #[inline]
    pub fn direction(&self, side: Side) -> &Direction {
        &self.state.halves[side].direction
    }

    /// Returns the number of bytes held: parts of records, and records that wait.
    pub fn held_bytes(&self) -> usize {
        let State { halves, waiting, early, .. } = &self.state;
        let side = |side: Side| self.readers[side].held_bytes() + halves[side].messages.held_bytes();
        side(Side::Client) + side(Side::Server) + waiting.held_bytes() + early.held_bytes()
    }

    /// Drops everything that is held. It counts as lost.
    pub fn let_go(&mut self) {
        let Self { readers, state } = self;
        let State { halves, waiting, early, .. } = state;
        readers.client.let_go();
        readers.server.let_go();
        waiting.let_go(&mut |side, len| halves[side].direction.lose(len));
        early.let_go();
        halves.client.messages = Messages::default();
        halves.server.messages = Messages::default();
    }

    /// Returns what is known of the session. `keys` tell why it could not be decrypted.
    pub fn summary(&self, keys: &Keys) -> Summary {
        self.state.summary(keys)
    }
}

impl<O: FnMut(Side, Event<'_>)> Context<'_, O> {
    fn decide(&mut self, decision: Option<Decision>) {
        if let Some(decision) = decision {
            (self.out)(decision.side, Event::Decided(decision));
        }
    }
}
