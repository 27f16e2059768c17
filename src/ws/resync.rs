//! The search for frames after bytes that could not be decoded as frames.

use super::close::{Body, CloseCode, body};
use super::frame::{HEADER, Header, Opcode, START, header, start, unmask};
use super::odds::{self, Known};
use super::run::Run;
use super::violation::{MessageState, Negotiated, is_legal, of_length, of_start};
use crate::chunk::{Chunk, Data, Kept};
use crate::limits;
use crate::side::Side;
use simdutf8::{basic, compat};

/// The longest excess of a payload over its declared length that is searched for: characters counted instead of bytes
/// in a message with that many accents. Room is left for the whole of a short frame after it and the start of the next.
const OVERRUN: usize = limits::OVERRUN_BYTES - HEADER - 125 - START;

/// The bits that a frame after an excess has to prove if it is not followed by a legal one, since the next text may
/// also be longer than it declares. They are those of a text of three characters; each doubling of the places where the
/// frame could begin adds one.
const PROOF: i32 = 9;

/// Bytes of text that prove an excess although the same bytes are a whole frame that breaks one rule. Random bytes are
/// printable text with odds of less than 1 in 2 each ([`odds`]), so this many are with less than 1 in 4 thousand
/// million. For a shorter text, a frame with one fault is the simpler explanation.
const TEXT_RATHER_THAN_FRAME: usize = 32;

/// The bits that a run of frames has to prove on a connection where frames are expected: one short text, two binary
/// messages. Odds of 1 in 16 million a segment, on a connection that has lost bytes.
const FRAMES: i32 = 24;

/// The same for a run that ends in a Close frame, while more may come: a false Close frame is worse than a late one.
const CLOSE: i32 = 40;

/// The same if the stream ends after the Close frame, as it must. A run that could as well begin elsewhere has paid for
/// that.
const CLOSE_AT_FIN: i32 = 12;

/// The same if the capture ends after it.
const CLOSE_AT_END: i32 = 20;

/// A search for the frames of one side, after they were lost sight of.
#[derive(Debug)]
pub struct Search(Run);

impl Search {
    /// Creates a search that has not found anything.
    pub fn new(rules: Negotiated) -> Self {
        Self(Run::new(Some(rules.side == Side::Client), limits::RESYNC_BYTES))
    }

    /// Examines the next chunk. Returns whether frames have been found. If not, the chunk is kept if it may belong to
    /// frames.
    pub fn push(&mut self, chunk: Chunk<'_>) -> bool {
        let (run, offset) = (&mut self.0, chunk.place.offset);
        run.push(offset, chunk.data, 0, None);
        if let Data::Bytes(bytes) = chunk.data
            && run.begins()
        {
            run.look_inside(offset, bytes);
        }
        let is_found = run.has_frames() && run.bits() >= if run.ends_in_close() { CLOSE } else { FRAMES };
        if !is_found {
            run.keep(chunk);
        }
        is_found
    }

    /// Returns whether frames have been found, now that nothing follows: not even the rest of a Close frame, if the
    /// stream `has_ended`. `other` is the code of the other side's Close frame.
    pub fn end(&self, other: Option<CloseCode>, has_ended: bool) -> bool {
        let echo = self.0.code().map_or(0, |code| odds::of_echo(code, other).max(0));
        let least = if has_ended { CLOSE_AT_FIN } else { CLOSE_AT_END };
        self.0.ends_in_close() && self.0.bits() + echo >= least
    }

    /// Returns the stream offset at which the frames that are not kept begin in the last chunk, itself at `offset`.
    pub fn begins_at(&self, offset: u64) -> Option<u64> {
        self.0.begins_at(offset)
    }

    /// Returns the kept chunks.
    pub fn into_chunks(self) -> impl Iterator<Item = Kept> {
        self.0.into_chunks()
    }
}

/// The kinds of bytes after a text that do not begin with an expected header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// A frame, whatever is wrong with it.
    Frame,
    /// More of the text, this many bytes: its declared length was too short.
    Text(usize),
}

/// Decides what the `bytes` after a text are. The text was masked with the key and from the phase in `key`, and may
/// have been `cut` within a code point. The bytes continue it if they are printable text up to the next plausible
/// frame, or to the end of the stream. Returns `None` while more of the stream is needed for the decision; never if
/// `is_all` of it is there, or [`limits::OVERRUN_BYTES`].
///
/// The decision on a beginning of the stream holds for all longer ones, so it does not depend on the segments.
pub fn behind_text(
    bytes: &[u8],
    key: Option<([u8; 4], u64)>,
    cut: bool,
    is_all: bool,
    rules: Negotiated,
) -> Option<Behind> {
    let stream = Beginning::new(bytes, is_all);
    let mut text = bytes.get(..bytes.len().min(OVERRUN)).unwrap_or_default().to_vec();
    if let Some((key, phase)) = key {
        unmask(&mut text, key, phase);
    }
    let Some(len) = excess(stream, &text, cut, rules)? else {
        return Some(Behind::Frame);
    };
    // The rest of a text ends as texts do; a chance run of printable bytes rarely does.
    let last = len.checked_sub(1).and_then(|last| text.get(last)).copied().unwrap_or_default();
    let ends_as_text = len >= 8 || matches!(last, b'}' | b']' | b'"' | b'>' | b'.' | b'!' | b'?' | b'\n');
    if !ends_as_text || (len < TEXT_RATHER_THAN_FRAME && stands_alone(stream, rules)?) {
        return Some(Behind::Frame);
    }
    Some(Behind::Text(len))
}

