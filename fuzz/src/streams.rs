//! Targets for streams: the events of a protocol do not depend on the way its bytes are cut.

use whyclosed::chunk::{Carrier, Chunk, Data};
use whyclosed::http::{self, Exchange};
use whyclosed::report::redact::secret::disjoint;
use whyclosed::report::redact::{Privacy, Redactor, patterns};
use whyclosed::seen::{Seen, Timestamp};
use whyclosed::side::Side;
use whyclosed::tls::{Observer, hello, keylog, record};
use whyclosed::ws::{Decoder, Event, Scratch};

use crate::cuts::{first, pieces};

/// Decodes frames of one side, with permessage-deflate or without.
pub fn frames(data: &[u8]) {
    let (choice, data) = first(data);
    let (seed, stream) = first(data);
    let side = Side::BOTH[usize::from(choice & 1)];
    let no_context_takeover = (choice & 2 != 0).then_some(choice & 4 != 0);
    let decoded = |pieces: &[&[u8]]| {
        let mut decoder = Decoder::new(side, no_context_takeover, choice & 8 == 0);
        let (mut scratch, mut told, mut offset, carrier) = (Scratch::default(), Vec::new(), 0, Carrier::default());
        for piece in pieces {
            let chunk = Chunk::of_tcp(&carrier, offset, Data::Bytes(piece));
            decoder.push(chunk, &mut scratch, &mut |_, event| tell(&event, &mut told));
            offset += piece.len() as u64;
            if choice & 0x10 != 0 && offset == 16 {
                let gap = Data::Gap { len: 3, missing: whyclosed::chunk::Missing::NeverCaptured };
                let chunk = Chunk::of_tcp(&carrier, offset, gap);
                decoder.push(chunk, &mut scratch, &mut |_, event| tell(&event, &mut told));
                offset += 3;
            }
        }
        decoder.end(None, choice & 0x20 != 0, &mut scratch, &mut |_, event| tell(&event, &mut told));
        told
    };
    let whole = decoded(&[stream]);
    let cut = decoded(&pieces(stream, 1 + usize::from(choice >> 6) * 20, seed));
    if choice & 0x18 == 0 {
        assert_eq!(sound(&whole), sound(&cut));
    }
}

/// Returns the events before the frame boundaries were lost: after that the decoder searches for them segment by
/// segment, so the cut matters.
fn sound(told: &[String]) -> &[String] {
    let end = told.iter().position(|event| event == "lost").unwrap_or(told.len());
    &told[..end]
}

/// Describes an event by its content, without the way it arrived.
fn tell(event: &Event<'_>, told: &mut Vec<String>) {
    match event {
        Event::Whole { header, .. } => {
            told.push(format!("frame {:x}", header.start.opcode.0));
            told.push(format!("message of {}", header.length));
        }
        Event::Frame { header, .. } => told.push(format!("frame {:x}", header.start.opcode.0)),
        Event::Message { message, .. } => told.push(format!("message of {}", message.wire_len)),
        Event::Ping { payload, .. } => told.push(format!("ping {payload:?}")),
        Event::Pong(payload) => told.push(format!("pong {payload:?}")),
        Event::Close(close) => told.push(format!("close {:?} {:?} {}", close.code, close.reason, close.complete)),
        Event::Violation(_) => told.push("violation".to_owned()),
        Event::Lost => told.push("lost".to_owned()),
        Event::Found => told.push("found".to_owned()),
    }
}

