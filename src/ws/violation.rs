//! Violations of RFC 6455 and RFC 7692 on the wire.

use std::ops::Range;

use super::close::CloseCode;
use super::frame::{Header, Opcode, RSV1, Start};
use crate::limits;
use crate::seen::{Seen, Sights};
use crate::side::Side;

/// One broken rule, and its place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Violation {
    /// The rule.
    pub kind: Kind,
    /// The side that broke it.
    pub side: Side,
    /// The packet with the first byte of the frame.
    pub frame: Seen,
    /// The packet with the byte that proves it.
    pub seen: Seen,
    /// Stream offset just past that byte.
    pub offset: u64,
    /// The TCP bytes that it needs. A peer that has acknowledged them can have reacted to it.
    pub needed: u64,
    /// The frame's opcode.
    pub opcode: Opcode,
    /// The bytes that show it: the header, if that is wrong; the text up to the byte that proves it; or the beginning
    /// of a message or a Close payload. They do not depend on the segments, except for compressed messages, which may
    /// be given up sooner.
    pub context: Context,
}

/// The rules that the wire can show to be broken, with the section that makes them.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// A client frame without a mask (RFC 6455 §5.1).
    Unmasked,
    /// A server frame with a mask (§5.1).
    Masked,
    /// RSV bits, as 4, 2, 1, to which no agreed extension gives a meaning (§5.2; RFC 7692 §6.1).
    ReservedBits(u8),
    /// Opcode 3–7 or B–F (§5.2).
    ReservedOpcode,
    /// A continuation while no message is open (§5.4).
    UnexpectedContinuation,
    /// A new message while another is open (§5.4).
    InterleavedMessage,
    /// A control frame with FIN = 0 (§5.5).
    FragmentedControl,
    /// A control frame of more than 125 bytes: this many, or more if its header is cut off (§5.5).
    OversizedControl(u64),
    /// A length not in its shortest form (§5.2).
    NonMinimalLength(u64),
    /// A 64-bit length whose top bit is set (§5.2).
    LengthTopBit,
    /// Text that is not UTF-8 (§5.6, §8.1).
    InvalidUtf8 {
        /// Position of the first bad byte in the message.
        offset: u64,
        /// The byte at `offset`.
        byte: u8,
        /// Whether the message only ended too early, within a code point.
        at_end: bool,
    },
    /// A close code that must not be sent (§7.4).
    InvalidCloseCode(CloseCode),
    /// A Close payload of one byte, this one (§5.5.1).
    TruncatedCloseCode(u8),
    /// A close reason that is not UTF-8 (§5.5.1).
    InvalidCloseReason {
        /// Position of the first bad byte in the reason.
        offset: u64,
        /// The byte at `offset`.
        byte: u8,
    },
    /// A compressed message that does not inflate (RFC 7692 §7.2.2).
    UndecodableDeflate,
    /// A frame after the sender's own Close frame (§5.5.1).
    AfterClose,
    /// An HTTP response where a frame should begin.
    HttpAfterUpgrade,
    /// The bytes after a payload continue it: its declared length was too short by this many.
    LengthTooShort(u64),
    /// Bytes that are not frames any more.
    Desynchronized,
}

/// A few bytes of the wire that are shown, and the bytes of the same text around them. The latter decide whether the
/// shown bytes belong to a secret, and are never shown. They do not depend on the segments.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Context {
    #[serde(with = "serde_bytes")]
    text: Box<[u8]>,
    shown: Range<u8>,
    /// Whether `text` begins with the first byte of the whole text.
    is_beginning: bool,
    /// The position in `text` of the byte at fault, if a single one is.
    fault: Option<u8>,
}

impl Context {
    /// Shows the first bytes of a text, which is given from its beginning.
    pub fn beginning(text: &[u8]) -> Self {
        Self::new(&[], text, true)
    }

    /// Shows the last bytes of a text, which is given from its beginning; `None` if it is longer than can be kept.
    pub fn ending(text: &[u8]) -> Option<Self> {
        let end = u8::try_from(text.len()).ok()?;
        let shown = end.saturating_sub(limits::CONTEXT as u8)..end;
        Some(Self { text: text.into(), shown, is_beginning: true, fault: None })
    }

    /// Shows the first bytes of `text`, which follows `before`. `is_beginning` says that `before` begins with the first
    /// byte of the whole text.
    pub fn going_on(before: &[u8], text: &[u8], is_beginning: bool) -> Self {
        let missing = before.len().saturating_sub(limits::AROUND_CONTEXT);
        Self::new(before.get(missing..).unwrap_or_default(), text, is_beginning && missing == 0)
    }

    fn new(before: &[u8], text: &[u8], is_beginning: bool) -> Self {
        let behind = text.get(..limits::CONTEXT + limits::AROUND_CONTEXT).unwrap_or(text);
        let (start, shown) = (before.len() as u8, behind.len().min(limits::CONTEXT) as u8);
        Self { text: [before, behind].concat().into(), shown: start..start + shown, is_beginning, fault: None }
    }

