//! Finding the frames again after bytes that could not be read as frames.

use super::close::{Body, CloseCode, body};
use super::frame::{Header, Opcode, header, unmask};
use super::odds;
use super::run::Run;
use super::violation::{MessageState, Rules, is_legal, of_length, of_start};
use crate::chunk::{Carrier, Chunk, Kept};
use crate::limits;
use crate::side::Side;
use simdutf8::{basic, compat};

/// The longest excess of a payload over its declared length that is looked for: characters counted instead of bytes
/// in a message with that many accents.
const OVERRUN: usize = 512;

/// Bytes of text that prove an excess where the same bytes are a whole frame that breaks one rule. Random bytes are printable
/// text with odds of less than 1 in 2 each ([`odds`]), so that this many are with less than 1 in 4 thousand million: a frame
/// with one fault is the simpler story.
const TEXT_RATHER_THAN_FRAME: usize = 32;

/// What a run of frames has to prove where frames are expected: one short text, two binary messages. Odds of 1 in 16
/// million a segment, on a connection that has lost bytes.
const FRAMES: i32 = 24;

/// The same for one that ends in a Close, while more may come: a false Close is worse than a late one.
const CLOSE: i32 = 40;

/// The same where the stream ends behind the Close, as it must: one that could as well begin elsewhere has paid for that.
const CLOSE_AT_FIN: i32 = 12;

/// The same where the capture ends behind it.
const CLOSE_AT_END: i32 = 20;

/// Looks for the frames of one side, after their place was lost.
#[derive(Debug)]
pub struct Search(Run);

impl Search {
    /// Nothing found yet.
    pub fn new(rules: Rules) -> Self {
        Self(Run::new(Some(rules.side == Side::Client), limits::RESYNC_BYTES))
    }

    /// Looks at the next chunk: whether there are frames. If it is not sure yet, the chunk is kept.
    pub fn push(&mut self, carrier: &Carrier, offset: u64, chunk: Chunk<'_>) -> bool {
        let run = &mut self.0;
        run.push(offset, chunk, 0, None);
        if let Chunk::Bytes(bytes) = chunk
            && run.begins()
        {
            run.look_inside(offset, bytes);
        }
        let is_found = run.has_frames() && run.bits() >= if run.ends_in_close() { CLOSE } else { FRAMES };
        if !is_found {
            run.keep(carrier, offset, chunk);
        }
        is_found
    }

    /// Whether there are frames, now that nothing follows: not even the rest of a Close, if the stream `has_ended`. `other`
    /// is the code of the other side's Close.
    pub fn end(&self, other: Option<CloseCode>, has_ended: bool) -> bool {
        let echo = self.0.code().map_or(0, |code| odds::of_echo(code, other).max(0));
        let least = if has_ended { CLOSE_AT_FIN } else { CLOSE_AT_END };
        self.0.ends_in_close() && self.0.bits() + echo >= least
    }

    /// Where in the last chunk, which stands at `offset`, the frames begin that are not kept.
    pub fn begins_at(&self, offset: u64) -> Option<u64> {
        self.0.begins_at(offset)
    }

    /// What was kept.
    pub fn into_chunks(self) -> impl Iterator<Item = Kept> {
        self.0.into_chunks()
    }
}

/// How many of `bytes` go on with the payload before them, which was masked with `key` from phase `phase` on, and may
/// have been `cut` within a code point: printable text up to the next plausible frame, or to the end of the segment.
pub fn overrun(bytes: &[u8], key: Option<([u8; 4], u64)>, cut: bool, rules: Rules) -> Option<usize> {
    let mut text = bytes.get(..bytes.len().min(OVERRUN)).unwrap_or_default().to_vec();
    if let Some((key, phase)) = key {
        unmask(&mut text, key, phase);
    }
    let printable = printable(&text, cut);
    let next_frame = (1..=printable).find(|at| bytes.get(*at..).is_some_and(|rest| begins_frame(rest, rules)));
    let to_the_end = (printable == bytes.len()).then_some(printable);
    let len = next_frame.or(to_the_end)?;
    if stands_alone(bytes, rules) && len < TEXT_RATHER_THAN_FRAME {
        return None;
    }
    // A text that was cut ends as texts end; a chance run of printable bytes rarely does.
    let last = text.get(len.checked_sub(1)?)?;
    (matches!(last, b'}' | b']' | b'"' | b'>' | b'.' | b'!' | b'?' | b'\n') || len >= 8).then_some(len)
}

