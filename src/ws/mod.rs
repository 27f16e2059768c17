//! WebSocket (RFC 6455) and permessage-deflate (RFC 7692): chunks of one direction in, events out.
//!
//! ```text
//! Chunk ─ decoder ─┬─ frame      headers (nom)
//!                  ├─ violation  which rules a header breaks
//!                  ├─ message    fragments, text, inflate
//!                  ├─ previews   the beginnings of messages
//!                  ├─ close      Close payloads (nom)
//!                  └─ resync     the frames again, after bytes that were not frames
//!
//! Chunks of both ─ probe ─ run ─ odds    whether they are frames, if no opening handshake says so
//! ```

pub mod close;
pub mod decoder;
pub mod deflate;
pub mod frame;
pub mod message;
pub mod odds;
mod partial;
pub mod previews;
pub mod probe;
pub mod resync;
pub mod run;
pub mod scratch;
pub mod text;
mod unfinished;
pub mod violation;

pub use close::CloseCode;
pub use decoder::Decoder;
pub use frame::{Header, Opcode};
pub use previews::{Preview, Previews};
pub use probe::{Found, Probe};
pub use scratch::{Inflating, Scratch};
pub use unfinished::{CutFrame, Unfinished};
pub use violation::{Kind, Violation};

use crate::chunk::{Carrier, Wire};
use crate::seen::Seen;

/// An event of a [`Decoder`]: of one side, in stream order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A frame's header is complete.
    Frame {
        /// The header.
        header: Header,
        /// The packet with its first byte.
        start: Seen,
        /// Stream offset just past the header.
        header_end: u64,
        /// What the bytes there need.
        wire: Wire,
    },
    /// A text or binary message is complete.
    Message {
        /// The message.
        message: message::Message,
        /// The TCP bytes that its last byte needs.
        needed: u64,
    },
    /// A frame and its message at once: the frame is a whole message, legal, not compressed, and all in one packet.
    /// Most frames are.
    Whole {
        /// The header.
        header: Header,
        /// Stream offset just past the header.
        header_end: u64,
        /// What the bytes there need.
        wire: Wire,
        /// The beginning of the message.
        preview: Preview,
    },
    /// A ping and its payload.
    Ping {
        /// The payload, which its pong has to repeat.
        payload: &'a [u8],
        /// Whether its framing is legal. Otherwise nobody has to answer it.
        framed: bool,
    },
    /// A pong and its payload.
    Pong(&'a [u8]),
    /// A Close frame.
    Close(Close<'a>),
    /// A rule was broken.
    Violation(Violation),
    /// The frames cannot be followed any more from here on.
    Lost,
    /// The frames can be followed again.
    Found,
}

impl Event<'_> {
    /// Returns the header that this event completes, the stream offset just past it, and what the bytes there need.
    pub const fn frame(&self) -> Option<(&Header, u64, Wire)> {
        match self {
            Self::Frame { header, header_end, wire, .. } | Self::Whole { header, header_end, wire, .. } => {
                Some((header, *header_end, *wire))
            }
            _ => None,
        }
    }
}

/// A Close frame as far as it was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// Its code; `None` if the frame carried none, or if it was not captured.
    pub code: Option<CloseCode>,
    /// Its reason, as bytes.
    pub reason: &'a [u8],
    /// Whether all its bytes were captured.
    pub complete: bool,
    /// Whether its framing conforms to RFC 6455 §5: mask, RSV bits, FIN, length.
    pub framed: bool,
    /// Whether its payload conforms to RFC 6455 §5.5.1 and §7.4: code and reason.
    pub sound: bool,
    /// Whether a fragmented message of its sender was unfinished.
    pub inside_message: bool,
    /// The segment with its first byte.
    pub carrier: Carrier,
    /// Stream offset of its first byte.
    pub offset: u64,
    /// The TCP bytes that its first byte needs.
    pub needed: u64,
}
