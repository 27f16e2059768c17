//! The numbers that packets and TCP connections get in a slice.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::fragmented::Fragmented;
use crate::analyzer::Streams;
use crate::report::Numbering;
use crate::tcp::Segment;

/// Counts the packets of a slice before it is written.
#[derive(Default)]
pub struct Counting {
    /// The packets whose numbers are needed, in ascending order.
    named: Vec<u64>,
    /// For each of them so far, the number of packets in the slice up to it, without fragments; doubled, and one more if it
    /// is itself among these.
    counts: Vec<u64>,
    packets: u64,
    streams: Streams,
    numbers: HashMap<u32, u32, RandomState>,
}

impl Counting {
    /// Creates a count that finds the numbers of the `named` packets.
    pub fn new(mut named: Vec<u64>) -> Self {
        named.sort_unstable();
        named.dedup();
        named.shrink_to_fit();
        Self { counts: Vec::with_capacity(named.len()), named, ..Self::default() }
    }

    /// Takes the next packet of the capture. `is_taken` is whether it is in the slice by itself, and not as a fragment.
    pub fn packet(&mut self, packet: u64, is_taken: bool) {
        self.packets += u64::from(is_taken);
        if self.named.get(self.counts.len()) == Some(&packet) {
            self.counts.push(2 * self.packets + u64::from(is_taken));
        }
    }

    /// Takes the next segment of the slice, of a connection with this stream in the capture.
    pub fn segment(&mut self, stream: u32, segment: &Segment<'_>) {
        let number = self.streams.number(segment);
        self.numbers.entry(stream).or_insert(number);
    }

    /// Returns the numbers in the slice. Must be called after the last packet.
    pub fn finish(self, fragmented: &Fragmented) -> Numbering {
        let Self { named, mut counts, numbers, .. } = self;
        for (packet, count) in named.iter().zip(&mut counts) {
            let is_there = *count % 2 == 1 || fragmented.piece(*packet).is_some();
            *count = if is_there { *count / 2 + fragmented.count_up_to(*packet) } else { 0 };
        }
        Numbering { packets: named, in_slice: counts, streams: numbers, ..Numbering::default() }
    }
}
