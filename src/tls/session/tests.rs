//! Whole connections.

use super::rfc8448;
use super::testing::*;
use super::{Obstacle, Summary};
use crate::limits;
use crate::side::Side::{self, Client, Server};
use crate::tls::hello::HELLO_RETRY_REQUEST;
use crate::tls::keys::Origin;
use crate::tls::record::{Alert, Version};
use crate::tls::suite::{SUITES, Suite, SuiteId};

const AES_128_GCM: SuiteId = SuiteId::TLS_AES_128_GCM_SHA256;
const AES_256_GCM: SuiteId = SuiteId::TLS_AES_256_GCM_SHA384;
const CHACHA20: SuiteId = SuiteId::TLS_CHACHA20_POLY1305_SHA256;
const GCM12: SuiteId = SuiteId(0xC02F);
const CHACHA12: SuiteId = SuiteId(0xCCA8);
const CBC_SHA: SuiteId = SuiteId(0xC013);

/// TLS 1.3 with each cipher that the search treats differently, and the older versions.
const SHAPES: [(SuiteId, Version); 8] = [
    (AES_128_GCM, Version::TLS13),
    (AES_256_GCM, Version::TLS13),
    (CHACHA20, Version::TLS13),
    (GCM12, Version::TLS12),
    (CHACHA12, Version::TLS12),
    (CBC_SHA, Version::TLS12),
    (CBC_SHA, Version::TLS11),
    (CBC_SHA, Version::TLS10),
];