/// Whether a frame that breaks one rule, and is plausible otherwise, ends where `bytes` do or where a legal one begins.
fn stands_alone(bytes: &[u8], rules: Rules) -> bool {
    let Ok((rest, parsed)) = header(bytes) else {
        return false;
    };
    let faults =
        of_start(parsed.start, u64::from(parsed.start.length), rules, MessageState::Unknown).chain(of_length(&parsed));
    let Some((payload, behind)) = usize::try_from(parsed.length).ok().and_then(|length| rest.split_at_checked(length))
    else {
        return false;
    };
    faults.count() == 1 && is_plausible_payload(&parsed, payload) && (behind.is_empty() || begins_frame(behind, rules))
}

/// How many bytes are text without control characters. It may end within a code point, and begin within one if it was `cut`.
fn printable(text: &[u8], cut: bool) -> usize {
    let tail = text.iter().take(if cut { 3 } else { 0 }).take_while(|byte| matches!(byte, 0x80..=0xBF)).count();
    let rest = text.get(tail..).unwrap_or_default();
    let valid = match compat::from_utf8(rest) {
        Err(error) if error.error_len().is_some() => error.valid_up_to(),
        _ => rest.len(),
    };
    let control = rest.iter().position(|byte| matches!(byte, 0x00..=0x08 | 0x0B | 0x0C | 0x0E..=0x1F | 0x7F));
    tail + valid.min(control.unwrap_or(usize::MAX))
}

fn begins_frame(bytes: &[u8], rules: Rules) -> bool {
    whole_frame(bytes, rules).is_some_and(|(parsed, payload, rest)| {
        // A long payload is not read for each of the places where it might begin.
        let plausible = payload.len() > OVERRUN || is_plausible_payload(&parsed, payload);
        plausible && (rest.is_empty() || header(rest).is_ok())
    })
}

/// A frame that breaks no rule and lies wholly in `bytes`: header, payload, and what follows.
fn whole_frame(bytes: &[u8], rules: Rules) -> Option<(Header, &[u8], &[u8])> {
    let (rest, parsed) = header(bytes).ok()?;
    if !is_legal(&parsed, rules, MessageState::Unknown) {
        return None;
    }
    let (payload, rest) = rest.split_at_checked(usize::try_from(parsed.length).ok()?)?;
    Some((parsed, payload, rest))
}

/// Whether a payload is what its opcode says.
fn is_plausible_payload(parsed: &Header, payload: &[u8]) -> bool {
    if parsed.start.rsv != 0 {
        return true;
    }
    let mut plain = payload.to_vec();
    if let Some(key) = parsed.key {
        unmask(&mut plain, key, 0);
    }
    match parsed.start.opcode {
        Opcode::TEXT if parsed.start.fin => basic::from_utf8(&plain).is_ok(),
        Opcode::CLOSE => match body(&plain) {
            Body::Empty => true,
            Body::HalfCode(_) => false,
            Body::Code(code, reason) => code.may_be_sent() && basic::from_utf8(reason).is_ok(),
        },
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Rules = Rules { side: Side::Server, deflate: false };

    #[test]
    fn the_rest_of_a_text_whose_length_was_too_short() {
        assert_eq!(overrun(b"\"}\x81\x02hi", None, true, SERVER), Some(2));
        assert_eq!(overrun(b"\"}", None, true, SERVER), Some(2));
        assert_eq!(overrun(b"\xc1\x02hi", None, true, SERVER), None);
        // An unmasked frame, unmasked with the key of the text before it.
        assert_eq!(overrun(b"OK'\xdd\xbd:/\xb7\xf509\x81\xc3%j\x99}", None, true, SERVER), None);
        // A frame with one fault, whose bytes are also text under the key of the text before it.
        let client = Rules { side: Side::Client, deflate: false };
        let key = Some(([0x56, 0xBD, 0, 0], 0));
        assert_eq!(overrun(b"\x81\x02h.", key, true, client), None);
        assert_eq!(overrun(b"\x81\x02h.x", key, true, client), Some(5));
        // The rest of a code point, and one that the bound cuts.
        assert_eq!(overrun("é\"}".get(..).unwrap().as_bytes().get(1..).unwrap(), None, true, SERVER), Some(3));
        let long = "x".repeat(OVERRUN - 1) + "é.";
        assert_eq!(overrun(long.as_bytes(), None, true, SERVER), None, "longer than is looked for");
    }
}
