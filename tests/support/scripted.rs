//! Generates captures from the data sent by two endpoints.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod grown;

use etherparse::PacketBuilder;

/// A segment: whether the client sends it, its TCP flags as in `SAF`, and its payload.
pub type Turn<'a> = (bool, &'a str, &'a [u8]);

/// Writes a raw IP capture (pcap) of one TCP connection, one packet per second.
pub fn capture(turns: &[Turn<'_>]) -> Vec<u8> {
    let mut next = [1000_u32, 9000];
    // Magic, version 2.4, zone, accuracy, snaplen, raw IP.
    let header = [0xa1b2_c3d4_u32, 2 << 16 | 4, 0, 0, 65535, 101];
    let mut capture: Vec<u8> = header.iter().flat_map(|word| word.to_be_bytes()).collect();
    for (second, &(from_client, flags, payload)) in (1_700_000_000_u32..).zip(turns) {
        let (ends, [sequence, acknowledged]) = if from_client { ([1, 2], next) } else { ([2, 1], [next[1], next[0]]) };
        let port = |end: u8| if end == 1 { 40000 } else { 80 };
        let mut builder = PacketBuilder::ipv4([10, 0, 0, ends[0]], [10, 0, 0, ends[1]], 64).tcp(
            port(ends[0]),
            port(ends[1]),
            sequence,
            65535,
        );
        for flag in flags.chars() {
            builder = match flag {
                'S' => builder.syn(),
                'A' => builder.ack(acknowledged),
                _ => builder.fin(),
            };
        }
        let control = u32::from(flags.contains(['S', 'F']));
        next[usize::from(!from_client)] += u32::try_from(payload.len()).unwrap() + control;
        let mut packet = Vec::new();
        builder.write(&mut packet, payload).unwrap();
        let length = u32::try_from(packet.len()).unwrap();
        capture.extend([second, 0, length, length].iter().flat_map(|word| word.to_be_bytes()));
        capture.extend(packet);
    }
    capture
}

/// Builds a frame with FIN and at most 65,535 bytes of payload, masked if `masked`.
pub fn frame(opcode: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut frame = vec![0x80 | opcode];
    match u8::try_from(payload.len()) {
        Ok(length @ ..=125) => frame.push(mask | length),
        _ => {
            frame.push(mask | 126);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    let key = if masked { [0x37, 0xfa, 0x21, 0x3d] } else { [0; 4] };
    frame.extend(key.iter().take(if masked { 4 } else { 0 }));
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Builds a Close frame of the server, with its reason cut to the maximal length of a control frame.
pub fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(8, false, &[&code.to_be_bytes(), &reason[..reason.len().min(123)]].concat())
}

/// Builds an opening handshake: the request target, and further lines of either head, each with its line end.
pub fn handshake(target: &str, request: &str, response: &str) -> [Vec<u8>; 2] {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: a\r\n{request}Upgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\n{response}Upgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
    [request.into_bytes(), response.into_bytes()]
}

/// Writes a whole connection: its handshake, these segments, and the FINs.
pub fn conversation(handshake: &[Vec<u8>; 2], turns: &[(bool, Vec<u8>)]) -> Vec<u8> {
    let mut all: Vec<Turn<'_>> =
        vec![(true, "S", b""), (false, "SA", b""), (true, "A", &handshake[0]), (false, "A", &handshake[1])];
    all.extend(turns.iter().map(|(from_client, payload)| (*from_client, "A", payload.as_slice())));
    all.extend([(false, "AF", &b""[..]), (true, "AF", b"")]);
    capture(&all)
}

/// Joins captures of [`capture`], one after the other, with a different client port for each.
pub fn merged(captures: &[Vec<u8>]) -> Vec<u8> {
    const FILE_HEADER: usize = 24;
    const RECORD_HEADER: usize = 16;
    const IP_HEADER: usize = 20;
    let mut all = captures[0][..FILE_HEADER].to_vec();
    for (port, capture) in (10_000_u16..).zip(captures) {
        let mut rest = &capture[FILE_HEADER..];
        while !rest.is_empty() {
            let length = u32::from_be_bytes(rest[8..12].try_into().unwrap()) as usize;
            let mut record = rest[..RECORD_HEADER + length].to_vec();
            let ports = &mut record[RECORD_HEADER + IP_HEADER..][..4];
            let own = if ports[..2] == [0, 80] { 2..4 } else { 0..2 };
            ports[own].copy_from_slice(&port.to_be_bytes());
            all.extend(record);
            rest = &rest[RECORD_HEADER + length..];
        }
    }
    all
}
