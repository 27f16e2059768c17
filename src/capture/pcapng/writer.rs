//! A writer of pcapng files: little-endian sections, interfaces as they come, times in nanoseconds.

use std::io::{self, Write};

use super::blocks::{self, Description, Statistics};
use crate::capture::Packet;

/// A pcapng file being written. Each block reaches the underlying writer in one call.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    block: Vec<u8>,
    interfaces: u32,
    written: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a file with a section header.
    pub fn new(out: W) -> io::Result<Self> {
        Self::commented(out, "")
    }

    /// Begins a file like [`new`](Self::new), with a comment on the whole file unless `comment` is empty.
    pub fn commented(out: W, comment: &str) -> io::Result<Self> {
        let mut writer = Self { out, block: Vec::new(), interfaces: 0, written: 0 };
        writer.section_header(comment)?;
        Ok(writer)
    }

    /// Begins another section, in which interfaces must be described again.
    pub fn section(&mut self) -> io::Result<()> {
        self.interfaces = 0;
        self.section_header("")
    }

    /// Writes the description of an interface. Returns the number under which its packets and statistics are written.
    pub fn interface(&mut self, description: &Description) -> io::Result<u32> {
        blocks::interface(description, &mut self.block);
        self.put()?;
        let number = self.interfaces;
        self.interfaces = number.saturating_add(1);
        Ok(number)
    }

    /// Writes lines of a TLS key log, which apply to the packets after it.
    pub fn key_log(&mut self, lines: &str) -> io::Result<()> {
        blocks::key_log(lines, &mut self.block);
        self.put()
    }

    /// Writes a packet, the number of packets lost before it, and comments on it, which Wireshark shows.
    pub fn packet(&mut self, interface: u32, packet: &Packet<'_>, lost: u64, comments: &[&str]) -> io::Result<()> {
        self.flagged_packet(interface, packet, (lost, 0), comments)
    }

    /// Writes a packet like [`packet`](Self::packet), with its flags, unless they are 0.
    pub(super) fn flagged_packet(
        &mut self,
        interface: u32,
        packet: &Packet<'_>,
        (lost, flags): (u64, u32),
        comments: &[&str],
    ) -> io::Result<()> {
        blocks::packet(interface, packet, (lost, flags), comments, &mut self.block);
        self.put()
    }

    /// Writes the counters of an interface so far. The latest ones are valid for the interface.
    pub fn statistics(&mut self, interface: u32, statistics: &Statistics) -> io::Result<()> {
        blocks::statistics(interface, statistics, &mut self.block);
        self.put()
    }

    /// Returns the number of bytes written so far.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Flushes the underlying writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn section_header(&mut self, comment: &str) -> io::Result<()> {
        blocks::section_header(concat!("whyclosed ", env!("CARGO_PKG_VERSION")), comment, &mut self.block);
        self.put()
    }

    fn put(&mut self) -> io::Result<()> {
        let result = self.out.write_all(&self.block);
        self.written = self.written.saturating_add(self.block.len() as u64);
        self.block.clear();
        result
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use super::*;
    use crate::capture::Note;
    use crate::capture::testing::drain;
    use crate::capture::{LinkType, file};
    use crate::seen::Timestamp;

    fn description(link_type: LinkType, name: &str) -> Description {
        Description { link_type, snaplen: 0, name: name.to_owned(), filter: "tcp port 80".to_owned() }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut writer = Writer::new(Vec::new()).unwrap();
        let lo = writer.interface(&description(LinkType::ETHERNET, "lo")).unwrap();
        let any = writer.interface(&description(LinkType::LINUX_SLL2, "")).unwrap();
        assert_eq!((lo, any), (0, 1));
        let nanos = 1_700_000_000_123_456_789;
        for (number, (interface, data)) in [(lo, &b"abcde"[..]), (any, b""), (lo, b"abcd")].into_iter().enumerate() {
            let packet = Packet {
                number: number as u64 + 1,
                time: Timestamp::from_nanos(nanos + number as i64),
                link_type: LinkType::ETHERNET,
                data,
                length: 1500,
                process: None,
            };
            let comments: &[&str] = if number == 0 { &["first", "x"] } else { &[] };
            writer.packet(interface, &packet, number as u64, comments).unwrap();
        }
        let statistics = Statistics { dropped_by_system: 3, dropped_by_interface: 4, ..Statistics::default() };
        writer.statistics(lo, &statistics).unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.written(), writer.out.len() as u64);

        let bytes = Cursor::new(writer.out);
        let mut source = file::recognise(Path::new("test"), Box::new(bytes), 4096).unwrap();
        let (packets, summaries) = drain(&mut *source).unwrap();
        let read: Vec<_> =
            packets.iter().map(|packet| (packet.nanos - nanos, packet.link_type, &packet.data[..])).collect();
        let (lo, any) = (LinkType::ETHERNET, LinkType::LINUX_SLL2);
        assert_eq!(read, [(0, lo, &b"abcde"[..]), (1, any, b""), (2, lo, b"abcd")]);
        assert!(packets.iter().all(|packet| packet.length == 1500));
        let dropped = |count, interface: &str| Note::Dropped { count, interface: interface.to_owned() };
        assert_eq!(summaries[0].notes, [dropped(7, "lo"), dropped(1, "1")]);
    }

    #[test]
    fn what_a_full_disk_says_is_heard() {
        #[derive(Debug)]
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert_eq!(Writer::new(Full).unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
