//! Captures, the sources of packets. This is the only stage that does I/O, so it is the only one that can fail.
//!
//! ```text
//! paths ─ find ─ sets ─┬─ one file ───────────────────────────────┬─ Source
//!                      └─ several: merge, by time ─ one file each ┘
//! one file: file or pipe ─ compressed (gzip, zstd, lz4) ─ Window ─ pcap or pcapng reader
//! Source ─ read_ahead: the same packets, read on a thread of their own; or Turns: in blocks, by or for several threads
//! ```
//!
//! In `pcap` and `pcapng`, the files that parse bytes keep no state, and the readers that keep state do not know byte
//! offsets.

mod ahead;
mod attribution;
mod block;
mod compressed;
mod copy;
mod drops;
mod file;
mod filling;
#[cfg(feature = "live")]
pub mod filter;
mod inputs;
#[cfg(feature = "live")]
mod libpcap;
mod link_type;
#[cfg(all(feature = "live", unix))]
pub mod live;
mod merge;
mod meter;
mod note;
mod open;
mod pcap;
pub mod pcapng;
pub mod recording;
mod rotated;
mod tally;
#[cfg(test)]
mod testing;
mod turns;
mod watched;
mod window;

pub use ahead::read_ahead;
pub use attribution::{Attribution, End as AttributedEnd, Process};
pub use block::Block;
pub(crate) use block::Deal;
pub use compressed::Damage;
pub use copy::{Comments, Copied, copy};
pub use drops::Drops;
pub(crate) use filling::{End, Lent};
pub use inputs::{Input, Inputs, find, links};
pub use link_type::LinkType;
pub use meter::{Meter, size};
pub use note::{Fault, Inside, Note, Unit};
pub use open::{key_log_lines, open, open_files, read};
pub use rotated::confirmed;
pub(crate) use turns::Turns;
pub use watched::Watched;

use std::io;
use std::time::Duration;

use arrayvec::ArrayVec;

use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

/// A captured packet, borrowed from its [`Source`] until the next [`Source::advance`].
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// The number, from 1 in the order of the source: Wireshark's `frame.number`.
    pub number: u64,
    /// The time of capture.
    pub time: Timestamp,
    /// The format of its first bytes.
    pub link_type: LinkType,
    /// The captured bytes; at most [`limits::PACKET`].
    pub data: &'a [u8],
    /// Bytes on the wire; more than `data.len()` if the capture's snaplen cut the packet, never less.
    pub length: u32,
    /// The process that the capture names at an end of it.
    pub process: Option<&'a Attribution>,
}

impl Packet<'_> {
    /// The packet of a source that has no current one.
    const NONE: Self = Self {
        number: 0,
        time: Timestamp::from_nanos(0),
        link_type: LinkType::NULL,
        data: &[],
        length: 0,
        process: None,
    };
}

/// Packets that are in memory together, in order; borrowed until their source advances.
pub type Batch<'a> = ArrayVec<Packet<'a>, { limits::BATCH }>;

/// A source of packets, in order.
///
/// Advancing and looking at a packet are two calls, so that a merge can hold the head of each source without copying
/// it.
pub trait Source {
    /// Moves to the next packet. Returns `false` at the end, and from then on.
    fn advance(&mut self) -> Result<bool, Error>;

    /// Returns the packet that the last successful [`advance`](Self::advance) moved to. Before the first packet and
    /// after the end, the fields mean nothing.
    fn packet(&self) -> Packet<'_>;

    /// Moves past the next packets and returns them together: as many as are in memory, at most [`limits::BATCH`].
    /// Returns none at the end, and from then on. No packet before an error is lost.
    fn batch(&mut self) -> Result<Batch<'_>, Error> {
        let mut batch = Batch::new();
        if self.advance()? {
            batch.push(self.packet());
        }
        Ok(batch)
    }

    /// Moves past the packets that are in memory behind the current one, as long as they are not later than `until`. Returns
    /// the current packet and those, at most [`limits::BATCH`]. If the source has moved to a packet that is later, this is
    /// the current one now, and its time is returned, too; otherwise all packets up to here have been returned.
    fn batch_until(&mut self, until: Timestamp) -> (Batch<'_>, Option<Timestamp>) {
        let _ = until;
        (std::iter::once(self.packet()).collect(), None)
    }

    /// Moves past the next packets, puts them into an empty block, and lends it the memory that their bytes are in.
    /// Returns `false` if nothing can be lent; then nothing has happened.
    fn lend(&mut self, block: &mut Block) -> Result<bool, Error> {
        let _ = block;
        Ok(false)
    }

    /// Returns whether reading takes about as long as analysing, so that a thread of its own is worth it: that of compressed
    /// captures does.
    fn takes_time(&self) -> bool {
        false
    }

    /// Returns what the capture records about the current [`packet`](Self::packet), besides its bytes.
    fn marks(&self) -> Marks {
        Marks::default()
    }

    /// Takes the TLS key logs that the capture has held since the last call: the contents of its Decryption Secrets
    /// Blocks, up to [`limits::SECRETS`] bytes.
    fn take_secrets(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// Returns what has been read so far: one summary for each file, in the order they were given.
    fn summaries(&self) -> Vec<Summary>;
}

