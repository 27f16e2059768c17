//! The frames of one direction, from chunks that are cut anywhere.
//!
//! ```text
//!         ┌ DATA ──── its bytes, as they come, lent
//! header ─┼ HEADERS, CONTINUATION, RST_STREAM, SETTINGS, GOAWAY, WINDOW_UPDATE ── the whole payload, lent or copied
//!         └ anything else ── skipped
//!    gap ── inside DATA, or what is skipped: the next header is where it was; else lost ── resync
//! ```

use super::frame::{HEADER, Header, PREFACE, Type, header};
use super::resync::Resync;
use crate::chunk::{Carrier, Chunk, Data, Missing, Place};
use crate::limits;

/// A reader of frames.
#[derive(Debug)]
pub struct Reader {
    state: State,
    /// The copied beginning of a header or of a payload.
    partial: Vec<u8>,
    /// The segment with the first byte of the frame.
    start: Carrier,
}

#[derive(Debug)]
enum State {
    /// In the client's preface: so many bytes of it have come.
    Preface(usize),
    /// A header comes next, or its rest.
    Header,
    /// The payload of a frame that is read whole: so many bytes of it are still to come.
    Payload { header: Header, left: u32 },
    /// The byte of a DATA frame that tells the length of its padding.
    PadLength(Header),
    /// The bytes of a DATA frame, and the padding behind them.
    Data { header: Header, left: u32, padding: u32 },
    /// A frame that is not read.
    Skipped { left: u32 },
    /// The boundaries of frames are not known.
    Lost(Box<Resync>),
}

/// The next part of the direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'r> {
    /// A frame that is read whole.
    Frame {
        /// Its header.
        header: Header,
        /// Its payload, cut if it is longer than [`limits::HEAD`].
        payload: &'r [u8],
        /// The segment with its first byte.
        start: &'r Carrier,
        /// The place just past it.
        end: Place<'r>,
    },
    /// The header of a DATA frame, with its padding a whole of so many bytes.
    DataBegins {
        /// The stream.
        stream: u32,
        /// The bytes that the frame takes from the windows of flow control.
        length: u32,
        /// The segment with the last byte of the header.
        carrier: &'r Carrier,
    },
    /// The next bytes of a stream, or bytes of it that are missing.
    Data {
        /// The stream.
        stream: u32,
        /// The bytes, and their place in the connection.
        chunk: Chunk<'r>,
    },
    /// The end of a DATA frame behind which its sender sends no more on the stream.
    EndOfStream {
        /// The stream.
        stream: u32,
        /// The place just past the frame.
        end: Place<'r>,
    },
    /// Frames are missing here, in an unknown number.
    Lost(Place<'r>),
}

impl Reader {
    /// Creates a reader that begins at the first byte of a direction. A client's begins with the preface, of which
    /// `taken` bytes have come.
    pub fn at_start(taken: Option<usize>) -> Self {
        let state = taken.map_or(State::Header, State::Preface);
        Self { state, partial: Vec::new(), start: Carrier::default() }
    }

    /// Creates a reader that begins somewhere in a direction.
    pub fn joined() -> Self {
        Self { state: State::Lost(Box::default()), partial: Vec::new(), start: Carrier::default() }
    }

