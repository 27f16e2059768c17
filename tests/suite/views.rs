//! Captures with holes, derived from every fixture: all Close frames in the remaining bytes are found, no others are,
//! and no certain verdict contradicts the whole capture.

use std::collections::BTreeMap;

use serde_json::Value;
use whyclosed::capture::Packet;
use whyclosed::diagnose::{RULES, Role};
use whyclosed::packet::Decoder;

use crate::support::captured::Captured;
use crate::support::{Fixture, fixtures_in_memory, is_over_http2, way};

/// The maximal size of a fixture in packets. Larger ones consist of many connections of the same kind.
const PACKETS: usize = 450;

/// Views whose Close frames are not found although both sides sent something, with the reason.
const NOT_FOUND: [(&str, &str); 26] = [
    (
        "invalid_close_code start/",
        "the rest begins with a Close frame with a code that must not be sent: random bytes look like that",
    ),
    ("invalid_close_code lost/8", "the same, after a lost frame"),
    (
        "invalid_close_reason start/9",
        "the rest begins with a Close frame whose reason is not text, answered by another code",
    ),
    ("masked_server_frame start/", "both sides mask, so the client cannot be recognised"),
    ("masked_tolerated start/", "the same"),
    ("unmasked_client_frame start/", "neither side masks"),
    ("unmasked_tolerated start/", "the same"),
    ("proxy_cut_caddy start/", "the client's Close frame is not masked, and its code differs from the reply's"),
    ("proxy_cut_caddy lost", "the same, where the frame boundary is not known"),
    (
        "message_too_big_go start/10",
        "the rest begins in the middle of a text, and contains one Close frame of one side",
    ),
    ("truncated_close_code start/", "the rest begins with a Close frame with half a code"),
    ("port_reuse start/10", "one Close frame of one side is left of the first connection between these endpoints"),
    ("http2_closed_normally start/15", "only frames of one side are left whose stream carries the end of a text first"),
    ("http2_closed_normally lost/6", "the client's preface is lost, and with it the proof that this is HTTP/2"),
    ("http2_closed_normally lost/9", "the request is lost; the server's frames prove nothing by themselves"),
    ("http2_closed_normally snaplen/96", "the request and every text are cut, and frame boundaries with them"),
    ("extended_connect_unanswered start/17", "one Close frame of one side is left of the only WebSocket"),
    ("extended_connect_unanswered lost/9", "the requests are lost; the server's frames prove nothing by themselves"),
    ("extended_connect_unanswered snaplen/96", "the requests and every text are cut, and frame boundaries with them"),
    ("goaway_survived start/15", "one Close frame of one side is left"),
    ("goaway_survived lost/6", "the client's preface is lost, and with it the proof that this is HTTP/2"),
    ("goaway_survived lost/9", "the request is lost; the server's frames prove nothing by themselves"),
    ("http2_closed_through_proxy start/", "one text and one Close frame of HTTP/2 are left, or less"),
    ("http2_closed_through_proxy lost/4", "the client's preface is lost, and with it the proof that this is HTTP/2"),
    ("http2_closed_through_proxy lost/7", "the request is lost; the server's frames prove nothing by themselves"),
    (
        "http2_closed_through_proxy lost/22",
        "a whole DATA frame is lost, and the client sends but a Close frame behind it",
    ),
];

/// The limit of the view that reports duplicated packets.
const DUPLICATED: &str = "duplicated_packets";

/// A Close frame: its sender, its receiver and its code.
type Close = ([String; 2], Option<u16>);

/// A capture derived from another one.
struct View {
    name: String,
    /// The remaining packets of the whole capture by index, and the number of bytes kept of each.
    left: Vec<(usize, usize)>,
}

/// The parts of a packet that decide which packets a view omits.
struct Sent {
    from: String,
    to: String,
    payload: Vec<u8>,
}

fn sent(fixture: &Fixture) -> Vec<Option<Sent>> {
    let mut decoder = Decoder::default();
    let of = |(packet, number): (&Captured, u64)| {
        let packet = Packet {
            number,
            time: packet.time,
            link_type: packet.link_type,
            data: &packet.data,
            length: packet.length,
            process: None,
        };
        let segment = decoder.decode(&packet)?;
        Some(Sent {
            from: segment.source().to_string(),
            to: segment.destination().to_string(),
            payload: segment.payload.to_vec(),
        })
    };
    fixture.packets.iter().zip(1..).map(of).collect()
}

