//! Artificially damaged captures: nothing panics, everything terminates, and no bound of `limits` is exceeded.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use whyclosed::capture;
use whyclosed::capture::Packet;
use whyclosed::catalog::Language;
use whyclosed::facts::Facts;
use whyclosed::limits;
use whyclosed::packet::Decoder;
use whyclosed::render::{json, terminal};
use whyclosed::report::document::document;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Material, Report};
use whyclosed::side::Side;
use whyclosed::tcp::{Flags, Tcp};

use crate::support::captured::Captured;
use crate::support::random::Random;
use crate::support::{Fixture, fixtures_in_memory, way};

/// The number of mutated captures of each kind, and the largest fixture used: larger ones cost too much time for what
/// they add.
const CAPTURES: usize = 5000;
const PACKETS: usize = 80;

/// Mutations inside the packets only, not in the file format.
#[test]
fn mutated_packets() {
    let fixtures = fixtures_in_memory(PACKETS);
    let mut random = Random::new(5001);
    for round in 0..CAPTURES {
        let fixture = &fixtures[round % fixtures.len()];
        let packets = mutated(&fixture.packets, &mut random);
        let facts = way::facts_of(&packets);
        check(&facts, &packets, &format!("{} in round {round}", fixture.name));
        render(Material { facts: facts.into(), ..Material::default() });
    }
}

/// Mutations inside the packets of TLS connections whose keys are known. Nothing that was not sent is ever decrypted:
/// every close code is one that the endpoints have sent.
#[test]
fn mutated_packets_with_keys() {
    let of = |fixture: Fixture| {
        let truth = std::fs::read(fixture.path.with_file_name("truth.json")).unwrap();
        let truth: serde_json::Value = serde_json::from_slice(&truth).unwrap();
        let closes = truth["connections"].as_array().unwrap().iter().filter_map(|one| one["closes"].as_array());
        let sent: BTreeSet<_> = closes.flatten().filter_map(|close| close["code"].as_u64()).collect();
        Some((std::fs::read(fixture.path.with_file_name("keys.log")).ok()?, sent, fixture))
    };
    let fixtures: Vec<_> = fixtures_in_memory(PACKETS).into_iter().filter_map(of).collect();
    assert!(fixtures.len() > 30, "{} fixtures", fixtures.len());
    let mut random = Random::new(5003);
    for round in 0..2 * CAPTURES {
        let (log, sent, fixture) = &fixtures[round % fixtures.len()];
        let packets = mutated(&fixture.packets, &mut random);
        let facts = way::facts_with_keys_nearby(&packets, log);
        // Mutated frames of a leg in the clear may have any code.
        let decrypted = facts.iter().filter(|facts| facts.rare.session.is_some());
        let codes = decrypted.flat_map(|facts| &facts.closes);
        for code in codes.filter_map(|close| close.code) {
            assert!(sent.contains(&u64::from(code.0)), "{} in round {round}: {code:?}", fixture.name);
        }
        render(Material { facts: facts.into(), ..Material::default() });
    }
}

