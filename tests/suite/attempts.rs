//! Attempts at a WebSocket without a response: the many attempts of a scan are counted, and memory is bounded.

use whyclosed::analyzer::Analyzer;
use whyclosed::capture::{LinkType, Packet};
use whyclosed::catalog::Language;
use whyclosed::limits;
use whyclosed::report::redact::Privacy;
use whyclosed::report::{Collected, Collection, Material, Report};
use whyclosed::seen::Timestamp;

use crate::support::wire::{ACK, Endpoint, PSH, SYN, Segment};

const ATTEMPTS: usize = 200_000;
const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[test]
fn attempts_without_an_answer_are_bounded_and_counted() {
    let (mut analyzer, mut collection) = (Analyzer::default(), Collection::default());
    let mut number = 0;
    for attempt in 0..ATTEMPTS {
        let [_, address @ .., port] = u32::try_from(attempt).unwrap().to_be_bytes();
        let from = Endpoint { address: [10, 1, address[0], address[1]], port: 40_000 + u16::from(port) };
        for (seq, flags, payload) in [(0, SYN, &b""[..]), (1, ACK | PSH, REQUEST)] {
            let to = Endpoint { address: [10, 0, 0, 2], port: 80 };
            let (ident, ack, window, options) = (0, 0, 0xFFFF, &[][..]);
            let data = Segment { from, to, ident, seq, ack, flags, window, options, payload }.packet();
            number += 1;
            let time = Timestamp::from_nanos(i64::try_from(number).unwrap() * 10_000);
            let length = u32::try_from(data.len()).unwrap();
            analyzer.push(
                &Packet { number, time, link_type: LinkType::ETHERNET, data: &data, length, process: None },
                &mut collection,
            );
        }
    }

    let held = ATTEMPTS as u64 - collection.count();
    assert!(held <= (limits::WAITING + limits::UNKNOWN_CONNECTIONS) as u64 + 1, "{held} attempts held at once");
    analyzer.finish(&mut collection);
    assert_eq!(collection.count(), ATTEMPTS as u64);
    let Collected { mut facts, unanswered, .. } = collection.finish();
    assert_eq!(facts.len(), limits::UNANSWERED);
    let server = ([10, 0, 0, 2], 80).into();
    assert_eq!(unanswered.servers(), [(server, (ATTEMPTS - limits::UNANSWERED) as u64)]);

    // With `--anonymize`, a note on them uses the same name for the server as the connections.
    let mut is_first = true;
    facts.retain(|_| std::mem::take(&mut is_first));
    let privacy = Privacy { anonymize: true, ..Privacy::default() };
    let report = Report::new(Material { facts, unanswered, privacy, ..Material::default() }, Language::English);
    let name = report.connections[0].server.to_string();
    assert!(report.notes.iter().any(|note| note.contains(&name)), "{name}: {:?}", report.notes);
}
