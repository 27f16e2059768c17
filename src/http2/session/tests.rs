//! Cuts, gaps, late starts, and bounds.

use super::*;
use crate::chunk::Missing;
use crate::http2::frame::PREFACE;

fn frame(kind: Type, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind.0, flags], &stream.to_be_bytes(), payload].concat()
}

/// A session, and its events as text. The bytes of a stream that follow each other are one event, however they are cut.
struct Told {
    session: Session,
    events: Vec<String>,
    offset: u64,
}

impl Told {
    fn new(session: Session) -> Self {
        Self { session, events: Vec::new(), offset: 0 }
    }

    fn push(&mut self, side: Side, data: Data<'_>) -> &mut Self {
        let carrier = Carrier::default();
        let (events, known) = (&mut self.events, |stream| stream == 1);
        self.session.push(side, Chunk::of_tcp(&carrier, self.offset, data), &known, &mut |event| {
            let mut text = match event {
                Event::Headers { stream, fields, .. } => {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    let all: Vec<_> = fields.iter().map(|(name, value)| text(name) + "=" + &text(value)).collect();
                    format!("headers {stream} {}{}", all.join(" "), if fields.is_incomplete() { " …" } else { "" })
                }
                Event::Data { stream, chunk } => match chunk.data {
                    Data::Bytes(bytes) => format!("data {stream} {}", String::from_utf8_lossy(bytes)),
                    Data::Gap { len, .. } => format!("gap {stream} {len}"),
                },
                Event::End { stream, end } => format!("end {stream} at {}", end.needed()),
                Event::Reset { stream, code, end } => format!("reset {stream} {code} at {}", end.needed()),
                Event::GoAway { says, .. } => {
                    format!("goaway {} {} {}", says.last, says.code, String::from_utf8_lossy(says.debug))
                }
                Event::Settings { accepts_connect, .. } => format!("settings {accepts_connect:?}"),
                Event::DataBegins { .. } => return,
                Event::Window { stream, increment } => format!("window {stream} {increment}"),
                Event::Lost(_) => "lost".to_owned(),
            };
            if let (Event::Data { stream, chunk: Chunk { data: Data::Bytes(bytes), .. } }, Some(last)) =
                (event, events.last())
                && last.starts_with(&format!("data {stream} "))
            {
                text = last.clone() + &String::from_utf8_lossy(bytes);
                events.pop();
            }
            events.push(text);
        });
        self.offset += match data {
            Data::Bytes(bytes) => bytes.len() as u64,
            Data::Gap { len, .. } => len,
        };
        self
    }
}

fn gap(len: u64) -> Data<'static> {
    Data::Gap { len, missing: Missing::NeverCaptured }
}

/// Everything that a client may send: padding, a priority, a block in three frames, frames that are not read.
fn client() -> Vec<u8> {
    let padded = [&[2][..], &[0; 5], b"\x42\x07CONNECT", &[0, 0]].concat();
    [
        PREFACE.to_vec(),
        frame(Type::SETTINGS, 0, 0, &[0, 8, 0, 0, 0, 1]),
        frame(Type::HEADERS, 0x28, 1, &padded),
        frame(Type::CONTINUATION, 0, 1, b"\x04\x05/chat"),
        frame(Type::CONTINUATION, 4, 1, &[]),
        frame(Type::WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]),
        frame(Type::DATA, 8, 1, b"\x03hello\0\0\0"),
        frame(Type(0x2A), 0xFF, 7, b"unknown"),
        frame(Type::DATA, 0, 3, b"other"),
        frame(Type::DATA, 8, 1, b"\x00"),
        frame(Type::DATA, 1, 1, b" world"),
        frame(Type::HEADERS, 5, 5, &[0xBE]),
        frame(Type::RST_STREAM, 0, 3, &[0, 0, 0, 8]),
        frame(Type::GOAWAY, 0, 0, b"\0\0\0\x05\0\0\0\0bye"),
    ]
    .concat()
}

const EXPECTED: [&str; 10] = [
    "settings Some(true)",
    "headers 1 :method=CONNECT :path=/chat",
    "window 0 256",
    "data 1 hello",
    "data 3 other",
    "data 1  world",
    "end 1 at 176",
    "headers 5 :method=CONNECT",
    "end 5 at 186",
    "reset 3 8 at 199",
];

