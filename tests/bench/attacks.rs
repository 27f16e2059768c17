//! Inputs that an attacker could send, or that a bad day produces: very many of one thing.

use crate::random::Random;
use crate::schedule::{Capture, START};
use crate::tcp::Tcp;
use crate::truth::Truth;
use crate::websocket::{self, PING, Request, TEXT};
use crate::wire::{Endpoint, Wire};
use flate2::{Compress, Compression, FlushCompress};
use std::fs;
use std::io;
use std::path::Path;
use whyclosed::side::Side;

const SECOND: u64 = 1_000_000;
/// Microseconds from one connection to the next.
const STEP: u64 = 20;

/// An input for which the time must at most double when its size doubles.
pub struct Case {
    pub name: &'static str,
    /// The number of connections, frames, bytes or captures.
    pub size: usize,
    /// The arguments of the program; `IN` and `OUT` stand for files.
    pub arguments: &'static [&'static str],
    /// The arguments of a run before, untimed.
    pub before: Option<&'static [&'static str]>,
    /// True if the input is a folder with as many copies of a capture with one connection.
    is_folder: bool,
    input: fn(&mut Capture, usize) -> io::Result<()>,
}

const REPORT: &[&str] = &["--format", "json", "IN"];
const ANONYMIZED: &[&str] = &["--format", "json", "--anonymize", "IN"];
const SLICE: &[&str] = &["slice", "--code", "1001", "IN", "-o", "OUT"];
const REDACTED: &[&str] = &["slice", "--redact", "--code", "1001", "IN", "-o", "OUT"];
const BUNDLE: &[&str] = &["--format", "json", "--bundle", "OUT", "IN"];
const VERIFY: &[&str] = &["verify-redaction", "OUT", "--against", "IN"];

