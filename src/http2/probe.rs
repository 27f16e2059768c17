//! The recognition of HTTP/2 on a connection that began before the capture.

use super::frame::header;
use super::resync::evidence;
use crate::chunk::{Chunk, Data, Kept};
use crate::limits;
use crate::side::Side;

/// The bits that are required: 1 in 10^19. One frame does not have them, unless it is of the connection itself.
const ENOUGH: u32 = 64;

/// The bits that a chunk costs which does not begin with a frame.
const CONTRADICTION: u32 = 16;

/// A search for frames at the beginnings of chunks.
#[derive(Debug, Default)]
pub struct Probe {
    bits: u32,
    /// The chunks that begin with frames, and those between.
    kept: Vec<(Side, Kept)>,
    bytes: usize,
    /// The streams of those frames, in ascending order.
    streams: Vec<u32>,
}

impl Probe {
    /// Examines the next chunk of a side, and keeps it if it may belong to frames. Returns whether the connection is
    /// HTTP/2.
    pub fn push(&mut self, side: Side, chunk: Chunk<'_>) -> bool {
        let Data::Bytes(bytes) = chunk.data else { return false };
        if let Some(bits) = evidence(bytes, &|_| false) {
            self.bits = self.bits.saturating_add(bits);
            self.note_stream(bytes);
        } else {
            // It may be the rest of a long frame, or another protocol.
            self.bits = self.bits.saturating_sub(CONTRADICTION);
            if self.kept.is_empty() {
                return false;
            }
        }
        if self.bytes + bytes.len() > limits::HTTP2_PROBE {
            self.let_go();
        }
        self.kept.push((side, Kept::new(chunk)));
        self.bytes += bytes.len() + size_of::<Kept>();
        self.bits >= ENOUGH
    }

    /// Returns the number of bytes held.
    pub const fn held_bytes(&self) -> usize {
        self.bytes
    }

    /// Drops the kept chunks, and what they have shown.
    pub fn let_go(&mut self) {
        *self = Self::default();
    }

    /// Returns the kept chunks, in their order, and the streams of the frames that they begin with.
    pub fn into_parts(self) -> (Vec<(Side, Kept)>, Vec<u32>) {
        (self.kept, self.streams)
    }

    /// Notes the stream of the frame that these bytes begin with.
    fn note_stream(&mut self, bytes: &[u8]) {
        if let Ok((_, header)) = header(bytes)
            && let Err(place) = self.streams.binary_search(&header.stream)
            && self.streams.len() < limits::HTTP2_PROBES
        {
            self.streams.insert(place, header.stream);
        }
    }
}