/// The beginning of a stream, as far as it is known and examined.
#[derive(Clone, Copy)]
struct Beginning<'a> {
    bytes: &'a [u8],
    /// Whether nothing that is examined follows.
    is_all: bool,
    /// Whether the stream ends there.
    ends: bool,
}

impl<'a> Beginning<'a> {
    fn new(bytes: &'a [u8], ends: bool) -> Self {
        match bytes.get(..limits::OVERRUN_BYTES) {
            Some(bytes) => Self { bytes, is_all: true, ends: false },
            None => Self { bytes, is_all: ends, ends },
        }
    }

    /// Returns the stream from index `at` on.
    fn from(self, at: usize) -> Self {
        Self { bytes: self.bytes.get(at..).unwrap_or_default(), ..self }
    }
}

/// Returns the number of bytes of printable `text` before the next plausible frame or the end of the stream;
/// `Some(None)` if neither follows, `None` if that is not known yet.
fn excess(stream: Beginning<'_>, text: &[u8], cut: bool, rules: Negotiated) -> Option<Option<usize>> {
    let (printable, sure) = printable(text, cut);
    let known = if stream.is_all || text.len() == OVERRUN { printable } else { sure };
    for at in 1..=known {
        if begins_frame(stream.from(at), at, rules)? {
            return Some(Some(at));
        }
    }
    if printable < stream.bytes.len() && (printable < text.len() || text.len() == OVERRUN) {
        return Some(None);
    }
    stream.is_all.then_some(Some(printable))
}

/// Returns whether the stream begins with a frame that breaks one rule, is plausible otherwise, and is followed by a
/// legal frame or the end of the stream; `None` if that is not known yet.
fn stands_alone(stream: Beginning<'_>, rules: Negotiated) -> Option<bool> {
    let Ok((rest, parsed)) = header(stream.bytes) else {
        return stream.is_all.then_some(false);
    };
    let faults =
        of_start(parsed.start, u64::from(parsed.start.length), rules, MessageState::Unknown).chain(of_length(&parsed));
    if faults.count() != 1 {
        return Some(false);
    }
    let Some((payload, behind)) = split(rest, parsed.length) else {
        return stream.is_all.then_some(false);
    };
    if !is_plausible_payload(&parsed, payload) {
        return Some(false);
    }
    if behind.is_empty() {
        return stream.is_all.then_some(true);
    }
    begins_frame(Beginning { bytes: behind, ..stream }, 1, rules)
}

/// Returns the number of bytes that are text without control characters, and the number of those that are so whatever
/// follows: the text may end within a code point, and begin within one if it was `cut`.
fn printable(text: &[u8], cut: bool) -> (usize, usize) {
    let tail = text.iter().take(if cut { 3 } else { 0 }).take_while(|byte| matches!(byte, 0x80..=0xBF)).count();
    let rest = text.get(tail..).unwrap_or_default();
    let (valid, sure) = match compat::from_utf8(rest) {
        Ok(_) => (rest.len(), rest.len()),
        Err(error) if error.error_len().is_some() => (error.valid_up_to(), error.valid_up_to()),
        Err(error) => (rest.len(), error.valid_up_to()),
    };
    let control = rest.iter().position(|byte| matches!(byte, 0x00..=0x08 | 0x0B | 0x0C | 0x0E..=0x1F | 0x7F));
    let most = control.unwrap_or(usize::MAX);
    (tail + valid.min(most), tail + sure.min(most))
}

/// Returns whether the stream begins with a frame that is legal, has contents that fit its opcode, and proves itself or
/// is followed by another. It is the last of this many `places` where one could begin. Returns `None` if that is not
/// known yet.
fn begins_frame(stream: Beginning<'_>, places: usize, rules: Negotiated) -> Option<bool> {
    let Ok((rest, parsed)) = header(stream.bytes) else {
        return if starts_frame(stream.bytes, rules) { stream.is_all.then_some(false) } else { Some(false) };
    };
    if !is_legal(&parsed, rules, MessageState::Unknown) {
        return Some(false);
    }
    let Some((payload, behind)) = split(rest, parsed.length) else {
        // Only a long frame can reach beyond everything that is examined.
        return stream.is_all.then(|| !stream.ends && is_plausible_payload(&parsed, rest));
    };
    if !is_plausible_payload(&parsed, payload) {
        return Some(false);
    }
    let known = Known { masked: Some(parsed.start.masked), ..Known::default() };
    let bits = odds::of_header(&parsed, known).unwrap_or_default() + odds::of_payload(&parsed, payload, known);
    if bits >= PROOF + places.max(1).ilog2().cast_signed() {
        return Some(true);
    }
    match behind.len() {
        START.. => Some(starts_frame(behind, rules)),
        _ => stream.is_all.then_some(true),
    }
}

