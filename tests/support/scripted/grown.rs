//! Captures of any size, which must not take more memory than others. Their run time is measured by
//! `tests/bench/attacks.rs`.

use etherparse::PacketBuilder;

use super::handshake;

/// Bytes of payload in a segment.
pub const SEGMENT: usize = 32 * 1024;

/// The header line with which both ends agree on compression.
const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

/// A raw IP capture (pcap), one packet per millisecond.
pub struct Grown {
    pub bytes: Vec<u8>,
    packets: u32,
}

/// A TCP connection being written: its client, and the positions of both sides.
pub struct Talk<'g> {
    capture: &'g mut Grown,
    client: ([u8; 4], u16),
    /// The next sequence numbers of the client and of the server.
    next: [u32; 2],
}

impl Grown {
    pub fn new() -> Self {
        let header = [0xa1b2_c3d4_u32, 2 << 16 | 4, 0, 0, 262_144, 101];
        Self { bytes: header.iter().flat_map(|word| word.to_be_bytes()).collect(), packets: 0 }
    }

    /// Opens the connection with this number: TCP, and WebSocket with these header lines.
    pub fn open(&mut self, number: u32, lines: &str) -> Talk<'_> {
        let [_, network, host, port] = number.to_be_bytes();
        let client = ([10, 1, network, host], 10_000 + u16::from(port));
        let mut talk = Talk { capture: self, client, next: [1000, 9000] };
        let [request, response] = handshake("/", lines, lines);
        talk.synchronize(true);
        talk.synchronize(false);
        talk.say(true, &request);
        talk.say(false, &response);
        talk
    }

    fn packet(&mut self, packet: &[u8]) {
        self.packets += 1;
        let length = u32::try_from(packet.len()).unwrap();
        let time = [1_700_000_000 + self.packets / 1000, self.packets % 1000 * 1000];
        self.bytes.extend([time[0], time[1], length, length].iter().flat_map(|word| word.to_be_bytes()));
        self.bytes.extend(packet);
    }
}

impl Talk<'_> {
    /// Sends bytes in segments.
    pub fn say(&mut self, from_client: bool, bytes: &[u8]) {
        for payload in bytes.chunks(SEGMENT) {
            self.ahead(from_client, 0, payload);
            self.skip(from_client, u32::try_from(payload.len()).unwrap());
        }
    }

    /// Sends a segment so many bytes ahead of the expected position.
    pub fn ahead(&mut self, from_client: bool, distance: u32, payload: &[u8]) {
        self.segment(from_client, false, distance, payload);
    }

    /// Advances the position by so many bytes.
    fn skip(&mut self, from_client: bool, bytes: u32) {
        let next = &mut self.next[usize::from(!from_client)];
        *next = next.wrapping_add(bytes);
    }

    /// Sends a SYN.
    fn synchronize(&mut self, from_client: bool) {
        self.segment(from_client, true, 0, b"");
        self.skip(from_client, 1);
    }

    fn segment(&mut self, from_client: bool, syn: bool, distance: u32, payload: &[u8]) {
        let (server, [client_next, server_next]) = (([10, 0, 0, 2], 80), self.next);
        let (from, to, next, expected) = match from_client {
            true => (self.client, server, client_next, server_next),
            false => (server, self.client, server_next, client_next),
        };
        let mut builder = PacketBuilder::ipv4(from.0, to.0, 64).tcp(from.1, to.1, next.wrapping_add(distance), 65535);
        if syn {
            builder = builder.syn();
        }
        if !syn || !from_client {
            builder = builder.ack(expected);
        }
        let mut packet = Vec::with_capacity(40 + payload.len());
        builder.write(&mut packet, payload).unwrap();
        self.capture.packet(&packet);
    }
}

/// Builds an unmasked frame of any length.
pub fn long_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 127], &(payload.len() as u64).to_be_bytes()[..], payload].concat()
}

/// Repeats a piece up to a length.
pub fn repeated(piece: &[u8], length: usize) -> Vec<u8> {
    piece.iter().copied().cycle().take(length).collect()
}

/// Writes a connection with messages of the server, each with this deflated payload.
pub fn compressed_messages(deflated: &[u8], count: usize) -> Vec<u8> {
    let mut grown = Grown::new();
    let frame = long_frame(0xC1, deflated);
    let mut talk = grown.open(0, &DEFLATE.replace("deflate", "deflate; server_no_context_takeover"));
    (0..count).for_each(|_| talk.say(false, &frame));
    grown.bytes
}

/// Compresses as permessage-deflate does (RFC 7692 §7.2.1).
pub fn deflated(text: &[u8]) -> Vec<u8> {
    let mut deflate = flate2::Compress::new(flate2::Compression::fast(), false);
    let mut bytes = Vec::with_capacity(2 * text.len() + 1024);
    deflate.compress_vec(text, &mut bytes, flate2::FlushCompress::Sync).unwrap();
    assert_eq!(deflate.total_in(), text.len() as u64);
    bytes.truncate(bytes.len() - 4);
    bytes
}

/// Writes connections in which both sides send a few bytes far ahead of their positions.
pub fn far_ahead(count: u32, distance: u32) -> Vec<u8> {
    let mut grown = Grown::new();
    for number in 0..count {
        let mut talk = grown.open(number, "");
        talk.ahead(true, distance, b"far");
        talk.ahead(false, distance, b"far");
    }
    grown.bytes
}
