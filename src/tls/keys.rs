//! The secrets that are known: of key logs, of Decryption Secrets Blocks, and of sessions that were resumed.

use std::cell::LazyCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::hello::Random;
use super::keylog::{Entry, KeyLog, Label};
use super::ledger::{Ledger, Name, Turn};
use super::schedule::Secret;
use crate::limits;

/// Where a secret is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Origin {
    /// A file that a TLS library has written.
    KeyLog,
    /// A Decryption Secrets Block of a capture.
    SecretsBlock,
}

/// A secret, and where it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The secret.
    pub secret: Secret,
    /// Where it is from.
    pub origin: Origin,
}

/// A secret that no connection has claimed: its handshake was not captured, or not yet.
#[derive(Clone, Copy, Debug)]
pub struct Unclaimed {
    /// The client random of its session.
    pub random: Random,
    /// What it is for.
    pub label: Label,
    /// The secret.
    pub known: Known,
}

/// The known secrets. Their memory is bounded: if there are too many, the older half is dropped.
#[derive(Debug, Default)]
pub struct Keys {
    /// The newest secrets, and those before them.
    young: Shelf,
    old: Shelf,
    generation: u64,
    may_grow: bool,
    ledger: Ledger,
}

/// As many secrets as are dropped at once.
#[derive(Clone, Debug, Default)]
struct Shelf {
    secrets: Vec<Stored>,
    /// The last secret of each session: its place in `secrets`.
    of_random: HashMap<Random, u32, RandomState>,
    of_name: HashMap<Name, Known, RandomState>,
}

#[derive(Clone, Debug)]
struct Stored {
    random: Random,
    label: Label,
    known: Known,
    /// The generation that began with it.
    born: u64,
    /// The place of the secret before it of the same session.
    before: Option<u32>,
}

impl Keys {
    /// Returns a copy for another thread, which shares what connections show about the secrets. Has to be called before
    /// the first turn.
    pub fn share(&self) -> Self {
        Self { may_grow: self.may_grow, ledger: self.ledger.share(), ..self.for_another() }
    }

    /// Returns a copy for another capture.
    pub fn for_another(&self) -> Self {
        let Self { young, old, generation, .. } = self;
        Self { young: young.clone(), old: old.clone(), generation: *generation, ..Self::default() }
    }

    /// Enters a later turn.
    #[inline]
    pub const fn enter(&mut self, turn: Turn) {
        self.ledger.enter(turn);
    }

    /// Lets the other threads know how far this one has come.
    pub fn publish(&self) {
        self.ledger.publish();
    }

    /// Enters the turn in which secrets are tried again. Returns whether that is of use, because connections that waited
    /// for secrets have shown names of theirs.
    pub fn enter_second(&mut self, turn: Turn) -> bool {
        self.ledger.enter(turn);
        let is_of_use = !self.is_empty() && self.ledger.is_shown_late();
        self.generation += u64::from(is_of_use);
        is_of_use
    }

    /// Adds the secrets in a text that is complete: a key log, or the contents of a Decryption Secrets Block.
    pub fn read(&mut self, text: &[u8], origin: Origin) {
        let mut log = KeyLog::default();
        log.push(text, &mut |entry| self.add(entry, origin));
        log.flush(&mut |entry| self.add(entry, origin));
    }

    /// Adds a secret, unless it is known.
    pub fn add(&mut self, entry: Entry, origin: Origin) {
        match entry {
            Entry::OfRandom(label, random, secret) => {
                if !self.values(&random, label).any(|known| known.secret == secret) {
                    self.generation += 1;
                    self.make_room();
                    self.young.put(random, label, Known { secret, origin }, self.generation);
                }
            }
            Entry::OfSession(id, secret) => {
                let (name, known) = (Name::of_id(&id), Known { secret, origin });
                if let Some(name) = name.filter(|name| self.logged(name) != Some(known)) {
                    self.generation += 1;
                    self.make_room();
                    self.young.of_name.insert(name, known);
                }
            }
        }
    }

    /// Remembers that a session can be resumed by an id.
    pub fn can_resume_id(&self, id: &[u8], known: Known) {
        if let Some(name) = Name::of_id(id) {
            self.ledger.name(name, known);
        }
    }

