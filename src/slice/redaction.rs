//! The rewriting of the wanted connections' streams.

use std::io;
use std::ops::Range;

use super::blotter::{Blotter, Remember};
use super::checksum;
use super::cut::{Origin, Wanted};
use super::dialogue::{Answers, Asked, Part};
use super::fragmented::Piece;
use super::gathered::{Gathered, Half};
use super::located::Located;
use super::messages::{Direction, Losses, Read};
use super::streams::{Place, Stream};
use crate::limits;
use crate::report::redact::Redactor;
use crate::report::redact::known::Known;
use crate::side::{PerSide, Side};
use crate::tcp::Segment;
use crate::tls::record::{ContentType, HEADER, header};

/// The order in which both sides are read: questions before their answers.
const ASKING_FIRST: [Side; 2] = [Side::Server, Side::Client];

/// Returns a direction of a connection. The other side has `asked` these questions.
fn direction<'s>(half: &'s mut Half, connection: &Origin, side: Side, asked: Asked) -> Direction<'s> {
    let part = if side == Side::Client { Part::Answers(Answers::new(asked)) } else { Part::Asks(asked) };
    let Half { stream, frames, .. } = half;
    Direction { stream, frames, compression: connection.compression[side], part }
}

/// Gathers streams, and then replaces the bytes of packets by rewritten ones.
pub struct Redaction {
    located: Located,
    gathered: Gathered,
    /// The position of the segment that was read last, for each direction.
    places: Vec<PerSide<Place>>,
    losses: Losses,
    lacking: u64,
    unread_http2: u64,
    /// The secrets that are searched for everywhere.
    known: Known,
}

impl Redaction {
    /// Creates the redaction of these connections, whose frames are `located`.
    pub fn new(wanted: &Wanted, located: Located) -> Self {
        let places = vec![PerSide::default(); wanted.connections().len()];
        let (losses, lacking, known) = Default::default();
        let firsts = wanted.by_stream().values().filter_map(|at| wanted.connections().get(*at as usize));
        let unread_http2 = firsts.filter(|connection| connection.is_http2).count() as u64;
        Self { located, gathered: Gathered::new(wanted), places, losses, lacking, unread_http2, known }
    }

    /// Takes the frames that were reported up to a packet of the capture.
    pub fn locate(&mut self, packet: u64) {
        self.located.until(packet, |found| self.gathered.locate(found));
    }

    /// Takes a segment of a wanted connection. Returns the stream offset of its payload; `None` outside the bytes that
    /// are rewritten.
    pub fn gather(&mut self, segment: &Segment<'_>, half: (usize, Side)) -> Option<usize> {
        let offset = self.place(segment, half)?;
        self.gathered.push(half, offset, segment.payload);
        Some(offset)
    }

    fn place(&mut self, segment: &Segment<'_>, (at, side): (usize, Side)) -> Option<usize> {
        self.places.get_mut(at)?[side].of(segment)
    }

    /// Rewrites every stream in place. Must be called after the last packet.
    ///
    /// Fails if the positions of the frames could not be read.
    pub fn rewrite(&mut self, wanted: &Wanted) -> io::Result<()> {
        self.settle(wanted)?;
        for (at, connection) in
            wanted.connections().iter().enumerate().filter(|(_, connection)| connection.is_readable())
        {
            let Some(halves) = self.gathered.halves(at) else { continue };
            let mut asked = Asked::default();
            for side in ASKING_FIRST {
                let mut remember = |kind, value: &[u8]| self.known.learn(kind, value);
                asked = direction(&mut halves[side], connection, side, asked).search(&mut remember).1;
            }
        }
        for (at, connection) in wanted.connections().iter().enumerate() {
            let Some(halves) = self.gathered.halves(at) else { continue };
            let mut asked = Asked::default();
            for side in ASKING_FIRST {
                let losses;
                (losses, asked) = if connection.is_readable() {
                    direction(&mut halves[side], connection, side, asked).rewrite(&self.known)
                } else if connection.is_tls {
                    (records(&mut halves[side].stream), Asked::default())
                } else {
                    let stream = &mut halves[side].stream;
                    stream.blank(0..stream.end());
                    Default::default()
                };
                self.losses += losses;
            }
        }
        self.places = vec![PerSide::default(); wanted.connections().len()];
        Ok(())
    }

