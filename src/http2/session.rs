//! Both directions of a connection: its frames, and the header lists in them.
//!
//! A block of header fields may be spread over several frames, and each block changes the table that the next one of its
//! direction needs, whichever stream it belongs to.

use super::fields::Fields;
use super::frame::{self, Header, Type};
use super::hpack;
use super::reader::{Item, Reader};
use crate::chunk::{Carrier, Chunk, Data, Place};
use crate::limits;
use crate::prefetch::prefetch;
use crate::side::{PerSide, Side};

/// SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3).
const ENABLE_CONNECT_PROTOCOL: u16 = 8;

/// SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2).
const INITIAL_WINDOW_SIZE: u16 = 4;

/// An event of a connection.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// A list of header fields: a request, a response, or trailers.
    Headers {
        /// The stream.
        stream: u32,
        /// The fields.
        fields: &'e Fields,
        /// The segment with the first byte of the list.
        start: &'e Carrier,
    },
    /// A DATA frame begins.
    DataBegins {
        /// The stream.
        stream: u32,
        /// The bytes that it takes from the windows of flow control.
        length: u32,
        /// The segment with its header.
        carrier: &'e Carrier,
    },
    /// The side grants the other one more bytes of DATA.
    Window {
        /// The stream; 0 for the connection.
        stream: u32,
        /// The number of bytes.
        increment: u32,
    },
    /// Bytes of a stream, or a gap in them. The offset is that in the connection.
    Data {
        /// The stream.
        stream: u32,
        /// The bytes.
        chunk: Chunk<'e>,
    },
    /// The side sends no more on the stream.
    End {
        /// The stream.
        stream: u32,
        /// The place behind its last byte.
        end: Place<'e>,
    },
    /// The side ends the stream at once.
    Reset {
        /// The stream.
        stream: u32,
        /// The error code.
        code: u32,
        /// The place behind the frame.
        end: Place<'e>,
    },
    /// The side serves no more streams.
    GoAway {
        /// What it says.
        says: frame::GoAway<'e>,
        /// The place behind the frame.
        end: Place<'e>,
    },
    /// The side has sent its settings.
    Settings {
        /// Whether it accepts extended CONNECT; `None` if it does not say.
        accepts_connect: Option<bool>,
        /// The bytes of DATA that it grants on each stream at first; `None` if it does not say.
        initial_window: Option<u32>,
    },
    /// Frames of the side are missing: bytes of any stream, and whatever else.
    Lost(Place<'e>),
}

/// The two directions of a connection.
#[derive(Debug)]
pub struct Session {
    directions: PerSide<Direction>,
}

#[derive(Debug)]
struct Direction {
    reader: Reader,
    blocks: Blocks,
}

/// The header lists of a direction.
#[derive(Debug, Default)]
struct Blocks {
    decoder: hpack::Decoder,
    fields: Fields,
    /// The block that the next frame continues.
    open: Option<Block>,
}

/// A block that is not complete yet.
#[derive(Debug)]
struct Block {
    header: Header,
    bytes: Vec<u8>,
    start: Carrier,
    is_cut: bool,
}

impl Session {
    /// Creates a session from its beginning. The client's preface is next, or what follows its first `taken` bytes.
    pub fn new(taken: usize) -> Self {
        let direction = |taken| Direction { reader: Reader::at_start(taken), blocks: Blocks::default() };
        Self { directions: PerSide { client: direction(Some(taken)), server: direction(None) } }
    }

    /// Creates a session that began before the capture.
    pub fn joined() -> Self {
        let direction = || {
            let mut blocks = Blocks::default();
            blocks.decoder.lose();
            Direction { reader: Reader::joined(), blocks }
        };
        Self { directions: PerSide { client: direction(), server: direction() } }
    }

    /// Returns whether the boundaries of a side's frames are not known at the moment.
    pub const fn is_lost(&self, side: Side) -> bool {
        match side {
            Side::Client => self.directions.client.reader.is_lost(),
            Side::Server => self.directions.server.reader.is_lost(),
        }
    }

