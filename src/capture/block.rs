//! Packets that own their bytes, so that they can be handed to another thread.

use std::ops::Range;
use std::sync::Arc;

use arrayvec::ArrayVec;

use super::{Attribution, Batch, LinkType, Packet, Source};
use crate::error::Error;
use crate::limits;
use crate::prefetch::prefetch;
use crate::seen::Timestamp;

/// A function that gives a packet a tag while its bytes are in the cache of the thread that reads. The tag tells other
/// threads whether they have to look at these bytes at all.
pub type TagOf = fn(&Packet<'_>) -> u32;

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
    bytes: Vec<u8>,
    packets: Vec<Held>,
    /// The processes that packets are said to belong to.
    processes: Vec<Attribution>,
    /// The key logs that the capture contains before the first packet.
    secrets: Vec<u8>,
}

/// A packet but for its bytes.
#[derive(Debug)]
struct Held {
    number: u64,
    time: Timestamp,
    link_type: LinkType,
    length: u32,
    tag: u32,
    /// The index of its process, if it is named.
    process: Option<u32>,
    /// The place of its bytes.
    start: usize,
    end: usize,
}

impl Block {
    /// Replaces the contents with the next packets of `source`, and with the key logs before the first of them. `coming`
    /// holds the key logs that have been met, and have to be used before the next packet. Returns `false` at the
    /// source's end. After an error, the block holds the packets before it.
    pub(super) fn fill(&mut self, source: &mut dyn Source, coming: &mut Vec<u8>, tag_of: TagOf) -> Result<bool, Error> {
        self.packets.clear();
        self.processes.clear();
        self.secrets.clear();
        self.secrets.append(coming);
        self.secrets.append(&mut source.take_secrets());
        if source.lend(self, tag_of)? {
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
            batch.iter().for_each(|packet| self.push(packet, tag_of(packet)));
        }
        Ok(true)
    }

    /// Adds a copy of a packet.
    pub(super) fn push(&mut self, packet: &Packet<'_>, tag: u32) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(packet.data);
        self.note(packet, tag, start);
    }

    /// Adds a packet whose bytes begin at `start`, or will once the block takes them.
    #[inline]
    pub(super) fn note(&mut self, packet: &Packet<'_>, tag: u32, start: usize) {
        let Packet { number, time, link_type, data, length, process } = *packet;
        let process = process.and_then(|process| self.index(process));
        self.packets.push(Held { number, time, link_type, length, tag, process, start, end: start + data.len() });
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
        let Held { number, time, link_type, length, process, start, end, .. } = *self.packets.get(at)?;
        let data = self.bytes.get(start..end)?;
        let process = process.and_then(|at| self.processes.get(at as usize));
        Some(Packet { number, time, link_type, data, length, process })
    }

    /// Returns the indexes of the next packets from an index on whose tags `is_wanted`, at most [`limits::BATCH`], with
    /// these tags. The bytes of the packets are prefetched: the thread that has read them has left them in its own
    /// cache.
    pub(crate) fn select(
        &self,
        from: usize,
        is_wanted: impl Fn(u32) -> bool,
    ) -> ArrayVec<(usize, u32), { limits::BATCH }> {
        let rest = self.packets.get(from..).unwrap_or_default();
        let mut selected = ArrayVec::new();
        for (held, at) in rest.iter().zip(from..) {
            if is_wanted(held.tag) {
                self.bytes.get(held.start).into_iter().for_each(prefetch);
                selected.push((at, held.tag));
                if selected.is_full() {
                    break;
                }
            }
        }
        selected
    }

    /// Returns the number, the time, and the number of bytes of each packet in a range of indexes.
    #[inline]
    pub(crate) fn passing(&self, range: Range<usize>) -> impl Iterator<Item = (u64, Timestamp, usize)> {
        let held = self.packets.get(range).unwrap_or_default();
        held.iter().map(|held| (held.number, held.time, held.end - held.start))
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
