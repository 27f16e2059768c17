//! The frame decoder of one side, for chunks that are cut anywhere.
//!
//! Payload bytes are borrowed from the chunks; only a header cut in two and a control payload are kept. Decoding
//! continues after a violation as far as lengths can be trusted, and after a gap if it lies within a known payload.
//! Bytes after a text that may continue it, because its declared length was too short, wait until that is decided.
//!
//! ```text
//!        ┌ header ─┬─ a message, ping or pong in one piece ─┐
//! bytes ─┤         └─ payload, as it comes ── its end ──────┴─ Event
//!   gap ─┴ lost: a search for frames ── header
//! ```

mod behind;
mod header;
mod lost;
mod payload;

use super::frame::{Header, Opcode};
use super::message::Messages;
use super::partial::{Control, Partial};
use super::resync::Search;
use super::unfinished::{CutFrame, Unfinished};
use super::violation::{Context, Kind, MessageState, Negotiated, Violation};
use super::{Event, Preview, Scratch};
use crate::chunk::{Carrier, Chunk, Data, Missing, Place};
use crate::prefetch::prefetch;
use crate::side::Side;
use behind::Waiting;

/// A decoder of one side's frames.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Decoder {
    rules: Negotiated,
    /// It is not serialized: a decoder [at rest](Self::is_at_rest) is between frames.
    #[serde(skip)]
    state: State,
    messages: Messages,
    /// The captured beginning of a control payload, still masked. It is not serialized either.
    #[serde(skip)]
    control: Option<Box<Control>>,
    text_before: Option<TextBefore>,
    /// Tells whether a frame so far had the masking that is right for its side.
    well_masked: bool,
    closed: bool,
    /// Whether the first byte may not have been the first of a frame.
    unsure: bool,
    /// The number of searches for excess text so far.
    overruns: u8,
}

/// An open connection has two, and there may be a million.
const _: () = assert!(size_of::<Decoder>() <= 80);

/// The text payload that has just ended.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct TextBefore {
    /// Its masking key.
    key: Option<[u8; 4]>,
    /// The masking phase that its next byte would have.
    phase: u8,
    /// Whether it may have ended within a code point.
    is_cut: bool,
    /// The beginning of its message.
    text: Preview,
}

#[derive(Debug)]
enum State {
    /// The state before a frame, or after the first bytes of a header.
    Header(Option<Box<Partial>>),
    Payload(Box<Frame>),
    /// After a text that may have been longer than its header declares.
    Waiting(Box<Waiting>),
    /// The frames are lost sight of. A search for them begins with the next bytes.
    Lost(Option<Box<Search>>),
}

impl State {
    /// The state before a frame.
    const BETWEEN: Self = Self::Header(None);
}

impl Default for State {
    fn default() -> Self {
        Self::BETWEEN
    }
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    header: Header,
    /// The segment with its first byte.
    start: Carrier,
    /// Stream offset of its first byte.
    offset: u64,
    /// The TCP bytes that its first byte needs.
    needed: u64,
    /// Payload bytes so far, missing ones included.
    received: u64,
    /// Whether all of them were captured.
    intact: bool,
    /// Whether its header broke no rule.
    legal: bool,
}

impl Frame {
    const fn new(header: Header, start: Place<'_>, legal: bool) -> Self {
        let (offset, needed) = (start.offset, start.after(1).needed());
        Self { header, start: *start.carrier, offset, needed, received: 0, intact: true, legal }
    }

    /// Returns whether all of its payload has come, or is known to be missing.
    const fn is_complete(&self) -> bool {
        self.received == self.header.length
    }
}

