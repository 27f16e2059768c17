//! Sessions with a part that is missing or damaged.

use super::*;

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
