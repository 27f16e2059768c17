//! The ledger of what connections show about sessions with known secrets: which of them were captured from their
//! beginning, and by which names they can be resumed.
//!
//! Connections that are followed by different threads share one ledger. What one reads is what those before it *in the
//! capture* have written, whatever the other threads have come to: each entry carries its [`Turn`], and a reader waits
//! until the other threads have reached its own turn. As the thread with the earliest turn never waits, that ends.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};

use super::hello::Random;
use super::keys::Known;
use crate::limits;

/// A point in the order of the capture, at which a thread reads and writes.
///
/// ```text
/// packet n ─┬─ first    keys came before it: connections that wait for some are tried
///           ├─ second   they are tried again, with the names that the others then have shown
///           ├─ expired  connections that ended long enough before it are finished
///           └─ pushed   its own connection processes it
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn(u64);

/// The turn before the first packet.
impl Default for Turn {
    fn default() -> Self {
        Self::pushed(0)
    }
}

impl Turn {
    /// The turn after the last packet.
    pub const END: Self = Self(u64::MAX - 1);

    /// The turn of a thread that does not take part any more.
    const GONE: Self = Self(u64::MAX);

    const PER_PACKET: u64 = 4;

    /// Returns the turn in which keys that come before a packet are first tried. Packets are counted from 1.
    pub const fn first(packet: u64) -> Self {
        Self(packet * Self::PER_PACKET)
    }

    /// Returns the turn in which they are tried again.
    pub const fn second(packet: u64) -> Self {
        Self(packet * Self::PER_PACKET + 1)
    }

    /// Returns the turn in which connections that ended before a packet are finished.
    pub const fn expired(packet: u64) -> Self {
        Self(packet * Self::PER_PACKET + 2)
    }

    /// Returns the turn in which a packet is processed.
    pub const fn pushed(packet: u64) -> Self {
        Self(packet * Self::PER_PACKET + 3)
    }

    /// Returns the turn from which on an entry of this turn is seen. Only one connection has a turn in which a packet is
    /// processed; in other turns, none sees what the others write.
    const fn seen_from(self) -> Self {
        if self.0 % Self::PER_PACKET == 3 { self } else { Self(self.0 + 1) }
    }
}

/// A name of a session before TLS 1.3, which a client resumes it by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name([u8; 32]);

impl Name {
    /// Returns the name that a session id is; `None` for an empty one.
    pub fn of_id(id: &[u8]) -> Option<Self> {
        Self::of(b"id", id)
    }

    /// Returns the name that a ticket is; `None` for an empty one.
    pub fn of_ticket(ticket: &[u8]) -> Option<Self> {
        Self::of(b"ticket", ticket)
    }

    fn of(kind: &[u8], name: &[u8]) -> Option<Self> {
        let hash = || Self(Sha256::new().chain_update(kind).chain_update(name).finalize().into());
        (!name.is_empty()).then(hash)
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Name")
    }
}

/// A thread's access to the ledger.
#[derive(Debug)]
pub struct Ledger {
    common: Arc<Common>,
    thread: usize,
    turn: Turn,
}

#[derive(Debug)]
struct Common {
    entries: Mutex<Entries>,
    /// Notified when a thread has reached a later turn.
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Entries {
    /// The turn that each thread has reached: it writes nothing more in an earlier one.
    reached: Vec<Turn>,
    /// The sessions that were captured from their beginning, with the turn from which on that is known.
    claimed: HashMap<Random, Turn, RandomState>,
    /// The sessions that can be resumed.
    named: HashMap<Name, (Turn, Known), RandomState>,
    /// The turns from which on names are known that connections have shown which had waited for keys.
    shown_late: BTreeSet<Turn>,
}

impl Default for Ledger {
    fn default() -> Self {
        let entries = Mutex::new(Entries { reached: vec![Turn::default()], ..Entries::default() });
        Self { common: Arc::new(Common { entries, moved: Condvar::new() }), thread: 0, turn: Turn::default() }
    }
}

/// The thread does not take part any more. Nobody waits for one that has panicked.
impl Drop for Ledger {
    fn drop(&mut self) {
        self.turn = Turn::GONE;
        self.publish();
    }
}

impl Ledger {
    /// Returns the access of another thread. Has to be called before any of them enters a turn.
    pub fn share(&self) -> Self {
        let mut entries = self.common.lock();
        entries.reached.push(Turn::default());
        Self { common: Arc::clone(&self.common), thread: entries.reached.len() - 1, turn: Turn::default() }
    }

    /// Enters a later turn. Others may not know until the thread waits, or [publishes](Self::publish) it.
    #[inline]
    pub const fn enter(&mut self, turn: Turn) {
        self.turn = turn;
    }

    /// Lets the others know which turn the thread has entered.
    pub fn publish(&self) {
        self.common.lock().reach(self.thread, self.turn);
        self.common.moved.notify_all();
    }

    /// Notes that a session was captured from its beginning. Beyond [`limits::KEYS`] it is not noted.
    pub fn claim(&self, random: &Random) {
        let mut entries = self.common.lock();
        let has_room = entries.claimed.len() < limits::KEYS;
        let from = self.turn.seen_from();
        match entries.claimed.get_mut(random) {
            Some(known) => *known = from.min(*known),
            None if has_room => drop(entries.claimed.insert(*random, from)),
            None => {}
        }
    }

