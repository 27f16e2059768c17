//! Packets that own their bytes, so that they can be handed to other threads.

use std::ops::Range;
use std::sync::Arc;

use super::{Attribution, Batch, LinkType, Packet, Source};
use crate::error::Error;
use crate::limits;
use crate::prefetch::prefetch;
use crate::seen::Timestamp;

/// The way in which the packets of a block are dealt among its readers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deal {
    /// The number of readers; 0 if none of them asks which packets are its own.
    pub(crate) readers: usize,
    /// Returns the index of the only reader, of so many, that has to look at a packet; `None` if each has to. It is called
    /// while the packet is in the cache of the thread that reads.
    pub(crate) reader_of: fn(&Packet<'_>, usize) -> Option<usize>,
}

/// Every reader looks at every packet.
impl Default for Deal {
    fn default() -> Self {
        Self { readers: 0, reader_of: |_, _| None }
    }
}

/// The last processes of a block among which that of the next packet is looked for.
const LAST_PROCESSES: usize = 16;

/// Consecutive packets of a source, with their bytes. The memory is used again for later ones.
///
/// ```text
/// bytes    ┊ header ├ packet ┤ header ├──── packet ────┤
/// packets        start     end      start            end
/// ```
///
/// The headers of a file's format are there only if its reader has lent its own buffer.
#[derive(Debug, Default)]
pub struct Block {
    deal: Deal,
    bytes: Vec<u8>,
    packets: Vec<Held>,
    /// The indexes of the packets that each reader has to look at.
    own: Vec<Vec<u32>>,
    /// The processes that packets are said to belong to.
    processes: Vec<Attribution>,
    /// The key logs that the capture contains before the first packet.
    secrets: Vec<u8>,
}

/// A packet but for its bytes. A block is far smaller than 4 GiB.
#[derive(Debug)]
struct Held {
    number: u64,
    time: Timestamp,
    /// The latest time of this and the packets before it in the block.
    latest: Timestamp,
    /// The number of bytes of the packets before it in the block.
    before: u32,
    /// The place of its bytes.
    start: u32,
    len: u32,
    /// Its bytes on the wire.
    length: u32,
    /// The index of its process, if it is named.
    process: Option<u32>,
    link_type: LinkType,
    /// True if only one reader has to look at it.
    is_dealt: bool,
}

const _: () = assert!(size_of::<Held>() <= 56);

/// The sums over consecutive packets of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passing {
    /// The number of packets.
    pub(crate) packets: u64,
    /// The number of their captured bytes.
    pub(crate) bytes: u64,
    /// The number of the last one in the capture.
    pub(crate) last: u64,
    /// None of them is later than this.
    pub(crate) latest: Timestamp,
}

impl Block {
    /// Returns an empty block whose packets will be dealt among so many readers.
    pub(super) fn new(deal: Deal) -> Self {
        Self { deal, own: vec![Vec::new(); deal.readers], ..Self::default() }
    }

    /// Replaces the contents with the next packets of `source`, and with the key logs before the first of them. `coming`
    /// holds the key logs that have been met, and have to be used before the next packet. Returns `false` at the
    /// source's end. After an error, the block holds the packets before it.
    pub(super) fn fill(&mut self, source: &mut dyn Source, coming: &mut Vec<u8>) -> Result<bool, Error> {
        self.packets.clear();
        self.own.iter_mut().for_each(Vec::clear);
        self.processes.clear();
        self.secrets.clear();
        self.secrets.append(coming);
        self.secrets.append(&mut source.take_secrets());
        if source.lend(self)? {
            return Ok(true);
        }
        self.bytes.clear();
        while self.bytes.len() < limits::READ_BUFFER {
            *coming = source.take_secrets();
            if !coming.is_empty() {
                if !self.packets.is_empty() {
                    return Ok(true);
                }
                self.secrets.append(coming);
            }
            let batch = source.batch()?;
            if batch.is_empty() {
                return Ok(false);
            }
            batch.iter().for_each(|packet| self.push(packet));
        }
        Ok(true)
    }

    /// Adds a copy of a packet.
    pub(super) fn push(&mut self, packet: &Packet<'_>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(packet.data);
        self.note(packet, start);
    }

    /// Adds a packet whose bytes begin at `start`, or will once the block takes them.
    #[inline(always)]
    pub(super) fn note(&mut self, packet: &Packet<'_>, start: usize) {
        let Packet { number, time, link_type, data, length, process } = *packet;
        let process = process.and_then(|process| self.index(process));
        let at = self.packets.len() as u32;
        let reader = (self.deal.reader_of)(packet, self.deal.readers);
        match reader {
            Some(reader) => self.own.get_mut(reader).into_iter().for_each(|own| own.push(at)),
            None => self.own.iter_mut().for_each(|own| own.push(at)),
        }
        let (latest, before) = self.packets.last().map_or((time, 0), |last| (last.latest.max(time), last.behind()));
        let (start, len, is_dealt) = (start as u32, data.len() as u32, reader.is_some());
        self.packets.push(Held { number, time, latest, before, start, len, length, process, link_type, is_dealt });
    }

    /// Returns the index of a process, which one of the last packets mostly had, too.
    #[cold]
    fn index(&mut self, process: &Attribution) -> Option<u32> {
        let is_same = |known: &Attribution| Arc::ptr_eq(&known.process, &process.process) && known.end == process.end;
        let last = self.processes.len().saturating_sub(LAST_PROCESSES);
        let known = self.processes.iter().skip(last).position(is_same).map(|at| last + at);
        let at = known.unwrap_or_else(|| {
            self.processes.push(process.clone());
            self.processes.len() - 1
        });
        u32::try_from(at).ok()
    }