    /// Returns whether the boundaries of frames are not known at the moment.
    pub const fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost(_))
    }

    /// Returns the number of bytes held.
    #[inline]
    pub fn held_bytes(&self) -> usize {
        let of_resync = if let State::Lost(resync) = &self.state { resync.held_bytes() } else { 0 };
        self.partial.len() + of_resync
    }

    /// Processes the next chunk, and passes its parts to `out`. `is_known` returns whether a stream is one that frames
    /// may well belong to.
    pub fn push(&mut self, chunk: Chunk<'_>, is_known: &dyn Fn(u32) -> bool, out: &mut dyn FnMut(Item<'_>)) {
        match chunk.data {
            Data::Bytes(bytes) => self.bytes(chunk.place, bytes, is_known, out),
            Data::Gap { len, missing } => self.gap(chunk.place, len, missing, out),
        }
    }

    fn bytes(
        &mut self,
        mut place: Place<'_>,
        mut bytes: &[u8],
        is_known: &dyn Fn(u32) -> bool,
        out: &mut dyn FnMut(Item<'_>),
    ) {
        while !bytes.is_empty() {
            let used = match self.state {
                State::Preface(taken) => self.preface(taken, bytes),
                State::Header => self.header(place, bytes, out),
                State::Payload { header, left } => self.payload(header, left, place, bytes, out),
                State::PadLength(header) => {
                    let padding = u32::from(bytes.first().copied().unwrap_or_default());
                    let left = header.length.saturating_sub(1);
                    let padding = padding.min(left);
                    self.begin_data(header, left - padding, padding, place.after(1), out);
                    1
                }
                State::Data { header, left, padding } => self.data(header, left, padding, place, bytes, out),
                State::Skipped { left } => {
                    let take = len_of(left, bytes);
                    self.skip(left - take as u32);
                    take
                }
                State::Lost(_) => return self.search(place, bytes, is_known, out),
            };
            place = place.after(used);
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    fn preface(&mut self, taken: usize, bytes: &[u8]) -> usize {
        let expected = PREFACE.get(taken..).unwrap_or_default();
        let same = expected.iter().zip(bytes).take_while(|(expected, byte)| expected == byte).count();
        // What is not the preface is read as frames, as servers in the middle of a repair do.
        self.state =
            if same == bytes.len() && same < expected.len() { State::Preface(taken + same) } else { State::Header };
        same
    }

    /// Reads a header, or a part of one. Returns the number of bytes taken.
    fn header(&mut self, place: Place<'_>, bytes: &[u8], out: &mut dyn FnMut(Item<'_>)) -> usize {
        if self.partial.is_empty() {
            self.start = *place.carrier;
            if let Ok((_, header)) = header(bytes) {
                self.begin(header, place.after(HEADER), out);
                return HEADER;
            }
        }
        let take = bytes.len().min(HEADER.saturating_sub(self.partial.len()));
        self.partial.extend(bytes.iter().take(take));
        if let Ok((_, header)) = header(&self.partial) {
            self.partial.clear();
            self.begin(header, place.after(take), out);
        }
        take
    }

    /// Begins the payload of a frame at `place`.
    fn begin(&mut self, header: Header, place: Place<'_>, out: &mut dyn FnMut(Item<'_>)) {
        if header.kind == Type::DATA {
            let Header { stream, length, .. } = header;
            out(Item::DataBegins { stream, length, carrier: place.carrier });
        }
        match header.kind {
            Type::DATA if header.is_padded() && header.length > 0 => self.state = State::PadLength(header),
            Type::DATA => self.begin_data(header, header.length, 0, place, out),
            Type::HEADERS
            | Type::PUSH_PROMISE
            | Type::CONTINUATION
            | Type::RST_STREAM
            | Type::SETTINGS
            | Type::GOAWAY
            | Type::WINDOW_UPDATE => {
                if header.length == 0 {
                    self.state = State::Header;
                    out(Item::Frame { header, payload: &[], start: &self.start, end: place });
                } else {
                    self.state = State::Payload { header, left: header.length };
                }
            }
            _ => self.skip(header.length),
        }
    }

    fn skip(&mut self, left: u32) {
        self.state = if left > 0 { State::Skipped { left } } else { State::Header };
    }

    fn payload(
        &mut self,
        header: Header,
        left: u32,
        place: Place<'_>,
        bytes: &[u8],
        out: &mut dyn FnMut(Item<'_>),
    ) -> usize {
        let take = len_of(left, bytes);
        let (now, left) = (bytes.get(..take).unwrap_or_default(), left - take as u32);
        let (end, is_whole) = (place.after(take), self.partial.is_empty() && take == header.length as usize);
        if is_whole {
            self.state = State::Header;
            let payload = now.get(..limits::HEAD).unwrap_or(now);
            out(Item::Frame { header, payload, start: &self.start, end });
            return take;
        }
        let room = limits::HEAD.saturating_sub(self.partial.len());
        self.partial.extend(now.iter().take(room));
        self.state = State::Payload { header, left };
        if left == 0 {
            self.state = State::Header;
            out(Item::Frame { header, payload: &self.partial, start: &self.start, end });
            self.partial = Vec::new();
        }
        take
    }

    fn begin_data(&mut self, header: Header, left: u32, padding: u32, place: Place<'_>, out: &mut dyn FnMut(Item<'_>)) {
        self.state = State::Data { header, left, padding };
        if left == 0 {
            self.end_data(header, padding, place, out);
        }
    }

    fn data(
        &mut self,
        header: Header,
        left: u32,
        padding: u32,
        place: Place<'_>,
        bytes: &[u8],
        out: &mut dyn FnMut(Item<'_>),
    ) -> usize {
        let take = len_of(left, bytes);
        let data = Data::Bytes(bytes.get(..take).unwrap_or_default());
        out(Item::Data { stream: header.stream, chunk: Chunk { place, data } });
        let left = left - take as u32;
        self.state = State::Data { header, left, padding };
        if left == 0 {
            self.end_data(header, padding, place.after(take), out);
        }
        take
    }

    /// Ends the bytes of a DATA frame at `end`, before its padding.
    fn end_data(&mut self, header: Header, padding: u32, end: Place<'_>, out: &mut dyn FnMut(Item<'_>)) {
        self.skip(padding);
        if header.ends_stream() {
            out(Item::EndOfStream { stream: header.stream, end });
        }
    }

    /// Passes over a gap.
    fn gap(&mut self, place: Place<'_>, len: u64, missing: Missing, out: &mut dyn FnMut(Item<'_>)) {
        let is_exact = missing != Missing::Undecrypted;
        let short = |left: u32| u32::try_from(len).ok().filter(|len| is_exact && *len <= left);
        match self.state {
            State::Data { header, left, padding } if let Some(gap) = short(left) => {
                let chunk = Chunk { place, data: Data::Gap { len, missing } };
                out(Item::Data { stream: header.stream, chunk });
                self.state = State::Data { header, left: left - gap, padding };
                if left == gap {
                    self.end_data(header, padding, place, out);
                }
            }
            State::Skipped { left } if let Some(gap) = short(left) => self.skip(left - gap),
            _ => {
                self.state = State::Lost(Box::default());
                self.partial = Vec::new();
                out(Item::Lost(place));
            }
        }
    }

    /// Searches for a frame, and reads on from it.
    fn search(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        is_known: &dyn Fn(u32) -> bool,
        out: &mut dyn FnMut(Item<'_>),
    ) {
        let State::Lost(resync) = &mut self.state else { return };
        if !resync.push(Chunk { place, data: Data::Bytes(bytes) }, is_known) {
            return;
        }
        let found = std::mem::take(&mut **resync).into_found();
        self.state = State::Header;
        for kept in &found {
            let chunk = kept.chunk();
            if let Data::Bytes(bytes) = chunk.data {
                self.bytes(chunk.place, bytes, is_known, out);
            }
        }
    }
}

/// Returns how many of `bytes` are among the next `left`.
fn len_of(left: u32, bytes: &[u8]) -> usize {
    bytes.len().min(left as usize)
}