/// Returns whether the first two bytes of a header are legal, as far as they are there.
fn starts_frame(bytes: &[u8], rules: Negotiated) -> bool {
    let Ok((_, first)) = start(bytes) else {
        return true;
    };
    of_start(first, u64::from(first.length), rules, MessageState::Unknown).next().is_none()
}

/// Returns a payload of `length` bytes, and the bytes after it; `None` if not all of it is there.
fn split(bytes: &[u8], length: u64) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(length).ok()?)
}

/// Returns whether the contents of a payload fit its opcode.
fn is_plausible_payload(parsed: &Header, payload: &[u8]) -> bool {
    if parsed.start.rsv != 0 {
        return true;
    }
    let mut plain = payload.to_vec();
    if let Some(key) = parsed.key {
        unmask(&mut plain, key, 0);
    }
    match parsed.start.opcode {
        // A sender that counts characters cuts a text anywhere.
        Opcode::TEXT if parsed.start.fin => {
            compat::from_utf8(&plain).map_or_else(|error| error.error_len().is_none(), |_| true)
        }
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
    use super::Behind::{Frame, Text};
    use super::*;

    const SERVER: Negotiated = Negotiated { side: Side::Server, deflate: false };

    /// Decides on a whole stream, and checks that the decision on each of its beginnings is the same.
    fn decided(bytes: &[u8], key: Option<([u8; 4], u64)>, rules: Negotiated) -> Behind {
        let whole = behind_text(bytes, key, true, true, rules).unwrap();
        for end in 1..=bytes.len() {
            let beginning = behind_text(&bytes[..end], key, true, false, rules);
            assert!(beginning.is_none_or(|early| early == whole), "of {end} bytes: {beginning:?}, in all {whole:?}");
            assert!(beginning.is_some() || end < limits::OVERRUN_BYTES, "{end} bytes are enough");
        }
        whole
    }

    #[test]
    fn the_rest_of_a_text_whose_length_was_too_short() {
        assert_eq!(decided(b"\"}\x81\x02hi", None, SERVER), Text(2));
        assert_eq!(decided(b"\"}", None, SERVER), Text(2));
        assert_eq!(decided(b"\xc1\x02hi", None, SERVER), Frame);
        // An unmasked frame, unmasked with the key of the text before it.
        assert_eq!(decided(b"OK'\xdd\xbd:/\xb7\xf509\x81\xc3%j\x99}", None, SERVER), Frame);
        // A frame with one fault. Its bytes are also text under the key of the text before it.
        let client = Negotiated { side: Side::Client, deflate: false };
        let key = Some(([0x56, 0xBD, 0, 0], 0));
        assert_eq!(decided(b"\x81\x02h.", key, client), Frame);
        assert_eq!(decided(b"\x81\x02h.x", key, client), Text(5));
        // The rest of a code point, and one that the bound cuts.
        assert_eq!(decided(&"é\"}".as_bytes()[1..], None, SERVER), Text(3));
        let longest = "x".repeat(OVERRUN - 1) + ".";
        assert_eq!(decided(longest.as_bytes(), None, SERVER), Text(OVERRUN));
        let longer = "x".repeat(OVERRUN - 1) + "é.";
        assert_eq!(decided(longer.as_bytes(), None, SERVER), Frame, "longer than is searched for");
    }

    #[test]
    fn the_next_frame_shows_where_the_text_ends() {
        let text = |excess: &[u8], behind: &[u8]| decided(&[excess, behind].concat(), None, SERVER);
        let excess = "vu, naïve!".as_bytes();
        assert_eq!(text(excess, b"\x82\x05bytes\x89\0"), Text(11));
        assert_eq!(text(excess, b"\x82\x7e\x08\0more bytes than are looked at"), Frame, "cut off");
        assert_eq!(text(excess, &[&b"\x82\x7e\x08\0"[..], &[7; 2048]].concat()), Text(11));
        assert_eq!(text(excess, b"\x82\x05bytes\xfe\0"), Frame, "the frame is not followed by a legal one");
        // A frame with a text proves itself, though that text is also longer than it declares.
        assert_eq!(text(excess, &[b"\x81\x10", "montré à l'écran".as_bytes()].concat()), Text(11));
        assert_eq!(text(excess, b"\x88\x02\x03\xe8"), Text(11));
        let longest = "x".repeat(OVERRUN - 1) + ".";
        assert_eq!(text(longest.as_bytes(), b"\x82\x01x\x81\x01y"), Text(OVERRUN));
    }
}
