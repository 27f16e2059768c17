//! Reader of pcap files: µs and ns, both byte orders, and the "modified" format.

mod header;

use std::ops::Range;

use header::{FILE_HEADER, FileHeader, Record};

use super::file::Name;
use super::tally::Tally;
use super::window::Window;
use super::{Packet, Source, Summary};
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
    ended: bool,
}

impl Pcap {
    /// Begins after [`is_pcap`] has recognised the magic number.
    pub(super) fn new(mut window: Window, name: Name) -> Result<Self, Error> {
        window.hold(FILE_HEADER).map_err(|error| name.read_error(&window, error))?;
        let Ok((_, file)) = header::file_header(window.held()) else {
            return Err(name.not_a_capture(format!("a pcap magic number, but {} bytes in all", window.held().len())));
        };
        window.consume(FILE_HEADER);
        let record = Record { time: Timestamp::default(), captured: 0, length: 0 };
        Ok(Self { window, name, file, tally: Tally::new(), record, data: 0..0, ended: false })
    }

    /// Ends reading. Bytes that are left are a record cut in two.
    fn end(&mut self) -> Result<bool, Error> {
        self.ended = true;
        self.tally.ended(&self.window, "packet record");
        Ok(false)
    }
}

impl Source for Pcap {
    #[inline]
    fn advance(&mut self) -> Result<bool, Error> {
        if self.ended {
            return Ok(false);
        }
        let header = self.file.record_header;
        if !self.window.hold(header).map_err(|error| self.name.read_error(&self.window, error))? {
            return self.end();
        }
        let Ok((_, record)) = header::record(&self.file, self.window.held()) else {
            self.ended = true;
            self.tally.corrupt(&self.window, "the packet record there is corrupt");
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
        Ok(true)
    }

    #[inline]
    fn packet(&self) -> Packet<'_> {
        Packet {
            number: self.tally.packets,
            time: self.record.time,
            link_type: self.file.link_type,
            data: self.window.lent(self.data.clone()),
            length: self.record.length,
        }
    }

    fn summaries(&self) -> Vec<Summary> {
        vec![self.tally.summary(
            self.name.path(),
            &self.name.format(self.file.format),
            self.window.read(),
            [].into_iter(),
        )]
    }
}