/// Parses the HTTP heads of both sides, and runs the redactor on all of their text.
pub fn http(data: &[u8]) {
    let (seed, data) = first(data);
    // A NUL does not occur in a head: the bytes after it are the server's.
    let split = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (client, server) = (&data[..split], data.get(split + 1..).unwrap_or_default());
    let heads = |most: usize| {
        let (mut exchange, mut told, mut is_http) = (Exchange::default(), Vec::new(), true);
        for (side, stream) in [(Side::Client, client), (Side::Server, server)] {
            let mut offset = 0;
            for piece in pieces(stream, most, seed) {
                let mut out = |output: http::Event<'_>| match output {
                    // Callers stop at this event.
                    _ if !is_http => {}
                    http::Event::Request(request) => told.push(format!("{request:?}")),
                    http::Event::Response(response) => told.push(format!("{response:?}")),
                    http::Event::Switched { in_step } => told.push(format!("switched {in_step}")),
                    http::Event::NotHttp { .. } => is_http = false,
                    _ => {}
                };
                exchange.push(side, Chunk::of_tcp(&Carrier::default(), offset, Data::Bytes(piece)), &mut out);
                offset += piece.len() as u64;
                if !is_http {
                    return (told, false);
                }
            }
        }
        (told, true)
    };
    let ((whole, is_whole), (cut, is_cut)) = (heads(usize::MAX >> 1), heads(1 + usize::from(seed)));
    // After an unsolicited response, the parser searches for a head at segment starts, so the result depends on the
    // cut.
    if server.windows(b"HTTP/1.".len()).filter(|window| window == b"HTTP/1.").count() > 1 {
        return redacted(data);
    }
    if is_whole && is_cut {
        assert_eq!(whole, cut);
    } else {
        // An invalid head is recognised at its first bytes or at its last, so one list may be shorter.
        assert!(whole.starts_with(&cut) || cut.starts_with(&whole), "{whole:?} became {cut:?}");
    }
    redacted(data);
}

/// Checks that secrets lie within the text and do not overlap, and that the redactor accepts any text.
fn redacted(data: &[u8]) {
    for found in [patterns::find(data), patterns::find_in_window(data)] {
        let mut end = 0;
        for secret in disjoint(found) {
            assert!(secret.range.start >= end && secret.range.end <= data.len(), "{secret:?} after {end}");
            end = secret.range.end;
        }
    }
    let text = String::from_utf8_lossy(data);
    let mut redactor = Redactor::new(Privacy::default());
    let once = redactor.text(&text);
    for target in text.lines().take(8) {
        let _ =
            (redactor.target(target), redactor.subprotocols(target), redactor.common(target), redactor.host(target));
    }
    assert!(text.is_empty() || !once.is_empty(), "the whole text is gone");
    let mut anonymizing = Redactor::new(Privacy { anonymize: true, ..Privacy::default() });
    let _ = (anonymizing.text(&text), anonymizing.host(&text), anonymizing.target(&text));
}

/// Decodes TLS records of both sides, and lines of key logs.
pub fn tls(data: &[u8]) {
    let (seed, data) = first(data);
    let decided = |most: usize| {
        let (mut observer, mut rest, mut number, mut decision) = (Observer::default(), data, 0_i64, None);
        while let [head, length, behind @ ..] = rest {
            let side = Side::BOTH[usize::from(head & 1)];
            let (segment, behind) = behind.split_at(behind.len().min(usize::from(*length)));
            number += 1;
            let seen =
                Seen { packet: number as u64, time: Timestamp::from_nanos(number * i64::from(head >> 1) * 10_000_000) };
            let carrier = Carrier::new(seen, None, 64);
            for piece in pieces(segment, most, seed) {
                decision = decision.or(observer.push(side, &carrier, Data::Bytes(piece)));
            }
            if segment.is_empty() {
                decision = decision.or(observer.end(side, &carrier));
            }
            rest = behind;
        }
        decision.map(|decision| (format!("{:?}", decision.outcome), decision.side, decision.carrier.seen.packet))
    };
    assert_eq!(decided(usize::MAX >> 1), decided(1 + usize::from(seed & 15)));
    let _ = (record::header(data), record::is_client_hello(data), record::is_application_data(data));
    let _ = (record::is_alert(data), hello::random_of(data));
    String::from_utf8_lossy(data).lines().for_each(|line| _ = keylog::session_of(line));
}
