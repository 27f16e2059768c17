//! Sets apart connections without any evidence that a WebSocket was meant. They are counted separately from the
//! WebSocket connections and attempts.
//!
//! TLS alone does not show which protocol was to be spoken in it, and a GET whose head was captured only in part may
//! have been any request. Such a connection counts as an attempt only if another connection of the capture speaks for
//! it: a WebSocket at the same host or port, or, for a GET, one with the same server and path.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use super::Ended;
use super::phrase::{counted, word};
use super::places::Places;
use crate::catalog::Language;
use crate::facts::Facts;
use crate::tls::Outcome;

/// The number of failed TLS handshakes that a note names; the others are counted.
const NAMED: usize = 3;

/// The known addresses and paths of the WebSockets of each capture.
#[derive(Default)]
struct Known {
    hosts: HashSet<(u32, IpAddr)>,
    ports: HashSet<(u32, u16)>,
    paths: HashSet<(u32, SocketAddr, Box<str>)>,
}

/// The connections that were set apart, as the notes report them.
#[derive(Debug, Default)]
pub(super) struct Apart {
    tls: usize,
    requests: usize,
    /// The first failed TLS handshakes: the capture, the outcome (`None` for an answer that was not TLS), and the packet.
    named: Vec<(u32, Option<Outcome>, u64)>,
}

impl Apart {
    /// Removes the connections without evidence from `all`, and counts them.
    pub(super) fn of(all: &mut Ended) -> Self {
        let mut apart = Self::default();
        if all.are_evident() {
            return apart;
        }
        let known = Known::of(all.iter().filter(|facts| facts.is_evident()));
        all.retain(|facts| {
            let is_wanted = facts.is_evident() || known.speaks_for(facts);
            if !is_wanted {
                apart.add(facts);
            }
            is_wanted
        });
        apart
    }

    fn add(&mut self, facts: &Facts) {
        if facts.rare.client_hello.is_none() && facts.rare.tls.is_none() {
            self.requests += 1;
            return;
        }
        self.tls += 1;
        let failed = facts.rare.tls.as_deref().map(|(_, seen, outcome)| (facts.capture, Some(*outcome), seen.packet));
        let answered = || facts.rare.answered_with.as_deref().map(|(seen, _)| (facts.capture, None, seen.packet));
        if self.named.len() < NAMED {
            self.named.extend(failed.or_else(answered));
        }
    }

    /// Returns the notes about the connections set apart. They are in no slice: if the report has the numbers of one,
    /// their packets are named with the `captures` that they are in.
    pub(super) fn notes(
        &self,
        places: &Places,
        captures: Option<&str>,
        language: Language,
    ) -> impl Iterator<Item = String> {
        let named = self.named.iter().map(move |(capture, outcome, packet)| {
            let (name, alert) = match outcome {
                Some(Outcome::Alert(alert)) => ("apart_alert", alert.to_string()),
                Some(Outcome::Abandoned | Outcome::Established) => ("apart_left", String::new()),
                None => ("apart_plain", String::new()),
            };
            let packet = captures.map_or_else(|| packet.to_string(), |captures| format!("{packet} ({captures})"));
            let what = word(name, &[("alert", &alert), ("packet", &packet)], language);
            if places.are_several() { format!("{what}, {}", places.name(*capture)) } else { what }
        });
        let mut named: Vec<_> = named.collect();
        if self.tls > named.len() {
            named.push("…".to_owned());
        }
        let tls = (self.tls > 0)
            .then(|| counted("note_tls_failed", self.tls as u64, &[("what", &named.join(", "))], language));
        let requests = (self.requests > 0).then(|| counted("note_cut_requests", self.requests as u64, &[], language));
        tls.into_iter().chain(requests)
    }
}

impl Known {
    fn of(websockets: impl Iterator<Item = Box<Facts>>) -> Self {
        let mut known = Self::default();
        for facts in websockets {
            let (capture, server) = (facts.capture, facts.addresses().server);
            known.hosts.insert((capture, server.ip()));
            known.ports.insert((capture, server.port()));
            let request = facts.handshake.request.as_deref();
            known.paths.extend(request.map(|request| (capture, server, path(&request.target).into())));
        }
        known
    }

    fn speaks_for(&self, facts: &Facts) -> bool {
        let (capture, server) = (facts.capture, facts.addresses().server);
        match facts.handshake.request.as_deref() {
            Some(request) => self.paths.contains(&(capture, server, path(&request.target).into())),
            None => self.hosts.contains(&(capture, server.ip())) || self.ports.contains(&(capture, server.port())),
        }
    }
}

/// Returns a request target without its query.
fn path(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}
