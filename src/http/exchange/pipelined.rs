//! The bytes that a client sends after an opening handshake, before the answer decides their meaning.

use super::{Event, Exchange, State};
use crate::chunk::{Chunk, Data, Kept, Missing};
use crate::limits;
use crate::side::Side;

impl Exchange {
    /// Resumes reading requests after a refused opening handshake: the client may ask again on the same connection.
    pub(super) fn resume_requests(&mut self, out: &mut impl FnMut(Event<'_>)) {
        if self.readers.client.state == State::Waiting {
            self.readers.client.state = State::Head;
            self.replay_pipelined(out);
        }
    }

    pub(super) fn replay_pipelined(&mut self, out: &mut impl FnMut(Event<'_>)) {
        for kept in self.take_pipelined() {
            self.push(Side::Client, kept.chunk(), out);
        }
    }

    /// Keeps a chunk, or a gap instead if there is no room for its bytes.
    pub(super) fn keep_pipelined(&mut self, mut chunk: Chunk<'_>) {
        let room = limits::PIPELINED_BYTES.saturating_sub(self.pipelined_bytes);
        if let Data::Bytes(bytes) = chunk.data {
            if bytes.len() > room {
                chunk.data = Data::Gap { len: bytes.len() as u64, missing: Missing::NeverCaptured };
            } else {
                self.pipelined_bytes += bytes.len();
            }
        }
        let is_full = self.pipelined.len() >= limits::PIPELINED_SEGMENTS;
        if !self.pipelined.last_mut().is_some_and(|last| is_full && last.append(chunk)) {
            self.pipelined.push(Kept::new(chunk));
        }
    }
}
