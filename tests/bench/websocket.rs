//! RFC 6455 between two endpoints.

use crate::schedule::Capture;
use crate::tcp::Tcp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};
use whyclosed::side::Side;

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// The opening handshake of a client.
pub struct Request<'a> {
    pub target: &'a str,
    pub host: &'a str,
    /// Sec-WebSocket-Key.
    pub key: &'a str,
    /// Whether the server agrees to permessage-deflate, which the client always offers.
    pub deflate: bool,
}

impl Request<'_> {
    /// Returns a random key, in base64.
    pub fn key(capture: &mut Capture) -> String {
        STANDARD.encode(capture.random.bytes(16))
    }

    /// Sends the request.
    pub fn ask(&self, tcp: &mut Tcp, capture: &mut Capture) {
        let Self { target, host, key, .. } = self;
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n\
             Pragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) \
             Gecko/20100101 Firefox/145.0\r\nUpgrade: websocket\r\nOrigin: http://{host}\r\n\
             Sec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: en-GB,en;q=0.9\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        );
        tcp.send(Side::Client, request.as_bytes(), capture);
    }

    /// Sends the whole opening handshake: of HTTP/1.1, or in a new stream of HTTP/2.
    pub fn open(&self, tcp: &mut Tcp, capture: &mut Capture) {
        capture.truth.connections += 1;
        if let Some(mut http2) = tcp.http2.take() {
            tcp.transmit(Side::Client, &http2.connect(self), capture);
            tcp.wait(capture.random.between(500, 20_000));
            tcp.transmit(Side::Server, &http2.accept(self.deflate), capture);
            tcp.wait(capture.random.between(200, 2_000));
            tcp.http2 = Some(http2);
            return;
        }
        let accept = STANDARD.encode(Sha1::digest(format!("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", self.key)));
        let extensions = if self.deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nServer: example/2.4\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{extensions}\r\n"
        );
        self.ask(tcp, capture);
        tcp.wait(capture.random.between(500, 20_000));
        tcp.send(Side::Server, response.as_bytes(), capture);
        tcp.wait(capture.random.between(200, 2_000));
    }
}

/// Sends the opening handshake of a chat.
pub fn open(tcp: &mut Tcp, capture: &mut Capture) {
    let key = Request::key(capture);
    let (room, token) = (capture.random.between(1, 5000), capture.random.bits());
    let target = format!("/room/{room}?token={token:016x}");
    Request { target: &target, host: "chat.example.test", key: &key, deflate: false }.open(tcp, capture);
}

/// Appends a frame with FIN set to `out`, masked if a client sends it.
pub fn frame(from: Side, opcode: u8, payload: &[u8], out: &mut Vec<u8>, capture: &mut Capture) {
    let masked = if from == Side::Client { 0x80 } else { 0 };
    out.push(0x80 | opcode);
    match payload.len() {
        len @ 0..126 => out.push(masked | len as u8),
        len @ 126..0x1_0000 => {
            out.push(masked | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(masked | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    if from == Side::Server {
        return out.extend_from_slice(payload);
    }
    let key = (capture.random.bits() as u32).to_be_bytes();
    out.extend_from_slice(&key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}

/// Sends one frame.
pub fn send(tcp: &mut Tcp, from: Side, opcode: u8, payload: &[u8], capture: &mut Capture) {
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    frame(from, opcode, payload, &mut bytes, capture);
    tcp.send(from, &bytes, capture);
}

/// Sends the closing handshake, begun by `first`; then the server closes TCP (RFC 6455 §7.1.1).
pub fn close(tcp: &mut Tcp, first: Side, code: Option<u16>, reason: &str, capture: &mut Capture) {
    for (from, reason) in [(first, reason), (!first, "")] {
        let mut payload = code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec());
        payload.extend_from_slice(reason.as_bytes());
        let mut bytes = Vec::new();
        frame(from, CLOSE, &payload, &mut bytes, capture);
        if tcp.send(from, &bytes, capture) {
            capture.truth.closed_with(code);
        }
        tcp.wait(capture.random.between(200, 3_000));
    }
    tcp.finish(Side::Server, capture);
}
