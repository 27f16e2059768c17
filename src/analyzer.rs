//! Packets in, the facts of every WebSocket connection out. No clock, no I/O: time enters with the packets.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use foldhash::fast::RandomState;

use crate::capture::Packet;
use crate::connection::{Connection, Interest, Scratch};
use crate::facts::Facts;
use crate::limits;
use crate::packet::Decoder;
use crate::seen::Timestamp;
use crate::sink::{Counts, Sink};
use crate::tcp::{Flags, Segment};

/// Follows every TCP connection of a capture.
#[derive(Default)]
pub struct Analyzer {
    decoder: Decoder,
    flows: HashMap<Key, Flow, RandomState>,
    scratch: Scratch,
    /// Connections that are over, in the order in which they ended: they wait for late segments.
    lingering: VecDeque<(Timestamp, Key, u32)>,
    streams: u32,
    held_bytes: usize,
    sweep_at: usize,
    counts: Counts,
}

/// The TCP connection that a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// As Wireshark numbers `tcp.stream`.
    pub number: u32,
    /// Whether it is, or may become, a WebSocket connection.
    pub is_followed: bool,
}

/// Both endpoints, the lower first: the same for both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    low: [u64; 2],
    high: [u64; 2],
    /// Port of `low`, port of `high`, and whether the addresses are IPv6.
    ports: u64,
}

#[derive(Debug)]
struct Flow {
    stream: u32,
    /// First sequence number of each direction, `low`'s first: a SYN with another one is a new connection.
    base: [Option<u32>; 2],
    ended: bool,
    last: Timestamp,
    connection: Option<Box<Connection>>,
}

impl Analyzer {
    /// Takes the next packet. The TCP connection that it belongs to; `None` for a packet without a segment.
    pub fn push(&mut self, packet: &Packet<'_>, sink: &mut impl Sink) -> Option<Stream> {
        // Before the packet is looked at, so that a `tick` of its time would have changed nothing.
        self.settle(packet.time, sink);
        let Self { decoder, flows, scratch, lingering, streams, held_bytes, counts, .. } = self;
        let segment = decoder.decode(packet)?;
        let now = segment.seen.time;
        let (key, from_low) = Key::of(segment.source, segment.destination);
        let flow = flows.entry(key).or_insert_with(|| Flow::new(streams, now));
        if flow.is_reused_by(&segment, from_low) {
            let old = std::mem::replace(flow, Flow::new(streams, now));
            if let Some(connection) = old.connection {
                *held_bytes -= connection.held_bytes();
                connection.finish(scratch, sink);
            }
        }
        if flow.last < now {
            flow.last = now;
        }
        if flow.note(&segment, from_low) {
            flow.connection = Some(Box::new(Connection::new(flow.stream, &segment, from_low)));
        }
        if let Some(connection) = &mut flow.connection {
            let (held, over) = (connection.held_bytes(), connection.over());
            let interest = connection.push(&segment, from_low, scratch, sink);
            while connection.held_bytes() > 0
                && *held_bytes - held + connection.held_bytes() > limits::OUT_OF_ORDER_TOTAL
            {
                connection.give_up_holes(scratch, sink);
            }
            *held_bytes = *held_bytes - held + connection.held_bytes();
            if interest == Interest::Follow {
                if !over && connection.over() {
                    lingering.push_back((now, key, flow.stream));
                }
            } else {
                counts.encrypted += u64::from(interest == Interest::Encrypted);
                *held_bytes -= connection.held_bytes();
                flow.connection = None;
            }
        }
        let stream = Stream { number: flow.stream, is_followed: flow.connection.is_some() };
        self.counts.tcp_streams = u64::from(self.streams);
        if self.flows.len() > self.sweep_at {
            self.sweep(now, sink);
        }
        Some(stream)
    }