/// Returns a view of a fixture without some of its packets.
fn without(fixture: &Fixture, name: String, is_left_out: impl Fn(usize) -> bool) -> View {
    let left = (0..fixture.packets.len()).filter(|at| !is_left_out(*at)).map(|at| (at, usize::MAX)).collect();
    View { name, left }
}

fn views(fixture: &Fixture) -> Vec<View> {
    let sent = sent(fixture);
    let packets = 0..fixture.packets.len();
    let begins = |at: usize, what: &[u8]| sent[at].as_ref().is_some_and(|sent| sent.payload.starts_with(what));
    let mut views = Vec::new();
    for first in packets.clone().skip(1) {
        views.push(without(fixture, format!("start/{first}"), |at| at < first));
    }
    for lost in packets.clone().filter(|at| sent[*at].as_ref().is_some_and(|sent| !sent.payload.is_empty())) {
        views.push(without(fixture, format!("lost/{}", lost + 1), |at| at == lost));
    }
    views.push(without(fixture, "lost GET".to_owned(), |at| begins(at, b"GET ")));
    views.push(without(fixture, "lost 101".to_owned(), |at| begins(at, b"HTTP/1.1 101")));
    views
        .push(without(fixture, "lost GET and 101".to_owned(), |at| begins(at, b"GET ") || begins(at, b"HTTP/1.1 101")));
    let first = sent.iter().flatten().next().map(|sent| sent.from.clone());
    for (name, wanted) in [("one direction/first", true), ("one direction/other", false)] {
        let is_first = |at: usize| sent[at].as_ref().is_some_and(|sent| Some(&sent.from) == first.as_ref());
        views.push(without(fixture, name.to_owned(), |at| is_first(at) != wanted));
    }
    views.push(View { name: "snaplen/96".to_owned(), left: packets.clone().map(|at| (at, 96)).collect() });
    views.push(View { name: "twice".to_owned(), left: packets.flat_map(|at| [(at, usize::MAX); 2]).collect() });
    views
}

fn packets(fixture: &Fixture, view: &View) -> Vec<Captured> {
    let cut = |(at, most): &(usize, usize)| {
        let mut packet = fixture.packets[*at].clone();
        packet.data.truncate(*most);
        packet
    };
    view.left.iter().map(cut).collect()
}

fn report(packets: &[Captured]) -> Value {
    serde_json::to_value(way::report(way::facts_of(packets))).unwrap()
}

/// Returns every Close frame of a report, and the number of its occurrences.
fn closes(report: &Value) -> BTreeMap<Close, usize> {
    let mut closes = BTreeMap::new();
    for connection in report["connections"].as_array().unwrap() {
        for close in connection["closes"].as_array().unwrap() {
            *closes.entry((ends(connection, close), code(close))).or_default() += 1;
        }
    }
    closes
}

/// Returns the sender and the receiver of a Close frame.
fn ends(connection: &Value, close: &Value) -> [String; 2] {
    let sides = if close["side"] == "client" { ["client", "server"] } else { ["server", "client"] };
    sides.map(|side| connection[side].as_str().unwrap().to_owned())
}

fn code(close: &Value) -> Option<u16> {
    close["code"].as_u64().map(|code| code as u16)
}

/// Returns the Close frames with a code whose header and code remain in the view.
fn in_bytes(fixture: &Fixture, whole: &Value, view: &View) -> BTreeMap<Close, usize> {
    let mut closes = BTreeMap::new();
    for connection in whole["connections"].as_array().unwrap() {
        for close in connection["closes"].as_array().unwrap() {
            let packet = close["packet"].as_u64().unwrap() as usize - 1;
            let left = view.left.iter().find(|(at, _)| *at == packet);
            let holds = |(at, most): &(usize, usize)| {
                let data = &fixture.packets[*at].data;
                code(close).is_some_and(|code| holds_close(&data[..data.len().min(*most)], code))
            };
            if left.is_some_and(holds) {
                *closes.entry((ends(connection, close), code(close))).or_default() += 1;
            }
        }
    }
    closes
}

