//! A sink that keeps the connections of a capture for its report.

use std::collections::HashMap;
use std::net::SocketAddr;

use foldhash::fast::RandomState;

use super::Sink;
use crate::facts::Facts;
use crate::limits;

/// The connections of a capture, in the order in which the analyzer hands them out. Unanswered attempts are bounded by
/// [`limits::UNANSWERED`]: a scan, or a host that is down, makes any number of them, and each says the same.
#[derive(Debug, Default)]
pub struct Collection {
    /// The connections and attempts that are kept.
    pub facts: Vec<Box<Facts>>,
    /// The unanswered attempts beyond the bound.
    pub unanswered: Unanswered,
    /// TLS connections that could not be decrypted, and are, or seem to be, WebSockets: the first ones, up to
    /// [`limits::OUTSIDE_CONNECTIONS`].
    pub outside: Vec<Box<Facts>>,
    attempts: usize,
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

    fn add(&mut self, server: SocketAddr) {
        let has_room = self.servers.len() < limits::UNANSWERED_SERVERS;
        match self.servers.get_mut(&server) {
            Some(count) => *count += 1,
            None if has_room => drop(self.servers.insert(server, 1)),
            None => self.elsewhere += 1,
        }
    }
}

impl Sink for Collection {
    fn connection(&mut self, facts: Box<Facts>) {
        if facts.is_unanswered() {
            self.attempts += 1;
            if self.attempts > limits::UNANSWERED {
                return self.unanswered.add(facts.addresses.server);
            }
        }
        self.facts.push(facts);
    }

    fn outside(&mut self, facts: Box<Facts>) {
        if self.outside.len() < limits::OUTSIDE_CONNECTIONS {
            self.outside.push(facts);
        }
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
        assert_eq!(collection.facts.len(), limits::UNANSWERED + 1);
        assert_eq!(collection.unanswered.count(), u64::from(more) + 1);
        assert_eq!(collection.unanswered.elsewhere, 10);
        assert_eq!(collection.unanswered.servers()[0].1, 2);
    }
}