    /// Time has passed without a packet.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl Sink) {
        self.settle(now, sink);
    }

    /// The capture is over.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        let mut connections: Vec<_> = std::mem::take(&mut self.flows)
            .into_values()
            .filter_map(|flow| Some((flow.stream, flow.connection?)))
            .collect();
        connections.sort_unstable_by_key(|(stream, _)| *stream);
        for (_, connection) in connections {
            connection.finish(&mut self.scratch, sink);
        }
        self.held_bytes = 0;
    }

    /// The facts so far of the connection between two endpoints, as if the capture ended here; `None` once it has been given
    /// to the sink, or if it is none to report.
    pub fn facts_between(&self, one: SocketAddr, other: SocketAddr) -> Option<Box<Facts>> {
        let (key, _) = Key::of(one, other);
        self.flows.get(&key)?.connection.as_ref()?.facts_so_far()
    }

    /// Counts of what is no WebSocket connection.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The packets' decoder, which knows what it could not decode.
    pub const fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Judges connections that have been over for a while.
    fn settle(&mut self, now: Timestamp, sink: &mut impl Sink) {
        while let Some((_, key, stream)) = self.lingering.pop_front_if(|(ended, ..)| now.since(*ended) > limits::LINGER)
        {
            let flow = self.flows.get_mut(&key).filter(|flow| flow.stream == stream);
            if let Some(connection) = flow.and_then(|flow| flow.connection.take()) {
                self.held_bytes -= connection.held_bytes();
                connection.finish(&mut self.scratch, sink);
            }
        }
    }

    /// Forgets what is over or silent, oldest first, so that memory does not grow with the capture.
    fn sweep(&mut self, now: Timestamp, sink: &mut impl Sink) {
        let idle = oldest_allowed(self.flows.values().filter(|flow| flow.connection.is_none()), limits::CLOSED_STREAMS);
        let of_interest = |wanted| {
            let is_wanted = move |flow: &&Flow| {
                flow.connection.as_ref().map(|connection| connection.is_reportable()) == Some(wanted)
            };
            self.flows.values().filter(is_wanted)
        };
        let open = oldest_allowed(of_interest(true), limits::CONNECTIONS);
        let unknown = oldest_allowed(of_interest(false), limits::UNKNOWN_CONNECTIONS);
        let Self { flows, scratch, held_bytes, counts, .. } = self;
        flows.retain(|_, flow| {
            let silent = now.since(flow.last) > limits::IDLE_UNKNOWN;
            let Some(connection) = &flow.connection else {
                return flow.last > idle;
            };
            let is_reportable = connection.is_reportable();
            let given_up = is_reportable && flow.last <= open;
            if given_up || (!is_reportable && (silent || flow.last <= unknown)) {
                counts.given_up += u64::from(given_up);
                *held_bytes -= connection.held_bytes();
                if let Some(connection) = flow.connection.take() {
                    connection.finish(scratch, sink);
                }
            }
            true
        });
        // Often enough that what comes between two sweeps stays small beside what is kept.
        self.sweep_at = self.flows.len().saturating_add(limits::UNKNOWN_CONNECTIONS);
    }
}

/// The time such that no more than `most` of the flows have been heard after it.
fn oldest_allowed<'f>(flows: impl Iterator<Item = &'f Flow>, most: usize) -> Timestamp {
    let mut times: Vec<_> = flows.map(|flow| flow.last).collect();
    match times.len().checked_sub(most + 1) {
        Some(excess) => *times.select_nth_unstable(excess).1,
        None => Timestamp::from_nanos(i64::MIN),
    }
}

impl Flow {
    fn new(streams: &mut u32, now: Timestamp) -> Self {
        let stream = *streams;
        *streams = streams.saturating_add(1);
        Self { stream, base: [None; 2], ended: false, last: now, connection: None }
    }

    /// Whether a SYN begins another connection between the same endpoints (Wireshark: "TCP Port numbers reused").
    fn is_reused_by(&self, segment: &Segment<'_>, from_low: bool) -> bool {
        let [low, high] = self.base;
        let base = if from_low { low } else { high };
        segment.flags.has(Flags::SYN)
            && !segment.flags.has(Flags::ACK)
            && base.is_some_and(|base| base != segment.seq || self.ended)
    }

    /// Notes where the directions begin and that one has ended; whether this is the flow's first segment.
    fn note(&mut self, segment: &Segment<'_>, from_low: bool) -> bool {
        let is_first = self.base == [None; 2];
        let [low, high] = &mut self.base;
        let (own, other) = if from_low { (low, high) } else { (high, low) };
        let before = u32::from(!segment.flags.has(Flags::SYN));
        own.get_or_insert(segment.seq.wrapping_sub(before));
        if segment.flags.has(Flags::ACK) {
            other.get_or_insert(segment.ack.wrapping_sub(1));
        }
        self.ended |= segment.flags.has(Flags::FIN) || segment.flags.has(Flags::RST);
        is_first
    }
}

impl Key {
    /// The key of a segment's connection, and whether `low` sent it.
    fn of(source: SocketAddr, destination: SocketAddr) -> (Self, bool) {
        let (from, to) = (bits(source.ip()), bits(destination.ip()));
        let (from_port, to_port) = (u64::from(source.port()), u64::from(destination.port()));
        let version = u64::from(source.is_ipv6()) << 32;
        if (from, from_port) <= (to, to_port) {
            (Self { low: from, high: to, ports: version | from_port << 16 | to_port }, true)
        } else {
            (Self { low: to, high: from, ports: version | to_port << 16 | from_port }, false)
        }
    }
}

/// An address in numbers that order as addresses do. Not `u128`, whose alignment would cost the table 16 bytes a flow.
fn bits(address: IpAddr) -> [u64; 2] {
    match address {
        IpAddr::V4(address) => [0, u64::from(address.to_bits())],
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [(bits >> 64) as u64, bits as u64]
        }
    }
}