impl Decoder {
    /// Creates a decoder for the frames of `side`. `no_context_takeover` is that of the side, or `None` if
    /// permessage-deflate was not agreed. `in_step` says that the first byte is the first of a frame.
    pub fn new(side: Side, no_context_takeover: Option<bool>, in_step: bool) -> Self {
        Self {
            rules: Negotiated { side, deflate: no_context_takeover.is_some() },
            state: if in_step { State::BETWEEN } else { State::Lost(None) },
            messages: Messages::new(no_context_takeover),
            control: None,
            text_before: None,
            well_masked: false,
            closed: false,
            unsure: false,
            overruns: 0,
        }
    }

    /// Creates a decoder that begins somewhere in the middle of the frames of `side`. It is not known what was agreed,
    /// so compressed messages cannot be inflated.
    pub fn joined(side: Side, in_step: bool) -> Self {
        let mut decoder = Self::new(side, Some(false), in_step);
        decoder.messages.lose();
        decoder
    }

    /// Prefetches what every frame needs.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.state);
        prefetch(&self.messages);
        prefetch(&self.text_before);
        prefetch(&self.well_masked);
    }

    /// Marks the decoder as unsure whether its first byte is the first of a frame, because the head before it was cut.
    pub const fn unsure(mut self) -> Self {
        self.unsure = true;
        self
    }

    /// Returns whether it is between two messages, and holds nothing of those before. Only then may it be serialized.
    pub fn is_at_rest(&self) -> bool {
        matches!(self.state, State::Header(None)) && self.control.is_none() && self.messages.are_at_rest()
    }

    /// Returns the frame and message that are incomplete; `None` between messages.
    pub fn unfinished(&self) -> Option<Unfinished> {
        let frame = match &self.state {
            State::Payload(frame) => Some(CutFrame { length: frame.header.length, received: frame.received }),
            State::Header(_) | State::Waiting(_) | State::Lost(_) => None,
        };
        let message = self.messages.state() == MessageState::Open;
        (message || frame.is_some()).then_some(Unfinished { frame, message })
    }

    /// Decodes the next chunk of the stream. Passes each event to `out`, with its segment.
    pub fn push(&mut self, chunk: Chunk<'_>, scratch: &mut Scratch, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        match chunk.data {
            Data::Bytes(bytes) => self.bytes(chunk.place, bytes, scratch, out),
            Data::Gap { len, missing } => self.gap(chunk.place, len, missing, scratch, out),
        }
    }

    fn bytes(
        &mut self,
        mut place: Place<'_>,
        mut bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Header(_) => self.header(place, bytes, scratch, out),
                State::Payload(_) => self.rest_of_payload(place, bytes, scratch, out),
                State::Waiting(_) => self.wait(place, bytes, scratch, out),
                State::Lost(_) => return self.search(place, bytes, scratch, out),
            };
            bytes = bytes.get(taken..).unwrap_or_default();
            place = place.after(taken);
        }
    }

    fn gap(
        &mut self,
        place: Place<'_>,
        len: u64,
        why: Missing,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        self.stop_waiting(scratch, out);
        if why == Missing::Undecrypted && matches!(self.state, State::Payload(_)) {
            return self.lose(place, out);
        }
        let State::Payload(frame) = &mut self.state else {
            return self.gap_between_frames(Chunk { place, data: Data::Gap { len, missing: why } }, scratch, out);
        };
        let missing = len.min(frame.header.length - frame.received);
        frame.received += missing;
        frame.intact = false;
        let frame = **frame;
        if !frame.header.start.opcode.is_control() {
            self.messages.count(missing);
            self.messages.gap();
        }
        if frame.is_complete() {
            self.state = State::BETWEEN;
            let missing = usize::try_from(missing).unwrap_or(usize::MAX);
            self.end_frame(&frame, place.after(missing), scratch, out);
        }
        if missing < len {
            self.lose(place, out);
        }
    }

    /// Creates the event of a violation by the frame that began in the segment `begun`, proved by the bytes before
    /// `end`.
    fn violation<'e>(&self, kind: Kind, opcode: Opcode, begun: Carrier, end: Place<'_>, context: Context) -> Event<'e> {
        let (side, seen, frame) = (self.rules.side, end.carrier.seen, begun.seen);
        let (offset, needed) = (end.offset, end.needed());
        Event::Violation(Violation { kind, side, frame, seen, offset, needed, opcode, context })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::Seen;

    /// Returns the events of chunks, without their packets: names, opcodes, codes, stream offsets.
    fn events(side: Side, chunks: &[Data<'_>]) -> Vec<String> {
        events_of(Decoder::new(side, None, true), chunks)
    }

    fn events_of(mut decoder: Decoder, chunks: &[Data<'_>]) -> Vec<String> {
        let (mut scratch, mut events, mut offset, carrier) = (Scratch::default(), Vec::new(), 0, Carrier::default());
        let mut tell = |event: Event<'_>| {
            if let Event::Whole { header, .. } = event {
                events.push(format!("frame {:x}", header.start.opcode.0));
            }
            events.push(match event {
                Event::Frame { header, .. } => format!("frame {:x}", header.start.opcode.0),
                Event::Message { message, .. } => format!("message of {}", message.wire_len),
                Event::Whole { header, .. } => format!("message of {}", header.length),
                Event::Ping { payload, .. } => format!("ping {payload:?}"),
                Event::Pong(payload) => format!("pong {payload:?}"),
                Event::Close(close) => format!("close {:?} {:?} {}", close.code, close.reason, close.complete),
                Event::Violation(violation) => format!("{:?} needs {}", violation.kind, violation.needed),
                Event::Lost => "lost".to_owned(),
                Event::Found => "found".to_owned(),
            });
        };
        for data in chunks {
            let chunk = Chunk::of_tcp(&carrier, offset, *data);
            decoder.push(chunk, &mut scratch, &mut |_, event| tell(event));
            offset += match data {
                Data::Bytes(bytes) => bytes.len() as u64,
                Data::Gap { len, .. } => *len,
            };
        }
        decoder.end(None, true, &mut scratch, &mut |_, event| tell(event));
        events
    }

    const GAP: fn(u64) -> Data<'static> = |len| Data::Gap { len, missing: Missing::NeverCaptured };

    /// A ping between fragments, bad UTF-8 over two of them, a reserved opcode, a Close frame, and a frame after it.
    const STREAM: &[u8] = b"\x01\x03h\xc3\xa4\x89\x02hi\x00\x02t\xe9\x80\x01s\x83\x01x\x88\x04\x03\xefno\x81\x01z";

    #[test]
    fn every_cut_tells_the_same() {
        let whole = events(Side::Server, &[Data::Bytes(STREAM)]);
        assert_eq!(
            whole,
            [
                "frame 1",
                "frame 9",
                "ping [104, 105]",
                "frame 0",
                "frame 0",
                "InvalidUtf8 { offset: 4, byte: 233, at_end: false } needs 16",
                "message of 6",
                "ReservedOpcode needs 18",
                "frame 3",
                "frame 8",
                "close Some(CloseCode(1007)) [110, 111] true",
                "AfterClose needs 27",
                "frame 1",
                "message of 1",
            ]
        );
        for first in 0..STREAM.len() {
            for second in first..STREAM.len() {
                let (head, tail) = STREAM.split_at(second);
                let (head, middle) = head.split_at(first);
                assert_eq!(events(Side::Server, &[head, middle, tail].map(Data::Bytes)), whole, "{first} {second}");
            }
        }
    }

    #[test]
    fn a_gap_of_unknown_length_in_a_payload_is_not_counted() {
        let undecrypted = |len| Data::Gap { len, missing: Missing::Undecrypted };
        let chunks = |gap| [Data::Bytes(b"\x82\x05he"), gap, Data::Bytes(b"\x88\x02\x03\xe8")];
        let exact = ["frame 2", "message of 5", "frame 8", "close Some(CloseCode(1000)) [] true"];
        assert_eq!(events(Side::Server, &chunks(GAP(3))), exact);
        let found = ["frame 2", "lost", "found", "frame 8", "close Some(CloseCode(1000)) [] true"];
        assert_eq!(events(Side::Server, &chunks(undecrypted(3))), found);
        assert_eq!(events(Side::Server, &chunks(undecrypted(2))), found);
    }

    #[test]
    fn of_two_faults_in_a_compressed_text_the_first_is_told() {
        // A stored block with text that is not UTF-8, a block of a type that does not exist; then a message that begins
        // with an empty window.
        let (faulty, sound) = (b"\0\x03\0\xfc\xffh\xffi\x06\xff", b"\0\x02\0\xfd\xffhi\0");
        let stream = [&[0xC1, 10], &faulty[..], &[0xC1, 8], sound].concat();
        let told = |chunks: &[Data<'_>]| events_of(Decoder::new(Side::Server, Some(false), true), chunks);
        let whole = told(&[Data::Bytes(&stream)]);
        assert!(whole[1].starts_with("InvalidUtf8 { offset: 1, byte: 255"), "{whole:?}");
        assert_eq!(whole[2..], ["message of 10", "frame 1", "message of 8"]);
        for cut in 0..stream.len() {
            let (head, tail) = stream.split_at(cut);
            let kinds = |told: Vec<String>| told.iter().map(|one| one.split(" needs").next().unwrap().into()).collect();
            let [whole, cut_told]: [Vec<String>; 2] = [whole.clone(), told(&[head, tail].map(Data::Bytes))].map(kinds);
            assert_eq!(cut_told, whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_gap_within_a_payload_keeps_the_frames_in_step() {
        let chunks = [Data::Bytes(b"\x81\x05he"), GAP(3), Data::Bytes(b"\x88\x02\x03\xe8")];
        let told = events(Side::Server, &chunks);
        assert_eq!(told, ["frame 1", "message of 5", "frame 8", "close Some(CloseCode(1000)) [] true"]);
    }

    /// Returns the events of the bytes after a lost header, without those up to the loss.
    fn behind_a_gap(chunks: &[&[u8]]) -> Vec<String> {
        let begun = [Data::Bytes(b"\x81\x02he".as_slice()), GAP(9)];
        let all: Vec<_> = begun.into_iter().chain(chunks.iter().map(|bytes| Data::Bytes(bytes))).collect();
        let told = events(Side::Server, &all);
        assert_eq!(told[..3], ["frame 1", "message of 2", "lost"]);
        told[3..].to_vec()
    }

    #[test]
    fn behind_a_gap_over_a_header_only_what_is_proved_counts() {
        let close = "close Some(CloseCode(1000)) [] true";
        assert_eq!(behind_a_gap(&[b"\x88\x02\x03\xe8"]), ["found", "frame 8", close]);
        assert_eq!(behind_a_gap(&[b"lo\x88\x02\x03\xe8"]), ["found", "frame 8", close], "inside a segment");
        assert_eq!(behind_a_gap(&[b"\x88\x02\x03\xe8", b"x"]), [""; 0], "nothing follows a Close");
        assert_eq!(behind_a_gap(&[b"\x88\x02\x03\xe8\x00"]), [""; 0]);
        assert_eq!(behind_a_gap(&[b"\x88\x02\x00\x07"]), [""; 0], "a code that must not be sent");
        assert_eq!(behind_a_gap(&[b"\x88\x82\x03\xe8\x01\x02\x03\x04"]), [""; 0], "masked by a server");
        let text = b"\x81\x15a text of some length";
        assert_eq!(behind_a_gap(&[text]), ["found", "frame 1", "message of 21"]);
        assert_eq!(behind_a_gap(&[b"\x82\x01x", text]).len(), 5, "the frames before are reported, too");
        assert_eq!(behind_a_gap(&[b"rest", text]).len(), 3);
    }

    #[test]
    fn a_control_frame_is_too_long_though_its_length_never_comes() {
        for cut in 2..4 {
            let told = events(Side::Server, &[Data::Bytes(&b"\x89\x7e\x00"[..cut])]);
            assert_eq!(told, ["OversizedControl(126) needs 2"]);
        }
        assert_eq!(events(Side::Server, &[Data::Bytes(b"\x81\x7e\x00")]), [""; 0]);
    }

    #[test]
    fn half_a_code_is_no_reason() {
        let told = events(Side::Server, &[Data::Bytes(b"\x88\x01\x03")]);
        assert_eq!(told, ["frame 8", "close None [] true", "TruncatedCloseCode(3) needs 3"]);
    }

    #[test]
    fn a_close_that_is_cut_keeps_its_code() {
        let chunks = [Data::Bytes(b"\x88\x06\x03\xe8b"), GAP(3)];
        assert_eq!(events(Side::Server, &chunks), ["frame 8", "close Some(CloseCode(1000)) [98] false"]);
        let chunks = [Data::Bytes(b"\x88\x06\x03"), GAP(5)];
        assert_eq!(events(Side::Server, &chunks), ["frame 8", "close None [] false"]);
    }

    #[test]
    fn http_is_no_close() {
        for cut in 1..7 {
            let (head, tail) = b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\n".split_at(cut);
            let told = events(Side::Server, &[Data::Bytes(head), Data::Bytes(tail)]);
            assert_eq!(told, ["HttpAfterUpgrade needs 7", "lost"], "cut at {cut}");
        }
    }

    #[test]
    fn how_long_a_control_frame_is_does_not_depend_on_the_cut() {
        for stream in [&b"\x89\x7e\0\x05hello"[..], &[&b"\x89\x7e\0\x80"[..], &[0; 128]].concat()] {
            let whole = events(Side::Server, &[Data::Bytes(stream)]);
            for cut in 1..6 {
                let (head, tail) = stream.split_at(cut);
                assert_eq!(events(Side::Server, &[head, tail].map(Data::Bytes)), whole, "cut at {cut}");
            }
        }
        let told = events(Side::Server, &[Data::Bytes(b"\x89\x7e\0\x05hello")]);
        assert_eq!(told[0], "NonMinimalLength(5) needs 4");
    }

    #[test]
    fn a_reserved_opcode_behind_a_whole_text_does_not_go_on_with_it() {
        let told = events(Side::Server, &[Data::Bytes(b"\x81\x02hi\x83\x20thirty-two printable characters.")]);
        assert_eq!(told, ["frame 1", "message of 2", "ReservedOpcode needs 6", "frame 3"]);
    }

    /// Encodes texts of a side as a sender does that counts characters instead of bytes, and other frames.
    fn counted_in_characters(side: Side, frames: &[(u8, &str)]) -> Vec<u8> {
        let mut stream = Vec::new();
        for (first, payload) in frames {
            let declared = if *first == 0x81 { payload.chars().count() } else { payload.len() } as u8;
            let mut payload = payload.as_bytes().to_vec();
            stream.extend([*first, declared | if side == Side::Client { 0x80 } else { 0 }]);
            if side == Side::Client {
                let key = [0x12, 0x9a, 0x5c, 0xe3];
                stream.extend(key);
                crate::ws::frame::unmask(&mut payload, key, 0);
            }
            stream.extend(payload);
        }
        stream
    }

    #[test]
    fn a_length_that_was_counted_in_characters() {
        let text = "{\"city\":\"Curaçao\"}";
        let stream = counted_in_characters(Side::Server, &[(0x81, text), (0x88, "\u{c}x")]);
        let told = events(Side::Server, &[Data::Bytes(&stream)]);
        assert_eq!(told[1..3], ["message of 18", "LengthTooShort(1) needs 21"]);
        assert_eq!(told.last().unwrap(), "close Some(CloseCode(3192)) [] true");
    }

    /// Checks all cuts into segments, with every continuation: frames, another such text, the end, or a gap.
    #[test]
    fn how_much_longer_a_text_is_than_its_length_does_not_depend_on_the_cut() {
        let long = "äöü ".repeat(30) + "é!";
        let conversations: [(&[(u8, &str)], usize); 6] = [
            (&[(0x81, "{\"ville\":\"Orléans à\"}")], 1),
            (&[(0x81, "{\"city\":\"Curaçao\"}"), (0x89, ""), (0x82, "binary")], 1),
            (&[(0x81, "déjà vu, naïve!"), (0x81, "Ünïcödé, encore, à la carte?"), (0x81, "the end")], 2),
            (&[(0x81, &long), (0x82, "binary"), (0x8A, "pong"), (0x81, "écran, là\n")], 2),
            (&[(0x81, "plain"), (0x81, "[\"é\"]"), (0x81, "[\"é\"]"), (0x89, "")], 2),
            // A ping in fragments with a header that is printable, too.
            (&[(0x81, "plain"), (0x09, "thirteen char")], 0),
        ];
        for (side, (frames, excesses)) in Side::BOTH.into_iter().flat_map(|side| conversations.map(|all| (side, all))) {
            let stream = counted_in_characters(side, frames);
            for end in [&[][..], &[GAP(100)]] {
                let told = |pieces: &[&[u8]]| {
                    let chunks = pieces.iter().map(|piece| Data::Bytes(piece)).chain(end.iter().copied());
                    events(side, &chunks.collect::<Vec<_>>())
                };
                let whole = told(&[&stream]);
                let count = whole.iter().filter(|event| event.starts_with("LengthTooShort")).count();
                assert_eq!(count, excesses, "{side:?} {frames:?}: {whole:#?}");
                assert_eq!(told(&stream.chunks(1).collect::<Vec<_>>()), whole, "{side:?} {frames:?}, byte by byte");
                for first in 0..stream.len() {
                    for second in (first..stream.len()).step_by(1 + stream.len() / 40) {
                        let (head, tail) = stream.split_at(second);
                        let (head, middle) = head.split_at(first);
                        assert_eq!(told(&[head, middle, tail]), whole, "{side:?} {frames:?}: {first} {second}");
                    }
                }
            }
        }
    }

    /// Events that are emitted late still name the packets that carried their bytes.
    #[test]
    fn what_waited_is_told_of_its_own_packets() {
        let stream = counted_in_characters(Side::Server, &[(0x81, "[\"é\"]"), (0x82, "12"), (0x88, "\u{c}x")]);
        let (mut scratch, mut packets) = (Scratch::default(), Vec::new());
        let mut decoder = Decoder::new(Side::Server, None, true);
        for (offset, byte) in stream.iter().enumerate() {
            let seen = Seen { packet: offset as u64, ..Seen::default() };
            let carrier = Carrier::new(seen, None, 64);
            decoder.push(
                Chunk::of_tcp(&carrier, offset as u64, Data::Bytes(&[*byte])),
                &mut scratch,
                &mut |carrier, event| {
                    packets.push(match event {
                        Event::Violation(violation) => ("violation", violation.frame.packet, violation.seen.packet),
                        Event::Frame { start, .. } => ("frame", start.packet, carrier.seen.packet),
                        Event::Close(close) => ("close", close.carrier.seen.packet, carrier.seen.packet),
                        _ => ("", 0, carrier.seen.packet),
                    });
                },
            );
        }
        // Two bytes of header, five characters, the excess; then two bytes of header and two of payload, twice.
        let expected = [
            ("frame", 0, 1),
            ("", 0, 6),
            ("violation", 7, 7),
            ("frame", 8, 9),
            ("", 0, 11),
            ("frame", 12, 13),
            ("close", 12, 15),
        ];
        assert_eq!(packets, expected);
    }
}