    /// Prefetches what every frame needs.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.directions.client.reader);
        prefetch(&self.directions.server.reader);
    }

    /// Returns the number of bytes held.
    #[inline]
    pub fn held_bytes(&self) -> usize {
        let of = |side| {
            let Direction { reader, blocks } = &self.directions[side];
            reader.held_bytes() + blocks.open.as_ref().map_or(0, |block| block.bytes.len())
        };
        of(Side::Client) + of(Side::Server)
    }

    /// Processes the next chunk of a side, and passes its events to `out`. `is_known` returns whether a stream is one that
    /// frames may well belong to.
    pub fn push(
        &mut self,
        side: Side,
        chunk: Chunk<'_>,
        is_known: &dyn Fn(u32) -> bool,
        out: &mut dyn FnMut(Event<'_>),
    ) {
        let Direction { reader, blocks } = &mut self.directions[side];
        reader.push(chunk, is_known, &mut |item| match item {
            Item::DataBegins { stream, length, carrier } => out(Event::DataBegins { stream, length, carrier }),
            Item::Data { stream, chunk } => {
                if !matches!(chunk.data, Data::Bytes([])) {
                    out(Event::Data { stream, chunk });
                }
            }
            Item::EndOfStream { stream, end } => out(Event::End { stream, end }),
            Item::Frame { header, payload, start, end } => blocks.frame(header, payload, (start, end), out),
            Item::Lost(place) => {
                blocks.decoder.lose();
                blocks.open = None;
                out(Event::Lost(place));
            }
        });
    }
}

impl Blocks {
    fn frame(
        &mut self,
        header: Header,
        payload: &[u8],
        (start, end): (&Carrier, Place<'_>),
        out: &mut dyn FnMut(Event<'_>),
    ) {
        let stream = header.stream;
        match header.kind {
            Type::HEADERS | Type::PUSH_PROMISE | Type::CONTINUATION => self.block(header, payload, (start, end), out),
            Type::RST_STREAM => {
                if let Ok((_, code)) = frame::rst_stream(payload) {
                    out(Event::Reset { stream, code, end });
                }
            }
            Type::GOAWAY => {
                if let Ok((_, says)) = frame::goaway(payload) {
                    out(Event::GoAway { says, end });
                }
            }
            // An acknowledgement has the first flag.
            Type::SETTINGS if header.flags & 1 == 0 => {
                let value = |id| frame::setting(payload, id).ok().and_then(|(_, value)| value);
                let accepts_connect = value(ENABLE_CONNECT_PROTOCOL).map(|value| value == 1);
                out(Event::Settings { accepts_connect, initial_window: value(INITIAL_WINDOW_SIZE) });
            }
            Type::WINDOW_UPDATE => {
                if let Ok((_, increment)) = frame::window_update(payload) {
                    out(Event::Window { stream, increment });
                }
            }
            _ => {}
        }
    }

    /// Reads a part of a block, and the whole block once it is complete.
    fn block(
        &mut self,
        header: Header,
        payload: &[u8],
        (start, end): (&Carrier, Place<'_>),
        out: &mut dyn FnMut(Event<'_>),
    ) {
        let part = frame::block(header, payload).ok().map(|(_, part)| part);
        let is_cut = part.is_none() || payload.len() < header.length as usize;
        let part = part.unwrap_or_default();
        match (header.kind, &mut self.open) {
            (Type::CONTINUATION, Some(block)) if block.header.stream == header.stream => {
                let room = limits::HEAD.saturating_sub(block.bytes.len());
                block.bytes.extend(part.iter().take(room));
                block.is_cut |= is_cut || part.len() > room;
            }
            (Type::CONTINUATION, _) => {
                // The beginning of its block is missing.
                self.decoder.lose();
                return;
            }
            (_, open) => {
                if open.take().is_some() {
                    self.decoder.lose();
                }
                if header.ends_block() && !is_cut {
                    return self.complete(header, part, (start, end), out);
                }
                *open = Some(Block { header, bytes: part.to_vec(), start: *start, is_cut });
            }
        }
        if header.ends_block()
            && let Some(Block { header, bytes, start, is_cut }) = self.open.take()
        {
            if is_cut {
                self.fields.clear();
                self.fields.lose();
                self.decoder.lose();
                self.report(header, (&start, end), out);
            } else {
                self.complete(header, &bytes, (&start, end), out);
            }
        }
    }

    fn complete(
        &mut self,
        header: Header,
        block: &[u8],
        places: (&Carrier, Place<'_>),
        out: &mut dyn FnMut(Event<'_>),
    ) {
        self.fields.clear();
        self.decoder.decode(block, &mut self.fields);
        self.report(header, places, out);
    }

    fn report(&self, header: Header, (start, end): (&Carrier, Place<'_>), out: &mut dyn FnMut(Event<'_>)) {
        // A promised request is not one of the client; its block matters to the table only.
        if header.kind == Type::HEADERS {
            out(Event::Headers { stream: header.stream, fields: &self.fields, start });
        }
        if header.ends_stream() {
            out(Event::End { stream: header.stream, end });
        }
    }
}

#[cfg(test)]
mod tests;