    /// Sets the byte at fault, by its position in [`Self::text`].
    pub fn with_fault(mut self, at: u64) -> Self {
        self.fault = u8::try_from(at).ok();
        self
    }

    /// Removes the white space at the end of the shown bytes.
    pub fn trimmed(mut self) -> Self {
        self.shown.end = self.shown.start + self.bytes().trim_ascii_end().len() as u8;
        self
    }

    /// Returns the bytes that are shown.
    pub fn bytes(&self) -> &[u8] {
        self.text.get(self.shown()).unwrap_or_default()
    }

    /// Returns the shown bytes with those around them.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Returns the range of the shown bytes in [`Self::text`].
    pub fn shown(&self) -> Range<usize> {
        usize::from(self.shown.start)..usize::from(self.shown.end)
    }

    /// Returns the position of the byte at fault among the shown bytes, if it is one of them.
    pub fn fault(&self) -> Option<usize> {
        let shown = self.shown();
        self.fault.map(usize::from).filter(|at| shown.contains(at)).map(|at| at - shown.start)
    }

    /// Returns whether the text is known from its first byte on.
    pub const fn is_beginning(&self) -> bool {
        self.is_beginning
    }
}

// The positions fit a byte.
const _: () = assert!(2 * (limits::CONTEXT + limits::AROUND_CONTEXT) <= 255);

/// The last bytes of a text that comes in pieces: as many as a [`Context`] contains up to its end.
#[derive(Clone, Copy, Debug)]
pub struct Tail {
    bytes: [u8; TAIL],
    len: u8,
}

const TAIL: usize = limits::AROUND_CONTEXT + limits::CONTEXT;

impl Default for Tail {
    fn default() -> Self {
        Self { bytes: [0; TAIL], len: 0 }
    }
}

impl Tail {
    /// Appends a piece.
    pub fn push(&mut self, piece: &[u8]) {
        let new = piece.get(piece.len().saturating_sub(TAIL)..).unwrap_or_default();
        let had = usize::from(self.len);
        let kept = had.min(TAIL - new.len());
        self.bytes.copy_within(had - kept..had, 0);
        if let Some(room) = self.bytes.get_mut(kept..kept + new.len()) {
            room.copy_from_slice(new);
        }
        self.len = (kept + new.len()) as u8;
    }

    /// Shows the last bytes of the text, which has `length` bytes in all. The one at position `fault` in it is at fault.
    pub fn context(&self, length: u64, fault: u64) -> Context {
        let text = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        let start = text.len().saturating_sub(limits::CONTEXT) as u8;
        let missing = length.saturating_sub(text.len() as u64);
        let fault = fault.checked_sub(missing).and_then(|at| u8::try_from(at).ok());
        Context { text: text.into(), shown: start..self.len, is_beginning: missing == 0, fault }
    }
}

/// The properties of a direction that decide which of its frames are legal: the sender, and what was negotiated.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Negotiated {
    /// The sender of the frames.
    pub side: Side,
    /// Whether permessage-deflate gives RSV1 a meaning.
    pub deflate: bool,
}

/// Whether a message of the sender is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// No message is open.
    Closed,
    /// A message is open.
    Open,
    /// Unknown, because the bytes that would show it are missing.
    Unknown,
}

/// Returns whether a header breaks none of the rules below. The same as checking that [`of_start`] and [`of_length`]
/// yield nothing, but faster.
pub fn is_legal(header: &Header, rules: Negotiated, message: MessageState) -> bool {
    let Start { fin, rsv, opcode, masked, .. } = header.start;
    let in_place = match opcode {
        Opcode::TEXT | Opcode::BINARY => message != MessageState::Open && (rsv == 0 || (rsv == RSV1 && rules.deflate)),
        Opcode::CONTINUATION => message != MessageState::Closed && rsv == 0,
        Opcode::CLOSE | Opcode::PING | Opcode::PONG => fin && header.length <= 125 && rsv == 0,
        _ => false,
    };
    in_place && masked == (rules.side == Side::Client) && header.is_minimal() && header.length >> 63 == 0
}

