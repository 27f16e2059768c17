//! Packets that own their bytes, so that they can be handed to another thread.

use arrayvec::ArrayVec;

use super::{Batch, LinkType, Packet, Source};
use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

/// A function that gives a packet a tag while its bytes are in the reading thread's cache. The tag tells other threads
/// whether they have to look at these bytes at all.
pub(crate) type TagOf = fn(&Packet<'_>) -> u32;

/// Consecutive packets of a source, with their bytes. The memory is reused by the next [`Block::fill`].
///
/// ```text
/// bytes    ├ packet ┼ packet ┼──── packet ────┤
/// packets       end ┘    end ┘            end ┘
/// ```
#[derive(Debug, Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    packets: Vec<Held>,
    /// The key logs that the capture contains before the first packet.
    secrets: Vec<u8>,
}

/// A packet but for its bytes, which begin where those of the packet before it end.
#[derive(Debug)]
struct Held {
    number: u64,
    time: Timestamp,
    link_type: LinkType,
    length: u32,
    end: usize,
    tag: u32,
}

impl Block {
    /// Replaces the contents with the next packets of `source`, and with the key logs before the first of them. `coming`
    /// holds the key logs that have been met, and have to be used before the next packet. Returns `false` at the
    /// source's end. After an error, the block holds the packets before it.
    pub(super) fn fill(&mut self, source: &mut dyn Source, coming: &mut Vec<u8>, tag_of: TagOf) -> Result<bool, Error> {
        self.bytes.clear();
        self.packets.clear();
        self.secrets.clear();
        self.secrets.append(coming);
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

    fn push(&mut self, packet: &Packet<'_>, tag: u32) {
        let Packet { number, time, link_type, data, length } = *packet;
        self.bytes.extend_from_slice(data);
        self.packets.push(Held { number, time, link_type, length, end: self.bytes.len(), tag });
    }

    /// Returns the number of packets.
    pub(super) const fn len(&self) -> usize {
        self.packets.len()
    }

    /// Returns the packet at an index.
    #[inline]
    pub(super) fn packet(&self, at: usize) -> Option<Packet<'_>> {
        let before = at.checked_sub(1).and_then(|before| self.packets.get(before));
        let Held { number, time, link_type, length, end, .. } = *self.packets.get(at)?;
        let data = self.bytes.get(before.map_or(0, |before| before.end)..end)?;
        Some(Packet { number, time, link_type, data, length })
    }

    /// Returns the packets, at most [`limits::BATCH`] at a time, and their tags.
    pub(crate) fn batches(&self) -> impl Iterator<Item = (Batch<'_>, ArrayVec<u32, { limits::BATCH }>)> {
        let tags = |from: usize| self.packets.iter().skip(from).take(limits::BATCH).map(|held| held.tag).collect();
        (0..self.len()).step_by(limits::BATCH).map(move |from| (self.batch(from), tags(from)))
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
