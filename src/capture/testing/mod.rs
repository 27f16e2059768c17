//! Support for the tests of this folder: captures built byte by byte, and everything that a reader makes of them.

pub(super) mod build;
#[cfg(feature = "live")]
#[path = "../../../tests/support/tools.rs"]
pub(super) mod tools;

use std::io::Cursor;
use std::path::Path;

use super::{LinkType, Note, Packet, Source, Summary, file};
use crate::error::Error;

/// An owned packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) nanos: i64,
    pub(super) link_type: LinkType,
    pub(super) data: Vec<u8>,
    pub(super) length: u32,
}

impl From<&Packet<'_>> for Owned {
    fn from(packet: &Packet<'_>) -> Self {
        Self {
            nanos: packet.time.as_nanos(),
            link_type: packet.link_type,
            data: packet.data.to_vec(),
            length: packet.length,
        }
    }
}

/// Returns all packets of `source`, which must be numbered from 1, and the summaries after the last.
pub(super) fn drain(source: &mut dyn Source) -> Result<(Vec<Owned>, Vec<Summary>), Error> {
    let mut packets = Vec::new();
    while source.advance()? {
        let packet = source.packet();
        packets.push(Owned::from(&packet));
        assert_eq!(packet.number, packets.len() as u64);
    }
    assert!(!source.advance()?, "the end is final");
    Ok((packets, source.summaries()))
}

/// Returns the same in batches.
pub(super) fn drain_batches(source: &mut dyn Source) -> Result<(Vec<Owned>, Vec<Summary>), Error> {
    let mut packets = Vec::new();
    loop {
        let batch = source.batch()?;
        if batch.is_empty() {
            break;
        }
        for packet in &batch {
            packets.push(Owned::from(packet));
            assert_eq!(packet.number, packets.len() as u64);
        }
    }
    assert!(source.batch()?.is_empty(), "the end is final");
    Ok((packets, source.summaries()))
}

/// Returns all packets of the file `bytes`, read through a window of 64 bytes, and its summary.
pub(super) fn read(bytes: &[u8]) -> Result<(Vec<Owned>, Summary), Error> {
    let mut source = file::recognise(Path::new("test"), Box::new(Cursor::new(bytes.to_vec())), 64)?;
    let (packets, mut summaries) = drain(&mut *source)?;
    let summary = summaries.remove(0);
    assert_eq!(summary.packets, packets.len() as u64);
    assert_eq!(summary.first.map(|time| time.as_nanos()), packets.iter().map(|packet| packet.nanos).min());
    assert_eq!(summary.last.map(|time| time.as_nanos()), packets.iter().map(|packet| packet.nanos).max());
    Ok((packets, summary))
}

/// Returns all packets like [`read`], of a file without a flaw.
pub(super) fn read_clean(bytes: &[u8]) -> Vec<Owned> {
    let (packets, summary) = read(bytes).unwrap();
    assert_eq!((summary.notes.as_slice(), summary.bytes), ([].as_slice(), bytes.len() as u64));
    packets
}

/// Returns the notes on a file.
pub(super) fn notes(bytes: &[u8]) -> Vec<Note> {
    read(bytes).unwrap().1.notes
}