fn octets(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// The handshake of a version, its key log, and both sides behind it.
fn handshake(id: SuiteId, version: Version, is_mac_outside: bool) -> (Records, [Writer; 2], String) {
    let suite = id.suite().unwrap();
    if version == Version::TLS13 {
        let (records, writers) = handshake13(suite, CLIENT_RANDOM, 1);
        (records, writers, log13(suite, CLIENT_RANDOM, 1))
    } else {
        let (records, writers) = handshake12(suite, version, is_mac_outside);
        (records, writers, log12(CLIENT_RANDOM))
    }
}

/// Messages of both sides: texts of all lengths, some of which end in zeros.
fn chat([client, server]: &mut [Writer; 2], messages: usize) -> Vec<(Side, Vec<u8>, Vec<u8>)> {
    let mut sent = Vec::new();
    for number in 0..messages {
        let mut text = format!("message {number} ").repeat(1 + number * number % 40).into_bytes();
        text.resize(text.len() + number % 3, 0);
        sent.push((Client, client.seal(DATA, &text), text.clone()));
        text.push(b'!');
        sent.push((Server, server.seal(DATA, &text), text));
    }
    sent
}

fn contents(sent: &[(Side, Vec<u8>, Vec<u8>)], of: Side) -> Vec<u8> {
    sent.iter().filter(|(side, ..)| *side == of).flat_map(|(.., text)| text.clone()).collect()
}

fn rfc(trace: &[rfc8448::Sent], keys: &str) -> Bench {
    let mut bench = Bench::new(keys);
    for (side, record) in trace {
        bench.push(if *side == 'c' { Client } else { Server }, &octets(record));
    }
    bench
}

const GOODBYES: [Shown; 2] = [Shown::Alert(Client, Alert(0)), Shown::Alert(Server, Alert(0))];

#[test]
fn rfc_8448_simple_handshake() {
    let text: Vec<u8> = (0..50).collect();
    let bench = rfc(rfc8448::SIMPLE, rfc8448::SIMPLE_KEYS);
    let expected = [&[Shown::Data(Client, text.clone()), Shown::Data(Server, text)][..], &GOODBYES].concat();
    assert_eq!(bench.shown, expected);
    let summary = bench.session.summary(&bench.keys);
    let expected = Summary {
        version: Some(Version::TLS13),
        suite: Some(AES_128_GCM),
        server_name: Some("server".into()),
        keys_from: Some(Origin::KeyLog),
        ..Summary::default()
    };
    assert_eq!(summary, expected);
}

#[test]
fn rfc_8448_early_data() {
    let text: Vec<u8> = (0..50).collect();
    let bench = rfc(rfc8448::EARLY, rfc8448::EARLY_KEYS);
    let both = [b"ABCDEF".as_slice(), &text].concat();
    let expected = [&[Shown::Data(Client, both), Shown::Data(Server, text.clone())][..], &GOODBYES].concat();
    assert_eq!(bench.shown, expected);
    assert!(bench.session.summary(&bench.keys).is_resumed);
    // The early data is the client's second record, and the first that the server needs of its contents.
    let record = octets(rfc8448::EARLY[1].1).len() as u64;
    let hello = octets(rfc8448::EARLY[0].1).len() as u64;
    assert_eq!(bench.places[0], (Client, 0, hello + record, 2));
    // Without the secret of early data, only that is missing.
    let without: String = rfc8448::EARLY_KEYS.lines().skip(1).map(|line| format!("{line}\n")).collect();
    let bench = rfc(rfc8448::EARLY, &without);
    let expected = [&[Shown::Data(Client, text.clone()), Shown::Data(Server, text)][..], &GOODBYES].concat();
    assert_eq!(bench.shown, expected);
}

#[test]
fn rfc_8448_hello_retry_request() {
    let bench = rfc(rfc8448::RETRY, rfc8448::RETRY_KEYS);
    assert_eq!(bench.shown, GOODBYES);
    assert_eq!(bench.session.summary(&bench.keys).suite, Some(AES_128_GCM));
}

#[test]
fn every_suite_is_read() {
    for Suite { id, name, cipher, .. } in SUITES {
        let versions: &[_] = match (id.is_tls13(), cipher.mac()) {
            (true, _) => &[(Version::TLS13, false)],
            (false, None) => &[(Version::TLS12, false)],
            (false, Some(_)) => &[
                (Version::TLS10, false),
                (Version::TLS10, true),
                (Version::TLS11, false),
                (Version::TLS11, true),
                (Version::TLS12, false),
                (Version::TLS12, true),
            ],
        };
        for (version, is_mac_outside) in versions {
            let (records, mut writers, log) = handshake(*id, *version, *is_mac_outside);
            let mut bench = Bench::new(&log);
            bench.push_all(&records);
            writers[0].padding = 33;
            let sent = chat(&mut writers, 12);
            sent.iter().for_each(|(side, record, _)| bench.push(*side, record));
            // The longest record, an empty one, and the end.
            let long = vec![0; 1 << 14];
            bench.push(Client, &writers[0].seal(DATA, &[]));
            bench.push(Client, &writers[0].seal(DATA, &long));
            bench.push(Server, &writers[1].seal(ALERT, &[1, 0]));
            let shape = format!("{name}, {version}, MAC outside: {is_mac_outside}");
            assert_eq!(bench.data(Client), [contents(&sent, Client), long].concat(), "{shape}");
            assert_eq!(bench.data(Server), contents(&sent, Server), "{shape}");
            assert_eq!(bench.shown.last(), Some(&Shown::Alert(Server, Alert(0))), "{shape}");
            assert!(!bench.shown.iter().any(|shown| matches!(shown, Shown::Gap(..))), "{shape}");
            let summary = bench.session.summary(&bench.keys);
            assert_eq!((summary.suite, summary.version, summary.obstacle), (Some(*id), Some(*version), None));
            assert_eq!(summary.alpn.as_deref(), (*version == Version::TLS13).then_some("h2"), "{shape}");
        }
    }
}

#[test]
fn contents_do_not_depend_on_the_cuts() {
    for (id, version) in SHAPES {
        let (records, mut writers, log) = handshake(id, version, false);
        let chat = chat(&mut writers, 6);
        let all = records.into_iter().chain(chat.iter().map(|(side, record, _)| (*side, record.clone())));
        let all: Vec<_> = all.collect();
        let mut whole = Bench::new(&log);
        whole.push_all(&all);
        assert_eq!(whole.data(Client), contents(&chat, Client));
        for piece in [1, 2, 3, 5, 6, 7, 21, 22, 100, 1448] {
            let mut bench = Bench::new(&log);
            for (side, bytes) in &all {
                bytes.chunks(piece).for_each(|bytes| bench.push(*side, bytes));
            }
            assert_eq!(bench.shown, whole.shown, "{id} in pieces of {piece}");
            let places = |bench: &Bench| -> Vec<_> {
                bench.places.iter().map(|(side, offset, needed, _)| (*side, *offset, *needed)).collect()
            };
            assert_eq!(places(&bench), places(&whole), "{id} in pieces of {piece}");
        }
        // All records of a side in one segment, while the other side's are not there yet.
        let mut bench = Bench::new(&log);
        bench.push_all(&all[..8]);
        for of in [Client, Server] {
            let rest = all[8..].iter().filter(|(side, _)| *side == of).flat_map(|(_, bytes)| bytes.clone());
            bench.push(of, &rest.collect::<Vec<_>>());
        }
        assert_eq!((bench.data(Client), bench.data(Server)), (whole.data(Client), whole.data(Server)), "{id}");
    }
}

#[test]
fn a_byte_of_contents_needs_the_end_of_its_record() {
    let (records, mut writers, log) = handshake(AES_128_GCM, Version::TLS13, false);
    let mut bench = Bench::new(&log);
    bench.push_all(&records);
    let before = bench.sent[0];
    let record = writers[0].seal(DATA, b"hello");
    bench.push(Client, &record[..20]);
    bench.push(Client, &record[20..]);
    let end = before + record.len() as u64;
    assert_eq!(bench.places, [(Client, 0, end, bench.packets)]);
}

#[test]
fn reading_goes_on_behind_a_gap() {
    for (id, version) in SHAPES {
        let (records, mut writers, log) = handshake(id, version, false);
        let chat = chat(&mut writers, 60);
        let (from, to) = (chat.len() / 3, 2 * chat.len() / 3);
        let mut bench = Bench::new(&log);
        bench.push_all(&records);
        for (number, (side, record, _)) in chat.iter().enumerate() {
            match (from..to).contains(&number) {
                true => bench.lose(*side, record.len() as u64),
                false => bench.push(*side, record),
            }
        }
        for side in [Client, Server] {
            // In TLS 1.0, the record behind the gap is read with the last block before it.
            let is_chained = version == Version::TLS10;
            let resumed = to + if is_chained { 2 } else { 0 };
            let expected = [contents(&chat[..from], side), contents(&chat[resumed..], side)].concat();
            assert_eq!(bench.data(side), expected, "{id}, {version}");
            let gaps = bench.shown.iter().filter_map(|shown| match shown {
                Shown::Gap(of, len) if *of == side => Some(*len),
                _ => None,
            });
            let gaps: Vec<_> = gaps.collect();
            let lost = contents(&chat[from..resumed], side).len() as u64;
            assert_eq!(gaps.len(), 1, "{id}, {version}");
            // Padding makes contents of CBC look longer: by two blocks a record.
            let records = (resumed - from) as u64 / 2;
            let more = if id == CBC_SHA { 32 * records } else { 0 };
            assert!((lost..=lost + more).contains(&gaps[0]), "{id}, {version}: {gaps:?} for {lost}");
        }
        assert_eq!(bench.session.summary(&bench.keys).searched, 2, "{id}, {version}");
    }
}

#[test]
fn records_are_found_behind_a_gap_that_cuts_them() {
    let (records, mut writers, log) = handshake(AES_128_GCM, Version::TLS13, false);
    let chat = chat(&mut writers, 30);
    let stream: Vec<u8> = chat.iter().filter(|(side, ..)| *side == Client).flat_map(|one| one.1.clone()).collect();
    let ends: Vec<_> = chat.iter().filter(|(side, ..)| *side == Client).map(|one| one.1.len()).collect();
    let texts: Vec<_> = chat.iter().filter(|(side, ..)| *side == Client).map(|one| one.2.clone()).collect();
    for (begin, len) in [(0, 1), (100, 1000), (333, 1), (1000, 777), (1, stream.len() / 2), (2000, 3000)] {
        for piece in [1, 99, 1448] {
            let mut bench = Bench::new(&log);
            bench.push_all(&records);
            stream[..begin].chunks(piece).for_each(|bytes| bench.push(Client, bytes));
            bench.lose(Client, len as u64);
            stream[begin + len..].chunks(piece).for_each(|bytes| bench.push(Client, bytes));
            bench.end(Client);
            // Whole records before and behind the gap, and nothing else.
            let mut at = 0;
            let mut expected: Vec<u8> = Vec::new();
            for (end, text) in ends.iter().zip(&texts) {
                if at + end <= begin || at >= begin + len {
                    expected.extend(text);
                }
                at += end;
            }
            assert_eq!(bench.data(Client), expected, "{len} bytes at {begin} in pieces of {piece}");
        }
    }
}

#[test]
fn the_last_record_before_a_gap_is_read() {
    // Nothing but its authentication proves a record between two gaps.
    let (records, mut writers, log) = handshake(CHACHA20, Version::TLS13, false);
    let mut bench = Bench::new(&log);
    bench.push_all(&records);
    let lost = writers[1].seal(DATA, &[1; 500]);
    bench.lose(Server, lost.len() as u64 - 100);
    bench.push(Server, &lost[lost.len() - 100..]);
    bench.push(Server, &writers[1].seal(DATA, b"between"));
    assert_eq!(bench.data(Server), b"", "it may be the end of a longer record");
    bench.lose(Server, 10_000);
    assert_eq!(bench.data(Server), b"between");
    // And one at the end.
    writers[1].sequence += 3;
    bench.push(Server, &writers[1].seal(DATA, b"at the end"));
    bench.end(Server);
    assert_eq!(bench.data(Server), b"betweenat the end");
    let packets: Vec<_> = bench.places.iter().map(|place| place.3).collect();
    assert_eq!(packets, [bench.packets - 3, bench.packets - 1], "their own segments");
}

#[test]
fn wrong_keys_read_nothing() {
    for (id, version) in SHAPES {
        let (records, mut writers, log) = handshake(id, version, false);
        let chat = chat(&mut writers, 10);
        // The same session with other secrets.
        let (random, secrets) = (hex(&CLIENT_RANDOM), log.split(' ').nth(2).unwrap().lines().next().unwrap());
        let flipped: String = secrets.chars().rev().map(|digit| if digit == '0' { '1' } else { digit }).collect();
        let wrong: String = log
            .lines()
            .map(|line| format!("{} {random} {}\n", line.split(' ').next().unwrap(), flipped.replace('3', "4")))
            .collect();
        let other = log.replace(&random, &hex(&[0x77; 32]));
        for (log, obstacle) in [
            (wrong, Obstacle::NothingAuthenticated),
            (other, Obstacle::OtherSessions),
            (String::new(), Obstacle::NoKeys),
        ] {
            let mut bench = Bench::new(&log);
            bench.push_all(&records);
            chat.iter().for_each(|(side, record, _)| bench.push(*side, record));
            bench.lose(Client, 5000);
            chat.iter().for_each(|(side, record, _)| bench.push(*side, record));
            bench.end(Client);
            bench.end(Server);
            assert_eq!(bench.shown, [], "{id}");
            assert_eq!(bench.session.summary(&bench.keys).obstacle, Some(obstacle), "{id}");
        }
    }
}

#[test]
fn contradicting_keys_are_all_tried() {
    for (id, version) in SHAPES {
        let (records, mut writers, log) = handshake(id, version, false);
        let wrong: String = log.lines().map(|line| format!("{}ff\n", &line[..line.len() - 2])).collect();
        for log in [format!("{wrong}{log}"), format!("{log}{wrong}")] {
            let mut bench = Bench::new(&log);
            bench.push_all(&records);
            let chat = chat(&mut writers, 0);
            assert!(chat.is_empty());
            let mut again = handshake(id, version, false).1;
            bench.push(Client, &again[0].seal(DATA, b"hello"));
            bench.push(Server, &again[1].seal(DATA, b"world"));
            assert_eq!((bench.data(Client), bench.data(Server)), (b"hello".to_vec(), b"world".to_vec()), "{id}");
        }
    }
}

#[test]
fn a_damaged_record_is_a_gap() {
    for (id, version) in SHAPES {
        let (records, mut writers, log) = handshake(id, version, false);
        let mut bench = Bench::new(&log);
        bench.push_all(&records);
        for number in 0..6_u8 {
            let mut record = writers[0].seal(DATA, &[number; 100]);
            if number == 2 {
                record[50] ^= 1;
            }
            bench.push(Client, &record);
        }
        let read: Vec<u8> = [0, 1, 3, 4, 5].into_iter().flat_map(|number| [number; 100]).collect();
        assert_eq!(bench.data(Client), read, "{id}, {version}");
        let gaps = bench.shown.iter().filter(|shown| matches!(shown, Shown::Gap(Client, 100..=132))).count();
        assert_eq!(gaps, 1, "{id}: {:?}", bench.shown);
    }
}

#[test]
fn keys_are_updated() {
    for id in [AES_128_GCM, AES_256_GCM, CHACHA20] {
        let (records, mut writers, log) = handshake(id, Version::TLS13, false);
        let mut bench = Bench::new(&log);
        bench.push_all(&records);
        let mut expected = Vec::new();
        for round in 0..4_u8 {
            for writer in 0..2 {
                let side = [Client, Server][writer];
                bench.push(side, &writers[writer].seal(DATA, &[round; 3]));
                let update = writers[writer].seal(HANDSHAKE, &message(24, &[0]));
                // Once, the message is lost, with records before and behind it.
                if round == 2 {
                    let before = writers[writer].seal(DATA, &[9; 50]);
                    writers[writer].update();
                    let behind = writers[writer].seal(DATA, &[9; 50]);
                    bench.lose(side, (before.len() + update.len() + behind.len()) as u64);
                } else {
                    bench.push(side, &update);
                    writers[writer].update();
                }
            }
            expected.extend([round; 3]);
        }
        for (side, writer) in [Client, Server].into_iter().zip(&mut writers) {
            bench.push(side, &writer.seal(DATA, b"end"));
            assert_eq!(bench.data(side), [&expected[..], b"end"].concat(), "{id}");
        }
        let gaps = bench.shown.iter().filter(|shown| matches!(shown, Shown::Gap(..))).count();
        assert_eq!(gaps, 2, "{id}: {:?}", bench.shown);
    }
}

#[test]
fn a_capture_from_the_middle_is_read() {
    for (id, sequence) in [(AES_128_GCM, 2000), (AES_256_GCM, 900), (CHACHA20, 300)] {
        let suite = id.suite().unwrap();
        // Other sessions in the log, of both lengths of secrets.
        let other = |id: SuiteId, byte: u8| log13(id.suite().unwrap(), [byte; 32], byte);
        let log = [other(AES_256_GCM, 0x20), log13(suite, CLIENT_RANDOM, 0x30), other(AES_128_GCM, 0x40)].concat();
        for sides in [[Client, Server], [Server, Client]] {
            let mut bench = Bench::new(&log);
            let (_, mut writers) = handshake13(suite, CLIENT_RANDOM, 0x30);
            writers[0].sequence = sequence;
            writers[1].sequence = sequence / 3;
            // The capture may begin inside a record.
            let begun = writers[0].seal(DATA, &[7; 300]);
            bench.push(sides[0], &begun[100..]);
            for number in 0..10_u8 {
                bench.push(sides[0], &writers[0].seal(DATA, &[number; 40]));
                bench.push(sides[1], &writers[1].seal(DATA, &[number; 60]));
            }
            bench.end(Client);
            bench.end(Server);
            let numbers = |times: usize| -> Vec<u8> { (0..10).flat_map(|number| vec![number; times]).collect() };
            assert_eq!(bench.data(sides[0]), numbers(40), "{id}");
            assert_eq!(bench.data(sides[1]), numbers(60), "{id}");
            let summary = bench.session.summary(&bench.keys);
            assert_eq!((summary.is_late, summary.suite, summary.obstacle), (true, Some(id), None));
            assert_eq!(summary.sides_are_swapped, sides[0] == Server);
            assert!(!bench.shown.iter().any(|shown| matches!(shown, Shown::Gap(..))), "{:?}", bench.shown);
        }
    }
}

#[test]
fn a_claimed_session_is_not_searched_for() {
    let suite = AES_128_GCM.suite().unwrap();
    let mut bench = Bench::new(&log13(suite, CLIENT_RANDOM, 1));
    bench.keys.claim(&CLIENT_RANDOM);
    let (_, mut writers) = handshake13(suite, CLIENT_RANDOM, 1);
    bench.push(Client, &writers[0].seal(DATA, b"hello"));
    assert_eq!(bench.shown, []);
    assert_eq!(bench.session.summary(&bench.keys).obstacle, Some(Obstacle::HandshakeNotCaptured));
}

#[test]
fn a_missing_server_hello_is_no_obstacle() {
    let suite = CHACHA20.suite().unwrap();
    let (records, mut writers) = handshake13(suite, CLIENT_RANDOM, 1);
    let mut bench = Bench::new(&log13(suite, CLIENT_RANDOM, 1));
    bench.push_all(&records[..1]);
    bench.lose(Server, 3000);
    bench.push(Client, &records[7].1);
    bench.push(Client, &writers[0].seal(DATA, b"hello"));
    bench.push(Server, &writers[1].seal(DATA, b"world"));
    bench.push(Server, &writers[1].seal(DATA, b"!"));
    assert_eq!((bench.data(Client), bench.data(Server)), (b"hello".to_vec(), b"world!".to_vec()));
}

#[test]
fn keys_may_come_later() {
    for (id, version) in SHAPES {
        let (records, mut writers, log) = handshake(id, version, false);
        let chat = chat(&mut writers, 5);
        let mut expected = Bench::new(&log);
        let mut bench = Bench::new("");
        bench.keys.set_may_grow(true);
        for one in [&mut expected, &mut bench] {
            one.push_all(&records);
            chat.iter().for_each(|(side, record, _)| one.push(*side, record));
        }
        assert_eq!(bench.shown, []);
        assert!(bench.session.held_bytes() > 0, "records wait");
        // Line by line: traffic secrets come behind those of the handshake.
        for line in log.lines() {
            bench.keys.read(line.as_bytes(), Origin::SecretsBlock);
            bench.with(|session, keys, scratch, mut out| session.retry(keys, scratch, &mut out));
        }
        assert_eq!((&bench.shown, &bench.places), (&expected.shown, &expected.places), "{id}");
        assert_eq!(bench.session.held_bytes(), 0);
        let more = writers[0].seal(DATA, b"more");
        bench.push(Client, &more);
        assert!(bench.data(Client).ends_with(b"more"));
        assert_eq!(bench.session.summary(&bench.keys).keys_from, Some(Origin::SecretsBlock));
    }
}

#[test]
fn what_waits_is_bounded() {
    for (id, version) in SHAPES {
        let (records, mut writers, log) = handshake(id, version, false);
        let mut bench = Bench::new("");
        bench.keys.set_may_grow(true);
        bench.push_all(&records);
        for number in 0..600_u32 {
            bench.push(Client, &writers[0].seal(DATA, &[&number.to_be_bytes()[..], &[0; 996]].concat()));
            assert!(bench.session.held_bytes() <= limits::TLS_WAITING);
        }
        bench.keys.read(log.as_bytes(), Origin::KeyLog);
        // In TLS 1.0 each record needs the one before it, and that of the server has been dropped.
        bench.push(Server, &writers[1].seal(DATA, if version == Version::TLS10 { b"dropped" } else { b"" }));
        bench.push(Server, &writers[1].seal(DATA, b"hello"));
        let data = bench.data(Client);
        assert!(data.len() > limits::TLS_WAITING * 3 / 4, "{id}: {}", data.len());
        assert_eq!(data.last_chunk::<1000>().unwrap()[..4], 599_u32.to_be_bytes(), "{id}");
        assert!(matches!(bench.shown[0], Shown::Gap(Client, 200_000..)), "{id}");
        assert_eq!(bench.data(Server), b"hello", "{id}");
    }
}

#[test]
fn held_bytes_can_be_dropped() {
    let (records, mut writers, log) = handshake(AES_128_GCM, Version::TLS13, false);
    let mut bench = Bench::new(&log);
    bench.push_all(&records);
    let record = writers[0].seal(DATA, &[1; 1000]);
    bench.push(Client, &record[..500]);
    assert_eq!(bench.session.held_bytes(), 500);
    bench.session.let_go();
    assert_eq!(bench.session.held_bytes(), 0);
    bench.push(Client, &record[500..]);
    bench.push(Client, &writers[0].seal(DATA, b"hello"));
    assert_eq!(bench.shown, [Shown::Gap(Client, 1000), Shown::Data(Client, b"hello".to_vec())]);
}

#[test]
fn early_data_that_is_refused_is_skipped() {
    let suite = AES_128_GCM.suite().unwrap();
    let early = |bench: &mut Bench, is_retried: bool| {
        let (mut records, mut writers) = handshake13(suite, CLIENT_RANDOM, 1);
        let hello = clear(HANDSHAKE, Version::TLS10, &client_hello(CLIENT_RANDOM, &[9; 32], &[(42, &[])]));
        bench.push(Client, &hello);
        let mut writer = Writer::tls13(suite, secret(suite, 0x60));
        for _ in 0..3 {
            bench.push(Client, &writer.seal(DATA, b"early"));
        }
        if is_retried {
            let mut hello = server_hello(suite.id, Version::TLS13, &[9; 32], &[]);
            hello[6..38].copy_from_slice(&HELLO_RETRY_REQUEST);
            bench.push(Server, &clear(HANDSHAKE, Version::TLS12, &hello));
            bench.push(Client, &writer.seal(DATA, b"early"));
        } else {
            records.remove(0);
        }
        bench.push_all(&records);
        bench.push(Client, &writers[0].seal(DATA, b"again"));
        bench.push(Server, &writers[1].seal(DATA, b"answer"));
    };
    let lines = log13(suite, CLIENT_RANDOM, 1);
    let with = format!("{lines}CLIENT_EARLY_TRAFFIC_SECRET {} {}", hex(&CLIENT_RANDOM), "60".repeat(32));
    for log in [&lines, &with] {
        for is_retried in [false, true] {
            let mut bench = Bench::new(log);
            early(&mut bench, is_retried);
            let expected = [Shown::Data(Client, b"again".to_vec()), Shown::Data(Server, b"answer".to_vec())];
            assert_eq!(bench.shown, expected, "retried: {is_retried}");
        }
    }
}

#[test]
fn a_session_is_resumed_by_id_and_by_ticket() {
    let suite = GCM12.suite().unwrap();
    for by_ticket in [false, true] {
        // The log has the line of the first connection only.
        let mut bench = Bench::new(&log12(CLIENT_RANDOM));
        let id: &[u8] = if by_ticket { &[] } else { &[0xD; 32] };
        let [mut client, mut server] = Writer::both(suite, Version::TLS12, false);
        let ticket = [&[0, 0, 1, 0, 0, 5][..], b"token"].concat();
        bench.push(Client, &clear(HANDSHAKE, Version::TLS12, &client_hello(CLIENT_RANDOM, &[], &[])));
        let hello = [server_hello(suite.id, Version::TLS12, id, &[]), message(4, &ticket)].concat();
        bench.push(Server, &clear(HANDSHAKE, Version::TLS12, &hello));
        bench.push(Client, &clear(CHANGE, Version::TLS12, &[1]));
        bench.push(Client, &client.seal(HANDSHAKE, &message(20, &[2; 12])));
        bench.push(Server, &clear(CHANGE, Version::TLS12, &[1]));
        bench.push(Server, &server.seal(HANDSHAKE, &message(20, &[2; 12])));
        assert!(!bench.session.summary(&bench.keys).is_resumed);

        bench = Bench { keys: bench.keys, ..Bench::default() };
        let random = [0xC2; 32];
        let block = |half: usize| {
            let mut block = [0; 40];
            let master = crate::tls::schedule::Secret::new(&MASTER).unwrap();
            crate::tls::schedule::key_block(Version::TLS12, suite.hash, &master, &random, &SERVER_RANDOM, &mut block);
            (block[half * 16..][..16].to_vec(), block[32 + half * 4..][..4].to_vec())
        };
        let mut client = Writer::with_keys(suite, block(0));
        let mut server = Writer::with_keys(suite, block(1));
        let (asked, more): (&[u8], &[(u16, &[u8])]) =
            if by_ticket { (&[0xE; 32], &[(35, b"token")]) } else { (id, &[]) };
        bench.push(Client, &clear(HANDSHAKE, Version::TLS12, &client_hello(random, asked, more)));
        bench.push(Server, &clear(HANDSHAKE, Version::TLS12, &server_hello(suite.id, Version::TLS12, asked, &[])));
        bench.push(Server, &clear(CHANGE, Version::TLS12, &[1]));
        bench.push(Server, &server.seal(HANDSHAKE, &message(20, &[2; 12])));
        bench.push(Client, &clear(CHANGE, Version::TLS12, &[1]));
        bench.push(Client, &client.seal(HANDSHAKE, &message(20, &[2; 12])));
        bench.push(Client, &client.seal(DATA, b"hello"));
        assert_eq!(bench.data(Client), b"hello", "by ticket: {by_ticket}");
        assert!(bench.session.summary(&bench.keys).is_resumed);
    }
}

#[test]
fn a_renegotiation_changes_the_keys() {
    for id in [GCM12, CHACHA12, CBC_SHA] {
        let suite = id.suite().unwrap();
        let (records, [mut client, mut server]) = handshake12(suite, Version::TLS12, false);
        let mut bench = Bench::new(&log12(CLIENT_RANDOM));
        bench.push_all(&records);
        bench.push(Client, &client.seal(DATA, b"before"));
        // The same secrets again: keys depend on both randoms, and sequence numbers begin anew.
        let again = client_hello(CLIENT_RANDOM, &[], &[]);
        bench.push(Client, &client.seal(HANDSHAKE, &again));
        bench.push(Server, &server.seal(HANDSHAKE, &server_hello(id, Version::TLS12, &[], &[])));
        bench.push(Client, &client.seal(CHANGE, &[1]));
        let [mut client, mut new_server] = Writer::both(suite, Version::TLS12, false);
        bench.push(Client, &client.seal(HANDSHAKE, &message(20, &[2; 12])));
        bench.push(Server, &server.seal(DATA, b"still the old keys"));
        bench.push(Server, &server.seal(CHANGE, &[1]));
        bench.push(Server, &new_server.seal(HANDSHAKE, &message(20, &[2; 12])));
        bench.push(Client, &client.seal(DATA, b" and after"));
        bench.push(Server, &new_server.seal(DATA, b", and the new"));
        assert_eq!(bench.data(Client), b"before and after", "{id}");
        assert_eq!(bench.data(Server), b"still the old keys, and the new", "{id}");
    }
}

#[test]
fn an_encrypted_hello_is_recognized_by_its_records() {
    let suite = AES_256_GCM.suite().unwrap();
    let (mut records, mut writers) = handshake13(suite, CLIENT_RANDOM, 1);
    let outer = client_hello([0x0E; 32], &[9; 32], &[(0xFE0D, &[0; 40])]);
    records[0].1 = clear(HANDSHAKE, Version::TLS10, &outer);
    let other = log13(suite, [0x77; 32], 0x70);
    let mut bench = Bench::new(&[log13(suite, CLIENT_RANDOM, 1), other].concat());
    bench.push_all(&records);
    bench.push(Client, &writers[0].seal(DATA, b"hello"));
    assert_eq!(bench.data(Client), b"hello");
    assert!(bench.session.summary(&bench.keys).encrypted_hello);
}

#[test]
fn hostile_bytes_are_bounded_and_harmless() {
    let (records, mut writers, log) = handshake(AES_128_GCM, Version::TLS13, false);
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    for round in 0..300 {
        let mut bench = Bench::new(&log).with_little_work();
        bench.push_all(&records[..round % records.len()]);
        for _ in 0..40 {
            let side = if random() & 1 == 0 { Client } else { Server };
            let mut bytes = writers[usize::from(random() & 1)].seal(DATA, &vec![0; usize::from(random())]);
            match random() % 4 {
                0 => bytes.iter_mut().for_each(|byte| *byte = random()),
                1 => {
                    let at = usize::from(random()) % bytes.len();
                    bytes[at] = random();
                }
                2 => bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = [23, 3, 3, 0x41, 0][at % 5]),
                _ => {}
            }
            match random() % 8 {
                0 => bench.lose(side, u64::from(random())),
                1 => bench.lose(side, u64::MAX / 4),
                _ => bench.push(side, &bytes),
            }
            assert!(bench.session.held_bytes() < 100_000);
        }
        bench.end(Client);
        bench.end(Server);
        bench.session.let_go();
        assert_eq!(bench.session.held_bytes(), 0);
    }
}

#[test]
fn unknown_ciphers_are_named() {
    let suite = SuiteId(0x000A);
    let mut bench = Bench::new(&log12(CLIENT_RANDOM));
    bench.push(Client, &clear(HANDSHAKE, Version::TLS12, &client_hello(CLIENT_RANDOM, &[], &[])));
    bench.push(Server, &clear(HANDSHAKE, Version::TLS12, &server_hello(suite, Version::TLS12, &[], &[])));
    bench.push(Client, &clear(CHANGE, Version::TLS12, &[1]));
    bench.push(Client, &clear(HANDSHAKE, Version::TLS12, &[7; 40]));
    bench.push(Client, &clear(DATA, Version::TLS12, &[7; 40]));
    assert_eq!(bench.session.summary(&bench.keys).obstacle, Some(Obstacle::Unsupported));
    assert_eq!(bench.shown, []);
}
