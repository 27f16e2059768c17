//! Non-WebSocket traffic over TCP.

use crate::schedule::{Capture, Next, Talk};
use crate::tcp::{MSS, Tcp};
use whyclosed::side::Side::{self, Client, Server};

/// Segments sent in one burst.
const BURST: usize = 16;

/// TLS: an outline of a handshake, then records of application data.
pub struct Tls {
    records_left: u64,
}

impl Talk for Tls {
    const PORT: u16 = 443;

    fn open(tcp: &mut Tcp, capture: &mut Capture) -> Self {
        let hello = client_hello(capture);
        tcp.send(Client, &record(22, &hello), capture);
        tcp.wait(2_000);
        // ServerHello: version, random, no session, TLS_AES_128_GCM_SHA256, supported_versions TLS 1.3.
        let mut hello = vec![2, 0, 0, 46, 3, 3];
        hello.extend(capture.random.bytes(32));
        hello.extend([0, 0x13, 0x01, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
        let mut flight = record(22, &hello);
        flight.extend(record(20, &[1]));
        flight.extend(record(23, &capture.random.bytes(3_200)));
        tcp.send(Server, &flight, capture);
        tcp.wait(1_000);
        let finished = [record(20, &[1]), record(23, &capture.random.bytes(53))].concat();
        tcp.send(Client, &finished, capture);
        Self { records_left: capture.random.between(5, 200) }
    }

    fn talk(&mut self, tcp: &mut Tcp, capture: &mut Capture) -> Next {
        if self.records_left == 0 || capture.ending {
            tcp.finish(Client, capture);
            return Next::Ended;
        }
        self.records_left -= 1;
        let (from, most) = *capture.random.weighted(&[(1, (Client, 700)), (3, (Server, 16_384))]);
        let len = capture.random.between(40, most) as usize;
        tcp.send(from, &record(23, &capture.random.bytes(len)), capture);
        Next::Continue
    }
}

fn record(content: u8, payload: &[u8]) -> Vec<u8> {
    let mut record = vec![content, 3, 3];
    record.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    record.extend_from_slice(payload);
    record
}

/// Builds a ClientHello: version, random, session, one cipher suite, no compression, server_name and
/// supported_versions.
fn client_hello(capture: &mut Capture) -> Vec<u8> {
    let name = b"www.example.test";
    let len = name.len() as u8;
    let mut extensions = vec![0, 0, 0, len + 5, 0, len + 3, 0, 0, len];
    extensions.extend_from_slice(name);
    extensions.extend([0, 43, 0, 3, 2, 3, 4]);
    let mut body = vec![3, 3];
    body.extend(capture.random.bytes(32));
    body.push(32);
    body.extend(capture.random.bytes(32));
    body.extend([0, 2, 0x13, 0x01, 1, 0, 0, extensions.len() as u8]);
    body.extend(extensions);
    let mut hello = vec![1, 0, 0, body.len() as u8];
    hello.extend(body);
    hello
}

/// HTTP downloads over a persistent connection.
pub struct Download {
    left: u64,
    /// Bytes of the current body that are yet to be sent.
    body: usize,
}

impl Talk for Download {
    const PORT: u16 = 80;

    fn open(_: &mut Tcp, capture: &mut Capture) -> Self {
        Self { left: capture.random.between(1, 6), body: 0 }
    }

    fn talk(&mut self, tcp: &mut Tcp, capture: &mut Capture) -> Next {
        if self.body == 0 {
            if self.left == 0 || capture.ending {
                tcp.finish(Server, capture);
                return Next::Ended;
            }
            self.left -= 1;
            self.body = capture.random.between(20_000, 3_000_000) as usize;
            let request = format!(
                "GET /files/{} HTTP/1.1\r\nHost: files.example.test\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n",
                capture.random.bits()
            );
            let response = format!(
                "HTTP/1.1 200 OK\r\nServer: example/2.4\r\nContent-Type: application/octet-stream\r\n\
                 Content-Length: {}\r\n\r\n",
                self.body
            );
            tcp.send(Client, request.as_bytes(), capture);
            tcp.wait(capture.random.between(500, 20_000));
            tcp.send(Server, response.as_bytes(), capture);
        }
        let len = self.body.min(BURST * MSS);
        self.body -= len;
        tcp.send(Server, &capture.random.bytes(len), capture);
        Next::Continue
    }
}

/// SSH: two banners, then random bytes, some in large pieces.
pub struct Shell {
    left: u64,
}

impl Talk for Shell {
    const PORT: u16 = 22;

    fn open(tcp: &mut Tcp, capture: &mut Capture) -> Self {
        for side in Side::BOTH {
            tcp.send(side, b"SSH-2.0-OpenSSH_9.6\r\n", capture);
        }
        Self { left: capture.random.between(50, 1_000) }
    }

    fn talk(&mut self, tcp: &mut Tcp, capture: &mut Capture) -> Next {
        if self.left == 0 || capture.ending {
            tcp.finish(Client, capture);
            return Next::Ended;
        }
        self.left -= 1;
        let key = capture.random.bytes(36);
        tcp.send(Client, &key, capture);
        tcp.wait(capture.random.between(300, 5_000));
        let len = *capture.random.weighted(&[(8, 36), (3, 600), (1, 12_000)]);
        tcp.send(Server, &capture.random.bytes(len), capture);
        Next::Continue
    }
}
