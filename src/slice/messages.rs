//! The rewriting of one direction's frames in place.

use std::ops::Range;

use super::blotter::{Blotter, Remember};
use super::deflate;
use super::dialogue::{Asked, Part};
use super::frames::Frames;
use super::payload::{binary, inflate, replace};
use super::streams::Stream;
use crate::limits;
use crate::report::redact::known::Known;
use crate::ws::Opcode;
use crate::ws::deflate::{Failure, Inflater, Permits};
use crate::ws::frame::{RSV1, START, unmask};

/// The compression of a direction's messages (RFC 7692).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// Whether each message starts with an empty window.
    pub no_context_takeover: bool,
}

/// Counts of messages that could not be preserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Compressed messages whose redacted text did not fit their length, so that all of it became `x`.
    pub redacted: u64,
    /// Those of them that also inflate to fewer bytes than before.
    pub shortened: u64,
    /// Messages, and runs without frames, that are too large to be looked at, as sent or inflated. The bytes that were
    /// not looked at become zeros, or an empty message if only the inflated bytes were too many.
    pub unread: u64,
}

impl std::ops::AddAssign for Losses {
    fn add_assign(&mut self, other: Self) {
        self.redacted += other.redacted;
        self.shortened += other.shortened;
        self.unread += other.unread;
    }
}

/// A function that is called with the readable bytes of a stream: heads, and payloads without masks and compression.
pub type Read<'r> = dyn FnMut(&[u8]) + 'r;

/// A pass over one direction.
struct Walk<'s> {
    stream: &'s mut Stream,
    frames: &'s Frames,
    inflater: Option<Inflater>,
    losses: Losses,
    blotter: Blotter<'s>,
    part: Part,
    task: Task<'s>,
}

/// The purpose of a pass.
enum Task<'s> {
    /// To rewrite the stream.
    Rewrite,
    /// To find its secrets only; no message is compressed again.
    Search,
    /// To find its secrets, and to pass on all of its readable bytes.
    Read(&'s mut Read<'s>),
}

/// A message, with the range of frames that contains its own.
struct Message {
    /// The packet in which it begins.
    packet: u32,
    opcode: Opcode,
    compressed: bool,
    frames: Range<usize>,
}

/// A direction to be rewritten or read.
pub struct Direction<'s> {
    /// Its bytes.
    pub stream: &'s mut Stream,
    /// The positions of its frames.
    pub frames: &'s Frames,
    /// The compression of its messages, if any.
    pub compression: Option<Compression>,
    /// Its part in the questions of the server.
    pub part: Part,
}

impl Direction<'_> {
    /// Rewrites it. Returns what could not be preserved, and the questions asked in it. Values `known` to be secret
    /// from other places are secret here, too.
    pub fn rewrite(self, known: &Known) -> (Losses, Asked) {
        walk(self, Blotter::knowing(known), Task::Rewrite)
    }

    /// Calls `remember` with its secrets, without rewriting it. Returns the same as [`Self::rewrite`].
    pub fn search(self, remember: &mut Remember<'_>) -> (Losses, Asked) {
        walk(self, Blotter::remembering(remember), Task::Search)
    }

    /// Calls `read` with its readable bytes, and `remember`, if given, with its secrets. Returns the same as
    /// [`Self::rewrite`].
    pub fn read(self, remember: Option<&mut Remember<'_>>, read: &mut Read<'_>) -> (Losses, Asked) {
        let blotter = remember.map_or_else(Blotter::idle, |remember| Blotter::remembering(remember));
        walk(self, blotter, Task::Read(read))
    }
}

fn walk<'s>(direction: Direction<'s>, blotter: Blotter<'s>, task: Task<'s>) -> (Losses, Asked) {
    let Direction { stream, frames, compression, part } = direction;
    let inflater = compression.and_then(|agreed| Inflater::new(agreed.no_context_takeover, &Permits::default()));
    let mut walk = Walk { stream, frames, inflater, losses: Losses::default(), blotter, part, task };
    walk.frames();
    (walk.losses, walk.part.into_asked())
}

