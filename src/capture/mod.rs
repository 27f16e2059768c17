//! Captures: where packets come from. The only stage that does I/O, so the only one that can fail.
//!
//! ```text
//! paths ─ open ─┬─ one file ───────────────────────────────┬─ Source
//!               └─ several: merge, by time ─ one file each ┘
//! one file: file or pipe ─ compressed (gzip, zstd, lz4) ─ Window ─ pcap or pcapng reader
//! ```
//!
//! In `pcap` and `pcapng` the files that parse bytes keep no state, and the readers that keep state know no byte offset.

mod compressed;
mod drops;
mod file;
#[cfg(feature = "live")]
pub mod filter;
#[cfg(feature = "live")]
mod libpcap;
mod link_type;
#[cfg(all(feature = "live", unix))]
pub mod live;
mod merge;
mod note;
mod open;
mod pcap;
pub mod pcapng;
pub mod recording;
mod tally;
#[cfg(test)]
mod testing;
mod window;

pub use compressed::Damage;
pub use drops::Drops;
pub use link_type::LinkType;
pub use note::{Fault, Inside, Note, Unit};
pub use open::{files, key_log_lines, open, read};

use std::io;

use arrayvec::ArrayVec;

use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

/// A captured unit, lent by its [`Source`] until the next [`Source::advance`].
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// From 1, in the order the source gives them: Wireshark's `frame.number`.
    pub number: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// What its first bytes are.
    pub link_type: LinkType,
    /// The bytes that were kept; at most [`limits::PACKET`].
    pub data: &'a [u8],
    /// Bytes on the wire; more than `data.len()` where the capture's snaplen cut the packet, never less.
    pub length: u32,
}

/// Packets that are in memory together, in their order; lent until their source moves on.
pub type Batch<'a> = ArrayVec<Packet<'a>, { limits::BATCH }>;

/// Something that yields packets in order.
///
/// Moving and looking are two calls, so that a merge can hold the head of each source without copying it.
pub trait Source {
    /// Moves to the next packet; `false` when there is none, and from then on.
    fn advance(&mut self) -> Result<bool, Error>;

    /// The packet that the last successful [`advance`](Self::advance) moved to. Before that, and after the end, the
    /// packet's fields mean nothing.
    fn packet(&self) -> Packet<'_>;

    /// Moves over the next packets, as many as are in memory, at most a batch, and lends them together; none at the end,
    /// and from then on. An error costs no packet before it.
    fn batch(&mut self) -> Result<Batch<'_>, Error> {
        let mut batch = Batch::new();
        if self.advance()? {
            batch.push(self.packet());
        }
        Ok(batch)
    }

    /// What the capture says of the packet that [`packet`](Self::packet) gives, beside its bytes.
    fn marks(&self) -> Marks {
        Marks::default()
    }

    /// What has been read so far: one entry for each file, in the order they were given.
    fn summaries(&self) -> Vec<Summary>;
}

/// What a capture says of a packet: whoever copies the packet copies it, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// The interface's name; empty where it is not known.
    pub interface: String,
    /// Bytes that were kept of a packet there; 0 for all.
    pub snaplen: u32,
    /// Packets lost before it on that interface, as far as the capture says so.
    pub lost: u64,
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

    fn marks(&self) -> Marks {
        (**self).marks()
    }

    fn summaries(&self) -> Vec<Summary> {
        (**self).summaries()
    }
}

/// What a report says of one capture file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The file's path, or `-` for standard input.
    pub path: String,
    /// `pcap`, `pcap (ns)`, `pcap (modified)`, `pcapng`, with `+gzip`, `+zstd` or `+lz4` where it was compressed.
    pub format: String,
    /// Packets read.
    pub packets: u64,
    /// Bytes of it, uncompressed, that have been read: up to its end, or to what could not be read
    /// ([`Note::Unreadable`]). Those that were only read ahead are not counted.
    pub bytes: u64,
    /// Time of the earliest packet.
    pub first: Option<Timestamp>,
    /// Time of the latest packet.
    pub last: Option<Timestamp>,
    /// What the reader met.
    pub notes: Vec<Note>,
    /// When packets were dropped while capturing.
    pub drops: Vec<Drops>,
}

impl Summary {
    /// Returns the error of a file whose decompressor gave up: where, and why.
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
