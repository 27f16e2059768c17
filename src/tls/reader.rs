//! The records of one TCP direction, from chunks that are cut anywhere.
//!
//! ```text
//! chunks    ├──────────────┼─────────┼╌╌╌╌╌╌╌╌╌╌╌┼────────────┼─────────┤
//!                                       a gap
//! records   ├─────┼─────────┼───────┼╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┼───────┼────────┤
//!            lent   copied   copied  lost               found   lent
//! ```

use super::record::{FRAGMENT, HEADER, Header, Record, header, split};
use super::resync::{Candidate, Resync};
use crate::chunk::{Carrier, Chunk, Data, Missing, Place};
use crate::prefetch::prefetch;

/// A reader of records. It lends a record from the chunk that contains all of it, and copies one that lies in several.
#[derive(Debug)]
pub struct Reader {
    state: State,
    /// The beginning of the record that the last chunk ended in.
    partial: Vec<u8>,
    /// Bytes of a fragment to keep.
    kept: usize,
    /// Bytes that no record was read from, and that have not been reported yet.
    loss: Option<Loss>,
}

#[derive(Debug)]
enum State {
    /// A header comes next, or its rest.
    Header,
    /// `left` bytes of a fragment are still to come.
    Fragment { header: Header, left: u64, is_whole: bool },
    /// The boundaries of records are not known.
    Lost(Box<Resync>),
}

/// Bytes of the TCP stream that no record was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Their number, with the headers of records among them.
    pub len: u64,
    /// The reason why the first of them are missing.
    pub missing: Missing,
}

/// The next part of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'r> {
    /// A record.
    Record(Framed<'r>),
    /// The bytes before the next record, or at the end of the stream, that no record was read from.
    Lost(Loss),
}

/// A record, and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'r> {
    /// The record. Its fragment is cut if the reader is to keep only so much ([`Reader::keep_at_most`]).
    pub record: Record<'r>,
    /// The segment with its last byte.
    pub carrier: &'r Carrier,
    /// The bytes of the TCP stream up to its end, which its receiver needs to authenticate it.
    pub end: u64,
    /// Whether a record certainly begins there. If not, only its authentication can show it.
    pub is_certain: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self { state: State::Header, partial: Vec::new(), kept: FRAGMENT, loss: None }
    }
}

impl Reader {
    /// Keeps only the first `bytes` of each fragment from now on. Without keys there is no use for more.
    pub fn keep_at_most(&mut self, bytes: usize) {
        self.kept = bytes;
        self.partial.truncate(HEADER.saturating_add(bytes));
        self.partial.shrink_to_fit();
    }

