//! The weight of the evidence that bytes are frames.
//!
//! Each property of a frame has a weight in bits: how much likelier it is in WebSocket than in random bytes, as a power
//! of two. For each property, the sum over all its values of 2^weight, times the value's chance in random bytes, is at
//! most 1. Therefore the product over all properties is an e-value: random bytes ever bring it to 2^n with odds of at
//! most 1 in 2^n (Ville's inequality), however many frames are examined. 40 bits are 1 in 1.1 · 10^12.
//!
//! | property | chance in random bytes | weight |
//! |---|---|---|
//! | first byte: a whole text, a whole binary message (81, 82) | 2 × 2^-8 | 6: together 1/2 |
//! | a Close (88) | 2^-8 | 5: 1/8 |
//! | a ping, a pong (89, 8A) | 2 × 2^-8 | 4: 1/8 |
//! | a fragment, a compressed message (01, 02, 00, 80, C1, C2, 41, 42) | 8 × 2^-8 | 3: 1/4 |
//! | any other | 243 × 2^-8 | refuted |
//! | where compressed messages have come: C1 | 2^-8 | 6: 1/4 |
//! | then 81, 82, 88 | 3 × 2^-8 | 5: 3/8 |
//! | then C2, 89, 8A | 3 × 2^-8 | 4: 3/16 |
//! | then 01, 02, 00, 80, 41, 42 | 6 × 2^-8 | 3: 3/16 |
//! | mask bit as the side's other frames have it, or unlike that of the other side's | 1/2 | 1 |
//! | the frame ends where its segment ends, length in 7 bits | 2^-7 | 6: 1/2 |
//! | the same, length in 16 or 64 bits | 2^-23, 2^-71 | 22 and 70, limited to 16 |
//! | it does not | about 1 | −1: 1/2 |
//! | a text of n bytes is printable UTF-8 | less than 2^-n (119 of 256 a byte) | n − 1, up to 15: 1/2 |
//! | it is not | about 1 | −1: 1/2 |
//! | a Close has a registered code (12 of 65,536) | 2^-12.4 | 11: 3/8 |
//! | a code of 3000–4999 | 2^-5.03 | 4: 1/2 |
//! | another | about 1 | −3: 1/8 |
//! | a Close repeats the code of the other side's | 2^-16 | 15: 1/2 |
//! | it does not, once the other has sent one | about 1 | −1, and as above: 1/2 |
//!
//! Other protocols do not send random bytes. Frames that no WebSocket implementation sends, but that zeros and binary
//! headers look like, are therefore refuted, whatever their weight: empty fragments that are not the last. A fragment
//! of a message that began unseen weighs nothing: many protocols begin with a length below 256 in two bytes (DNS,
//! STUN).

use simdutf8::basic;

use super::close::{Body, CloseCode, body};
use super::frame::{Header, LengthForm, Opcode, RSV1, unmask};

/// The most that the end of a long frame at the end of its segment proves: lengths in other protocols are not random
/// bytes, either.
const LONG_END: i32 = 16;

/// The most bytes of a text that are weighed.
const TEXT: usize = 16;

/// The length of the longest frame that is believed: no implementation sends a longer one.
const LONGEST: u64 = 1 << 32;

/// The knowledge from the frames before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether their side masks; `None` before the first frame.
    pub masked: Option<bool>,
    /// Whether compressed messages have come.
    pub compressed: bool,
    /// Whether a fragmented message is open, and its first frame was seen.
    pub in_message: bool,
    /// The code of the other side's Close frame.
    pub other_code: Option<CloseCode>,
}

/// Returns the weight of a header by itself; `None` if no implementation sends such a frame. Does not check whether the
/// header breaks a rule.
pub fn of_header(header: &Header, known: Known) -> Option<i32> {
    let opcode = header.start.opcode;
    let is_data = !opcode.is_control();
    if header.length > LONGEST || (is_data && !header.start.fin && header.length == 0) {
        return None;
    }
    if opcode == Opcode::CONTINUATION && !known.in_message {
        return Some(0);
    }
    let first = match (header.start.fin, header.start.rsv == RSV1, opcode, known.compressed) {
        (true, true, Opcode::TEXT, true) | (true, false, Opcode::TEXT | Opcode::BINARY, false) => 6,
        (true, false, Opcode::TEXT | Opcode::BINARY, true) | (_, _, Opcode::CLOSE, _) => 5,
        (_, _, Opcode::PING | Opcode::PONG, _) | (true, true, Opcode::BINARY, true) => 4,
        _ => 3,
    };
    Some(first + i32::from(known.masked.is_some()))
}

/// Returns the weight of a frame's ending, or not ending, where its segment does.
pub fn of_end(header: &Header, at_end: bool, known: Known) -> i32 {
    match header.form {
        _ if !at_end => -1,
        _ if header.start.opcode == Opcode::CONTINUATION && !known.in_message => 0,
        LengthForm::Bits7 => 6,
        LengthForm::Bits16 | LengthForm::Bits64 => LONG_END,
    }
}