    /// Takes other bytes, and returns its own.
    pub(super) const fn take(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        std::mem::replace(&mut self.bytes, bytes)
    }

    /// Returns the number of packets.
    pub(crate) const fn len(&self) -> usize {
        self.packets.len()
    }

    /// Returns the packet at an index.
    #[inline]
    pub(crate) fn packet(&self, at: usize) -> Option<Packet<'_>> {
        let held = self.packets.get(at)?;
        let Held { number, time, link_type, length, process, .. } = *held;
        let data = self.bytes.get(held.place())?;
        let process = process.and_then(|at| self.processes.get(at as usize));
        Some(Packet { number, time, link_type, data, length, process })
    }

    /// Returns the number, in the capture, of the packet at an index.
    #[inline]
    pub(crate) fn number(&self, at: usize) -> Option<u64> {
        self.packets.get(at).map(|held| held.number)
    }

    /// Returns the indexes of the packets that a reader has to look at.
    pub(crate) fn of_reader(&self, reader: usize) -> &[u32] {
        self.own.get(reader).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the packets with some indexes, at most [`limits::BATCH`]. Their first bytes are prefetched: the thread that
    /// has read them has left them in its own cache.
    #[inline]
    pub(crate) fn batch_of(&self, indexes: &[u32]) -> Batch<'_> {
        let packets = indexes.iter().filter_map(|at| self.packet(*at as usize));
        packets.inspect(|packet| packet.data.first().into_iter().for_each(prefetch)).collect()
    }

    /// Returns whether only one reader has to look at the packet at an index.
    #[inline]
    pub(crate) fn is_dealt(&self, at: usize) -> bool {
        self.packets.get(at).is_some_and(|held| held.is_dealt)
    }

    /// Sums up the packets in a range of indexes; returns `None` if the range is empty.
    #[inline]
    pub(crate) fn passing(&self, range: Range<usize>) -> Option<Passing> {
        let held = self.packets.get(range)?;
        let (first, last) = (held.first()?, held.last()?);
        Some(Passing {
            packets: held.len() as u64,
            bytes: u64::from(last.behind().saturating_sub(first.before)),
            last: last.number,
            latest: last.latest,
        })
    }

    /// Returns the number, the time, and the number of bytes of each packet in a range of indexes.
    pub(crate) fn each_passing(&self, range: Range<usize>) -> impl Iterator<Item = (u64, Timestamp, usize)> {
        let held = self.packets.get(range).unwrap_or_default();
        held.iter().map(|held| (held.number, held.time, held.len as usize))
    }

    /// Returns the packets from an index on, at most [`limits::BATCH`].
    pub(super) fn batch(&self, from: usize) -> Batch<'_> {
        (from..self.len().min(from + limits::BATCH)).filter_map(|at| self.packet(at)).collect()
    }

    /// Returns the key logs that have to be used before the first packet.
    pub(crate) fn secrets(&self) -> &[u8] {
        &self.secrets
    }
}

impl Held {
    /// Returns the number of bytes of this and the packets before it in the block.
    #[inline]
    const fn behind(&self) -> u32 {
        self.before.saturating_add(self.len)
    }

    #[inline]
    const fn place(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start.saturating_add(self.len as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READERS: usize = 3;

    /// Each fourth packet is for all readers.
    fn reader_of(packet: &Packet<'_>, readers: usize) -> Option<usize> {
        Some(packet.number as usize % 4).filter(|reader| *reader < readers)
    }

    fn block(packets: u64) -> Block {
        let mut block = Block::new(Deal { readers: READERS, reader_of });
        let data: Vec<u8> = (0..=255).collect();
        for number in 1..=packets {
            let (time, data) =
                (Timestamp::from_nanos((number * 7919 % 100).cast_signed()), &data[..number as usize % 200]);
            block.push(&Packet { number, time, data, ..Packet::NONE });
        }
        block
    }

    #[test]
    fn each_reader_is_dealt_its_own_packets() {
        let block = block(1000);
        for reader in 0..READERS {
            let own = block.of_reader(reader);
            let expected = (0..1000).filter(|at| [reader, 3].contains(&((at + 1) % 4)));
            assert!(own.iter().map(|at| *at as usize).eq(expected), "{reader}");
            let dealt = own.iter().filter(|at| block.is_dealt(**at as usize)).count();
            assert_eq!((dealt, own.len()), (250, 500));
            for some in own.chunks(limits::BATCH) {
                let packets = some.iter().map(|at| block.packet(*at as usize).unwrap());
                assert_eq!(format!("{:?}", block.batch_of(some)), format!("{:?}", packets.collect::<Batch<'_>>()));
            }
        }
        assert!(block.of_reader(READERS).is_empty());
    }

    #[test]
    fn packets_have_together_what_each_has() {
        let block = block(60);
        for range in (0..60).flat_map(|from| (from..=60).map(move |to| from..to)) {
            let each: Vec<_> = block.each_passing(range.clone()).collect();
            let Some(Passing { packets, bytes, last, latest }) = block.passing(range.clone()) else {
                assert!(each.is_empty());
                continue;
            };
            assert_eq!(packets, each.len() as u64);
            assert_eq!(bytes, each.iter().map(|(_, _, len)| *len as u64).sum::<u64>());
            assert_eq!(last, each.last().unwrap().0);
            assert_eq!(latest, block.each_passing(0..range.end).map(|(_, time, _)| time).max().unwrap());
        }
    }
}