/// The metadata of a packet in a capture. A copy of the packet must carry them, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// The interface's name; empty if unknown.
    pub interface: String,
    /// Bytes kept of each packet on that interface; 0 for all.
    pub snaplen: u32,
    /// Packets lost before this one on that interface, as far as the capture records it.
    pub lost: u64,
    /// Its direction and other flags, as in the option of an Enhanced Packet Block; 0 if unknown.
    pub flags: u32,
    /// Comments on the packet.
    pub comments: Vec<String>,
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn advance(&mut self) -> Result<bool, Error> {
        (**self).advance()
    }

    fn packet(&self) -> Packet<'_> {
        (**self).packet()
    }

    fn batch(&mut self) -> Result<Batch<'_>, Error> {
        (**self).batch()
    }

    fn batch_until(&mut self, until: Timestamp) -> (Batch<'_>, Option<Timestamp>) {
        (**self).batch_until(until)
    }

    fn lend(&mut self, block: &mut Block) -> Result<bool, Error> {
        (**self).lend(block)
    }

    fn takes_time(&self) -> bool {
        (**self).takes_time()
    }

    fn marks(&self) -> Marks {
        (**self).marks()
    }

    fn take_secrets(&mut self) -> Vec<u8> {
        (**self).take_secrets()
    }

    fn summaries(&self) -> Vec<Summary> {
        (**self).summaries()
    }
}

/// The summary of one capture file, for a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The file's path, or `-` for standard input.
    pub path: String,
    /// `pcap`, `pcap (ns)`, `pcap (modified)` or `pcapng`, with `+gzip`, `+zstd` or `+lz4` if it was compressed.
    pub format: String,
    /// Packets read.
    pub packets: u64,
    /// Uncompressed bytes read: up to the end of the file, or up to what could not be read ([`Note::Unreadable`]).
    /// Bytes that were only read ahead are not counted.
    pub bytes: u64,
    /// The time of the earliest packet.
    pub first: Option<Timestamp>,
    /// The time of the latest packet.
    pub last: Option<Timestamp>,
    /// The reader's notes.
    pub notes: Vec<Note>,
    /// The spans in which packets were dropped while capturing.
    pub drops: Vec<Drops>,
    /// The capture that it belongs to, from 0: files that were merged belong to one.
    pub capture: u32,
    /// The places of its packets among those of a merge, in order; empty if it was read by itself. Beyond
    /// [`limits::RUNS`] of all files, places are not kept.
    pub runs: Vec<Run>,
}

/// Packets of one file that follow one another in a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The number of the first one in the merge.
    pub merged: u64,
    /// Its number in the file.
    pub own: u64,
    /// The number of packets.
    pub count: u64,
}

impl Run {
    /// Returns whether its packets come right behind those of `earlier`, in the merge and in the file.
    pub(crate) fn follows(&self, earlier: &Self) -> bool {
        earlier.merged.checked_add(earlier.count) == Some(self.merged)
            && earlier.own.checked_add(earlier.count) == Some(self.own)
    }
}

impl Summary {
    /// Returns whether the packets of a file come after those of `earlier`, as in a rotated set: without an overlap, except
    /// for packets of several interfaces that are not quite in order.
    pub(crate) fn continues(&self, earlier: &Self) -> bool {
        let Some((next, last)) = self.first.zip(earlier.last) else { return true };
        let overlap = last.since(next);
        earlier.first <= self.first && overlap <= rotated::OVERLAP && overlap <= self.span().min(earlier.span()) / 2
    }

    /// Returns the time that its packets cover.
    pub(crate) fn span(&self) -> Duration {
        self.first.zip(self.last).map_or(Duration::ZERO, |(first, last)| last.since(first))
    }

    /// Returns the error of a file whose decompressor failed, with its offset and reason; `None` if it did not fail.
    pub fn damage(&self) -> Option<Error> {
        self.notes.iter().find_map(|note| match note {
            Note::Damaged { damage, at, .. } => {
                let source = io::Error::new(io::ErrorKind::InvalidData, damage.clone());
                Some(Error::Read { path: self.path.clone().into(), offset: *at, source })
            }
            _ => None,
        })
    }
}