/// Returns the weight of a frame's payload, or of as much of it as is there.
pub fn of_payload(header: &Header, payload: &[u8], known: Known) -> i32 {
    let opcode = header.start.opcode;
    let is_text = opcode == Opcode::TEXT && header.start.fin && header.start.rsv == 0;
    if payload.is_empty() || !(is_text || opcode == Opcode::CLOSE) {
        return 0;
    }
    // More of a text would not weigh more.
    let most = if is_text { 4 * TEXT } else { payload.len() };
    let mut plain = payload.get(..most).unwrap_or(payload).to_vec();
    if let Some(key) = header.key {
        unmask(&mut plain, key, 0);
    }
    let is_cut = header.length > plain.len() as u64;
    if is_text {
        return of_text(&plain, is_cut);
    }
    match body(&plain) {
        Body::HalfCode(_) if is_cut => 0,
        Body::Empty | Body::HalfCode(_) => -3,
        Body::Code(code, reason) => {
            of_code(code, known.other_code) + if reason.is_empty() { 0 } else { of_text(reason, is_cut) }
        }
    }
}

/// Returns the weight of a Close frame's code, given that of the other side's.
fn of_code(code: CloseCode, other: Option<CloseCode>) -> i32 {
    let own = match code.0 {
        1000..=1003 | 1007..=1014 => 11,
        _ if code.may_be_sent() => 4,
        _ => -3,
    };
    match other {
        Some(other) if other == code => 15,
        Some(_) => own - 1,
        None => own,
    }
}

/// Returns the weight to add to that of a Close frame's code once the other side's code is known.
pub fn of_echo(code: CloseCode, other: Option<CloseCode>) -> i32 {
    of_code(code, other) - of_code(code, None)
}

/// Returns the weight of a text, or of its beginning if it is `longer`.
fn of_text(text: &[u8], longer: bool) -> i32 {
    // Some subprotocols end their messages with a control character: STOMP with 00, SignalR with 1E.
    let body =
        if longer { whole(text) } else { text.strip_suffix(&[0]).or(text.strip_suffix(&[0x1E])).unwrap_or(text) };
    let is_control = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0B | 0x0C | 0x0E..=0x1F | 0x7F);
    if basic::from_utf8(body).is_err() || body.iter().any(is_control) {
        return -1;
    }
    i32::try_from(body.len().min(TEXT)).unwrap_or_default() - 1
}

/// Returns a text without an incomplete code point at its end.
fn whole(text: &[u8]) -> &[u8] {
    let tail = text.iter().rev().take(4).position(|byte| !matches!(byte, 0x80..=0xBF)).unwrap_or_default();
    let starts_in_tail = text.iter().rev().nth(tail).is_some_and(|byte| *byte >= 0xC0);
    let cut = if starts_in_tail { tail + 1 } else { 0 };
    text.get(..text.len() - cut).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::super::frame::header;
    use super::super::violation::{MessageState, Negotiated, is_legal};
    use super::*;
    use crate::side::Side;

    /// Returns the expectation of 2^weight over random bytes, which is at most 1 for an e-value.
    fn expected(weights: impl Iterator<Item = Option<i32>>, all: f64) -> f64 {
        weights.flatten().map(|bits| f64::from(bits).exp2()).sum::<f64>() / all
    }

    #[test]
    fn first_bytes() {
        let rules = Negotiated { side: Side::Server, deflate: true };
        for compressed in [false, true] {
            let known = Known { compressed, in_message: true, ..Known::default() };
            let weights = (0..=255u8).map(|first| {
                let (_, parsed) = header(&[first, 1]).unwrap();
                is_legal(&parsed, rules, MessageState::Unknown).then(|| of_header(&parsed, known))?
            });
            let sum = expected(weights, 256.0);
            assert!((0.9..=1.0).contains(&sum), "{sum}");
        }
    }

    #[test]
    fn codes() {
        for other in [None, Some(CloseCode(1000)), Some(CloseCode(4401)), Some(CloseCode(7))] {
            let sum = expected((0..=u16::MAX).map(|code| Some(of_code(CloseCode(code), other))), 65_536.0);
            assert!((0.9..=1.0).contains(&sum), "{other:?}: {sum}");
        }
    }

    #[test]
    fn texts() {
        let one = expected((0..=255u8).map(|byte| Some(of_text(&[byte], false))), 256.0);
        let two = expected((0..=u16::MAX).map(|bytes| Some(of_text(&bytes.to_be_bytes(), false))), 65_536.0);
        assert!(one <= 1.0 && two <= 1.0, "{one} {two}");
    }

    #[test]
    fn a_text_cut_within_a_code_point_is_one() {
        let text = "grüße, 15 bytes".as_bytes();
        assert_eq!(of_text(text, false), 15);
        let (cut, _) = text.split_at(3);
        assert_eq!((of_text(cut, true), of_text(cut, false)), (1, -1));
    }
}