impl Walk<'_> {
    fn frames(&mut self) {
        let (mut at, mut open): (usize, Option<Message>) = (0, None);
        for index in 0..self.frames.len() {
            let Some(frame) = self.frames.get(index).copied() else { break };
            self.unframed(at..frame.start());
            let payload = self.payload(index);
            at = payload.end;
            match frame.opcode() {
                Opcode::CLOSE => self.change(payload, frame.key(), |payload, blotter| {
                    blotter.text(payload.get_mut(2..).unwrap_or_default(), false);
                }),
                Opcode::PING | Opcode::PONG => self.change(payload, frame.key(), |payload, _| replace(payload)),
                Opcode::CONTINUATION if open.is_some() => {}
                Opcode::TEXT | Opcode::BINARY => {
                    if let Some(interrupted) = open.take() {
                        self.message(&interrupted, false);
                    }
                    let compressed = frame.rsv() == RSV1 && self.inflater.is_some();
                    let opcode = if frame.rsv() == 0 || compressed { frame.opcode() } else { Opcode::BINARY };
                    open = Some(Message { packet: frame.packet(), opcode, compressed, frames: index..index });
                }
                _ => self.change(payload, frame.key(), |payload, _| payload.fill(0)),
            }
            if let Some(message) = &mut open {
                message.frames.end = index + 1;
            }
            if frame.is_last()
                && !frame.opcode().is_control()
                && let Some(complete) = open.take()
            {
                self.message(&complete, true);
            }
        }
        if let Some(interrupted) = open {
            self.message(&interrupted, false);
        }
        self.unframed(at..self.stream.end());
    }

    /// Returns the range of a frame's payload in the stream. It ends at the next frame or the end of the stream at the
    /// latest, even if the frame declares more bytes.
    fn payload(&self, index: usize) -> Range<usize> {
        let Some(frame) = self.frames.get(index) else { return 0..0 };
        let next = self.frames.get(index + 1).map_or(usize::MAX, |next| next.start());
        let start = frame.payload().min(self.stream.end());
        start..frame.end().min(next).min(self.stream.end()).max(start)
    }

    fn is_rewritten(&self) -> bool {
        matches!(self.task, Task::Rewrite)
    }

    /// Passes readable bytes to the reader, if there is one.
    fn tell(&mut self, plain: &[u8]) {
        if let Task::Read(read) = &mut self.task {
            read(plain);
        }
    }

    /// Returns whether so many bytes can be looked at together. If not, counts them as unread; the caller must make
    /// them zeros.
    fn has_room(&mut self, bytes: usize) -> bool {
        let fits = bytes <= limits::SLICED_MESSAGE;
        self.losses.unread += u64::from(!fits);
        fits
    }

    /// Rewrites bytes outside frames. After frames, they begin with what should have been a header, which is kept.
    fn unframed(&mut self, range: Range<usize>) {
        for run in self.stream.captured(range.clone()) {
            let is_torn = run.start != range.start;
            let kept = if range.start > 0 && !is_torn { START } else { 0 };
            let end = if self.has_room(run.len()) { run.end } else { run.start + limits::SLICED_MESSAGE };
            let mut bytes = self.stream.copy(run.start..end);
            self.tell(&bytes);
            self.blotter.unframed(&mut bytes, is_torn, kept);
            self.put(run.start, &bytes);
            self.blank(end..run.end);
        }
    }

    /// Calls `change` with an unmasked payload, and puts the result back. A payload that is too large becomes zeros.
    fn change(&mut self, range: Range<usize>, key: [u8; 4], change: impl FnOnce(&mut [u8], &mut Blotter<'_>)) {
        if !self.has_room(range.len()) {
            return self.blank(range);
        }
        let mut payload = self.unmasked(range.clone(), key);
        self.tell(&payload);
        change(&mut payload, &mut self.blotter);
        self.put_masked(range.start, key, &mut payload);
    }

    fn unmasked(&self, range: Range<usize>, key: [u8; 4]) -> Vec<u8> {
        let mut payload = self.stream.copy(range);
        unmask(&mut payload, key, 0);
        payload
    }

    fn put_masked(&mut self, at: usize, key: [u8; 4], payload: &mut [u8]) {
        if self.is_rewritten() {
            unmask(payload, key, 0);
            self.stream.put(at, payload);
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if self.is_rewritten() {
            self.stream.put(at, bytes);
        }
    }

    fn blank(&mut self, range: Range<usize>) {
        if self.is_rewritten() {
            self.stream.blank(range);
        }
    }

    /// Returns whether the frame at `index`, within the range of a message, is its own.
    fn is_own(&self, message: &Message, index: usize) -> bool {
        let is_continuation = || self.frames.get(index).is_some_and(|frame| frame.opcode() == Opcode::CONTINUATION);
        index == message.frames.start || is_continuation()
    }

    fn message(&mut self, message: &Message, complete: bool) {
        let own = || message.frames.clone().filter(|index| self.is_own(message, *index));
        let length = own().map(|index| self.payload(index).len()).sum();
        let is_whole = |index| self.frames.get(index).is_some_and(|frame| self.payload(index).end == frame.end());
        let whole = complete && own().all(|index| is_whole(index) && self.stream.has(self.payload(index)));
        if !self.has_room(length) {
            self.put_message(message, &[]);
            return self.forget(message);
        }
        let mut plain = Vec::with_capacity(length);
        for index in message.frames.clone().filter(|index| self.is_own(message, *index)) {
            let key = self.frames.get(index).map_or([0; 4], |frame| frame.key());
            plain.extend(self.unmasked(self.payload(index), key));
        }
        self.tell(&plain);
        if message.compressed {
            plain = self.compressed(message, &plain, whole);
        } else {
            self.contents(&mut plain, message, whole);
        }
        self.put_message(message, &plain);
    }

    /// Redacts the contents of a message, which is not compressed or already inflated.
    fn contents(&mut self, plain: &mut [u8], message: &Message, whole: bool) {
        let answered = self.part.message(message.packet, plain, &mut self.blotter);
        if let Some(answered) = answered {
            self.tell(&answered);
        }
        match message.opcode {
            Opcode::TEXT => self.blotter.text(plain, !whole),
            _ => binary(plain, &mut self.blotter),
        }
    }

    /// Replaces a message's payload by `plain`. If that is shorter, the remaining bytes become zeros.
    fn put_message(&mut self, message: &Message, mut plain: &[u8]) {
        if !self.is_rewritten() {
            return;
        }
        for index in message.frames.clone() {
            let Some(key) = self.frames.get(index).map(|frame| frame.key()).filter(|_| self.is_own(message, index))
            else {
                continue;
            };
            let range = self.payload(index);
            let (own, behind) = plain.split_at(plain.len().min(range.len()));
            plain = behind;
            if own.len() < range.len() {
                self.blank(range.clone());
            }
            self.put_masked(range.start, key, &mut own.to_vec());
        }
    }

    /// Notes that a message was not inflated. Messages that need it for their window cannot be inflated, either.
    fn forget(&mut self, message: &Message) {
        if message.compressed {
            self.inflater = self.inflater.take().filter(Inflater::no_context_takeover);
        }
    }

    /// Returns a compressed message rewritten, in as many bytes as `payload` has. A message that is not whole, or
    /// cannot be inflated, becomes zeros, and so do all messages that need it for their window.
    fn compressed(&mut self, message: &Message, payload: &[u8], whole: bool) -> Vec<u8> {
        let zeros = || vec![0; payload.len()];
        let inflated = self.inflater.as_mut().filter(|_| whole).map(|inflater| inflate(inflater, payload));
        let mut plain = match inflated {
            Some(Ok(Some(plain))) => plain,
            Some(Ok(None)) => {
                self.losses.unread += 1;
                return deflate::compressed(&[], payload.len()).unwrap_or_else(zeros);
            }
            other => {
                self.losses.unread += u64::from(other.is_some_and(|other| other == Err(Failure::TooLarge)));
                self.forget(message);
                return zeros();
            }
        };
        self.tell(&plain);
        self.contents(&mut plain, message, true);
        if !self.is_rewritten() {
            return Vec::new();
        }
        if let Some(message) = deflate::compressed(&plain, payload.len()) {
            return message;
        }
        self.losses.redacted += 1;
        plain.iter_mut().filter(|byte| byte.is_ascii()).for_each(|byte| *byte = b'x');
        if let Some(message) = deflate::compressed(&plain, payload.len()) {
            return message;
        }
        self.losses.shortened += 1;
        deflate::shortened(&plain, payload.len()).unwrap_or_else(zeros)
    }
}
