//! The secrets that are known: of key logs, of Decryption Secrets Blocks, and of sessions that were resumed.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};

use super::hello::Random;
use super::keylog::{Entry, KeyLog, Label};
use super::schedule::Secret;
use crate::limits;

/// Where a secret is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// A name of a session before TLS 1.3, which a client resumes it by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Name([u8; 32]);

/// As many secrets as are dropped at once.
#[derive(Debug, Default)]
struct Shelf {
    secrets: Vec<Stored>,
    /// The last secret of each session: its place in `secrets`.
    of_random: HashMap<Random, u32, RandomState>,
    of_name: HashMap<Name, Known, RandomState>,
}

#[derive(Debug)]
struct Stored {
    random: Random,
    label: Label,
    known: Known,
    /// The generation that began with it.
    born: u64,
    /// The place of the secret before it of the same session.
    before: Option<u32>,
    is_claimed: bool,
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Name")
    }
}

impl Name {
    fn of_id(id: &[u8]) -> Self {
        Self(Sha256::new().chain_update(b"id").chain_update(id).finalize().into())
    }

    fn of_ticket(ticket: &[u8]) -> Self {
        Self(Sha256::new().chain_update(b"ticket").chain_update(ticket).finalize().into())
    }
}

impl Keys {
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
            Entry::OfSession(id, secret) => self.name(Name::of_id(&id), Known { secret, origin }),
        }
    }

    /// Remembers that a session can be resumed by an id.
    pub fn can_resume_id(&mut self, id: &[u8], known: Known) {
        if !id.is_empty() {
            self.name(Name::of_id(id), known);
        }
    }

    /// Remembers that a session can be resumed by a ticket.
    pub fn can_resume_ticket(&mut self, ticket: &[u8], known: Known) {
        if !ticket.is_empty() {
            self.name(Name::of_ticket(ticket), known);
        }
    }

    /// Returns the master secret of the session with an id.
    pub fn by_id(&self, id: &[u8]) -> Option<Known> {
        (!id.is_empty()).then(|| self.by_name(Name::of_id(id))).flatten()
    }

    /// Returns the master secret of the session with a ticket.
    pub fn by_ticket(&self, ticket: &[u8]) -> Option<Known> {
        (!ticket.is_empty()).then(|| self.by_name(Name::of_ticket(ticket))).flatten()
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
    pub fn claim(&mut self, random: &Random) {
        self.young.claim(random);
        self.old.claim(random);
    }

    /// Returns the traffic secrets of TLS 1.3 that no connection has claimed and that are younger than a generation,
    /// the latest first.
    pub fn unclaimed(&self, younger_than: u64) -> impl Iterator<Item = Unclaimed> {
        let all = self.young.secrets.iter().rev().chain(self.old.secrets.iter().rev());
        all.take_while(move |stored| stored.born > younger_than)
            .filter(|stored| !stored.is_claimed && stored.label != Label::Master)
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

    fn name(&mut self, name: Name, known: Known) {
        if self.by_name(name) != Some(known) {
            self.generation += 1;
            self.make_room();
            self.young.of_name.insert(name, known);
        }
    }

    fn by_name(&self, name: Name) -> Option<Known> {
        self.young.of_name.get(&name).or_else(|| self.old.of_name.get(&name)).copied()
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
        self.secrets.push(Stored { random, label, known, born, before, is_claimed: false });
    }

    /// Returns the secrets of a session, the latest first.
    fn of(&self, random: &Random) -> impl Iterator<Item = &Stored> {
        let at = |place: &u32| self.secrets.get(usize::try_from(*place).ok()?);
        let last = self.of_random.get(random).and_then(at);
        std::iter::successors(last, move |stored| at(stored.before.as_ref()?)).take(limits::KEYS_OF_SESSION)
    }

    fn claim(&mut self, random: &Random) {
        let mut next = self.of_random.get(random).copied();
        for _ in 0..limits::KEYS_OF_SESSION {
            let Some(stored) = next.and_then(|at| usize::try_from(at).ok()).and_then(|at| self.secrets.get_mut(at))
            else {
                return;
            };
            stored.is_claimed = true;
            next = stored.before;
        }
    }
}
