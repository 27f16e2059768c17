//! Runs of frames in one direction that may begin at any segment, and the evidence that they are frames.
//!
//! A run begins at the start of a segment, and continues from frame to frame by their lengths until something refutes
//! it. The chunks before a decision are kept, within a bound, from the beginning of a frame on.

use std::collections::VecDeque;

use super::close::{Body, CloseCode, body};
use super::frame::{HEADER, Header, Opcode, RSV1, START, header, unmask};
use super::odds::{self, Known};
use super::violation::{MessageState, Negotiated, is_legal};
use crate::chunk::{Chunk, Data, Kept, Missing};
use crate::limits;
use crate::side::Side;

/// A run of frames of one direction.
#[derive(Debug)]
pub struct Run {
    known: Known,
    /// Whether the side masks its frames, if that was known before the run.
    masked: Option<bool>,
    /// The most bytes to keep.
    most: usize,
    bits: i32,
    content: i32,
    frames: u32,
    message: MessageState,
    code: Option<CloseCode>,
    closed: bool,
    /// Stream offset of the next byte that belongs to a header; `None` while there is no run.
    next: Option<u64>,
    /// The last frame's header, while its payload continues after the captured end of its segment.
    last: Option<Header>,
    /// The beginning of a header that its segment cut.
    partial: Vec<u8>,
    /// Stream offset of the first header that began in the last chunk.
    first_header: Option<u64>,
    kept: Chunks,
}

/// The chunks of a run so far, each with the stream offset of the first header that begins in it.
#[derive(Debug, Default)]
struct Chunks {
    chunks: VecDeque<(Kept, Option<u64>)>,
    size: usize,
}

impl Run {
    /// Creates a run that has not begun. `masked` says whether its side masks its frames, if that is known. It keeps at
    /// most `most` bytes.
    pub fn new(masked: Option<bool>, most: usize) -> Self {
        Self {
            known: Known { masked, ..Known::default() },
            masked,
            most,
            bits: 0,
            content: 0,
            frames: 0,
            message: MessageState::Unknown,
            code: None,
            closed: false,
            next: None,
            last: None,
            partial: Vec::new(),
            first_header: None,
            kept: Chunks::default(),
        }
    }

    /// Returns the bits that it proves.
    pub const fn bits(&self) -> i32 {
        self.bits
    }

    /// Returns the bits from texts and close codes.
    pub const fn content(&self) -> i32 {
        self.content
    }

    /// Returns whether it contains a frame.
    pub const fn has_frames(&self) -> bool {
        self.frames > 0
    }

    /// Returns whether its frames are masked; `None` if that is not known.
    pub const fn masked(&self) -> Option<bool> {
        self.known.masked
    }

    /// Returns the code of its Close frame.
    pub const fn code(&self) -> Option<CloseCode> {
        self.code
    }

    /// Returns whether it ends in a Close frame, after which nothing may come.
    pub const fn ends_in_close(&self) -> bool {
        self.closed
    }

    /// Returns whether it would begin with the next chunk.
    pub const fn begins(&self) -> bool {
        self.next.is_none()
    }

    /// Examines the next chunk, at stream offset `offset`. A run that begins with it pays `trial` bits, because it is one of many that could.
    /// `other` is the code of the other side's Close frame.
    pub fn push(&mut self, offset: u64, data: Data<'_>, trial: i32, other: Option<CloseCode>) {
        self.first_header = None;
        match data {
            Data::Bytes(bytes) => {
                if self.next.is_some_and(|next| next < offset) {
                    self.forget();
                }
                let next = *self.next.get_or_insert(offset);
                if self.frames == 0 && self.partial.is_empty() {
                    self.bits = -trial;
                }
                self.known.other_code = other;
                let skipped = usize::try_from(next.saturating_sub(offset)).unwrap_or(usize::MAX);
                if let Some(bytes) = bytes.get(skipped..).filter(|bytes| !bytes.is_empty())
                    && self.frames_of(next, bytes).is_none()
                {
                    self.forget();
                }
            }
            Data::Gap { len, missing } => {
                let end = offset.saturating_add(len);
                if !self.partial.is_empty() || self.next.is_some_and(|next| next < end) {
                    self.forget();
                }
                // A gap from the snaplen ends where its segment ends.
                if let Some(last) =
                    self.last.take().filter(|_| missing == Missing::CutBySnaplen && self.next == Some(end))
                {
                    self.bits += odds::of_end(&last, true, self.known) - odds::of_end(&last, false, self.known);
                }
            }
        }
    }

    /// Begins with the likeliest frame inside a chunk, if none begins at its start. The run of that frame must reach
    /// the very end of the chunk, or prove much. It pays for every place where it could begin.
    pub fn look_inside(&mut self, offset: u64, bytes: &[u8]) {
        let trial = usize::BITS.saturating_sub(bytes.len().leading_zeros()).cast_signed();
        let end = offset.saturating_add(bytes.len() as u64);
        let mut headers = limits::RESYNC_HEADERS;
        for (at, start) in (offset..).zip(bytes.windows(START)).skip(1) {
            let is_likely = start.get(1).is_some_and(|second| Some(second & 0x80 != 0) == self.masked);
            let tail = usize::try_from(at - offset).ok().and_then(|at| bytes.get(at..));
            let Some(tail) = tail.filter(|_| is_likely) else {
                continue;
            };
            let mut run = Self::new(self.masked, self.most);
            run.push(at, Data::Bytes(tail), trial, None);
            headers = headers.saturating_sub(run.frames.saturating_add(1));
            let is_whole = run.next == Some(end) && run.partial.is_empty();
            if run.frames > 0 && (is_whole || run.bits >= trial) && (self.frames == 0 || run.bits > self.bits) {
                *self = run;
            }
            if headers == 0 {
                break;
            }
        }
    }

