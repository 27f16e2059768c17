//! Runs many connections at once: each acts at its time, and all write to one capture.

use crate::random::Random;
use crate::tcp::{self, Fate, Tcp};
use crate::tls::{self, Security};
use crate::truth::Truth;
use crate::wire::{Endpoint, Wire};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

/// The time of the first packet: 2026-01-01T00:00:00Z in microseconds.
pub const START: u64 = 1_767_225_600_000_000;

/// A capture being generated.
pub struct Capture {
    pub wire: Wire,
    pub random: Random,
    pub truth: Truth,
    /// TLS on all connections, if there is.
    pub tls: Option<Security>,
    /// Whether segments get lost, repeated and reordered.
    pub bad_link: bool,
    /// Whether the size is nearly reached: connections should end, and no new ones begin.
    pub ending: bool,
    /// The number of clients so far, from which the next address is derived.
    pub clients: u32,
}

impl Capture {
    /// Returns a new client.
    pub fn client(&mut self) -> Endpoint {
        self.clients += 1;
        let [_, high, middle, low] = self.clients.to_be_bytes();
        Endpoint { address: [10, high, middle, low], port: self.random.between(32_768, 61_000) as u16 }
    }

    /// Returns one of eight servers.
    pub fn server(&mut self, port: u16) -> Endpoint {
        Endpoint { address: [192, 0, 2, self.random.between(1, 9) as u8], port }
    }

    /// Returns the fate of the next segment.
    pub fn fate(&mut self) -> Fate {
        if self.bad_link { tcp::bad_link(&mut self.random) } else { Fate::Captured }
    }
}

/// Something that sends packets from time to time.
pub trait Actor {
    /// Sends the packets due at `now`; returns the time of the next turn, if any.
    fn act(&mut self, now: u64, capture: &mut Capture) -> Option<u64>;
}

/// The continuation of a conversation.
pub enum Next {
    /// It continues later.
    Continue,
    /// The connection has ended; a new one may replace it.
    Ended,
    /// The connection stays open, and nothing more is sent.
    Silent,
}

/// A conversation over a TCP connection.
pub trait Talk {
    /// The server's port without TLS.
    const PORT: u16;
    /// Starts the conversation, once TCP is open.
    fn open(tcp: &mut Tcp, capture: &mut Capture) -> Self;
    /// Takes the next turn.
    fn talk(&mut self, tcp: &mut Tcp, capture: &mut Capture) -> Next;
}

/// Connections of one kind, one after the other, at a mean rate.
pub struct Caller<T> {
    /// Bytes of the capture file per second.
    rate: u64,
    call: Option<(Tcp, T)>,
    next: u64,
}

impl<T> Caller<T> {
    pub fn new(rate: u64) -> Self {
        Self { rate, call: None, next: 0 }
    }
}

impl<T: Talk> Actor for Caller<T> {
    fn act(&mut self, now: u64, capture: &mut Capture) -> Option<u64> {
        let before = capture.wire.bytes;
        let Some((tcp, talk)) = &mut self.call else {
            if capture.ending {
                return None;
            }
            let port = if capture.tls.is_some() { tls::PORT } else { T::PORT };
            let (client, server) = (capture.client(), capture.server(port));
            let mut tcp = Tcp::open(now, client, server, capture);
            let talk = T::open(&mut tcp, capture);
            self.next = tcp.clock.max(now + pause(before, self.rate, capture));
            let (tcp, _) = self.call.insert((tcp, talk));
            return Some(tcp.ack_due().unwrap_or(u64::MAX).min(self.next));
        };
        if now < self.next {
            tcp.acknowledge(now, capture);
        } else {
            tcp.clock = now;
            let next = talk.talk(tcp, capture);
            self.next = tcp.clock.max(now + pause(before, self.rate, capture));
            match next {
                Next::Continue => {}
                Next::Silent => self.next = u64::MAX,
                Next::Ended => {
                    self.call = None;
                    return Some(self.next);
                }
            }
        }
        let wake = tcp.ack_due().unwrap_or(u64::MAX).min(self.next);
        (wake < u64::MAX).then_some(wake)
    }
}

/// Returns a pause in microseconds, at random within half of its mean, that keeps the file's growth since `before` at
/// `rate`.
pub fn pause(before: u64, rate: u64, capture: &mut Capture) -> u64 {
    let fair = (capture.wire.bytes - before) * 1_000_000 / rate;
    capture.random.between(fair / 2, fair * 3 / 2 + 1)
}

/// Runs the actors, each from its own start, until the file has `size` bytes, and then until all have ended.
pub fn run(actors: Vec<(u64, Box<dyn Actor>)>, size: u64, capture: &mut Capture) -> io::Result<()> {
    let (starts, mut actors): (Vec<_>, Vec<_>) = actors.into_iter().unzip();
    let mut queue: BinaryHeap<_> =
        starts.into_iter().enumerate().map(|(actor, start)| Reverse((start, actor))).collect();
    while let Some(Reverse((now, actor))) = queue.pop() {
        // Packets are never sent before their sender's turn, so all packets before this turn are complete.
        capture.wire.write_until(now.saturating_sub(1))?;
        capture.ending = capture.wire.bytes >= size;
        if let Some(next) = actors[actor].act(now, capture) {
            queue.push(Reverse((next, actor)));
        }
    }
    capture.wire.finish()
}
