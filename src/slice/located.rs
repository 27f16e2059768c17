//! The positions of a capture's frames, written by the pass that finds the connections, and read by the one that
//! gathers their streams. Finding the frames a second time would take the state of every connection a second time.

use std::io::{self, BufReader, Read, Write};

use super::frames::Frame;
use crate::event::{Event, What};
use crate::facts::Facts;
use crate::limits;
use crate::side::Side;
use crate::sink::Sink;

/// Bytes of the record of a frame.
const RECORD: usize = 8 + 4 + 1 + Frame::BYTES;

/// A sink that writes down the positions of frames, and passes everything on to another sink.
pub struct Locating<S, W> {
    /// The other sink.
    pub sink: S,
    out: W,
    /// The latest packet of all events so far.
    packet: u64,
    written: io::Result<()>,
}

impl<S: Sink, W: Write> Locating<S, W> {
    /// Creates a sink that writes to `out` and passes everything on to `sink`.
    pub const fn new(sink: S, out: W) -> Self {
        Self { sink, out, packet: 0, written: Ok(()) }
    }

    /// Returns the other sink, and the output, or the error of writing to it.
    pub fn finish(self) -> (S, io::Result<W>) {
        (self.sink, self.written.map(|()| self.out))
    }

    fn note(&mut self, facts: &Facts, side: Side, frame: &Frame) -> io::Result<()> {
        self.out.write_all(&self.packet.to_le_bytes())?;
        self.out.write_all(&facts.stream.to_le_bytes())?;
        self.out.write_all(&[u8::from(side == Side::Server)])?;
        self.out.write_all(&frame.to_bytes())
    }
}

impl<S: Sink, W: Write> Sink for Locating<S, W> {
    fn connection(&mut self, facts: Box<Facts>) {
        self.sink.connection(facts);
    }

    fn outside(&mut self, facts: Box<Facts>) {
        self.sink.outside(facts);
    }

    fn event(&mut self, facts: &Facts, event: &Event<'_>) {
        self.sink.event(facts, event);
        let packet = event.carrier.seen.packet;
        // Bytes that waited behind a hole are reported when the hole is given up.
        self.packet = self.packet.max(packet);
        if let What::Ws(ws) = event.what
            && let Some((header, header_end, wire)) = ws.frame()
            // Inside TLS there is nothing to find in the packets, and on HTTP/2 the positions are those of a stream.
            && wire.is_plain()
            && facts.rare.http2.is_none()
            && let Ok(payload) = u32::try_from(header_end)
            && self.written.is_ok()
        {
            let frame = Frame::new(header, payload, packet);
            // The positions beyond what a slice rewrites are not needed.
            if frame.start() < limits::SLICED_STREAM {
                self.written = self.note(facts, event.side, &frame);
            }
        }
    }
}

/// A frame, and the direction that it belongs to.
pub(super) struct Found {
    pub stream: u32,
    pub side: Side,
    pub frame: Frame,
}

/// The positions that a [`Locating`] has written, to be read once, in the same order.
pub struct Located {
    source: Box<dyn Read>,
    /// The next frame, and the packet with which it was reported.
    next: Option<(u64, Found)>,
    read: io::Result<()>,
}

impl Located {
    /// Creates a reader of what a [`Locating`] has written.
    pub fn new(source: impl Read + 'static) -> Self {
        Self { source: Box::new(BufReader::new(source)), next: None, read: Ok(()) }
    }

    /// Calls `take` with the frames that were reported up to a packet, except those of earlier calls.
    pub(super) fn until(&mut self, packet: u64, mut take: impl FnMut(&Found)) {
        while self.read.is_ok() {
            if self.next.is_none() {
                self.next = self.advance().unwrap_or_else(|error| {
                    self.read = Err(error);
                    None
                });
            }
            match self.next.take_if(|(reported, _)| *reported <= packet) {
                Some((_, found)) => take(&found),
                None => break,
            }
        }
    }

    /// Returns the error of reading, if there was one. Must be called after all frames have been taken.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        std::mem::replace(&mut self.read, Ok(()))
    }

    fn advance(&mut self) -> io::Result<Option<(u64, Found)>> {
        let (mut record, mut length) = ([0; RECORD], 0);
        while length < RECORD {
            match self.source.read(record.get_mut(length..).unwrap_or_default())? {
                0 if length == 0 => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => length += read,
            }
        }
        let mut rest = &record[..];
        let packet = u64::from_le_bytes(take(&mut rest)?);
        let stream = u32::from_le_bytes(take(&mut rest)?);
        let [is_server] = take(&mut rest)?;
        let side = if is_server == 0 { Side::Client } else { Side::Server };
        Ok(Some((packet, Found { stream, side, frame: Frame::from_bytes(take(&mut rest)?) })))
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> io::Result<[u8; N]> {
    let (first, behind) = rest.split_first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
    *rest = behind;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{Carrier, Wire};
    use crate::seen::Seen;
    use crate::side::PerSide;
    use crate::ws;
    use crate::ws::frame::header;

    fn written() -> Vec<u8> {
        let ends = "10.0.0.1:80".parse().unwrap();
        let mut locating = Locating::new(Vec::new(), Vec::new());
        for number in 1..100_u32 {
            let facts = Facts::new(number, PerSide { client: ends, server: ends }, Seen::default());
            let (_, header) = header(&[0x82, 0xFE, 1, number as u8, 1, 2, 3, number as u8]).unwrap();
            let mut carrier = Carrier::default();
            carrier.seen.packet = u64::from(number ^ 1);
            let side = if number % 3 == 0 { Side::Client } else { Side::Server };
            let (start, header_end) = (carrier.seen, u64::from(number) << 20);
            let ws = ws::Event::Frame { header, start, header_end, wire: Wire::plain(header_end) };
            locating.event(&facts, &Event { side, carrier: &carrier, what: What::Ws(&ws) });
        }
        locating.finish().1.unwrap()
    }

    #[test]
    fn frames_are_read_as_they_were_written() {
        let mut located = Located::new(io::Cursor::new(written()));
        let mut number = 0;
        // Two packets that have changed places are both reported with the later one. Beyond 64 MiB of a stream, nothing
        // is rewritten.
        for (packet, count) in [(1, 1), (1, 1), (2, 1), (10, 9), (50, 49), (u64::MAX, 64)] {
            located.until(packet, |found| {
                number += 1;
                let frame = &found.frame;
                assert_eq!((found.stream, found.side == Side::Client), (number, number % 3 == 0));
                let payload = (number << 20) as usize;
                assert_eq!(
                    (frame.start(), frame.payload(), frame.end()),
                    (payload - 8, payload, payload + 256 + number as usize)
                );
                assert_eq!((frame.packet(), frame.key()), (number ^ 1, [1, 2, 3, number as u8]));
                assert_eq!((frame.opcode(), frame.rsv(), frame.is_last()), (ws::Opcode::BINARY, 0, true));
            });
            assert_eq!(number, count, "{packet}");
        }
        assert!(located.finish().is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let mut cut = written();
        cut.pop();
        let mut located = Located::new(io::Cursor::new(cut));
        located.until(u64::MAX, |_| {});
        assert!(located.finish().is_err());
    }
}