#[test]
fn every_cut_tells_the_same() {
    let stream = client();
    let whole = Told::new(Session::new(0)).push(Side::Client, Data::Bytes(&stream)).events.clone();
    assert_eq!(whole[..10], EXPECTED);
    assert_eq!(whole[10..], ["goaway 5 0 bye"]);
    let mut bytes = Told::new(Session::new(0));
    for byte in stream.chunks(1) {
        bytes.push(Side::Client, Data::Bytes(byte));
    }
    assert_eq!(bytes.events, whole);
    for cut in 0..stream.len() {
        let (head, tail) = stream.split_at(cut);
        let mut told = Told::new(Session::new(0));
        told.push(Side::Client, Data::Bytes(head)).push(Side::Client, Data::Bytes(tail));
        assert_eq!(told.events, whole, "{cut}");
    }
}

#[test]
fn a_gap_inside_data_is_known_exactly() {
    let (head, tail) = (frame(Type::DATA, 1, 1, b"0123456789"), frame(Type::RST_STREAM, 0, 1, &[0, 0, 0, 2]));
    let mut told = Told::new(Session::new(PREFACE.len()));
    told.push(Side::Client, Data::Bytes(&head[..12])).push(Side::Client, gap(5));
    told.push(Side::Client, Data::Bytes(&head[17..])).push(Side::Client, Data::Bytes(&tail));
    assert_eq!(told.events, ["data 1 012", "gap 1 5", "data 1 89", "end 1 at 19", "reset 1 2 at 32"]);
}

/// Frames are found again behind a gap that hides a header, wherever it ends, and nothing is made up.
#[test]
fn frames_are_found_behind_a_gap() {
    let frames =
        [frame(Type::DATA, 0, 1, b"first"), frame(Type::DATA, 0, 1, b"second"), frame(Type::DATA, 1, 1, b"third")];
    let stream = frames.concat();
    let second = frames[0].len();
    for end in 1..=second + frames[1].len() {
        let mut told = Told::new(Session::new(PREFACE.len()));
        told.push(Side::Client, gap(end as u64)).push(Side::Client, Data::Bytes(&stream[end..]));
        let found: &[&str] = match end {
            _ if end <= second => &["lost", "data 1 secondthird", "end 1 at 43"],
            _ => &["lost", "data 1 third", "end 1 at 43"],
        };
        assert_eq!(told.events, found, "{end}");
    }
}

/// The table is known by counting back from what was inserted since.
#[test]
fn blocks_behind_a_gap_leave_out_what_is_not_known() {
    let mut told = Told::new(Session::new(PREFACE.len()));
    let first = frame(Type::HEADERS, 4, 1, b"\x40\x01a\x01b");
    told.push(Side::Client, Data::Bytes(&first)).push(Side::Client, gap(100));
    let later = [frame(Type::PING, 0, 0, &[0; 8]), frame(Type::HEADERS, 4, 3, b"\x40\x01c\x01d\xBE\xBF")].concat();
    told.push(Side::Client, Data::Bytes(&later));
    assert_eq!(told.events, ["headers 1 a=b", "lost", "headers 3 c=d c=d …"]);
}

#[test]
fn a_session_may_begin_anywhere() {
    let stream = client();
    for from in PREFACE.len()..PREFACE.len() + 100 {
        let mut told = Told::new(Session::joined());
        told.push(Side::Client, Data::Bytes(&stream[from..]));
        let last = told.events.last().unwrap_or_else(|| panic!("nothing from {from}"));
        assert_eq!(last, "goaway 5 0 bye", "{from}");
    }
}

#[test]
fn a_flood_of_continuations_takes_no_more_than_one_head() {
    let mut told = Told::new(Session::new(PREFACE.len()));
    told.push(Side::Client, Data::Bytes(&frame(Type::HEADERS, 0, 1, b"\x82")));
    let part = frame(Type::CONTINUATION, 0, 1, &[0x82; 10_000]);
    for _ in 0..1000 {
        told.push(Side::Client, Data::Bytes(&part));
        assert!(told.session.held_bytes() <= limits::HEAD);
    }
    told.push(Side::Client, Data::Bytes(&frame(Type::CONTINUATION, 4, 1, &[])));
    assert_eq!(told.events, ["headers 1  …"]);
}