    /// Calls `remember`, if given, with the secrets of every stream, each time they occur, and `read` with everything
    /// readable: heads, and payloads without masks and compression. Streams of TLS and HTTP/2 are skipped. Instead of being
    /// rewritten, a stream is dropped once it is read. Must be called after the last packet.
    ///
    /// Fails if the positions of the frames could not be read.
    pub fn read(
        &mut self,
        wanted: &Wanted,
        mut remember: Option<&mut Remember<'_>>,
        read: &mut Read<'_>,
    ) -> io::Result<()> {
        self.settle(wanted)?;
        for (at, connection) in
            wanted.connections().iter().enumerate().filter(|(_, connection)| connection.is_readable())
        {
            let Some(halves) = self.gathered.halves(at) else { continue };
            let mut asked = Asked::default();
            for side in ASKING_FIRST {
                let mut half = std::mem::take(&mut halves[side]);
                let losses;
                (losses, asked) = direction(&mut half, connection, side, asked).read(remember.as_deref_mut(), read);
                self.losses += losses;
            }
        }
        Ok(())
    }

    /// Takes the remaining frames, ends all streams, and counts the incomplete connections.
    fn settle(&mut self, wanted: &Wanted) -> io::Result<()> {
        self.locate(u64::MAX);
        self.located.finish()?;
        for at in 0..wanted.connections().len() {
            let Some(PerSide { client, server }) = self.gathered.halves(at) else { continue };
            self.lacking += u64::from(client.settle() | server.settle());
        }
        Ok(())
    }

    /// Returns the counts of messages that could not be preserved.
    pub const fn losses(&self) -> Losses {
        self.losses
    }

    /// Returns the number of connections that are known only in part, because they take too much memory.
    pub const fn lacking(&self) -> u64 {
        self.lacking
    }

    /// Returns the number of connections of HTTP/2 in the clear, which are not looked into.
    pub const fn unread_http2(&self) -> u64 {
        self.unread_http2
    }

    /// Returns whether there were too many secrets to search for each of them in every text, so that all texts are
    /// hidden.
    pub const fn hides_all(&self) -> bool {
        self.known.is_full()
    }

    /// Returns a comment on a packet without secrets.
    pub fn comment(&self, comment: &str) -> String {
        let mut comment = Redactor::default().text(comment).into_bytes();
        Blotter::knowing(&self.known).text(&mut comment, false);
        String::from_utf8_lossy(&comment).into_owned()
    }

    /// Rewrites a packet with a fragment of a wanted connection. `data` is the whole packet, in which the fragment is
    /// at `body`.
    pub fn apply_to_fragment(&self, piece: &Piece, data: &mut [u8], body: Range<usize>) {
        let new = piece.range().and_then(|range| self.gathered.copy(piece.half(), range));
        piece.rewrite(data, body, new.as_deref());
    }

    /// Rewrites a packet of a wanted connection. `data` is the whole packet, in which the segment's payload begins at
    /// `payload`.
    pub fn apply(&mut self, segment: &Segment<'_>, half: (usize, Side), data: &mut [u8], payload: usize) {
        let length = segment.payload.len();
        let place = self.place(segment, half);
        let new = place.and_then(|at| self.gathered.copy(half, at..at + length));
        let new = new.unwrap_or_else(|| vec![0; length]);
        match checksum::tcp_header(data, payload, [segment.source().port(), segment.destination().port()]) {
            Some(header) => checksum::replace(data, header, payload, &new),
            None => data.get_mut(payload..payload + length).unwrap_or_default().copy_from_slice(&new),
        }
        // Padding on the link may contain anything.
        data.get_mut(payload + length..).unwrap_or_default().fill(0);
    }
}

/// Rewrites TLS records. Keeps their headers, plaintext alerts, and the first 6 bytes of all other records, which are
/// the type, length and version of a handshake message. Bytes from the first one on that is not part of a record are
/// redacted like text outside frames.
fn records(stream: &mut Stream) -> Losses {
    let (mut at, end) = (0, stream.end());
    while let Ok((_, record)) = header(&stream.copy(at..end.min(at + HEADER))) {
        let next = end.min(at + HEADER + usize::from(record.length));
        // An alert, or the type, length and version that a handshake begins with.
        let kept = if record.content_type == ContentType::ALERT && record.length == 2 { 2 } else { 6 };
        stream.blank((at + HEADER + kept).min(next)..next);
        at = next;
    }
    let known = end.min(at + limits::SLICED_MESSAGE);
    let mut rest = stream.copy(at..known);
    Blotter::default().unframed(&mut rest, false, 0);
    stream.put(at, &rest);
    stream.blank(known..end);
    Losses { unread: u64::from(!stream.captured(known..end).is_empty()), ..Losses::default() }
}
