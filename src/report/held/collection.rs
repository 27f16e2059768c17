//! A sink that keeps the connections of a capture for its report.

use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;

use foldhash::fast::RandomState;

use super::Ended;
use crate::facts::Facts;
use crate::limits;
use crate::report::redact::Secrets;
use crate::sink::Sink;

/// The connections of a capture, in no particular order. Unanswered attempts are bounded by [`limits::UNANSWERED`]: a scan,
/// or a host that is down, makes any number of them, and each says the same.
#[derive(Debug, Default)]
pub struct Collection {
    ended: Ended,
    secrets: Secrets,
    attempts: Lowest,
    unanswered: Unanswered,
    outside: Lowest,
}

/// The contents of a finished [`Collection`].
#[derive(Debug, Default)]
pub struct Collected {
    /// The connections and attempts that are kept.
    pub facts: Ended,
    /// Their secrets.
    pub secrets: Secrets,
    /// The unanswered attempts beyond the bound: those with the highest stream numbers.
    pub unanswered: Unanswered,
    /// TLS connections that could not be decrypted, and are, or seem to be, WebSockets: those with the lowest stream
    /// numbers, up to [`limits::OUTSIDE_CONNECTIONS`].
    pub outside: Vec<Box<Facts>>,
}

/// The connections with the lowest stream numbers, those of earlier captures first.
#[derive(Debug, Default)]
struct Lowest {
    #[expect(clippy::vec_box, reason = "as connections are handed out")]
    all: Vec<Box<Facts>>,
    /// Capture and number of each, and its index.
    places: BinaryHeap<((u32, u32), usize)>,
}

impl Lowest {
    /// Adds a connection to those that are kept, of which there are at most `most`. Returns the one that is too many.
    fn add(&mut self, mut facts: Box<Facts>, most: usize) -> Option<Box<Facts>> {
        let place = (facts.capture, facts.stream);
        if self.places.len() < most {
            self.places.push((place, self.all.len()));
            self.all.push(facts);
            return None;
        }
        let Some(mut highest) = self.places.peek_mut().filter(|highest| place < highest.0) else {
            return Some(facts);
        };
        highest.0 = place;
        if let Some(held) = self.all.get_mut(highest.1) {
            std::mem::swap(held, &mut facts);
        }
        Some(facts)
    }
}

/// Counts of unanswered attempts that are not kept, by server.
#[derive(Clone, Debug, Default)]
pub struct Unanswered {
    servers: HashMap<SocketAddr, u64, RandomState>,
    /// Attempts to servers beyond [`limits::UNANSWERED_SERVERS`].
    elsewhere: u64,
}

impl Unanswered {
    /// Returns the number of these attempts.
    pub fn count(&self) -> u64 {
        self.servers.values().sum::<u64>() + self.elsewhere
    }

    /// Returns the servers with the number of attempts at each, most attempts first; at most
    /// [`limits::UNANSWERED_SERVERS`].
    pub fn servers(&self) -> Vec<(SocketAddr, u64)> {
        let mut servers: Vec<_> = self.servers.iter().map(|(server, count)| (*server, *count)).collect();
        servers.sort_unstable_by_key(|(server, count)| (std::cmp::Reverse(*count), *server));
        servers
    }

    fn add(&mut self, server: SocketAddr, attempts: u64) {
        let has_room = self.servers.len() < limits::UNANSWERED_SERVERS;
        match self.servers.get_mut(&server) {
            Some(count) => *count += attempts,
            None if has_room => drop(self.servers.insert(server, attempts)),
            None => self.elsewhere += attempts,
        }
    }
}

impl Collection {
    /// Returns an empty collection whose temporary file is there already: later, the program may not be allowed to create
    /// one.
    pub fn prepared(secrets: Secrets) -> Self {
        Self { ended: Ended::prepared(), secrets, ..Self::default() }
    }