/// All cases.
pub const CASES: &[Case] = &[
    case("resets", 50_000, REPORT, |capture, size| {
        together(capture, size, |tcp, capture| tcp.reset(Side::Server, capture))
    }),
    case("closes", 50_000, REPORT, |capture, size| together(capture, size, going_away)),
    case("tuple", 50_000, REPORT, one_tuple),
    case("superseded", 50_000, REPORT, superseded),
    case("legs", 25_000, REPORT, legs),
    case("unanswered", 150_000, REPORT, unanswered),
    case("hosts", 50_000, ANONYMIZED, hosts),
    folder("captures", 10_000, |capture, size| together(capture, size, going_away)),
    case("slice", 50_000, SLICE, |capture, size| together(capture, size, going_away)),
    case("slice-tuple", 50_000, SLICE, one_tuple),
    case("redacted", 50_000, REDACTED, |capture, size| together(capture, size, going_away)),
    case("bundle", 50_000, BUNDLE, |capture, size| together(capture, size, going_away)),
    case("bundle-tuple", 50_000, BUNDLE, one_tuple),
    verified("verify", 20_000, |capture, size| together(capture, size, going_away)),
    verified("verify-16m", 8 << 20, |capture, size| message(capture, r#"{"password":"wrzlbrmft"},"#, size, false)),
    case("frames", 500_000, REDACTED, frames),
    case("deflated", 8 << 20, REDACTED, |capture, size| message(capture, r#"{"password":"wrzlbrmft"},"#, size, true)),
    case("random", 8 << 20, REDACTED, random),
    // Beginnings of secrets that do not end, or end at once: a parser that looks ahead from each of them takes
    // quadratic time.
    case("quotes", 8 << 20, REDACTED, |capture, size| message(capture, "\\\"", size, false)),
    case("passwords", 8 << 20, REDACTED, |capture, size| message(capture, "\"password\":\"", size, false)),
    case("userinfo", 8 << 20, REDACTED, |capture, size| message(capture, "a://", size, false)),
    case("elements", 8 << 20, REDACTED, |capture, size| message(capture, "<pass ", size, false)),
    case("paths", 8 << 20, REDACTED, |capture, size| message(capture, "/token/", size, false)),
    case("pins", 8 << 20, REDACTED, |capture, size| message(capture, "pin,", size, false)),
    case("arrays", 8 << 20, REDACTED, |capture, size| message(capture, "\"auth\",", size, false)),
    case("codes", 8 << 20, REDACTED, |capture, size| message(capture, "code:", size, false)),
    case("fields", 8 << 20, REDACTED, |capture, size| message(capture, "name=\"pin\"", size, false)),
    case("queries", 8 << 20, REDACTED, |capture, size| message(capture, "&a=", size, false)),
    case("backslashes", 8 << 20, REDACTED, |capture, size| message(capture, "\\", size, false)),
    case("letters", 8 << 20, REDACTED, |capture, size| message(capture, "x", size, false)),
];

const fn case(
    name: &'static str,
    size: usize,
    arguments: &'static [&'static str],
    input: fn(&mut Capture, usize) -> io::Result<()>,
) -> Case {
    Case { name, size, arguments, before: None, is_folder: false, input }
}

/// Returns a case that reports on copies of a capture.
const fn folder(name: &'static str, size: usize, input: fn(&mut Capture, usize) -> io::Result<()>) -> Case {
    Case { name, size, arguments: REPORT, before: None, is_folder: true, input }
}

/// Returns a case that verifies a slice against its original.
const fn verified(name: &'static str, size: usize, input: fn(&mut Capture, usize) -> io::Result<()>) -> Case {
    Case { name, size, arguments: VERIFY, before: Some(REDACTED), is_folder: false, input }
}

impl Case {
    /// Writes the input of one size.
    pub fn write(&self, path: &Path, size: usize) -> io::Result<()> {
        if !self.is_folder {
            return self.capture(path, size);
        }
        fs::create_dir(path)?;
        let one = path.join("one.pcap");
        self.capture(&one, 1)?;
        // Letters: files with numbers might be taken for parts of one capture.
        let letters = |number: usize| -> String {
            number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
        };
        let mut copies = (1..size).map(|number| path.join(letters(number)).with_extension("pcap"));
        copies.try_for_each(|copy| fs::hard_link(&one, copy))
    }

    /// Writes a capture of one size.
    fn capture(&self, path: &Path, size: usize) -> io::Result<()> {
        let mut capture = Capture {
            wire: Wire::create(path)?,
            random: Random::new(size as u64),
            truth: Truth::default(),
            tls: None,
            bad_link: false,
            ending: false,
            clients: 0,
        };
        (self.input)(&mut capture, size)?;
        capture.wire.finish()
    }
}

/// The server of all connections, and the server of the other leg.
const SERVER: Endpoint = Endpoint { address: [192, 0, 2, 1], port: 80 };
const UPSTREAM: Endpoint = Endpoint { address: [192, 0, 2, 2], port: 8080 };

/// Returns the start time of a connection by its number, after writing all packets before it.
fn begin(capture: &mut Capture, number: usize) -> io::Result<u64> {
    let now = START + number as u64 * STEP;
    capture.wire.write_until(now - 1)?;
    Ok(now)
}

/// Opens a connection that requests `target` at `host`.
fn open(capture: &mut Capture, now: u64, client: Endpoint, target: &str, host: &str) -> Tcp {
    let mut tcp = Tcp::open(now, client, SERVER, capture);
    let key = Request::key(capture);
    Request { target, host, key: &key, deflate: false }.open(&mut tcp, capture);
    tcp
}

/// Writes connections that are open at the same time, and all end within a second.
fn together(capture: &mut Capture, size: usize, end: fn(&mut Tcp, &mut Capture)) -> io::Result<()> {
    let mut open_ones = Vec::with_capacity(size);
    for number in 0..size {
        let now = begin(capture, number)?;
        let (client, token) = (capture.client(), capture.random.bits());
        open_ones.push(open(capture, now, client, &format!("/?token={token:016x}"), "chat.example.test"));
    }
    let last = START + size as u64 * STEP + SECOND;
    for (number, tcp) in open_ones.iter_mut().enumerate() {
        tcp.clock = last + number as u64 * SECOND / size as u64;
        capture.wire.write_until(tcp.clock - 1)?;
        end(tcp, capture);
    }
    Ok(())
}

fn going_away(tcp: &mut Tcp, capture: &mut Capture) {
    websocket::close(tcp, Side::Server, Some(1001), "", capture);
}

/// Writes connections one after the other, all with the same addresses and ports.
fn one_tuple(capture: &mut Capture, size: usize) -> io::Result<()> {
    let (client, mut now) = (capture.client(), START);
    for _ in 0..size {
        let mut tcp = open(capture, now, client, "/", "chat.example.test");
        going_away(&mut tcp, capture);
        now = tcp.clock + SECOND;
        capture.wire.write_until(now - 1)?;
    }
    Ok(())
}

/// Writes a client that reconnects again and again; each time the server closes its previous connection as a duplicate.
fn superseded(capture: &mut Capture, size: usize) -> io::Result<()> {
    let mut client = capture.client();
    let mut before: Option<Tcp> = None;
    for number in 0..size {
        let now = START + number as u64 * SECOND / 10;
        capture.wire.write_until(now - 1)?;
        client.port = 1024 + (number % 60_000) as u16;
        let tcp = open(capture, now, client, "/", "chat.example.test");
        if let Some(mut before) = before.replace(tcp) {
            before.clock = now + SECOND / 20;
            websocket::close(&mut before, Side::Server, Some(4000), "Duplicate connection", capture);
        }
    }
    Ok(())
}

/// Writes connections through a proxy: each appears twice, with the same key.
fn legs(capture: &mut Capture, size: usize) -> io::Result<()> {
    let mut pairs = Vec::with_capacity(size);
    for number in 0..size {
        let now = begin(capture, number)?;
        let (client, key) = (capture.client(), Request::key(capture));
        let proxy =
            Endpoint { address: [192, 0, 2, 1 + (number / 60_000) as u8], port: 1024 + (number % 60_000) as u16 };
        let mut ends = [(client, SERVER), (proxy, UPSTREAM)].map(|(from, to)| Tcp::open(now, from, to, capture));
        for tcp in &mut ends {
            Request { target: "/", host: "chat.example.test", key: &key, deflate: false }.open(tcp, capture);
        }
        pairs.push(ends);
    }
    let last = START + size as u64 * STEP + SECOND;
    for (number, ends) in pairs.iter_mut().enumerate() {
        let now = last + number as u64 * STEP;
        capture.wire.write_until(now - 1)?;
        for (tcp, side) in ends.iter_mut().zip([Side::Server, Side::Client]) {
            tcp.clock = now;
            tcp.reset(side, capture);
        }
    }
    Ok(())
}

/// Writes requests without a response.
fn unanswered(capture: &mut Capture, size: usize) -> io::Result<()> {
    for number in 0..size {
        let now = begin(capture, number)?;
        let client = capture.client();
        let mut tcp = Tcp::open(now, client, SERVER, capture);
        let key = Request::key(capture);
        Request { target: "/", host: "chat.example.test", key: &key, deflate: false }.ask(&mut tcp, capture);
    }
    Ok(())
}

/// Writes connections to a different host each.
fn hosts(capture: &mut Capture, size: usize) -> io::Result<()> {
    for number in 0..size {
        let now = begin(capture, number)?;
        let client = capture.client();
        let host = format!("{:x}.example.test", capture.random.bits());
        going_away(&mut open(capture, now, client, "/", &host), capture);
    }
    Ok(())
}

/// Writes a connection with nothing but pings.
fn frames(capture: &mut Capture, size: usize) -> io::Result<()> {
    let client = capture.client();
    let mut tcp = open(capture, START, client, "/", "chat.example.test");
    let mut bytes = Vec::new();
    for _ in 0..size {
        websocket::frame(Side::Server, PING, b"", &mut bytes, capture);
    }
    tcp.send(Side::Server, &bytes, capture);
    tcp.wait(SECOND);
    going_away(&mut tcp, capture);
    Ok(())
}

/// Writes one message of `size` bytes: `piece` repeated.
fn message(capture: &mut Capture, piece: &str, size: usize, deflate: bool) -> io::Result<()> {
    let text = piece.repeat(size / piece.len());
    one_message(capture, text.as_bytes(), deflate)
}

/// Writes one compressed message that does not shrink: random hexadecimal digits.
fn random(capture: &mut Capture, size: usize) -> io::Result<()> {
    let bytes = capture.random.bytes(size / 2);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    one_message(capture, text.as_bytes(), true)
}

fn one_message(capture: &mut Capture, text: &[u8], deflate: bool) -> io::Result<()> {
    let client = capture.client();
    let mut tcp = Tcp::open(START, client, SERVER, capture);
    let key = Request::key(capture);
    Request { target: "/", host: "chat.example.test", key: &key, deflate }.open(&mut tcp, capture);
    if deflate {
        websocket::send(&mut tcp, Side::Server, TEXT | RSV1, &deflated(text)?, capture);
    } else {
        websocket::send(&mut tcp, Side::Server, TEXT, text, capture);
    }
    tcp.wait(SECOND);
    going_away(&mut tcp, capture);
    Ok(())
}

/// The bit of a compressed message (RFC 7692 §7.2.3.1), in the byte of the opcode.
const RSV1: u8 = 0x40;

/// Compresses a message by RFC 7692 §7.2.1: flushed, without the last four bytes.
fn deflated(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut compress = Compress::new(Compression::default(), false);
    let mut message = Vec::with_capacity(text.len() + 1024);
    compress.compress_vec(text, &mut message, FlushCompress::Sync)?;
    message.truncate(message.len() - 4);
    Ok(message)
}
