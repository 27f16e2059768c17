//! The keys of sessions: wrong, contradicting, late, updated and resumed ones.

use super::*;

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