    /// Returns whether the boundaries of records are not known at the moment.
    pub const fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost(_))
    }

    /// Returns whether a record begins with the next byte, and can be kept whole.
    #[inline]
    pub const fn is_between_records(&self) -> bool {
        matches!(self.state, State::Header) && self.partial.is_empty() && self.loss.is_none() && self.kept >= FRAGMENT
    }

    /// Prefetches its state.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.state);
    }

    /// Returns the number of bytes held, except those of a header.
    pub fn held_bytes(&self) -> usize {
        match &self.state {
            State::Header => 0,
            State::Fragment { .. } => self.partial.len(),
            State::Lost(resync) => resync.held_bytes(),
        }
    }

    /// Drops the bytes held. The record that they belong to counts as lost; its end is still known.
    pub fn let_go(&mut self) {
        match &mut self.state {
            State::Header => {}
            State::Fragment { is_whole, .. } => {
                *is_whole = false;
                self.partial = Vec::new();
            }
            State::Lost(resync) => {
                let dropped = resync.let_go();
                self.lose(dropped, Missing::Undecrypted);
            }
        }
    }

    /// Processes the next chunk, and passes its records to `out`. Copied records are put into `spare`, a buffer that
    /// many readers share.
    pub fn push(&mut self, chunk: Chunk<'_>, spare: &mut Vec<u8>, out: &mut impl FnMut(Item<'_>)) {
        match chunk.data {
            Data::Bytes(bytes) => self.bytes(chunk.place, bytes, spare, out),
            Data::Gap { len, missing } => self.gap(chunk.place, len, missing, spare, out),
        }
    }

    /// Ends the stream, and passes to `out` what waited for more bytes.
    pub fn end(&mut self, out: &mut impl FnMut(Item<'_>)) {
        match std::mem::replace(&mut self.state, State::Header) {
            State::Header => self.lose(self.partial.len() as u64, Missing::NeverCaptured),
            State::Fragment { header, left, .. } => {
                self.lose(HEADER as u64 + u64::from(header.length) - left, Missing::NeverCaptured);
            }
            State::Lost(resync) => self.guess(*resync, out),
        }
        self.partial = Vec::new();
        self.report_loss(out);
    }

    fn bytes(&mut self, mut place: Place<'_>, mut bytes: &[u8], spare: &mut Vec<u8>, out: &mut impl FnMut(Item<'_>)) {
        while !bytes.is_empty() {
            let used = match &mut self.state {
                State::Header if self.partial.is_empty() => match split(bytes) {
                    Some((record, rest)) => {
                        let used = bytes.len() - rest.len();
                        self.lend(record, place.after(used), out);
                        used
                    }
                    None => {
                        self.partial = std::mem::take(spare);
                        self.header(place, bytes, spare, out)
                    }
                },
                State::Header => self.header(place, bytes, spare, out),
                State::Fragment { .. } => self.fragment(place, bytes, spare, out),
                State::Lost(resync) => {
                    let (is_found, used) = resync.push(place, bytes);
                    if is_found {
                        self.resume(spare, out);
                    }
                    used
                }
            };
            place = place.after(used);
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    /// Copies the next bytes of a header. Returns their number.
    fn header(&mut self, place: Place<'_>, bytes: &[u8], spare: &mut Vec<u8>, out: &mut impl FnMut(Item<'_>)) -> usize {
        let take = bytes.len().min(HEADER.saturating_sub(self.partial.len()));
        self.partial.extend(bytes.iter().take(take));
        let place = place.after(take);
        match header(&self.partial) {
            Ok((_, header)) if header.is_of_legal_length() => {
                self.partial.reserve_exact(usize::from(header.length).min(self.kept));
                self.state = State::Fragment { header, left: u64::from(header.length), is_whole: true };
                if header.length == 0 {
                    self.complete(header, true, place, spare, out);
                }
            }
            Err(error) if error.is_incomplete() => {}
            // A record may begin anywhere behind the first byte.
            _ => {
                let begun = std::mem::take(&mut self.partial);
                let mut resync = Resync::new(place.needed().saturating_sub(begun.len() as u64));
                resync.skip_first(&begun, place.carrier);
                self.state = State::Lost(Box::new(resync));
            }
        }
        take
    }

    /// Copies the next bytes of a fragment. Returns their number.
    fn fragment(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        spare: &mut Vec<u8>,
        out: &mut impl FnMut(Item<'_>),
    ) -> usize {
        let State::Fragment { header, left, is_whole } = &mut self.state else { return bytes.len() };
        let take = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
        *left -= take as u64;
        let (header, is_whole, is_complete) = (*header, *is_whole, *left == 0);
        if is_whole {
            let room = HEADER.saturating_add(self.kept).saturating_sub(self.partial.len());
            self.partial.extend_from_slice(bytes.get(..take.min(room)).unwrap_or_default());
        }
        if is_complete {
            self.complete(header, is_whole, place.after(take), spare, out);
        }
        take
    }

    /// Gives out the copied record that ends at `place`.
    fn complete(
        &mut self,
        header: Header,
        is_whole: bool,
        place: Place<'_>,
        spare: &mut Vec<u8>,
        out: &mut impl FnMut(Item<'_>),
    ) {
        self.state = State::Header;
        let mut partial = std::mem::take(&mut self.partial);
        if is_whole {
            let fragment = partial.get(HEADER..).unwrap_or_default();
            self.lend(Record { header, fragment }, place, out);
        } else {
            self.lose(HEADER as u64 + u64::from(header.length), Missing::NeverCaptured);
        }
        partial.clear();
        if spare.capacity() < partial.capacity() {
            *spare = partial;
        }
    }

    fn lend(&mut self, record: Record<'_>, end: Place<'_>, out: &mut impl FnMut(Item<'_>)) {
        self.report_loss(out);
        let fragment = record.fragment.get(..self.kept).unwrap_or(record.fragment);
        let record = Record { fragment, ..record };
        out(Item::Record(Framed { record, carrier: end.carrier, end: end.needed(), is_certain: true }));
    }

    /// Passes over a gap. Inside a fragment, the next record is still where its header says.
    fn gap(
        &mut self,
        place: Place<'_>,
        len: u64,
        missing: Missing,
        spare: &mut Vec<u8>,
        out: &mut impl FnMut(Item<'_>),
    ) {
        let behind = place.needed().saturating_add(len);
        match std::mem::replace(&mut self.state, State::Header) {
            State::Fragment { header, left, .. } if len <= left => {
                self.loss.get_or_insert(Loss { len: 0, missing });
                self.partial = Vec::new();
                self.state = State::Fragment { header, left: left - len, is_whole: false };
                if left == len {
                    self.complete(header, false, place, spare, out);
                }
                return;
            }
            State::Fragment { header, left, .. } => {
                self.lose((HEADER as u64 + u64::from(header.length) - left).saturating_add(len), missing);
            }
            State::Header => self.lose((self.partial.len() as u64).saturating_add(len), missing),
            State::Lost(resync) => {
                self.guess(*resync, out);
                self.lose(len, missing);
            }
        }
        self.partial = Vec::new();
        self.state = State::Lost(Box::new(Resync::new(behind)));
    }

    /// Reads on from the record that the search has found.
    fn resume(&mut self, spare: &mut Vec<u8>, out: &mut impl FnMut(Item<'_>)) {
        let State::Lost(resync) = std::mem::replace(&mut self.state, State::Header) else { return };
        self.lose(resync.skipped(), Missing::NeverCaptured);
        for (place, bytes) in resync.found() {
            self.bytes(place, bytes, spare, out);
        }
    }

    /// Gives out the only record that may be in the bytes before a gap, or before the end.
    fn guess(&mut self, resync: Resync, out: &mut impl FnMut(Item<'_>)) {
        match resync.candidate() {
            Some(Candidate { record, before, behind, place }) => {
                self.lose(before, Missing::NeverCaptured);
                self.report_loss(out);
                let fragment = record.fragment.get(..self.kept).unwrap_or(record.fragment);
                let record = Record { fragment, ..record };
                let (carrier, end) = (place.carrier, place.needed());
                out(Item::Record(Framed { record, carrier, end, is_certain: false }));
                self.lose(behind, Missing::NeverCaptured);
            }
            None => self.lose(resync.all(), Missing::NeverCaptured),
        }
    }

    fn lose(&mut self, len: u64, missing: Missing) {
        if len > 0 {
            let loss = self.loss.get_or_insert(Loss { len: 0, missing });
            loss.len = loss.len.saturating_add(len);
        }
    }

    fn report_loss(&mut self, out: &mut impl FnMut(Item<'_>)) {
        if let Some(loss) = self.loss.take() {
            out(Item::Lost(loss));
        }
    }
}
