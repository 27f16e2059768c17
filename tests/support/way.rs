//! Runs the whole analysis of a capture in memory.

use std::num::NonZero;

use whyclosed::analyzer::{Analyzer, KeyLog};
use whyclosed::capture::{LinkType, Packet, Source, Summary};
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::facts::Facts;
use whyclosed::report::{Collection, Material, Report};
use whyclosed::seen::Timestamp;

use super::captured::Captured;

/// Nanoseconds between packets, unless there are many packets.
const STEP: i64 = 1000;

/// An upper bound on the duration of these captures, in nanoseconds: the shortest time that any rule uses (whether a server had
/// sent something just before its Close frames). Without it, smaller segments would make a capture last longer, and no report
/// can promise to be independent of that.
const LASTS: i64 = 1_000_000;

/// Returns the nanoseconds between the packets of a capture with so many of them.
fn step(packets: usize) -> i64 {
    STEP.min(LASTS / (packets as i64 + 1))
}

/// Returns the facts of all connections in these Ethernet frames.
pub fn facts(packets: &[Vec<u8>]) -> Vec<Box<Facts>> {
    pushed(captured(packets))
}

/// Returns the same, from packets that are pushed together, as many as come.
pub fn facts_in_batches(packets: &[Vec<u8>]) -> Vec<Box<Facts>> {
    let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
    let packets: Vec<_> = captured(packets).collect();
    analyzer.push_all(&packets, &mut facts);
    analyzer.finish(&mut facts);
    facts
}

/// Returns the same, from an analysis on so many threads.
pub fn facts_in_parallel(packets: &[Vec<u8>], threads: usize) -> Vec<Box<Facts>> {
    facts_of_in_parallel(captured(packets).map(Captured::from).collect(), threads)
}

/// Returns the facts of all connections in these packets of a capture, from an analysis on so many threads.
pub fn facts_of_in_parallel(packets: Vec<Captured>, threads: usize) -> Vec<Box<Facts>> {
    let source = Memory { packets, at: 0 };
    let (threads, collection) = (NonZero::new(threads).unwrap(), Collection::default());
    let analysed = Analyzer::default().read_in_parallel(Box::new(source), threads, collection, |_| {});
    analysed.collection.finish().facts.iter().collect()
}

/// A source of packets in memory.
struct Memory {
    packets: Vec<Captured>,
    /// The number of the current packet.
    at: usize,
}

impl Source for Memory {
    fn advance(&mut self) -> Result<bool, Error> {
        self.at += 1;
        Ok(self.at <= self.packets.len())
    }

    fn packet(&self) -> Packet<'_> {
        packet_of(&self.packets[self.at - 1], self.at as u64)
    }

    fn summaries(&self) -> Vec<Summary> {
        Vec::new()
    }
}

fn captured(packets: &[Vec<u8>]) -> impl Iterator<Item = Packet<'_>> {
    let step = step(packets.len());
    packets.iter().zip(1u32..).map(move |(bytes, number)| Packet {
        number: u64::from(number),
        time: Timestamp::from_nanos(i64::from(number) * step),
        link_type: LinkType::ETHERNET,
        data: bytes,
        length: bytes.len() as u32,
        process: None,
    })
}

/// Returns the same, with the packets from index `from` on delayed by so many microseconds.
pub fn facts_delayed(packets: &[Vec<u8>], from: usize, micros: u32) -> Vec<Box<Facts>> {
    let step = step(packets.len());
    pushed(packets.iter().zip(1u32..).map(|(bytes, number)| {
        let late = if number as usize > from { i64::from(micros) * 1000 } else { 0 };
        Packet {
            number: u64::from(number),
            time: Timestamp::from_nanos(i64::from(number) * step + late),
            link_type: LinkType::ETHERNET,
            data: bytes,
            length: bytes.len() as u32,
            process: None,
        }
    }))
}

/// Returns the facts of all connections in these packets of a capture.
pub fn facts_of(packets: &[Captured]) -> Vec<Box<Facts>> {
    pushed(packets.iter().zip(1..).map(|(packet, number)| packet_of(packet, number)))
}

fn packet_of(packet: &Captured, number: u64) -> Packet<'_> {
    let Captured { time, link_type, data, length } = packet;
    let length = (*length).max(data.len() as u32);
    Packet { number, time: *time, link_type: *link_type, data, length, process: None }
}

/// Returns the same, read with the keys in a key log.
pub fn facts_with_keys(packets: &[Captured], log: &[u8]) -> Vec<Box<Facts>> {
    secured(Analyzer::default(), packets, log)
}

/// Returns the same, with searches for the lower sequence numbers of one secret only. The others take minutes over
/// thousands of captures.
pub fn facts_with_keys_nearby(packets: &[Captured], log: &[u8]) -> Vec<Box<Facts>> {
    let mut analyzer = Analyzer::default();
    analyzer.limit_searches(1 << 16);
    secured(analyzer, packets, log)
}

fn secured(mut analyzer: Analyzer, packets: &[Captured], log: &[u8]) -> Vec<Box<Facts>> {
    let mut facts = Vec::new();
    analyzer.push_keys(&mut KeyLog::default(), log, &mut facts);
    for (packet, number) in packets.iter().zip(1..) {
        analyzer.push(&packet_of(packet, number), &mut facts);
    }
    analyzer.finish(&mut facts);
    facts
}

fn pushed<'p>(packets: impl Iterator<Item = Packet<'p>>) -> Vec<Box<Facts>> {
    let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
    packets.for_each(|packet| {
        analyzer.push(&packet, &mut facts);
    });
    analyzer.finish(&mut facts);
    facts
}

pub fn report(facts: Vec<Box<Facts>>) -> Report {
    let last = facts.iter().map(|facts| facts.last.time).max();
    let captures = vec![Summary { last, ..Summary::default() }];
    Report::new(Material { captures, facts: facts.into(), ..Material::default() }, Language::English)
}