/// Returns the framing rules that the first two bytes of a header break, by themselves or in their place. `length` is
/// that of the payload, as far as it is known.
pub fn of_start(start: Start, length: u64, rules: Negotiated, message: MessageState) -> impl Iterator<Item = Kind> {
    let Start { fin, rsv, opcode, masked, .. } = start;
    let first_of_message = matches!(opcode, Opcode::TEXT | Opcode::BINARY);
    let allowed = if rules.deflate && first_of_message { RSV1 } else { 0 };
    let control = opcode.is_control();
    [
        (rules.side == Side::Client && !masked).then_some(Kind::Unmasked),
        (rules.side == Side::Server && masked).then_some(Kind::Masked),
        (rsv & !allowed != 0).then_some(Kind::ReservedBits(rsv & !allowed)),
        opcode.is_reserved().then_some(Kind::ReservedOpcode),
        (opcode == Opcode::CONTINUATION && message == MessageState::Closed).then_some(Kind::UnexpectedContinuation),
        (first_of_message && message == MessageState::Open).then_some(Kind::InterleavedMessage),
        (control && !fin).then_some(Kind::FragmentedControl),
        (control && length > 125).then_some(Kind::OversizedControl(length)),
    ]
    .into_iter()
    .flatten()
}

/// Returns the rules that a header's length breaks.
pub fn of_length(header: &Header) -> impl Iterator<Item = Kind> {
    [
        (!header.is_minimal()).then_some(Kind::NonMinimalLength(header.length)),
        (header.length >> 63 == 1).then_some(Kind::LengthTopBit),
    ]
    .into_iter()
    .flatten()
}

impl Kind {
    /// Returns whether a header that breaks this rule may not be a header at all. A wrong mask bit counts only if the
    /// side has sent frames with the right one.
    pub const fn is_implausible(&self, masked_well_before: bool) -> bool {
        match self {
            Self::Unmasked | Self::Masked => masked_well_before,
            Self::ReservedBits(_) | Self::ReservedOpcode | Self::FragmentedControl | Self::OversizedControl(_) => true,
            _ => false,
        }
    }

    /// Returns whether RFC 6455 or RFC 7692 requires an endpoint to fail the connection on this violation. Long forms
    /// of short lengths are forbidden to senders only, and anything after a Close frame is to be ignored.
    pub const fn requires_failure(&self) -> bool {
        !matches!(self, Self::NonMinimalLength(_) | Self::AfterClose)
    }

    /// Returns whether the place of the next frame is unknown after this violation.
    pub const fn loses_the_frames(&self) -> bool {
        matches!(self, Self::LengthTopBit | Self::LengthTooShort(_) | Self::Desynchronized | Self::HttpAfterUpgrade)
    }

    /// Returns its name in reports, and the section that makes the rule.
    pub const fn name(&self) -> (&'static str, &'static str) {
        match self {
            Self::Unmasked => ("unmasked_client_frame", "RFC 6455 §5.1"),
            Self::Masked => ("masked_server_frame", "RFC 6455 §5.1"),
            Self::ReservedBits(_) => ("reserved_bits", "RFC 6455 §5.2"),
            Self::ReservedOpcode => ("reserved_opcode", "RFC 6455 §5.2"),
            Self::UnexpectedContinuation => ("unexpected_continuation", "RFC 6455 §5.4"),
            Self::InterleavedMessage => ("interleaved_message", "RFC 6455 §5.4"),
            Self::FragmentedControl => ("fragmented_control_frame", "RFC 6455 §5.5"),
            Self::OversizedControl(_) => ("oversized_control_frame", "RFC 6455 §5.5"),
            Self::NonMinimalLength(_) => ("nonminimal_length", "RFC 6455 §5.2"),
            Self::LengthTopBit => ("length_top_bit", "RFC 6455 §5.2"),
            Self::InvalidUtf8 { .. } => ("invalid_utf8", "RFC 6455 §8.1"),
            Self::InvalidCloseCode(_) => ("invalid_close_code", "RFC 6455 §7.4"),
            Self::TruncatedCloseCode(_) => ("truncated_close_code", "RFC 6455 §5.5.1"),
            Self::InvalidCloseReason { .. } => ("invalid_close_reason", "RFC 6455 §5.5.1"),
            Self::UndecodableDeflate => ("undecodable_deflate", "RFC 7692 §7.2.2"),
            Self::AfterClose => ("frame_after_close", "RFC 6455 §5.5.1"),
            Self::HttpAfterUpgrade => ("http_after_upgrade", "RFC 6455 §5.2"),
            Self::LengthTooShort(_) => ("length_too_short", "RFC 6455 §5.2"),
            Self::Desynchronized => ("desynchronised_stream", "RFC 6455 §5.2"),
        }
    }
}

impl Sights for Violation {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        visit(&mut self.frame);
        visit(&mut self.seen);
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::header;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_quick_answer_is_the_same(bytes in proptest::array::uniform14(any::<u8>()), deflate: bool) {
            let (_, parsed) = header(&bytes).unwrap();
            for side in Side::BOTH {
                for message in [MessageState::Closed, MessageState::Open, MessageState::Unknown] {
                    let rules = Negotiated { side, deflate };
                    let broken = of_start(parsed.start, parsed.length, rules, message).chain(of_length(&parsed)).next();
                    prop_assert_eq!(is_legal(&parsed, rules, message), broken.is_none(), "{:?}", broken);
                }
            }
        }
    }
}
