//! The frames of one direction, rewritten in their places.

use std::hash::BuildHasher;
use std::ops::Range;
use std::rc::Rc;

use foldhash::fast::FixedState;

use super::deflate;
use super::dialogue::{Asked, Part};
use super::frames::Frame;
use super::heads::{Blotter, Found};
use super::streams::Stream;
use crate::limits;
use crate::report::redact::known::Known;
use crate::ws::Opcode;
use crate::ws::deflate::{Inflater, Permits};
use crate::ws::frame::{RSV1, START, unmask};

/// How a direction's messages are compressed (RFC 7692).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// Whether each starts with an empty window.
    pub no_context_takeover: bool,
}

/// What had to be given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Compressed messages whose text did not fit its length any more, and is `x` throughout.
    pub blotted: u64,
    /// Those that are now shorter when inflated.
    pub shortened: u64,
}

/// A direction rewritten.
#[derive(Debug, Default)]
pub struct Rewritten {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What was given up for it.
    pub losses: Losses,
    /// The secrets that were in it.
    pub secrets: Vec<Found>,
    /// All that could be read of it before: heads, and payloads without masks and compression, each on a line.
    pub plain: Vec<u8>,
    /// What was asked in it.
    pub asked: Asked,
}

/// Rewrites one direction.
struct Rewriter<'s> {
    stream: &'s Stream,
    bytes: Vec<u8>,
    inflater: Option<Inflater>,
    losses: Losses,
    blotter: Blotter,
    plain: Vec<u8>,
    part: Part,
    /// Whether only the secrets are wanted: then no message is compressed anew.
    only_looks: bool,
}

/// A message: where its payloads lie, and their masking keys.
struct Message {
    /// The packet in which it begins.
    packet: u64,
    opcode: Opcode,
    compressed: bool,
    whole: bool,
    payloads: Vec<(Range<usize>, Option<[u8; 4]>)>,
}

/// A stream in which these frames lie, rewritten. What is `known` from other places is secret here, too.
pub fn rewritten(
    stream: &Stream,
    frames: &[Frame],
    compression: Option<Compression>,
    known: Option<Rc<Known>>,
    part: Part,
) -> Rewritten {
    let mut rewriter = Rewriter::new(stream, compression, part);
    rewriter.blotter = Blotter::knowing(known);
    rewriter.frames(frames);
    let Rewriter { bytes, losses, blotter, plain, part, .. } = rewriter;
    Rewritten { bytes, losses, secrets: blotter.found, plain, asked: part.into_asked() }
}

/// The secrets of a stream in which these frames lie, and what was asked in it.
pub fn secrets(stream: &Stream, frames: &[Frame], compression: Option<Compression>, part: Part) -> (Vec<Found>, Asked) {
    let mut rewriter = Rewriter::new(stream, compression, part);
    rewriter.only_looks = true;
    rewriter.frames(frames);
    (rewriter.blotter.found, rewriter.part.into_asked())
}

impl<'s> Rewriter<'s> {
    fn new(stream: &'s Stream, compression: Option<Compression>, part: Part) -> Self {
        Self {
            stream,
            bytes: stream.bytes().to_vec(),
            inflater: compression.and_then(|agreed| Inflater::new(agreed.no_context_takeover, &Permits::default())),
            losses: Losses::default(),
            blotter: Blotter::default(),
            plain: Vec::new(),
            part,
            only_looks: false,
        }
    }

    fn frames(&mut self, frames: &[Frame]) {
        let (mut at, mut open): (usize, Option<Message>) = (0, None);
        for (index, frame) in frames.iter().enumerate() {
            self.unframed(at..frame.start());
            // A frame that claims more than there is goes on to the next one at most.
            let next = frames.get(index + 1).map_or(usize::MAX, Frame::start);
            at = frame.end().min(next).min(self.bytes.len()).max(frame.payload.min(self.bytes.len()));
            let payload = frame.payload.min(at)..at;
            let (start, key) = (frame.header.start, frame.header.key);
            match start.opcode {
                Opcode::CLOSE => self.unmasked(payload, key, |payload, blotter| {
                    blotter.text(payload.get_mut(2..).unwrap_or_default(), false);
                }),
                Opcode::PING | Opcode::PONG => self.unmasked(payload, key, |payload, _| replace(payload)),
                Opcode::CONTINUATION if open.is_some() => {
                    if let Some(message) = &mut open {
                        message.add(payload, key, frame);
                    }
                }
                Opcode::TEXT | Opcode::BINARY => {
                    if let Some(interrupted) = open.take() {
                        self.message(&interrupted, false);
                    }
                    let compressed = start.rsv == RSV1 && self.inflater.is_some();
                    let opcode = if start.rsv == 0 || compressed { start.opcode } else { Opcode::BINARY };
                    let packet = frame.packet;
                    let mut message = Message { packet, opcode, compressed, whole: true, payloads: Vec::new() };
                    message.add(payload, key, frame);
                    open = Some(message);
                }
                _ => self.unmasked(payload, key, |payload, _| payload.fill(0)),
            }
            if start.fin
                && !start.opcode.is_control()
                && let Some(complete) = open.take()
            {
                self.message(&complete, true);
            }
        }
        if let Some(interrupted) = open {
            self.message(&interrupted, false);
        }
        self.unframed(at..self.bytes.len());
    }

    /// Bytes that are no frame. Behind frames they begin with what should have been a header.
    fn unframed(&mut self, range: Range<usize>) {
        for run in self.stream.captured(range.clone()) {
            let is_torn = run.start != range.start;
            let kept = if range.start > 0 && !is_torn { START } else { 0 };
            let bytes = slice(&mut self.bytes, run);
            self.plain.extend_from_slice(bytes);
            self.plain.push(b'\n');
            self.blotter.unframed(bytes, is_torn, kept);
        }
    }