    /// Notes the secret of a session that can be resumed by a name. Beyond [`limits::KEYS`] it is not noted.
    pub fn name(&self, name: Name, known: Known) {
        let mut entries = self.common.lock();
        let (has_room, from) = (entries.named.len() < limits::KEYS, self.turn.seen_from());
        let is_new = match entries.named.get_mut(&name) {
            Some(before) if before.0 <= from => false,
            Some(before) => {
                *before = (from, known);
                true
            }
            None if has_room => entries.named.insert(name, (from, known)).is_none(),
            None => false,
        };
        if is_new && self.turn.0.is_multiple_of(Turn::PER_PACKET) {
            entries.shown_late.insert(from);
        }
    }

    /// Returns a function that returns whether a session was captured from its beginning, as far as is known in this turn.
    pub fn claims(&self) -> impl Fn(&Random) -> bool {
        let (entries, turn) = (self.wait(), self.turn);
        move |random| entries.claimed.get(random).is_some_and(|from| *from <= turn)
    }

    /// Returns the secret of the session with a name, if it is known in this turn.
    pub fn named(&self, name: Name) -> Option<Known> {
        let (from, known) = *self.wait().named.get(&name)?;
        (from <= self.turn).then_some(known)
    }

    /// Returns whether names are known since this turn that connections have shown which had waited for keys.
    pub fn is_shown_late(&self) -> bool {
        self.wait().shown_late.contains(&self.turn)
    }

    /// Waits until all others have reached this turn.
    fn wait(&self) -> MutexGuard<'_, Entries> {
        let mut entries = self.common.lock();
        entries.reach(self.thread, self.turn);
        self.common.moved.notify_all();
        let is_behind = |entries: &mut Entries| entries.reached.iter().any(|reached| *reached < self.turn);
        self.common.moved.wait_while(entries, is_behind).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Common {
    /// Locks the entries. A thread that panics leaves none of them half written.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn reach(&mut self, thread: usize, turn: Turn) {
        if let Some(reached) = self.reached.get_mut(thread) {
            *reached = turn;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::tls::keys::Origin;
    use crate::tls::schedule::Secret;

    const SESSION: Random = [7; 32];

    fn known(byte: u8) -> Known {
        Known { secret: Secret::new(&[byte; 48]).unwrap(), origin: Origin::KeyLog }
    }

    /// Creates the access of two threads.
    fn two() -> (Ledger, Ledger) {
        let first = Ledger::default();
        let second = first.share();
        (first, second)
    }

    #[test]
    fn a_reader_waits_for_those_before_it_and_sees_what_they_wrote() {
        let (mut reader, mut writer) = two();
        reader.enter(Turn::pushed(20));
        let reading = thread::spawn(move || reader.claims()(&SESSION));
        thread::sleep(Duration::from_millis(50));
        assert!(!reading.is_finished(), "the other one may still write");
        writer.enter(Turn::pushed(10));
        writer.claim(&SESSION);
        writer.enter(Turn::first(21));
        writer.publish();
        assert!(reading.join().unwrap());
    }

    #[test]
    fn a_reader_does_not_see_what_comes_after_it() {
        let (mut reader, mut writer) = two();
        let name = Name::of_id(b"id").unwrap();
        writer.enter(Turn::pushed(10));
        writer.name(name, known(1));
        writer.claim(&SESSION);
        writer.publish();
        reader.enter(Turn::pushed(9));
        assert!(!reader.claims()(&SESSION) && reader.named(name).is_none());
        reader.enter(Turn::pushed(10));
        assert!(reader.claims()(&SESSION) && reader.named(name) == Some(known(1)));
    }

    #[test]
    fn the_first_to_name_a_session_counts_whichever_thread_is_faster() {
        let (mut early, mut late) = two();
        let name = Name::of_ticket(b"ticket").unwrap();
        late.enter(Turn::pushed(8));
        late.name(name, known(8));
        early.enter(Turn::pushed(5));
        early.name(name, known(5));
        late.enter(Turn::pushed(9));
        late.name(name, known(9));
        early.enter(Turn::pushed(9));
        early.publish();
        assert_eq!(late.named(name), Some(known(5)));
    }

    #[test]
    fn what_keys_show_is_seen_when_they_are_tried_again() {
        let (mut one, mut other) = two();
        let name = Name::of_id(b"id").unwrap();
        one.enter(Turn::first(30));
        one.name(name, known(1));
        assert_eq!(one.common.lock().named[&name].0, Turn::second(30));
        for ledger in [&mut one, &mut other] {
            ledger.enter(Turn::second(30));
            ledger.publish();
        }
        assert!(one.is_shown_late() && other.is_shown_late());
        assert_eq!((one.named(name), other.named(name)), (Some(known(1)), Some(known(1))));
    }

    #[test]
    fn nobody_waits_for_a_thread_that_is_gone() {
        let (mut reader, writer) = two();
        drop(writer);
        reader.enter(Turn::END);
        assert!(!reader.claims()(&SESSION));
    }

    #[test]
    fn an_empty_name_is_none() {
        assert!(Name::of_id(b"").is_none() && Name::of_ticket(b"").is_none());
        assert_ne!(Name::of_id(b"1"), Name::of_ticket(b"1"));
    }
}