    /// Weighs the frames of `bytes`, at stream offset `offset`; `None` if they are not frames.
    fn frames_of(&mut self, mut offset: u64, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
            if self.closed {
                return None;
            }
            let had = self.partial.len();
            if had == 0 {
                self.first_header.get_or_insert(offset);
            }
            let Some(parsed) = self.header(bytes) else {
                // Cut by the end of the segment.
                self.next = Some(offset.saturating_add(bytes.len() as u64));
                return Some(());
            };
            let begun = usize::from(parsed.size).saturating_sub(had);
            let behind = bytes.get(begun..)?;
            let len = usize::try_from(parsed.length).unwrap_or(usize::MAX);
            self.frame(&parsed, behind, len)?;
            let taken = (begun as u64).saturating_add(parsed.length);
            offset = offset.saturating_add(taken);
            bytes = behind.get(len..).unwrap_or_default();
        }
        self.next = Some(offset);
        Some(())
    }

    /// Parses the header that `bytes` begin or continue; `None` if they end within it.
    fn header(&mut self, bytes: &[u8]) -> Option<Header> {
        if self.partial.is_empty()
            && let Ok((_, parsed)) = header(bytes)
        {
            return Some(parsed);
        }
        self.partial.extend(bytes.iter().take(HEADER - self.partial.len()));
        let (_, parsed) = header(&self.partial).ok()?;
        self.partial.clear();
        Some(parsed)
    }

    /// Weighs a frame with a payload of `len` bytes. `behind` contains the bytes after its header, as far as the
    /// segment has them. Returns `None` if it cannot be a frame.
    fn frame(&mut self, parsed: &Header, behind: &[u8], len: usize) -> Option<()> {
        let side = if parsed.start.masked { Side::Client } else { Side::Server };
        let is_wrong_side = self.known.masked.is_some_and(|masked| masked != parsed.start.masked);
        if is_wrong_side || !is_legal(parsed, Negotiated { side, deflate: true }, self.message) {
            return None;
        }
        self.bits += odds::of_header(parsed, self.known)?;
        self.bits += odds::of_end(parsed, behind.len() == len, self.known);
        let payload = behind.get(..len).unwrap_or(behind);
        let content = odds::of_payload(parsed, payload, self.known);
        self.bits += content;
        self.content += content.max(0);
        if parsed.start.opcode == Opcode::CLOSE {
            self.code = close_code(parsed, payload);
        }
        self.last = (behind.len() < len).then_some(*parsed);
        let fin = parsed.start.fin;
        let is_data = matches!(parsed.start.opcode, Opcode::TEXT | Opcode::BINARY | Opcode::CONTINUATION);
        if is_data {
            let is_first = parsed.start.opcode != Opcode::CONTINUATION;
            self.known.in_message = (is_first || self.known.in_message) && !fin;
            self.message = if fin { MessageState::Closed } else { MessageState::Open };
        }
        self.known.compressed |= is_data && parsed.start.rsv == RSV1;
        self.known.masked = Some(parsed.start.masked);
        self.closed = parsed.start.opcode == Opcode::CLOSE;
        self.frames = self.frames.saturating_add(1);
        Some(())
    }

    /// Drops the run, so that a new one can begin.
    fn forget(&mut self) {
        *self = Self::new(self.masked, self.most);
    }

    /// Keeps the chunk that was examined last, for [`Run::into_chunks`].
    pub fn keep(&mut self, chunk: Chunk<'_>) {
        if self.next.is_some() {
            self.kept.push(Kept::new(chunk), self.first_header, self.most);
        }
    }

    /// Returns the number of bytes that the kept chunks take, with their overhead.
    pub const fn kept_bytes(&self) -> usize {
        self.kept.size
    }

    /// Drops the kept chunks. The run continues.
    pub fn let_go(&mut self) {
        self.kept = Chunks::default();
    }

    /// Returns the stream offset at which the frames begin in the last chunk, itself at `offset`: its start if earlier
    /// chunks are kept, else the first header in it.
    pub fn begins_at(&self, offset: u64) -> Option<u64> {
        if self.kept.chunks.is_empty() { self.first_header } else { Some(offset) }
    }

    /// Returns the kept chunks. The first one begins with a header.
    pub fn into_chunks(self) -> impl Iterator<Item = Kept> {
        self.kept.chunks.into_iter().map(|(chunk, _)| chunk)
    }
}

impl Chunks {
    fn push(&mut self, chunk: Kept, first_header: Option<u64>, most: usize) {
        self.size += chunk.size();
        self.chunks.push_back((chunk, first_header));
        // A chunk in which no header begins cannot be the first.
        while self.size > most || self.chunks.front().is_some_and(|(_, first_header)| first_header.is_none()) {
            self.pop();
        }
        if let Some((front, Some(first_header))) = self.chunks.front_mut() {
            let before = front.size();
            front.begin_at(*first_header);
            self.size -= before - front.size();
        }
    }

    fn pop(&mut self) {
        if let Some((chunk, _)) = self.chunks.pop_front() {
            self.size -= chunk.size();
        }
    }
}

fn close_code(parsed: &Header, payload: &[u8]) -> Option<CloseCode> {
    let mut plain = payload.to_vec();
    if let Some(key) = parsed.key {
        unmask(&mut plain, key, 0);
    }
    match body(&plain) {
        Body::Code(code, _) => Some(code),
        Body::Empty | Body::HalfCode(_) => None,
    }
}
