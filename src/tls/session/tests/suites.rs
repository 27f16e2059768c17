//! Sessions that were captured as a whole: every version and suite, cut anywhere, and hostile bytes.

use super::*;

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