    /// Changes a payload as it is without its mask.
    fn unmasked(&mut self, range: Range<usize>, key: Option<[u8; 4]>, change: impl FnOnce(&mut [u8], &mut Blotter)) {
        let payload = slice(&mut self.bytes, range);
        let turn = |payload: &mut [u8]| {
            if let Some(key) = key {
                unmask(payload, key, 0);
            }
        };
        turn(payload);
        self.plain.extend_from_slice(payload);
        self.plain.push(b'\n');
        change(payload, &mut self.blotter);
        turn(payload);
    }

    fn message(&mut self, message: &Message, complete: bool) {
        let is_known = message.payloads.iter().all(|(range, _)| self.stream.has(range.clone()));
        let mut plain = Vec::new();
        for (range, key) in &message.payloads {
            self.unmasked(range.clone(), *key, |payload, _| plain.extend_from_slice(payload));
        }
        let whole = complete && is_known && message.whole;
        // A message in fragments is read as one.
        self.plain.extend_from_slice(&plain);
        self.plain.push(b'\n');
        match (message.compressed, message.opcode) {
            (true, _) => plain = self.compressed(&plain, message, whole),
            (false, _) => self.contents(&mut plain, message, whole),
        }
        let mut rest = plain.as_slice();
        for (range, key) in &message.payloads {
            self.unmasked(range.clone(), *key, |payload, _| {
                let (own, behind) = rest.split_at(payload.len().min(rest.len()));
                payload.get_mut(..own.len()).unwrap_or_default().copy_from_slice(own);
                rest = behind;
            });
        }
    }

    /// What a message says, inflated.
    fn contents(&mut self, plain: &mut [u8], message: &Message, whole: bool) {
        self.part.message(message.packet, plain, &mut self.blotter, &mut self.plain);
        match message.opcode {
            Opcode::TEXT => self.blotter.text(plain, !whole),
            _ => binary(plain, &mut self.blotter),
        }
    }

    /// A compressed message anew. What is not whole, or cannot be inflated, is not understood: zeros, and so is all that
    /// needs it for its window.
    fn compressed(&mut self, payload: &[u8], message: &Message, whole: bool) -> Vec<u8> {
        let zeros = vec![0; payload.len()];
        let inflated = self.inflater.as_mut().filter(|_| whole).and_then(|inflater| inflate(inflater, payload));
        let Some(mut plain) = inflated else {
            self.inflater = self.inflater.take().filter(Inflater::no_context_takeover);
            return zeros;
        };
        self.plain.extend_from_slice(&plain);
        self.plain.push(b'\n');
        self.contents(&mut plain, message, true);
        if self.only_looks {
            return zeros;
        }
        if let Some(message) = deflate::compressed(&plain, payload.len()) {
            return message;
        }
        self.losses.blotted += 1;
        plain.iter_mut().filter(|byte| byte.is_ascii()).for_each(|byte| *byte = b'x');
        if let Some(message) = deflate::compressed(&plain, payload.len()) {
            return message;
        }
        self.losses.shortened += 1;
        let shorter = (0..=plain.len().min(payload.len())).rev();
        shorter.into_iter().find_map(|length| deflate::compressed(plain.get(..length)?, payload.len())).unwrap_or(zeros)
    }
}

impl Message {
    fn add(&mut self, payload: Range<usize>, key: Option<[u8; 4]>, frame: &Frame) {
        self.whole &= payload.end == frame.end();
        self.payloads.push((payload, key));
    }
}

fn slice(bytes: &mut [u8], range: Range<usize>) -> &mut [u8] {
    let end = range.end.min(bytes.len());
    bytes.get_mut(range.start.min(end)..end).unwrap_or_default()
}

/// A binary message: zeros, but for those that say why a peer ends the connection. A Kubernetes status is text behind its
/// channel; of MQTT's DISCONNECT and CONNACK the kind, the length and the reason stay (MQTT 5.0 §3.14, §3.2).
fn binary(message: &mut [u8], blotter: &mut Blotter) {
    if let [3, status @ ..] = message
        && status.starts_with(b"{")
        && std::str::from_utf8(status).is_ok()
    {
        return blotter.text(status, false);
    }
    let told = match *message {
        [0xE0, length, ..] if message.len() == usize::from(length) + 2 => 3,
        [0x20, length, ..] if message.len() == usize::from(length) + 2 => 4,
        _ => 0,
    };
    blotter.look(message);
    message.get_mut(told..).unwrap_or_default().fill(0);
}

/// `None` where it does not inflate, or to too much to keep.
fn inflate(inflater: &mut Inflater, payload: &[u8]) -> Option<Vec<u8>> {
    let (mut scratch, mut plain, mut fits) = (vec![0; limits::SCRATCH], Vec::new(), true);
    let mut out = |bytes: &[u8]| {
        fits &= plain.len() + bytes.len() <= limits::SLICED_STREAM;
        if fits {
            plain.extend_from_slice(bytes);
        }
    };
    inflater.push(payload, &mut scratch, &mut out).ok()?;
    inflater.finish(&mut scratch, &mut out).ok()?;
    fits.then_some(plain)
}

/// Other bytes, the same for the same: letters, so that a text stays one.
fn replace(payload: &mut [u8]) {
    let seed = FixedState::default().hash_one(&*payload);
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte = b'a' + (FixedState::default().hash_one((seed, at)) % 26) as u8;
    }
}