/// Returns whether a packet contains the beginning of a Close frame with this code, including the code.
fn holds_close(packet: &[u8], code: u16) -> bool {
    (0..packet.len()).any(|at| match &packet[at..] {
        [first, second, key @ ..] if first & 0xF == 8 && second & 0x80 != 0 && key.len() >= 6 => {
            code == u16::from_be_bytes([key[4] ^ key[0], key[5] ^ key[1]])
        }
        [first, second, high, low, ..] if first & 0xF == 8 && second & 0x80 == 0 => {
            code == u16::from_be_bytes([*high, *low])
        }
        _ => false,
    })
}

/// Returns whether too little is left between two endpoints: no head, and payload of one side only.
fn proves_too_little(fixture: &Fixture, view: &View, ends: &[String; 2]) -> bool {
    let all = sent(fixture);
    let is_between = |sent: &&Sent| ends.contains(&sent.from) && ends.contains(&sent.to) && !sent.payload.is_empty();
    let left: Vec<_> = view.left.iter().filter_map(|(at, _)| all[*at].as_ref()).filter(is_between).collect();
    let is_head = |sent: &&Sent| sent.payload.starts_with(b"GET ") || sent.payload.starts_with(b"HTTP/1.1 101");
    !left.iter().any(is_head) && left.iter().all(|sent| sent.from == left[0].from)
}

#[derive(Debug, Default)]
struct Tally {
    views: usize,
    in_bytes: usize,
    found: usize,
    false_closes: usize,
}

#[test]
fn holes() {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut missed, mut faults) = (Vec::new(), Vec::new());
    for fixture in fixtures_in_memory(PACKETS) {
        let whole = report(&fixture.packets);
        let truth = closes(&whole);
        for view in views(&fixture) {
            let given = report(&packets(&fixture, &view));
            let case = format!("{} {}", fixture.name, view.name);
            let kind = view.name.split('/').next().unwrap().to_owned();
            let tally = tallies.entry(kind).or_default();
            tally.views += 1;
            let found = closes(&given);
            for (close, count) in in_bytes(&fixture, &whole, &view) {
                let seen = found.get(&close).copied().unwrap_or_default().min(count);
                tally.in_bytes += count;
                tally.found += seen;
                if seen < count && !proves_too_little(&fixture, &view, &close.0) {
                    missed.push(format!("{case}: {close:?}"));
                }
            }
            for (close, count) in &found {
                let is_unknown = close.1.is_none();
                let of_sender = || truth.keys().filter(|other| other.0 == close.0).map(|other| truth[other]).sum();
                let most = if is_unknown { of_sender() } else { truth.get(close).copied().unwrap_or_default() };
                if *count > most {
                    tally.false_closes += count - most;
                    faults.push(format!("{case}: false {close:?}"));
                }
            }
            if view.name == "twice" {
                faults.extend(second_copies(&whole, &given).into_iter().map(|fault| format!("{case}: {fault}")));
            }
            faults.extend(contradictions(&whole, &given).into_iter().map(|fault| format!("{case}: {fault}")));
        }
    }
    for (kind, tally) in &tallies {
        eprintln!("{kind}: {tally:?}");
    }
    without_known(&mut missed, &NOT_FOUND);
    assert!(missed.is_empty(), "{} not found:\n{}", missed.len(), missed.join("\n"));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let sum = |of: fn(&Tally) -> usize| tallies.values().map(of).sum::<usize>();
    let (views, in_bytes, found) = (sum(|tally| tally.views), sum(|tally| tally.in_bytes), sum(|tally| tally.found));
    assert!(views > 3000 && in_bytes > 15_000, "only {views} views, {in_bytes} Close frames");
    // The others belong to connections of which too little is left.
    assert!(found * 100 > in_bytes * 98, "{found} of {in_bytes}");
}

