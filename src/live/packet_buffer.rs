//! Packets that wait until their connection is judged: only then is it known whether they are to be written.
//!
//! ```text
//! connection   first packets ┼ dropped ┼ last packets
//!              HELD_FIRST                HELD_LAST       together HELD_TOTAL
//! ```

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

use crate::capture::{LinkType, Packet};
use crate::limits;
use crate::seen::Timestamp;

/// Memory that a held packet takes besides its bytes.
const OVERHEAD: usize = size_of::<OwnedPacket>();

/// The held packets, by the number of their stream.
#[derive(Default)]
pub struct PacketBuffer {
    streams: HashMap<u32, Stream, RandomState>,
    bytes: usize,
    let_go: u64,
}

#[derive(Default)]
struct Stream {
    first: Vec<OwnedPacket>,
    last: VecDeque<OwnedPacket>,
    first_bytes: usize,
    last_bytes: usize,
}

/// A packet that is held.
pub struct OwnedPacket {
    /// The interface it was captured on.
    pub interface: usize,
    number: u64,
    time: Timestamp,
    link_type: LinkType,
    length: u32,
    data: Box<[u8]>,
}

impl PacketBuffer {
    /// Holds a packet of a stream. Drops older ones if the bounds require it.
    pub fn hold(&mut self, stream: u32, interface: usize, packet: &Packet<'_>) {
        let Packet { number, time, link_type, data, length, .. } = *packet;
        let kept = OwnedPacket { interface, number, time, link_type, length, data: data.into() };
        let size = kept.size();
        let held = self.streams.entry(stream).or_default();
        self.bytes += size;
        if held.last.is_empty() && held.first_bytes + size <= limits::HELD_FIRST {
            held.first_bytes += size;
            held.first.push(kept);
        } else {
            held.last_bytes += size;
            held.last.push_back(kept);
            let (bytes, packets) = held.shrink(limits::HELD_LAST);
            self.bytes -= bytes;
            self.let_go += packets;
        }
        if self.bytes > limits::HELD_TOTAL {
            self.make_room();
        }
    }

    /// Drops the packets of a stream.
    pub fn forget(&mut self, stream: u32) {
        if let Some(stream) = self.streams.remove(&stream) {
            self.bytes -= stream.first_bytes + stream.last_bytes;
        }
    }

    /// Returns the held packets of a stream, in the order in which they came, and holds them no longer.
    pub fn release(&mut self, stream: u32) -> impl Iterator<Item = OwnedPacket> {
        let stream = self.streams.remove(&stream).unwrap_or_default();
        self.bytes -= stream.first_bytes + stream.last_bytes;
        stream.first.into_iter().chain(stream.last)
    }

    /// Returns the number of packets dropped for lack of room before it was known whether they were wanted.
    pub const fn let_go(&self) -> u64 {
        self.let_go
    }

    /// Frees a quarter of [`limits::HELD_TOTAL`], from the streams that hold most first.
    fn make_room(&mut self) {
        let enough = limits::HELD_TOTAL / 4 * 3;
        let mut largest: Vec<_> = self.streams.iter_mut().collect();
        largest.sort_unstable_by_key(|(_, stream)| std::cmp::Reverse(stream.last_bytes));
        for (_, stream) in &mut largest {
            let (bytes, packets) = stream.shrink(stream.last_bytes / 2);
            self.bytes -= bytes;
            self.let_go += packets;
            if self.bytes <= enough {
                return;
            }
        }
        // Not enough, because there are too many streams: drop all packets of some.
        let all: Vec<_> = largest.into_iter().map(|(number, _)| *number).collect();
        for number in all {
            if self.bytes <= enough {
                return;
            }
            self.let_go +=
                self.streams.get(&number).map_or(0, |stream| (stream.first.len() + stream.last.len()) as u64);
            self.forget(number);
        }
    }
}

impl Stream {
    /// Drops the oldest of the last packets until they are at most `most` bytes. Returns the number of bytes and
    /// packets dropped.
    fn shrink(&mut self, most: usize) -> (usize, u64) {
        let (mut bytes, mut packets) = (0, 0);
        while self.last_bytes > most {
            let Some(oldest) = self.last.pop_front() else { break };
            self.last_bytes -= oldest.size();
            bytes += oldest.size();
            packets += 1;
        }
        (bytes, packets)
    }
}

impl OwnedPacket {
    /// Returns the packet as it came.
    pub fn packet(&self) -> Packet<'_> {
        let Self { number, time, link_type, length, data, .. } = self;
        Packet { number: *number, time: *time, link_type: *link_type, data, length: *length, process: None }
    }

    fn size(&self) -> usize {
        self.data.len() + OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(held: &mut PacketBuffer, stream: u32, numbers: std::ops::Range<u64>, size: usize) {
        let data = vec![0; size];
        for number in numbers {
            let length = u32::try_from(size).unwrap();
            let packet = Packet {
                number,
                time: Timestamp::default(),
                link_type: LinkType::ETHERNET,
                data: &data,
                length,
                process: None,
            };
            held.hold(stream, 0, &packet);
        }
    }

    fn numbers(held: &mut PacketBuffer, stream: u32) -> Vec<u64> {
        held.release(stream).map(|kept| kept.packet().number).collect()
    }

    #[test]
    fn the_first_and_the_last_packets_stay() {
        let mut held = PacketBuffer::default();
        hold(&mut held, 7, 0..10_000, 1000);
        hold(&mut held, 8, 10_000..10_003, 10);
        let numbers_of_7 = numbers(&mut held, 7);
        assert_eq!((numbers_of_7[0], numbers_of_7.last()), (0, Some(&9999)));
        let jumps = numbers_of_7.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
        assert_eq!((jumps, held.let_go()), (1, 10_000 - numbers_of_7.len() as u64));
        assert!(numbers_of_7.len() * 1000 < limits::HELD_FIRST + limits::HELD_LAST);
        assert_eq!(numbers(&mut held, 8), [10_000, 10_001, 10_002]);
        assert_eq!(numbers(&mut held, 8), [0; 0]);
        assert_eq!(held.bytes, 0);
    }

    #[test]
    fn all_together_stay_within_the_bound() {
        let mut held = PacketBuffer::default();
        for stream in 0..100 {
            hold(&mut held, stream, 0..1000, 1000);
            assert!(held.bytes <= limits::HELD_TOTAL);
        }
        assert!((0..100).all(|stream| held.streams[&stream].first[0].number == 0), "the opening handshakes stay");
        // So many streams that even their first packets are too much.
        for stream in 0..5000 {
            hold(&mut held, 1000 + stream, 0..50, 1000);
            assert!(held.bytes <= limits::HELD_TOTAL);
        }
        // Larger than the first packets may be, so that the halved last ones go with their streams.
        for stream in 0..1000 {
            hold(&mut held, 6000 + stream, 0..70, 1000);
        }
        let pushed = 100 * 1000 + 5000 * 50 + 1000 * 70;
        let released: usize = (0..7000).map(|stream| numbers(&mut held, stream).len()).sum();
        assert_eq!(released as u64 + held.let_go(), pushed, "each packet is released or counted");
        assert_eq!(held.bytes, 0);
    }
}