    /// Remembers that a session can be resumed by a ticket.
    pub fn can_resume_ticket(&self, ticket: &[u8], known: Known) {
        if let Some(name) = Name::of_ticket(ticket) {
            self.ledger.name(name, known);
        }
    }

    /// Returns the master secret of the session with an id.
    pub fn by_id(&self, id: &[u8]) -> Option<Known> {
        self.by_name(Name::of_id(id)?)
    }

    /// Returns the master secret of the session with a ticket.
    pub fn by_ticket(&self, ticket: &[u8]) -> Option<Known> {
        self.by_name(Name::of_ticket(ticket)?)
    }

    /// Returns the secrets of a session with this label, the latest first.
    pub fn values(&self, random: &Random, label: Label) -> impl Iterator<Item = Known> {
        let all = self.young.of(random).chain(self.old.of(random));
        all.filter(move |stored| stored.label == label).map(|stored| stored.known)
    }

    /// Returns whether any secret of a session is known.
    pub fn has(&self, random: &Random) -> bool {
        [&self.young, &self.old].iter().any(|shelf| shelf.of_random.contains_key(random))
    }

    /// Notes that a connection with this client random was captured from its beginning. Its secrets are not those of a
    /// connection that began earlier.
    pub fn claim(&self, random: &Random) {
        if self.has(random) {
            self.ledger.claim(random);
        }
    }

    /// Returns the traffic secrets of TLS 1.3 that no connection has claimed and that are younger than a generation,
    /// the latest first.
    pub fn unclaimed(&self, younger_than: u64) -> impl Iterator<Item = Unclaimed> {
        let all = self.young.secrets.iter().rev().chain(self.old.secrets.iter().rev());
        // Asked for only if there is a secret, since other threads may have to be waited for.
        let is_claimed = LazyCell::new(|| self.ledger.claims());
        all.take_while(move |stored| stored.born > younger_than)
            .filter(move |stored| stored.label != Label::Master && !is_claimed(&stored.random))
            .map(|Stored { random, label, known, .. }| Unclaimed { random: *random, label: *label, known: *known })
    }

    /// Returns a number that grows with each new secret.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Sets whether more secrets may come, so that it is of use to wait for them.
    pub const fn set_may_grow(&mut self, may_grow: bool) {
        self.may_grow = may_grow;
    }

    /// Returns whether more secrets may come.
    pub const fn may_grow(&self) -> bool {
        self.may_grow
    }

    /// Returns whether no secret is known.
    pub fn is_empty(&self) -> bool {
        self.sessions() == 0
    }

    /// Returns the number of sessions with secrets, at most: one that comes again after many others counts twice.
    pub fn sessions(&self) -> usize {
        [&self.young, &self.old].iter().map(|shelf| shelf.of_random.len() + shelf.of_name.len()).sum()
    }

    fn by_name(&self, name: Name) -> Option<Known> {
        // A secret that has opened records comes before one that is only said to.
        (!self.is_empty()).then(|| self.ledger.named(name)).flatten().or_else(|| self.logged(&name))
    }

    fn logged(&self, name: &Name) -> Option<Known> {
        self.young.of_name.get(name).or_else(|| self.old.of_name.get(name)).copied()
    }

    fn make_room(&mut self) {
        if self.young.len() >= limits::KEYS / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

impl Shelf {
    fn len(&self) -> usize {
        self.secrets.len() + self.of_name.len()
    }

    fn put(&mut self, random: Random, label: Label, known: Known, born: u64) {
        let Ok(at) = u32::try_from(self.secrets.len()) else { return };
        let before = self.of_random.insert(random, at);
        self.secrets.push(Stored { random, label, known, born, before });
    }

    /// Returns the secrets of a session, the latest first.
    fn of(&self, random: &Random) -> impl Iterator<Item = &Stored> {
        let at = |place: &u32| self.secrets.get(usize::try_from(*place).ok()?);
        let last = self.of_random.get(random).and_then(at);
        std::iter::successors(last, move |stored| at(stored.before.as_ref()?)).take(limits::KEYS_OF_SESSION)
    }
}
