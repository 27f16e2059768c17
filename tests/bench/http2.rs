//! HTTP/2 (RFC 9113) with prior knowledge between two endpoints, and WebSockets in its streams (RFC 8441).

use crate::http2_frame::frame;
use crate::schedule::Capture;
use crate::tcp::Tcp;
use crate::websocket::Request;
use whyclosed::http2::frame::{PREFACE, Type};
use whyclosed::side::{PerSide, Side};

/// Flags of frames; of SETTINGS, bit 0 is ACK.
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const ENABLE_CONNECT_PROTOCOL: [u8; 6] = [0, 8, 0, 0, 0, 1];
const INITIAL_WINDOW_SIZE: [u8; 6] = [0, 4, 0, 0x10, 0, 0]; // 1 MiB
const MAX_CONCURRENT_STREAMS: [u8; 6] = [0, 3, 0, 0, 0, 100];

const CANCEL: [u8; 4] = [0, 0, 0, 8];
/// The bytes that a side takes before it widens the window of the connection again.
const WIDEN_AT: u32 = 32_000;

/// The state of a connection.
pub struct Http2 {
    /// The stream that is spoken in.
    pub stream: u32,
    next_stream: u32,
    tables: PerSide<Table>,
    /// Bytes of DATA since the receiver's last WINDOW_UPDATE, by sender.
    taken: PerSide<u32>,
}

impl Http2 {
    /// Sends the preface and the settings of both sides.
    pub fn open(tcp: &mut Tcp, capture: &mut Capture) -> Self {
        let settings = [INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS].concat();
        let hello = [PREFACE, &frame(Type::SETTINGS, 0, 0, &settings)].concat();
        tcp.send(Side::Client, &hello, capture);
        tcp.wait(capture.random.between(500, 20_000));
        let offer = frame(Type::SETTINGS, 0, 0, &[&settings[..], &ENABLE_CONNECT_PROTOCOL].concat());
        let acknowledgement = frame(Type::SETTINGS, ACK, 0, &[]);
        tcp.send(Side::Server, &[&offer[..], &acknowledgement].concat(), capture);
        tcp.wait(capture.random.between(500, 20_000));
        tcp.send(Side::Client, &acknowledgement, capture);
        Self { stream: 0, next_stream: 1, tables: PerSide::default(), taken: PerSide::default() }
    }

    /// Returns bytes of the current stream in DATA, and counts them.
    pub fn data(&mut self, from: Side, bytes: &[u8]) -> Vec<u8> {
        self.taken[from] += bytes.len() as u32;
        // The largest frame that a receiver takes without settings of its own (RFC 9113 §4.2).
        bytes.chunks(1 << 14).flat_map(|bytes| frame(Type::DATA, 0, self.stream, bytes)).collect()
    }

    /// Returns the frame by which the receiver widens the window, if it is time to.
    pub fn widening(&mut self, sender: Side) -> Option<Vec<u8>> {
        let taken = self.taken[sender];
        (taken >= WIDEN_AT).then(|| {
            self.taken[sender] = 0;
            frame(Type::WINDOW_UPDATE, 0, 0, &taken.to_be_bytes())
        })
    }

    /// Returns the frame by which a side ends the current stream.
    pub fn end_stream(&self) -> Vec<u8> {
        frame(Type::DATA, END_STREAM, self.stream, &[])
    }

    /// Returns the frame by which a side resets the current stream.
    pub fn cancel(&self) -> Vec<u8> {
        frame(Type::RST_STREAM, 0, self.stream, &CANCEL)
    }

    /// Returns the frame by which a side says that it accepts no more streams, and has accepted none of its peer's.
    pub fn goaway() -> Vec<u8> {
        frame(Type::GOAWAY, 0, 0, &[0; 8])
    }

    /// Opens a stream, and returns the frame with the extended CONNECT of a request.
    pub fn connect(&mut self, Request { target, host, .. }: &Request) -> Vec<u8> {
        self.stream = self.next_stream;
        self.next_stream += 2;
        let table = &mut self.tables.client;
        let mut list = Vec::new();
        table.field(":method", "CONNECT", &mut list);
        table.field(":protocol", "websocket", &mut list);
        table.field(":scheme", "http", &mut list);
        table.field(":authority", host, &mut list);
        once(":path", target, &mut list);
        table.field("origin", &format!("http://{host}"), &mut list);
        let agent =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
        table.field("user-agent", agent, &mut list);
        table.field("sec-websocket-version", "13", &mut list);
        table.field("sec-websocket-extensions", "permessage-deflate", &mut list);
        table.field("accept-encoding", "gzip, deflate", &mut list);
        frame(Type::HEADERS, END_HEADERS, self.stream, &list)
    }

    /// Returns the frame with the response that accepts the request of the current stream.
    pub fn accept(&mut self, deflate: bool) -> Vec<u8> {
        let mut list = vec![0x88]; // :status: 200, entry 8 of the static table
        let table = &mut self.tables.server;
        table.field("server", "example/2.4", &mut list);
        if deflate {
            table.field("sec-websocket-extensions", "permessage-deflate", &mut list);
        }
        frame(Type::HEADERS, END_HEADERS, self.stream, &list)
    }
}

/// The dynamic table of a sender (RFC 7541 §2.3.2), whose fields are so few that none is ever evicted.
#[derive(Default)]
struct Table(Vec<(String, String)>);

impl Table {
    /// The number of entries in the static table.
    const STATIC: usize = 61;

    /// Appends a field: by its index if it has been sent before.
    fn field(&mut self, name: &str, value: &str, list: &mut Vec<u8>) {
        if let Some(at) = self.0.iter().rev().position(|(n, v)| n == name && v == value) {
            list.push(0x80 | (Self::STATIC + 1 + at) as u8);
            return;
        }
        self.0.push((name.into(), value.into()));
        list.push(0x40); // with incremental indexing, new name (RFC 7541 §6.2.1)
        string(name, list);
        string(value, list);
    }
}

/// Appends a field that is not added to the table (RFC 7541 §6.2.2).
fn once(name: &str, value: &str, list: &mut Vec<u8>) {
    list.push(0);
    string(name, list);
    string(value, list);
}

/// Appends a string of fewer than 127 bytes, not Huffman-coded (RFC 7541 §5.2).
fn string(text: &str, list: &mut Vec<u8>) {
    assert!(text.len() < 127, "the length of {text:?} takes more than one byte");
    list.push(text.len() as u8);
    list.extend_from_slice(text.as_bytes());
}
