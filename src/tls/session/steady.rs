//! Fast path: records of data on a side that has settled, which are nearly all.

use super::{Scratch, Session, State};
use crate::prefetch::prefetch;
use crate::side::Side;
use crate::tls::record::{ContentType, split};

/// The contents of a record of data that has been opened. They are in the [`Scratch`].
#[derive(Clone, Copy, Debug)]
pub struct Contents {
    /// The bytes of the TCP stream that the record takes.
    pub used: usize,
    /// Their offset in those of the side.
    pub offset: u64,
    /// Their number of bytes.
    pub len: usize,
}

impl Session {
    /// Opens the record that `bytes` begin with, if nothing but data is to be expected and it is whole, data, and the
    /// next one. In all other cases it has changed nothing, and [`Session::push`] has to process the bytes.
    #[inline]
    pub fn data(&mut self, side: Side, bytes: &[u8], scratch: &mut Scratch) -> Option<Contents> {
        let half = &mut self.state.halves[side];
        if !half.is_steady || !self.readers[side].is_between_records() {
            return None;
        }
        let (record, rest) = split(bytes)?;
        if record.header.content_type != ContentType::APPLICATION_DATA {
            return None;
        }
        let len = half.direction.open_data(record, &mut **scratch.opening.plain)?;
        half.protected += 1;
        let offset = half.offset;
        half.offset = offset.saturating_add(len as u64);
        Some(Contents { used: bytes.len() - rest.len(), offset, len })
    }

    /// Prefetches what [`Session::data`] needs of a side.
    #[inline]
    pub fn prefetch(&self, side: Side) {
        prefetch(&self.state.halves[side].direction);
        prefetch(&self.state.halves[side].offset);
        self.readers[side].prefetch();
    }
}

impl Scratch {
    /// Returns the contents of the record that was opened last, which are so long.
    #[inline]
    pub fn contents(&self, len: usize) -> &[u8] {
        self.opening.plain.get(..len).unwrap_or_default()
    }
}

impl State {
    /// Notes that a record of data has been opened. From then on the side is steady, if no other part of the session waits
    /// for anything.
    pub(super) fn note_data(&mut self, side: Side) {
        let is_settled = self.outlook.is_decided() && self.waiting.is_empty() && self.early.is_settled();
        let is_known = self.keys_from.is_some() && self.negotiation.server.is_some() && self.ticket.is_none();
        self.halves[side].is_steady = is_settled && is_known;
    }

    /// Notes that something else than data has come.
    pub(super) fn unsettle(&mut self) {
        self.halves.client.is_steady = false;
        self.halves.server.is_steady = false;
    }
}
