//! The reader of pcap files: µs and ns, both byte orders, and the "modified" format.

mod header;

use std::ops::Range;

use header::{FILE_HEADER, FileHeader, Record};

use super::attribution::{Known, pktap};
use super::file::Name;
use super::tally::Tally;
use super::window::Window;
use super::{Batch, Block, Fault, LinkType, Packet, Source, Summary, Unit};
use crate::error::Error;
use crate::seen::Timestamp;

pub(super) use header::is_pcap;

/// A pcap file being read.
pub(super) struct Pcap {
    window: Window,
    name: Name,
    file: FileHeader,
    tally: Tally,
    record: Record,
    data: Range<usize>,
    /// The processes in PKTAP headers.
    processes: Known,
    /// The index of the record's process, if it is named.
    process: Option<u32>,
    /// Bytes of the window that the last batch has passed, and that are not consumed yet.
    passed: usize,
    ended: bool,
}

impl Pcap {
    /// Creates the reader and parses the file header, after [`is_pcap`] has recognised the magic number.
    pub(super) fn new(mut window: Window, name: Name) -> Result<Self, Error> {
        window.hold(FILE_HEADER).map_err(|error| name.read_error(&window, error))?;
        let Ok((_, file)) = header::file_header(window.held()) else {
            return Err(
                name.not_a_capture(format!("a pcap magic number, but {} bytes in all", window.held().len()), true)
            );
        };
        window.consume(FILE_HEADER);
        let record = Record { time: Timestamp::default(), captured: 0, length: 0 };
        let (tally, processes) = (Tally::new(), Known::default());
        Ok(Self { window, name, file, tally, record, data: 0..0, processes, process: None, passed: 0, ended: false })
    }

    /// Returns whether its packets may have headers that name processes.
    fn names_processes(&self) -> bool {
        self.file.link_type == LinkType::PKTAP
    }

    /// Ends reading and returns `false`. Any bytes left are a record cut in two.
    fn end(&mut self) -> Result<bool, Error> {
        self.ended = true;
        self.tally.ended(&self.window, Unit::Record);
        Ok(false)
    }
}

impl Source for Pcap {
    #[inline]
    fn advance(&mut self) -> Result<bool, Error> {
        if self.ended {
            return Ok(false);
        }
        self.window.consume(std::mem::take(&mut self.passed));
        let header = self.file.record_header;
        if !self.window.hold(header).map_err(|error| self.name.read_error(&self.window, error))? {
            return self.end();
        }
        let Ok((_, record)) = header::record(&self.file, self.window.held()) else {
            self.ended = true;
            self.tally.corrupt(&self.window, Fault::Record);
            return Ok(false);
        };
        let captured = record.captured as usize;
        let whole = header.saturating_add(captured);
        if !self.window.hold(whole).map_err(|error| self.name.read_error(&self.window, error))? {
            return self.end();
        }
        self.data = self.window.place(header, captured);
        self.window.consume(whole);
        self.record = record;
        self.tally.packet(record.time);
        if self.names_processes() {
            let found = pktap(self.window.lent(self.data.clone()));
            self.process = found.and_then(|found| self.processes.index(&found, ""));
        }
        Ok(true)
    }

    #[inline]
    fn packet(&self) -> Packet<'_> {
        let process = self.process.and_then(|at| self.processes.get(at));
        Packet { process, ..lent(&self.file, &self.tally, &self.record, self.window.lent(self.data.clone())) }
    }

    fn batch(&mut self) -> Result<Batch<'_>, Error> {
        if !self.advance()? {
            return Ok(Batch::new());
        }
        Ok(self.batch_until(Timestamp::from_nanos(i64::MAX)).0)
    }

    #[inline]
    fn batch_until(&mut self, until: Timestamp) -> (Batch<'_>, Option<Timestamp>) {
        if self.names_processes() {
            return (std::iter::once(self.packet()).collect(), None);
        }
        let mut batch = Batch::new();
        let Self { window, file, tally, record, data, passed, .. } = self;
        batch.push(lent(file, tally, record, window.lent(data.clone())));
        let all = window.held();
        let mut held = all;
        while !batch.is_full()
            && let Some((next, data, rest)) = header::whole_record(file, held)
            && next.time <= until
        {
            tally.packet(next.time);
            batch.push(lent(file, tally, &next, data));
            held = rest;
        }
        *passed = passed.saturating_add(all.len() - held.len());
        (batch, None)
    }

    fn lend(&mut self, block: &mut Block) -> Result<bool, Error> {
        if self.names_processes() || !self.advance()? {
            return Ok(false);
        }
        let Self { window, file, tally, record, data, .. } = self;
        let first = lent(file, tally, record, window.lent(data.clone()));
        block.note(&first, data.start);
        let all = window.held();
        let mut held = all;
        while let Some((next, data, rest)) = header::whole_record(file, held) {
            tally.packet(next.time);
            let place = window.place(all.len() - rest.len() - data.len(), data.len());
            block.note(&lent(file, tally, &next, data), place.start);
            held = rest;
        }
        let passed = all.len() - held.len();
        window.consume(passed);
        window.lend(block);
        Ok(true)
    }

    fn takes_time(&self) -> bool {
        self.name.is_compressed()
    }

    fn summaries(&self) -> Vec<Summary> {
        vec![self.tally.summary(
            self.name.path(),
            &self.name.format(self.file.format),
            self.tally.bytes(&self.window, self.passed),
            [].into_iter(),
        )]
    }
}

