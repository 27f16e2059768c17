//! Properties of the path from packets to the report: changes made by TCP to the transport of a conversation do not
//! change its report, no content of a capture makes the program panic, and certain verdicts stay true when more is
//! captured.

mod http2;
mod mutations;
mod prefixes;
mod provoked;
mod strategies;

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};
use serde_json::Value;
use strategies::conversation;
use whyclosed::side::Side;

use crate::support::conversation::{Act, Conversation, End, Fault, Reaction, What};
use crate::support::essence::{differences, essence};
use crate::support::segments::{Change, packets};
use crate::support::way;

/// Returns a fixed configuration, so that every machine tries the same cases; `PROPTEST_CASES` sets their number,
/// `PROPTEST_RNG_SEED` selects others.
pub fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { 400 },
        rng_seed: if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(6455) } else { asked.rng_seed },
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/suite/proptest-regressions/properties.txt",
        ))),
        max_shrink_iters: 5000,
        max_shrink_time: 20_000,
        ..asked
    }
}

pub fn conversations() -> impl Strategy<Value = Vec<Conversation>> {
    prop_oneof![3 => prop::collection::vec(conversation(), 1), 1 => prop::collection::vec(conversation(), 2..4)]
}

/// Generates cuts of all sizes, often small ones.
pub fn cut() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(1u64), 2u64..20, 20u64..1461].prop_map(Some)
}

fn unchanged(conversations: &[Conversation], change: Change) -> Result<(), TestCaseError> {
    let plain = essence(&packets(conversations, Change { seed: change.seed, ..Change::default() }));
    let connections = plain["connections"].as_array().unwrap().len();
    prop_assert_eq!(connections, conversations.len());
    let changed = essence(&packets(conversations, change));
    let differences = differences(&plain, &changed);
    prop_assert!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_cut_of_the_bytes(conversations in conversations(), cut in cut(), seed: u64) {
        unchanged(&conversations, Change { cut, seed, ..Change::default() })?;
    }

    #[test]
    fn any_order_of_a_turns_segments(conversations in conversations(), cut in cut(), seed: u64) {
        unchanged(&conversations, Change { cut, shuffle: true, seed, ..Change::default() })?;
    }

    #[test]
    fn any_order_of_a_sides_segments(conversations in conversations(), cut in cut(), seed: u64) {
        unchanged(&conversations, Change { cut, shuffle_turns: true, seed, ..Change::default() })?;
    }

    #[test]
    fn duplicates(conversations in conversations(), cut in prop::option::of(1u64..1461), seed: u64) {
        unchanged(&conversations, Change { cut, duplicate: true, seed, ..Change::default() })?;
    }

    #[test]
    fn overlaps(conversations in conversations(), cut in cut(), seed: u64) {
        unchanged(&conversations, Change { cut, overlap: true, seed, ..Change::default() })?;
    }

    #[test]
    fn sequence_numbers_that_wrap(conversations in conversations(), cut in prop::option::of(1u64..1461), seed: u64) {
        unchanged(&conversations, Change { cut, wrap: true, seed, ..Change::default() })?;
    }

    #[test]
    fn the_first_copy_of_held_bytes_wins(conversations in conversations(), cut in cut(), seed: u64) {
        unchanged(&conversations, Change { cut, conflict: true, seed, ..Change::default() })?;
    }

    #[test]
    fn all_at_once(conversations in conversations(), cut in cut(), seed: u64, shuffle_turns: bool) {
        // If a conflicting copy could overtake the original, the copy would count as the first.
        let conflict = !shuffle_turns;
        let change = Change { cut, shuffle: true, shuffle_turns, duplicate: true, overlap: true, wrap: true, conflict, seed };
        unchanged(&conversations, change)?;
    }
}

/// Asserts that the report stays the same if the first packets that contain these bytes are exchanged.
fn exchanged(conversation: &Conversation, first: &[u8], second: &[u8]) {
    let plain = packets(std::slice::from_ref(conversation), Change::default());
    let position = |bytes: &[u8]| {
        let holds = |packet: &Vec<u8>| packet.windows(bytes.len()).any(|window| window == bytes);
        plain.iter().position(holds).unwrap()
    };
    let (first, second) = (position(first), position(second));
    assert!(first < second);
    let mut changed = plain.clone();
    changed.swap(first, second);
    assert_eq!(essence(&changed), essence(&plain));
}

#[test]
fn a_request_captured_behind_its_answer() {
    let end = End::Close { by: Side::Client, code: Some(1000), reason: "done".to_owned(), answered: true };
    let conversation = Conversation { deflate: true, padding: 9, acts: Vec::new(), end };
    exchanged(&conversation, b"GET /chat", b"HTTP/1.1 101");
}

/// Two Close frames of one side, with the second captured first.
#[test]
fn close_frames_captured_in_the_wrong_order() {
    let reaction = Reaction::Close { code: Some(1002), answered: true };
    let end = End::Fault { by: Side::Server, fault: Fault::CloseCode(1005), crossing: false, reaction };
    let conversation = Conversation { deflate: false, padding: 0, acts: Vec::new(), end };
    exchanged(&conversation, b"\x88\x02\x03\xED", b"\x88\x02\x03\xEA");
}

