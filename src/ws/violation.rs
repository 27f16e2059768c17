//! What breaks RFC 6455 or RFC 7692 on the wire.

use super::close::CloseCode;
use super::frame::{Header, Opcode, RSV1, Start};
use crate::limits;
use crate::seen::Seen;
use crate::side::Side;

/// One broken rule, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What was broken.
    pub kind: Kind,
    /// Who broke it.
    pub side: Side,
    /// The packet with the first byte of the frame.
    pub frame: Seen,
    /// The packet with the byte that proves it.
    pub seen: Seen,
    /// Stream offset just past that byte: who has acknowledged it can have reacted to it.
    pub needed: u64,
    /// The frame's opcode.
    pub opcode: Opcode,
    /// What shows it: the header, as far as it is what is wrong; the text up to the byte that proves it; or how a message or
    /// a Close payload begins. The same however segments were cut, but for compressed messages, which may be given up sooner.
    pub context: Context,
}

/// The rules that can be seen broken, with the section that makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A client frame without a mask (RFC 6455 §5.1).
    Unmasked,
    /// A server frame with a mask (§5.1).
    Masked,
    /// RSV bits, as 4, 2, 1, that no agreed extension gives a meaning (§5.2; RFC 7692 §6.1).
    ReservedBits(u8),
    /// Opcode 3–7 or B–F (§5.2).
    ReservedOpcode,
    /// A continuation while no message is open (§5.4).
    UnexpectedContinuation,
    /// A new message while another is open (§5.4).
    InterleavedMessage,
    /// A control frame with FIN = 0 (§5.5).
    FragmentedControl,
    /// A control frame of more than 125 bytes: this many, or more, where its header is cut off (§5.5).
    OversizedControl(u64),
    /// A length not in its shortest form (§5.2).
    NonMinimalLength(u64),
    /// A 64-bit length whose top bit is set (§5.2).
    LengthTopBit,
    /// Text that is no UTF-8 (§5.6, §8.1).
    InvalidUtf8 {
        /// Position of the first bad byte in the message.
        offset: u64,
        /// That byte.
        byte: u8,
        /// Whether the message only ended too early, within a code point.
        at_end: bool,
    },
    /// A close code that must not be sent (§7.4).
    InvalidCloseCode(CloseCode),
    /// A Close payload of one byte, this one (§5.5.1).
    TruncatedCloseCode(u8),
    /// A close reason that is no UTF-8, from this position of the reason on (§5.5.1).
    InvalidCloseReason {
        /// Position of the first bad byte in the reason.
        offset: u64,
        /// That byte.
        byte: u8,
    },
    /// A compressed message that does not inflate (RFC 7692 §7.2.2).
    UndecodableDeflate,
    /// A frame behind the sender's own Close (§5.5.1).
    AfterClose,
    /// An HTTP response where a frame should begin.
    HttpAfterUpgrade,
    /// The bytes behind a payload go on with it: its declared length was short by this much.
    LengthTooShort(u64),
    /// Nothing that is a frame any more.
    Desynchronized,
}

/// A few bytes of the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    bytes: [u8; limits::CONTEXT],
    len: u8,
}

impl Context {
    /// The first bytes of `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let mut context = Self::default();
        for (to, from) in context.bytes.iter_mut().zip(bytes) {
            *to = *from;
            context.len += 1;
        }
        context
    }

    /// The last bytes of these and `more`.
    pub fn ending_with(self, more: &[u8]) -> Self {
        let mut last = Self::default();
        let all = self.bytes().iter().chain(more);
        let skipped = (self.bytes().len() + more.len()).saturating_sub(limits::CONTEXT);
        // Nearly all pieces are longer.
        if more.len() >= limits::CONTEXT {
            return Self::new(more.get(more.len() - limits::CONTEXT..).unwrap_or_default());
        }
        for (to, from) in last.bytes.iter_mut().zip(all.skip(skipped)) {
            *to = *from;
            last.len += 1;
        }
        last
    }

    /// The first bytes of these and `more`.
    pub fn beginning_before(mut self, more: &[u8]) -> Self {
        for (to, from) in self.bytes.iter_mut().skip(usize::from(self.len)).zip(more) {
            *to = *from;
            self.len += 1;
        }
        self
    }

    /// Whether there is no room for more.
    pub const fn is_full(&self) -> bool {
        self.len as usize == limits::CONTEXT
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// What both ends agreed on, as far as it decides which frames are legal.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whose frames.
    pub side: Side,
    /// Whether permessage-deflate gives RSV1 a meaning.
    pub deflate: bool,
}

/// Whether a message of the sender is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// None is.
    Closed,
    /// One is.
    Open,
    /// It cannot be told: the bytes that would say so are missing.
    Unknown,
}

/// Whether a header breaks none of the rules below: the same question, answered at once for the frames that are as they
/// should be.
pub fn is_legal(header: &Header, rules: Rules, message: MessageState) -> bool {
    let Start { fin, rsv, opcode, masked, .. } = header.start;
    let in_place = match opcode {
        Opcode::TEXT | Opcode::BINARY => message != MessageState::Open && (rsv == 0 || (rsv == RSV1 && rules.deflate)),
        Opcode::CONTINUATION => message != MessageState::Closed && rsv == 0,
        Opcode::CLOSE | Opcode::PING | Opcode::PONG => fin && header.length <= 125 && rsv == 0,
        _ => false,
    };
    in_place && masked == (rules.side == Side::Client) && header.is_minimal() && header.length >> 63 == 0
}

/// The rules of framing that the first two bytes of a header break, by themselves or in their place. `length` is that of
/// the payload, as far as it is known.
pub fn of_start(start: Start, length: u64, rules: Rules, message: MessageState) -> impl Iterator<Item = Kind> {
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

/// The rules that a header's length breaks.
pub fn of_length(header: &Header) -> impl Iterator<Item = Kind> {
    [
        (!header.is_minimal()).then_some(Kind::NonMinimalLength(header.length)),
        (header.length >> 63 == 1).then_some(Kind::LengthTopBit),
    ]
    .into_iter()
    .flatten()
}

impl Kind {
    /// Whether a header that breaks this rule may be no header at all. A mask counts only where the side has shown
    /// that it knows better.
    pub const fn is_implausible(&self, masked_well_before: bool) -> bool {
        match self {
            Self::Unmasked | Self::Masked => masked_well_before,
            Self::ReservedBits(_) | Self::ReservedOpcode | Self::FragmentedControl | Self::OversizedControl(_) => true,
            _ => false,
        }
    }

    /// Whether RFC 6455 or RFC 7692 requires an endpoint to fail the connection on it. Long forms of short lengths are
    /// forbidden to senders only, and what stands behind a Close frame is to be ignored.
    pub const fn requires_failure(&self) -> bool {
        !matches!(self, Self::NonMinimalLength(_) | Self::AfterClose)
    }

    /// Whether it is not known behind it where the next frame begins.
    pub const fn loses_the_frames(&self) -> bool {
        matches!(self, Self::LengthTopBit | Self::LengthTooShort(_) | Self::Desynchronized | Self::HttpAfterUpgrade)
    }

    /// Its name in reports, and the section that makes the rule.
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
                    let rules = Rules { side, deflate };
                    let broken = of_start(parsed.start, parsed.length, rules, message).chain(of_length(&parsed)).next();
                    prop_assert_eq!(is_legal(&parsed, rules, message), broken.is_none(), "{:?}", broken);
                }
            }
        }
    }
}