/// Mutations anywhere in the file, including its headers.
#[test]
fn mutated_files() {
    let fixtures = fixtures_in_memory(PACKETS);
    let files: Vec<_> = fixtures.iter().map(|fixture| std::fs::read(&fixture.path).unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(5002);
    for round in 0..CAPTURES {
        let index = round % files.len();
        let mut bytes = files[index].clone();
        for _ in 0..random.between(1, 6) {
            mutate(&mut bytes, &mut random);
        }
        let path = folder.path().join("mutated");
        std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
        read(&path);
    }
}

/// Processes a file as the program does, errors included.
fn read(path: &Path) {
    let Ok(mut source) = capture::open(&[path.to_owned()]) else {
        return;
    };
    let (mut analyzer, mut facts) = (whyclosed::analyzer::Analyzer::default(), Vec::new());
    while let Ok(true) = source.advance() {
        analyzer.push(&source.packet(), &mut facts);
    }
    analyzer.finish(&mut facts);
    let skipped = analyzer.decoder().skipped().collect();
    render(Material {
        captures: source.summaries(),
        facts: facts.into(),
        counts: analyzer.counts(),
        skipped,
        ..Material::default()
    });
}

/// Renders a report as JSON and for a terminal, in several widths and with every connection.
fn render(material: Material) {
    let report = Report::new(material, Language::English);
    let mut out = Vec::new();
    json::render(&report, &mut out).unwrap();
    serde_json::from_slice::<serde_json::Value>(&out).unwrap();
    out.clear();
    let blocks = document(&report, &Selection { all: true, ..Selection::default() }, true, Language::English);
    let width = [60, 100, 200][report.connections.len() % 3];
    terminal::render(&blocks, terminal::Look { width, color: false }, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
}

/// Changes the bytes, number and order of packets.
fn mutated(packets: &[Captured], random: &mut Random) -> Vec<Captured> {
    let mut packets = packets.to_vec();
    for _ in 0..random.between(1, 8) {
        let len = packets.len() as u64;
        if len == 0 {
            break;
        }
        let at = random.between(0, len) as usize;
        match random.between(0, 20) {
            0 => drop(packets.remove(at)),
            1 => {
                let copy = packets[at].clone();
                packets.insert(random.between(0, len + 1) as usize, copy);
            }
            2 | 3 => packets.swap(at, random.between(0, len) as usize),
            4 => packets.truncate(at + 1),
            5 => {
                let data = &mut packets[at].data;
                data.truncate(random.between(0, data.len() as u64 + 1) as usize);
            }
            6 => packets[at].time = packets[random.between(0, len) as usize].time,
            7 => {
                // Puts the bytes of one connection behind the headers of another. A packet of another fixture might not
                // be valid here.
                let other = packets[random.between(0, len) as usize].data.clone();
                let data = &mut packets[at].data;
                let keep = data.len().min(54);
                data.truncate(keep);
                data.extend(other.into_iter().skip(54));
            }
            _ => {
                mutate(&mut packets[at].data, random);
                let data = packets[at].data.len() as u32;
                packets[at].length = if random.chance(700) { data } else { data + random.between(0, 100) as u32 };
            }
        }
    }
    packets
}

/// Changes bytes.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let len = bytes.len() as u64;
    if len == 0 {
        return;
    }
    // Payloads are at the end of packets.
    let least = if random.chance(500) { len.saturating_sub(60) } else { 0 };
    let at = random.between(least, len) as usize;
    let some = |random: &mut Random| random.between(1, 9) as usize;
    match random.between(0, 10) {
        0..5 => bytes[at] ^= 1 << random.between(0, 8),
        5 => bytes[at] = *random.pick(&[0, 1, 0x7E, 0x7F, 0x80, 0x88, 0xFE, 0xFF]),
        6 => {
            let new = random.bits().to_le_bytes();
            for (to, from) in bytes[at..].iter_mut().zip(new) {
                *to = from;
            }
        }
        7 => {
            let count = some(random);
            let new = random.bytes(count);
            bytes.splice(at..at, new);
        }
        8 => drop(bytes.drain(at..(at + some(random)).min(len as usize))),
        _ => bytes.truncate(at),
    }
}

/// Checks every bound on stored facts, and that each Close frame begins in the packet it was reported in.
fn check(facts: &[Box<Facts>], packets: &[Captured], case: &str) {
    for facts in facts {
        assert!(facts.closes.len() <= limits::CLOSES, "{case}");
        assert!(facts.rare.breaches.len() <= limits::VIOLATIONS, "{case}");
        for side in Side::BOTH {
            assert!(facts.sent[side].unanswered_pings.len() <= limits::PINGS, "{case}");
        }
        for close in facts.closes.iter().filter(|close| close.complete) {
            let number = usize::try_from(close.carrier.seen.packet).unwrap();
            let code = close.code.map(|code| code.0);
            let carried = packets.get(number - 1).is_some_and(|packet| holds_close(payload(packet), code));
            assert!(carried, "{case}: no Close frame begins in packet {number}, but {code:?} was found");
        }
    }
}

/// Returns the part of a packet that belongs to a stream, without padding of the link; for a fragment, the whole
/// packet.
fn payload(captured: &Captured) -> &[u8] {
    let Captured { time, link_type, ref data, length } = *captured;
    let mut decoder = Decoder::default();
    decoder.decode(&Packet { number: 1, time, link_type, data, length, process: None }).map_or(data, |segment| {
        let at = segment.payload.as_ptr().addr() - data.as_ptr().addr();
        &data[at..at + segment.payload.len()]
    })
}

/// Returns whether a Close frame with this code may begin anywhere in a packet; it may continue in another.
fn holds_close(packet: &[u8], code: Option<u16>) -> bool {
    (0..packet.len()).any(|at| match &packet[at..] {
        [first, ..] if first & 0xF != 8 => false,
        [_, second, key @ ..] if second & 0x80 != 0 && key.len() >= 6 => {
            code.is_none() || code == Some(u16::from_be_bytes([key[4] ^ key[0], key[5] ^ key[1]]))
        }
        [_, second, high, low, ..] if second & 0x80 == 0 => {
            code.is_none() || code == Some(u16::from_be_bytes([*high, *low]))
        }
        _ => true,
    })
}

/// A hostile connection: holes that are never filled, and segments of every size anywhere in the window.
#[test]
fn what_is_held_is_bounded() {
    let fixture = &fixtures_in_memory(PACKETS)[0];
    let mut decoder = Decoder::default();
    let mut random = Random::new(5003);
    let payload = vec![0; 60_000];
    let mut tcp = Tcp::default();
    let Fixture { packets, .. } = fixture;
    let first = &packets[0];
    let packet = Packet {
        number: 1,
        time: first.time,
        link_type: first.link_type,
        data: &first.data,
        length: first.length,
        process: None,
    };
    let mut segment = decoder.decode(&packet).unwrap();
    segment.flags = Flags::ACK;
    let most = limits::OUT_OF_ORDER_BYTES + limits::OUT_OF_ORDER_SEGMENTS * 100;
    for _ in 0..20_000 {
        // Many small segments first, then large ones, so that each hole given up frees little.
        let largest = if random.chance(900) { 3 } else { payload.len() as u64 };
        let len = random.between(1, largest) as usize;
        segment.payload = &payload[..len];
        segment.payload_len = len as u32;
        segment.seq = (random.bits() as u32) % (64 << 20);
        segment.ack = 0;
        let side = if random.chance(500) { Side::Client } else { Side::Server };
        tcp.push(side, &segment, &mut |_, _, _| {});
        assert!(tcp.held_bytes() <= 2 * most, "{}", tcp.held_bytes());
    }
}