    /// Returns an empty collection that keeps connections in the same temporary file.
    pub fn beside(&self) -> Self {
        Self { ended: self.ended.beside(), secrets: self.secrets.beside(), ..Self::default() }
    }

    /// Returns the number of connections and attempts so far, those that are not kept included.
    pub fn count(&self) -> u64 {
        (self.ended.len() + self.attempts.all.len()) as u64 + self.ended.lost() + self.unanswered.count()
    }

    /// Returns the contents.
    pub fn finish(self) -> Collected {
        let Self { mut ended, mut secrets, attempts, unanswered, outside } = self;
        for facts in attempts.all {
            secrets.meet(&facts);
            ended.push(&facts);
        }
        Collected { facts: ended, secrets, unanswered, outside: outside.all }
    }

    /// Replaces the stream numbers.
    pub(crate) fn number(&mut self, of: impl Fn(u32) -> u32) {
        self.ended.number(&of);
        self.apart().for_each(|facts| facts.stream = of(facts.stream));
    }

    /// Sets the capture that the connections are in.
    pub(crate) fn set_capture(&mut self, capture: u32) {
        self.ended.set_capture(capture);
        self.apart().for_each(|facts| facts.capture = capture);
    }

    /// Returns the connections that are kept as values.
    fn apart(&mut self) -> impl Iterator<Item = &mut Box<Facts>> {
        self.attempts.all.iter_mut().chain(&mut self.outside.all)
    }

    /// Sorts the connections, so that a report on several collections has to merge them only.
    pub(crate) fn sort(&mut self) {
        self.ended.sort();
    }

    /// Adds the connections of another collection.
    pub(crate) fn merge(&mut self, other: Self) {
        self.ended.append(other.ended);
        self.secrets.merge(other.secrets);
        other.attempts.all.into_iter().for_each(|facts| self.connection(facts));
        other.outside.all.into_iter().for_each(|facts| self.outside(facts));
        other.unanswered.servers.into_iter().for_each(|(server, count)| self.unanswered.add(server, count));
        self.unanswered.elsewhere += other.unanswered.elsewhere;
    }
}

impl Sink for Collection {
    fn connection(&mut self, facts: Box<Facts>) {
        if !facts.is_unanswered() {
            self.secrets.meet(&facts);
            return self.ended.push(&facts);
        }
        if let Some(facts) = self.attempts.add(facts, limits::UNANSWERED) {
            self.unanswered.add(facts.addresses().server, 1);
        }
    }

    fn outside(&mut self, facts: Box<Facts>) {
        self.outside.add(facts, limits::OUTSIDE_CONNECTIONS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Request;
    use crate::seen::Seen;
    use crate::side::PerSide;

    fn attempt(server: u16) -> Box<Facts> {
        let (client, server) = ("10.0.0.1:40000".parse().unwrap(), SocketAddr::from(([10, 0, 0, 2], server)));
        let mut facts = Facts::new(0, PerSide { client, server }, Seen::default());
        facts.handshake.ask(Box::new(Request { upgrade: true, ..Request::default() }));
        Box::new(facts)
    }

    #[test]
    fn unanswered_attempts_are_kept_up_to_a_bound_and_counted_beyond() {
        let mut collection = Collection::default();
        let more = limits::UNANSWERED_SERVERS as u16 + 10;
        (0..limits::UNANSWERED).for_each(|_| collection.connection(attempt(80)));
        (0..more).for_each(|port| collection.connection(attempt(port)));
        collection.connection(attempt(7));
        let mut answered = attempt(80);
        answered.joined = true;
        collection.connection(answered);
        let collection = collection.finish();
        assert_eq!(collection.facts.len(), limits::UNANSWERED + 1);
        assert_eq!(collection.unanswered.count(), u64::from(more) + 1);
        assert_eq!(collection.unanswered.elsewhere, 10);
        assert_eq!(collection.unanswered.servers()[0].1, 2);
    }
}
