//! The streams of the wanted connections, rewritten.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::checksum;
use super::cut::Wanted;
use super::dialogue::{Answers, Asked, Part};
use super::fragmented::Piece;
use super::frames::Frames;
use super::heads::Blotter;
use super::messages::{self, Losses, Rewritten};
use super::streams::Stream;
use crate::analyzer::Analyzer;
use crate::capture::Packet;
use crate::report::redact::known::Known;
use crate::report::redact::{Kind, Redactor};
use crate::side::{PerSide, Side};
use crate::tcp::Segment;

/// Bytes of a TLS record's header (RFC 8446 §5.1).
const RECORD: usize = 5;

/// Its type of alerts, which say why a handshake failed.
const ALERT: u8 = 21;

/// Who asks has to be read before who answers.
const ASKING_FIRST: [Side; 2] = [Side::Server, Side::Client];

/// The part of a side, whose other side has `asked` this.
fn part(side: Side, asked: &mut Asked) -> Part {
    let asked = std::mem::take(asked);
    if side == Side::Client { Part::Answers(Answers::new(asked)) } else { Part::Asks(asked) }
}

/// Gathers streams, then puts their rewritten bytes in the place of the real ones.
#[derive(Default)]
pub struct Redaction {
    analyzer: Analyzer,
    frames: Frames,
    streams: HashMap<u32, PerSide<Stream>>,
    rewritten: HashMap<u32, PerSide<Vec<u8>>>,
    /// Where the second reading is.
    places: HashMap<u32, PerSide<Stream>>,
    losses: Losses,
    secrets: Vec<(Kind, Box<[u8]>)>,
    /// Those that are looked for in every place.
    known: Option<Rc<Known>>,
    plain: Vec<u8>,
}

impl Redaction {
    /// Of these connections.
    pub fn new(wanted: &Wanted) -> Self {
        Self { frames: Frames::new(wanted.streams()), ..Self::default() }
    }

    /// Looks for frames in a packet of the capture, each of them once.
    pub fn analyse(&mut self, packet: &Packet<'_>) {
        self.analyzer.push(packet, &mut self.frames);
    }

    /// Takes a segment of a wanted connection; where its payload lies in the stream, as far as that is rewritten.
    pub fn gather(&mut self, segment: &Segment<'_>, stream: u32, side: Side) -> Option<usize> {
        self.streams.entry(stream).or_default()[side].push(segment)
    }

    /// All packets have been taken.
    pub fn rewrite(&mut self, wanted: &Wanted) {
        self.analyzer.finish(&mut self.frames);
        let known = self.known(wanted).map(Rc::new);
        self.known.clone_from(&known);
        for connection in wanted.connections() {
            let Some(streams) = self.streams.remove(&connection.stream) else { continue };
            let mut rewritten = PerSide::default();
            let mut asked = Asked::default();
            for side in ASKING_FIRST {
                let stream = &streams[side];
                rewritten[side] = if connection.is_tls {
                    records(stream.bytes().to_vec())
                } else {
                    let frames = self.frames.of(connection.stream, side);
                    let (compression, part) = (connection.compression[side], part(side, &mut asked));
                    let Rewritten { bytes, losses, secrets, plain, asked: asks } =
                        messages::rewritten(stream, frames, compression, known.clone(), part);
                    asked = asks;
                    self.losses.blotted += losses.blotted;
                    self.losses.shortened += losses.shortened;
                    self.secrets.extend(secrets);
                    self.plain.extend(plain);
                    bytes
                };
            }
            self.rewritten.insert(connection.stream, rewritten);
        }
    }

    /// The secrets of all streams: a value that is known as one in one place is one everywhere.
    fn known(&self, wanted: &Wanted) -> Option<Known> {
        let mut secrets = Vec::new();
        for connection in wanted.connections().iter().filter(|connection| !connection.is_tls) {
            let Some(streams) = self.streams.get(&connection.stream) else { continue };
            let mut asked = Asked::default();
            for side in ASKING_FIRST {
                let (frames, compression) = (self.frames.of(connection.stream, side), connection.compression[side]);
                let (found, asks) = messages::secrets(&streams[side], frames, compression, part(side, &mut asked));
                secrets.extend(found);
                asked = asks;
            }
        }
        Known::new(&secrets)
    }

    /// A comment on a packet, without secrets.
    pub fn comment(&self, comment: &str) -> String {
        let mut comment = Redactor::default().text(comment).into_bytes();
        Blotter::knowing(self.known.clone()).text(&mut comment, false);
        String::from_utf8_lossy(&comment).into_owned()
    }

    /// What had to be given up.
    pub const fn losses(&self) -> Losses {
        self.losses
    }

    /// The secrets that were replaced, as often as they were met.
    pub fn secrets(&self) -> &[(Kind, Box<[u8]>)] {
        &self.secrets
    }

    /// All that could be read of the streams before: heads, and payloads without masks and compression.
    pub fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// A packet with a fragment of a wanted connection, rewritten. `data` is the packet's, in which the fragment is at `body`.
    pub fn apply_to_fragment(&self, piece: &Piece, data: &mut [u8], body: Range<usize>) {
        let new = piece.range().and_then(|range| self.rewritten.get(&piece.stream)?[piece.side].get(range));
        piece.rewrite(data, body, new);
    }

    /// The bytes of a packet of a wanted connection, rewritten. `data` is the packet's.
    pub fn apply(&mut self, segment: &Segment<'_>, stream: u32, side: Side, data: &mut [u8], payload: usize) {
        let length = segment.payload.len();
        let place = self.places.entry(stream).or_default()[side].place(segment);
        let new = place.and_then(|at| self.rewritten.get(&stream)?[side].get(at..at + length));
        let new = new.map_or_else(|| vec![0; length], <[u8]>::to_vec);
        match checksum::tcp_header(data, payload, [segment.source().port(), segment.destination().port()]) {
            Some(header) => checksum::replace(data, header, payload, &new),
            None => data.get_mut(payload..payload + length).unwrap_or_default().copy_from_slice(&new),
        }
        // Padding of the link may hold anything.
        data.get_mut(payload + length..).unwrap_or_default().fill(0);
    }
}

/// TLS records: their headers and alerts stay, and of a handshake its kind; what is no TLS is as any other text.
fn records(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut rest = bytes.as_mut_slice();
    while let Some(&[kind @ 20..=24, 3, _, high, low]) = rest.first_chunk::<RECORD>() {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let end = rest.len().min(RECORD + length);
        let (record, behind) = rest.split_at_mut(end);
        // An alert, or the type, length and version that a handshake begins with.
        let kept = if kind == ALERT && length == 2 { 2 } else { 6 };
        record.get_mut(RECORD + kept..).unwrap_or_default().fill(0);
        rest = behind;
    }
    Blotter::default().unframed(rest, false, 0);
    bytes
}