/// Over HTTP/2, a lost packet may hold a request, its answer, or what later ones refer to: nothing is certain and wrong with
/// any two packets lost.
#[test]
fn two_holes_over_http2() {
    let is_http2 = |fixture: &Fixture| is_over_http2(&fixture.name) && !fixture.name.starts_with("wss_");
    let (mut views, mut faults) = (0, Vec::new());
    for fixture in fixtures_in_memory(PACKETS).into_iter().filter(is_http2) {
        let whole = report(&fixture.packets);
        let sent = sent(&fixture);
        let full = |at: &usize| sent[*at].as_ref().is_some_and(|sent| !sent.payload.is_empty());
        let full: Vec<_> = (0..sent.len()).filter(full).collect();
        for (first, second) in full.iter().flat_map(|first| full.iter().map(move |second| (*first, *second))) {
            if first < second {
                let view = without(&fixture, String::new(), |at| at == first || at == second);
                let given = report(&packets(&fixture, &view));
                let of_view = contradictions(&whole, &given).into_iter();
                faults.extend(of_view.map(|fault| format!("{} {first} {second}: {fault}", fixture.name)));
                views += 1;
            }
        }
    }
    assert!(views > 1500, "only {views} views");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Rules that rest on the last packet of a connection or of a side, which may be either copy.
const OF_THE_LAST: [&str; 2] = ["still_open", "peer_vanished"];

/// Checks a capture that contains every packet twice: it must say so, and must not rest on second copies.
fn second_copies(whole: &Value, given: &Value) -> Vec<String> {
    let first_copy = |packet: &Value| Value::from(2 * packet.as_u64().unwrap() - 1);
    let connections = |report: &Value| report["connections"].as_array().unwrap().clone();
    let mut faults = Vec::new();
    let given = connections(given);
    let says_so = |connection: &&Value| connection["visibility"].as_array().unwrap().contains(&DUPLICATED.into());
    let saying: Vec<_> = given.iter().filter(says_so).map(|connection| &connection["tcp_stream"]).collect();
    for (whole, given) in connections(whole).iter().zip(&given) {
        let packets = whole["verdict"]["packets"].as_array().unwrap().iter();
        let (expected, rule): (Value, _) =
            (packets.map(first_copy).collect(), given["verdict"]["rule"].as_str().unwrap());
        if given["verdict"]["packets"] != expected && !OF_THE_LAST.contains(&rule) {
            faults.push(format!("{}, not {expected}", given["verdict"]["packets"]));
        }
        // Attempts on one TCP connection share its copies.
        if !saying.contains(&&given["tcp_stream"]) {
            faults.push(format!("{rule} is reported without its copies"));
        }
    }
    faults
}

/// Removes the known cases, and asserts that they occur.
fn without_known(found: &mut Vec<String>, known: &[(&str, &str)]) {
    for (view, reason) in known {
        let before = found.len();
        found.retain(|case| !case.starts_with(view));
        assert!(found.len() < before, "{view} is correct now, although {reason}");
    }
}

/// Returns the certain verdicts that differ from those of the whole capture. A mere description of the end may replace
/// a cause, as long as it describes the end correctly.
fn contradictions(whole: &Value, given: &Value) -> Vec<String> {
    let ends = |connection: &Value| {
        let mut ends = [connection["client"].to_string(), connection["server"].to_string()];
        ends.sort();
        ends
    };
    let mut faults = Vec::new();
    for connection in given["connections"].as_array().unwrap() {
        let same = |other: &&Value| ends(other) == ends(connection);
        let of_whole: Vec<_> = whole["connections"].as_array().unwrap().iter().filter(same).collect();
        if of_whole.is_empty() {
            faults.push(format!("no such connection: {:?}", ends(connection)));
        }
        let verdict = &connection["verdict"];
        let describes = RULES.iter().any(|rule| verdict["rule"] == rule.name && matches!(rule.role, Role::Description));
        let agrees = |other: &&Value| {
            let is_same = |field: &str| other[field] == connection[field];
            other["verdict"]["rule"] == verdict["rule"] || (describes && is_same("ending") && is_same("closed_by"))
        };
        if verdict["confidence"] == "certain" && !of_whole.iter().any(agrees) {
            let others: Vec<_> = of_whole.iter().map(|other| other["verdict"]["rule"].to_string()).collect();
            faults.push(format!("{} is certain, {others:?} is true", verdict["rule"]));
        }
    }
    faults
}
