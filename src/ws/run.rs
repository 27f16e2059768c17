//! Frames of one direction that may begin at any segment: are they frames, and how sure is that?
//!
//! A run begins where a segment does, and goes on from frame to frame by their lengths until something refutes it. What
//! went before a decision is kept, within a bound, from the beginning of a frame on.

use std::collections::VecDeque;

use super::close::{Body, CloseCode, body};
use super::frame::{HEADER, Header, Opcode, RSV1, header, unmask};
use super::odds::{self, Known};
use super::violation::{MessageState, Rules, is_legal};
use crate::chunk::{Carrier, Chunk, Missing};
use crate::limits;
use crate::side::Side;

/// A run of frames of one direction.
#[derive(Debug)]
pub struct Run {
    known: Known,
    /// Whether the side's mask was known before the run.
    masked: Option<bool>,
    bits: i32,
    content: i32,
    frames: u32,
    message: MessageState,
    code: Option<CloseCode>,
    closed: bool,
    /// Stream offset of the next byte that belongs to a header; `None` while there is no run.
    next: Option<u64>,
    /// The beginning of a header that its segment cut.
    partial: Vec<u8>,
    /// Stream offset of the first header that began in the last chunk.
    first_header: Option<u64>,
    kept: Kept,
}

/// The chunks of a run so far.
#[derive(Debug, Default)]
struct Kept {
    chunks: VecDeque<KeptChunk>,
    size: usize,
}

/// A chunk of a run.
#[derive(Debug)]
pub struct KeptChunk {
    /// Its segment.
    pub carrier: Carrier,
    /// Stream offset of its first byte.
    pub offset: u64,
    bytes: Vec<u8>,
    /// Missing bytes, where it has none.
    gap: u64,
    first_header: Option<u64>,
}

impl Run {
    /// No run yet, of a side that masks its frames, or does not, if that is known.
    pub fn new(masked: Option<bool>) -> Self {
        Self {
            known: Known { masked, ..Known::default() },
            masked,
            bits: 0,
            content: 0,
            frames: 0,
            message: MessageState::Unknown,
            code: None,
            closed: false,
            next: None,
            partial: Vec::new(),
            first_header: None,
            kept: Kept::default(),
        }
    }

    /// How much it proves.
    pub const fn bits(&self) -> i32 {
        self.bits
    }

    /// How much of that lies in texts and close codes.
    pub const fn content(&self) -> i32 {
        self.content
    }

    /// Whether it has a frame.
    pub const fn has_frames(&self) -> bool {
        self.frames > 0
    }

    /// Whether its frames are masked.
    pub const fn masked(&self) -> Option<bool> {
        self.known.masked
    }

    /// The code of its Close.
    pub const fn code(&self) -> Option<CloseCode> {
        self.code
    }

    /// Whether it would begin with the next chunk.
    pub const fn begins(&self) -> bool {
        self.next.is_none()
    }

    /// Looks at the next chunk. A run that begins with it has to make up for `trial` bits: it is one of many that could.
    /// `other` is the code of the other side's Close.
    pub fn push(&mut self, offset: u64, chunk: Chunk<'_>, trial: i32, other: Option<CloseCode>) {
        self.first_header = None;
        match chunk {
            Chunk::Bytes(bytes) => {
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
            Chunk::Gap { len, .. } => {
                let end = offset.saturating_add(len);
                if !self.partial.is_empty() || self.next.is_some_and(|next| next < end) {
                    self.forget();
                }
            }
        }
    }

    /// Takes the frames of `bytes`, which stand at `offset`; `None` if they are none.
    fn frames_of(&mut self, mut offset: u64, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
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

    /// The header that `bytes` begin, or go on with; `None` where they end within it.
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

    /// Weighs a frame of which `behind` goes on behind its header.
    fn frame(&mut self, parsed: &Header, behind: &[u8], len: usize) -> Option<()> {
        let side = if parsed.start.masked { Side::Client } else { Side::Server };
        let is_wrong_side = self.known.masked.is_some_and(|masked| masked != parsed.start.masked);
        if self.closed || is_wrong_side || !is_legal(parsed, Rules { side, deflate: true }, self.message) {
            return None;
        }
        self.bits += odds::of_header(parsed, self.known)?;
        self.bits += odds::of_end(parsed, behind.len() == len, self.known);
        if let Some(payload) = behind.get(..len) {
            let content = odds::of_payload(parsed, payload, self.known);
            self.bits += content;
            self.content += content.max(0);
            if parsed.start.opcode == Opcode::CLOSE {
                self.code = close_code(parsed, payload);
            }
        }
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

    /// Begins anew.
    fn forget(&mut self) {
        *self = Self::new(self.masked);
    }

    /// Keeps the chunk that was looked at last, for [`Run::into_chunks`].
    pub fn keep(&mut self, carrier: &Carrier, offset: u64, chunk: Chunk<'_>) {
        if self.frames > 0 || !self.partial.is_empty() {
            let (bytes, gap) = match chunk {
                Chunk::Bytes(bytes) => (bytes.to_vec(), 0),
                Chunk::Gap { len, .. } => (Vec::new(), len),
            };
            self.kept.push(KeptChunk { carrier: *carrier, offset, bytes, gap, first_header: self.first_header });
        }
    }

    /// Bytes kept, and what it takes to keep them.
    pub const fn kept_bytes(&self) -> usize {
        self.kept.size
    }

    /// Lets go what is kept; the run goes on.
    pub fn let_go(&mut self) {
        self.kept = Kept::default();
    }

    /// Where in the last chunk the frames begin: behind what is kept, else at the first header in it.
    pub fn begins_at(&self, offset: u64) -> Option<u64> {
        if self.kept.chunks.is_empty() { self.first_header } else { Some(offset) }
    }

    /// The chunks that were kept: the first one begins with a header.
    pub fn into_chunks(self) -> impl Iterator<Item = KeptChunk> {
        self.kept.chunks.into_iter()
    }
}

impl Kept {
    fn push(&mut self, chunk: KeptChunk) {
        self.size += chunk.size();
        self.chunks.push_back(chunk);
        // What goes on with a frame before it cannot be the first.
        while self.size > limits::PROBE_BYTES || self.chunks.front().is_some_and(|front| front.first_header.is_none()) {
            self.pop();
        }
        if let Some(front) = self.chunks.front_mut() {
            let before = front.size();
            front.begin_with_header();
            self.size -= before - front.size();
        }
    }

    fn pop(&mut self) {
        if let Some(chunk) = self.chunks.pop_front() {
            self.size -= chunk.size();
        }
    }
}

impl KeptChunk {
    /// What the chunk was.
    pub fn chunk(&self) -> Chunk<'_> {
        if self.bytes.is_empty() {
            Chunk::Gap { len: self.gap, missing: Missing::NeverCaptured }
        } else {
            Chunk::Bytes(&self.bytes)
        }
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }

    fn begin_with_header(&mut self) {
        let before = self.first_header.map_or(0, |first| first.saturating_sub(self.offset));
        self.bytes.drain(..self.bytes.len().min(usize::try_from(before).unwrap_or(usize::MAX)));
        self.offset = self.offset.saturating_add(before);
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