/// Returns the packet counted last, with its bytes.
#[inline]
fn lent<'a>(file: &FileHeader, tally: &Tally, record: &Record, data: &'a [u8]) -> Packet<'a> {
    let FileHeader { link_type, .. } = *file;
    Packet { number: tally.packets, time: record.time, link_type, data, length: record.length, process: None }
}

#[cfg(test)]
mod tests {
    use crate::capture::testing::build::{Order, Pcap};
    use crate::capture::testing::{Owned, notes, read, read_clean};
    use crate::capture::{Fault, Inside, LinkType, Note, Unit};
    use crate::error::Error;

    fn two(order: Order, magic: u32) -> Vec<u8> {
        Pcap::new(order, magic, 1).record(1, 2, b"abc", 3).record(4_000_000_000, 999_999, &[7; 300], 1500).bytes
    }

    #[test]
    fn every_variant_in_both_byte_orders() {
        for (magic, unit, format) in
            [(Pcap::MICROS, 1000, "pcap"), (Pcap::NANOS, 1, "pcap (ns)"), (Pcap::MODIFIED, 1000, "pcap (modified)")]
        {
            for order in Order::BOTH {
                let bytes = two(order, magic);
                let (first, second) = (1_000_000_000 + 2 * unit, 4_000_000_000_000_000_000 + 999_999 * unit);
                let link_type = LinkType::ETHERNET;
                assert_eq!(
                    read_clean(&bytes),
                    [
                        Owned { nanos: first, link_type, data: b"abc".to_vec(), length: 3 },
                        Owned { nanos: second, link_type, data: vec![7; 300], length: 1500 },
                    ]
                );
                assert_eq!(read(&bytes).unwrap().1.format, format);
            }
        }
    }

    #[test]
    fn the_frame_check_sequence_is_no_part_of_the_link_type() {
        let bytes = Pcap::new(Order::Little, Pcap::MICROS, 0x2400_0001).record(0, 0, b"", 0).bytes;
        assert_eq!(read_clean(&bytes)[0].link_type, LinkType::ETHERNET);
    }

    #[test]
    fn a_record_cut_off_is_noted_with_both_positions() {
        let bytes = two(Order::Big, Pcap::MICROS);
        let (packets, summary) = read(&bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(packets.len(), 1);
        let inside = Some(Inside { unit: Unit::Record, begins: 43 });
        assert_eq!(summary.notes, [Note::CutOff { at: 358, inside }]);
    }

    #[test]
    fn impossible_lengths_end_the_file() {
        let sound = Pcap::new(Order::Little, Pcap::MICROS, 1).record(1, 0, b"abc", 3);
        let more_than_sent = sound.record(2, 0, b"abcd", 3).record(3, 0, b"e", 1);
        let (packets, summary) = read(&more_than_sent.bytes).unwrap();
        assert_eq!(packets.len(), 1);
        assert_eq!(summary.notes, [Note::Unreadable { at: 43, fault: Fault::Record }]);
        assert_eq!(summary.bytes, 43, "without the bytes read ahead");

        let too_long = vec![0; crate::limits::PACKET + 1];
        let bytes = Pcap::new(Order::Little, Pcap::MICROS, 1).record(1, 0, &too_long, u32::MAX).bytes;
        assert_eq!(notes(&bytes), [Note::Unreadable { at: 24, fault: Fault::Record }]);
        let longest = Pcap::new(Order::Little, Pcap::MICROS, 1).record(1, 0, &too_long[1..], u32::MAX).bytes;
        assert_eq!(read_clean(&longest)[0].data.len(), crate::limits::PACKET);
    }

    #[test]
    fn a_header_cut_off_is_no_capture() {
        let bytes = two(Order::Little, Pcap::NANOS);
        let error = read(&bytes[..23]).unwrap_err();
        assert!(matches!(&error, Error::NotACapture { found, .. } if found.contains("23 bytes")), "{error}");
        assert_eq!(read_clean(&bytes[..24]), []);
    }
}