/// Builds a text message in frames cut at these offsets.
fn message(text: &str, cuts: Vec<usize>) -> What {
    What::Message { text: true, payload: text.to_owned(), cuts, compressed: false, ping_inside: false }
}

/// A message that was answered, and followed by more, was not too big, whether the others came in its packet or after
/// it.
#[test]
fn messages_that_came_together_were_taken_together() {
    let says = |side, text: &str| Act { side, unaware: false, what: message(text, Vec::new()) };
    let acts = vec![
        says(Side::Server, &"long ".repeat(24)),
        says(Side::Server, "and short"),
        says(Side::Client, "an answer to both"),
        says(Side::Server, "more"),
    ];
    let end = End::Close { by: Side::Client, code: Some(1009), reason: String::new(), answered: true };
    let conversation = Conversation { deflate: false, padding: 0, acts, end };
    let plain = essence(&packets(std::slice::from_ref(&conversation), Change::default()));
    let cut = essence(&packets(&[conversation], Change { cut: Some(14), ..Change::default() }));
    assert_eq!(differences(&plain, &cut), [""; 0]);
}

/// The same, with the answer captured before the message.
#[test]
fn a_message_that_was_answered_is_not_too_big_in_any_order_of_capture() {
    let says = |side, text: &str| Act { side, unaware: false, what: message(text, Vec::new()) };
    let acts = vec![
        says(Side::Server, &"long ".repeat(24)),
        says(Side::Client, "an answer"),
        says(Side::Server, "the next one"),
        says(Side::Client, "another answer"),
    ];
    let end = End::Close { by: Side::Client, code: Some(1009), reason: String::new(), answered: true };
    exchanged(&Conversation { deflate: false, padding: 0, acts, end }, b"long long", b"the next one");
}

/// A message sent before the other arrived is not an answer to it.
#[test]
fn a_message_that_crossed_another_may_be_too_big_in_any_order_of_capture() {
    let says = |side, unaware, text: &str| Act { side, unaware, what: message(text, Vec::new()) };
    let acts = vec![
        says(Side::Server, false, &"long ".repeat(24)),
        says(Side::Client, true, "no answer"),
        says(Side::Server, false, "the next one"),
    ];
    let end = End::Close { by: Side::Client, code: Some(1009), reason: String::new(), answered: true };
    let conversation = Conversation { deflate: false, padding: 0, acts, end };
    let plain = essence(&packets(std::slice::from_ref(&conversation), Change::default()));
    assert_eq!(plain["connections"][0]["verdict"]["rule"], "message_too_big");
    exchanged(&conversation, b"long long", b"the next one");
}

/// The part of a message received before decompression failed depends on the segments; the messages before it do not.
#[test]
fn a_message_before_one_that_cannot_be_inflated() {
    let acts = vec![Act { side: Side::Server, unaware: false, what: message("twenty bytes of text", vec![15]) }];
    let end = End::Fault { by: Side::Server, fault: Fault::Deflate, crossing: false, reaction: Reaction::Reset };
    let conversation = Conversation { deflate: true, padding: 0, acts, end };
    let plain = essence(&packets(std::slice::from_ref(&conversation), Change::default()));
    assert_eq!(plain["connections"][0]["verdict"]["rule"], "undecodable_deflate");
    let cut = essence(&packets(&[conversation], Change { cut: Some(1), ..Change::default() }));
    assert_eq!(differences(&plain, &cut), [""; 0]);
}

/// The verdict on a conversation in which ten minutes pass between a question and the last words. Those are captured behind
/// the end, if they are `late`.
fn after_ten_minutes(end: End, late: bool) -> Value {
    let says = |side, unaware, text: &str| Act { side, unaware, what: message(text, Vec::new()) };
    let acts = vec![says(Side::Client, false, "a question"), says(Side::Server, true, "its last words")];
    let mut packets = packets(&[Conversation { deflate: false, padding: 0, acts, end }], Change::default());
    let at = packets.iter().position(|packet| packet.ends_with(b"its last words")).unwrap();
    if late {
        // Between the two is an acknowledgement.
        packets[at..=at + 2].rotate_left(1);
    }
    let report = way::report(way::facts_delayed(&packets, at, 600_000_000));
    serde_json::to_value(report).unwrap()["connections"][0]["verdict"].clone()
}

/// What was said right before an end was said then: what stands before it in its sender's stream, and what it acknowledges.
#[test]
fn a_message_captured_behind_the_end_that_followed_it_is_no_silence() {
    let close = End::Close { by: Side::Server, code: Some(1001), reason: String::new(), answered: true };
    for end in [close, End::Fin { by: Side::Server }, End::Fin { by: Side::Client }] {
        assert_eq!(after_ten_minutes(end.clone(), true)["rule"], after_ten_minutes(end, false)["rule"]);
    }
}
