//! Captures: where packets come from. The only stage that does I/O, so the only one that can fail.

use crate::error::Error;
use crate::seen::Timestamp;

/// Link-layer header type of a packet: a number of the registry shared by pcap and pcapng
/// (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

/// A captured unit, lent by its [`Source`] until the next [`Source::advance`].
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// From 1, in the order the source gives them: Wireshark's `frame.number`.
    pub number: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// What its first bytes are.
    pub link_type: LinkType,
    /// The bytes that were kept.
    pub data: &'a [u8],
    /// Bytes on the wire; more than `data.len()` where the capture's snaplen cut the packet.
    pub length: u32,
}

/// Something that yields packets in order.
///
/// Moving and looking are two calls, so that a merge can hold the head of each source without copying it.
pub trait Source {
    /// Moves to the next packet; `false` when there is none.
    fn advance(&mut self) -> Result<bool, Error>;

    /// The packet that the last successful [`advance`](Self::advance) moved to.
    fn packet(&self) -> Packet<'_>;

    /// What has been read so far: one entry for each file.
    fn summaries(&self) -> Vec<Summary>;
}

/// What a report says of one capture file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The file's path, or `-` for standard input.
    pub path: String,
    /// `pcap`, `pcap (ns)`, `pcapng`, with `+gzip` and the like where it was compressed.
    pub format: String,
    /// Packets read.
    pub packets: u64,
    /// Bytes read, uncompressed.
    pub bytes: u64,
    /// Time of the earliest packet.
    pub first: Option<Timestamp>,
    /// Time of the latest packet.
    pub last: Option<Timestamp>,
    /// What the reader met: truncation, skipped blocks, packets dropped while capturing.
    pub notes: Vec<String>,
}
