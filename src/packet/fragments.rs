//! Fragmented IP datagrams, put together within bounds (RFC 791 §3.2, RFC 8200 §4.5).

use std::collections::VecDeque;
use std::net::IpAddr;

use etherparse::defrag::IpDefragBuf;
use etherparse::{IpFragOffset, IpNumber};

use super::Skipped;
use super::body::Body;
use super::network::{Datagram, Fragment, Route};
use super::skipped::Tally;
use crate::limits;
use crate::seen::Timestamp;

/// The datagrams of which fragments are missing, oldest first.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: VecDeque<Waiting>,
    /// Fragments whose datagram was waited for too long.
    expired: u64,
}

impl Fragments {
    /// Keeps a fragment, and gives the datagram if it was the last that was missing. Whatever is given up is tallied.
    pub fn add(&mut self, fragment: &Fragment<'_>, now: Timestamp, tally: &mut Tally) -> Option<Whole> {
        self.expire(now);
        self.make_room(fragment, tally);
        let identity = Identity::of(fragment);
        let index = self.waiting.iter().position(|waiting| waiting.identity == identity).unwrap_or_else(|| {
            self.waiting.push_back(Waiting::new(identity, fragment, now));
            self.waiting.len().saturating_sub(1)
        });
        match self.waiting.get_mut(index)?.add(fragment) {
            Ok(false) => None,
            Ok(true) => self.waiting.remove(index).map(Waiting::whole),
            Err(Spoiled) => {
                let spoiled = self.waiting.remove(index)?;
                tally.count(Skipped::Broken("IP fragment"), spoiled.fragments);
                None
            }
        }
    }

    /// Fragments whose datagram never became whole, or has not yet.
    pub fn incomplete(&self) -> u64 {
        self.waiting.iter().fold(self.expired, |sum, waiting| sum.saturating_add(waiting.fragments))
    }

    fn expire(&mut self, now: Timestamp) {
        let expired = |waiting: &&Waiting| now.since(waiting.since) > limits::FRAGMENT_WAIT;
        while let Some(oldest) = self.waiting.front().filter(expired) {
            self.expired = self.expired.saturating_add(oldest.fragments);
            self.waiting.pop_front();
        }
    }

    fn make_room(&mut self, fragment: &Fragment<'_>, tally: &mut Tally) {
        let wanted = usize::from(fragment.offset.byte_offset()).saturating_add(fragment.body.length);
        while self.waiting.len() >= limits::FRAGMENTED_DATAGRAMS
            || self.held().saturating_add(wanted) > limits::FRAGMENT_BYTES
        {
            let Some(oldest) = self.waiting.pop_front() else { break };
            tally.count(Skipped::DroppedFragments, oldest.fragments);
        }
    }

    /// Bytes of memory that the datagrams hold.
    fn held(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.buffer.data().capacity()).sum()
    }
}

/// A datagram put together.
#[derive(Debug)]
pub(super) struct Whole {
    route: Route,
    protocol: IpNumber,
    bytes: Vec<u8>,
    /// How many of them, from the first on, the capture holds; the rest was cut by the snaplen.
    captured: usize,
}

impl Whole {
    /// The datagram as if it had come in one packet.
    pub fn datagram(&self) -> Datagram<'_> {
        let captured = self.bytes.get(..self.captured).unwrap_or(&self.bytes);
        Datagram { route: self.route, protocol: self.protocol, body: Body::new(captured, self.bytes.len()) }
    }
}

/// What the fragments of a datagram have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    /// Only for IPv4: the fragments of an IPv6 datagram may differ in it.
    protocol: Option<IpNumber>,
}

impl Identity {
    fn of(fragment: &Fragment<'_>) -> Self {
        Self {
            source: fragment.route.source,
            destination: fragment.route.destination,
            identification: fragment.identification,
            protocol: fragment.route.source.is_ipv4().then_some(fragment.protocol),
        }
    }
}

/// A datagram of which fragments are missing.
#[derive(Debug)]
struct Waiting {
    identity: Identity,
    since: Timestamp,
    /// Of the first fragment, once it is there; until then of another.
    route: Route,
    protocol: IpNumber,
    buffer: IpDefragBuf,
    /// Bytes before the first that the snaplen cut away.
    captured: usize,
    fragments: u64,
}

/// The fragments contradict each other.
struct Spoiled;

impl Waiting {
    fn new(identity: Identity, fragment: &Fragment<'_>, since: Timestamp) -> Self {
        Self {
            identity,
            since,
            route: fragment.route,
            protocol: fragment.protocol,
            buffer: IpDefragBuf::new(fragment.protocol, Vec::new(), Vec::new()),
            captured: usize::MAX,
            fragments: 0,
        }
    }

    /// Puts a fragment in its place; `true` when none is missing any more.
    ///
    /// As in Linux, and as RFC 5722 demands, a fragment that is wholly there already is a duplicate and ignored, and
    /// one that overlaps in part spoils the datagram: two receivers might read it differently.
    fn add(&mut self, fragment: &Fragment<'_>) -> Result<bool, Spoiled> {
        self.fragments = self.fragments.saturating_add(1);
        let Fragment { offset, more, body, .. } = *fragment;
        let start = offset.byte_offset();
        let end = u16::try_from(body.length).ok().and_then(|length| start.checked_add(length)).ok_or(Spoiled)?;
        let runs = self.buffer.sections();
        if runs.iter().any(|run| run.start <= start && end <= run.end) {
            return Ok(false);
        }
        if runs.iter().any(|run| start < run.end && run.start < end) || runs.len() >= limits::FRAGMENT_RUNS {
            return Err(Spoiled);
        }
        if start == 0 {
            (self.route, self.protocol) = (fragment.route, fragment.protocol);
        }
        self.place(offset, more, body)?;
        Ok(self.buffer.is_complete())
    }

    /// Copies the bytes; zeros stand where the snaplen cut, and `captured` keeps them from being taken for bytes.
    fn place(&mut self, offset: IpFragOffset, more: bool, body: Body<'_>) -> Result<(), Spoiled> {
        if body.bytes.len() == body.length {
            return self.buffer.add(offset, more, body.bytes).map_err(|_| Spoiled);
        }
        self.captured = self.captured.min(usize::from(offset.byte_offset()).saturating_add(body.bytes.len()));
        let mut padded = body.bytes.to_vec();
        padded.resize(body.length, 0);
        self.buffer.add(offset, more, &padded).map_err(|_| Spoiled)
    }

    fn whole(self) -> Whole {
        let (bytes, _) = self.buffer.take_bufs();
        Whole { route: self.route, protocol: self.protocol, bytes, captured: self.captured }
    }
}
