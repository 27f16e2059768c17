//! HPACK against encoders that are not this project's: whole stories, and what a reader knows that joins in the middle.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;
use whyclosed::http2::Fields;
use whyclosed::http2::hpack::Decoder;

/// Blocks in the form of nghttp2's test vectors: the bytes of each, and the fields that it stands for.
const STORIES: &str = include_str!("hpack_stories.json");

type List = Vec<(String, String)>;

/// The test vectors of nghttp2: for each story, its lists of fields, and the blocks of them in each of its encodings. They are
/// from hpack-test-case, <https://github.com/http2jp/hpack-test-case> (MIT).
const NGHTTP2: &[u8] = include_bytes!("hpack_nghttp2.json.gz");

/// A block and the fields that it stands for.
type Case = (Vec<u8>, List);

fn bytes(hex: &Value) -> Vec<u8> {
    let two = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
    hex.as_str().unwrap().as_bytes().chunks(2).map(two).collect()
}

fn list(headers: &Value) -> List {
    let field = |field: &Value| (field[0].as_str().unwrap().to_owned(), field[1].as_str().unwrap().to_owned());
    headers.as_array().unwrap().iter().map(field).collect()
}

fn stories() -> Vec<Vec<Case>> {
    let file: Value = serde_json::from_str(STORIES).unwrap();
    let case = |case: &Value| (bytes(&case["wire"]), list(&case["headers"]));
    let story = |story: &Value| story["cases"].as_array().unwrap().iter().map(case).collect();
    file["stories"].as_array().unwrap().iter().map(story).collect()
}

fn decoded(decoder: &mut Decoder, block: &[u8]) -> (List, bool) {
    let mut fields = Fields::default();
    decoder.decode(block, &mut fields);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (fields.iter().map(|(name, value)| (text(name), text(value))).collect(), fields.is_incomplete())
}

fn stories_of_nghttp2() -> Vec<Vec<Case>> {
    let mut text = String::new();
    GzDecoder::new(NGHTTP2).read_to_string(&mut text).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let mut stories = Vec::new();
    for story in file["stories"].as_array().unwrap() {
        let lists = story["headers"].as_array().unwrap();
        for wire in story["wires"].as_array().unwrap() {
            let wire = wire.as_array().unwrap();
            assert_eq!(wire.len(), lists.len());
            stories.push(wire.iter().zip(lists).map(|(wire, headers)| (bytes(wire), list(headers))).collect());
        }
    }
    stories
}

#[test]
fn stories_of_nghttp2_are_decoded() {
    let (mut blocks, stories) = (0, stories_of_nghttp2());
    assert_eq!(stories.len(), 63);
    for (number, story) in stories.into_iter().enumerate() {
        let mut decoder = Decoder::default();
        for (place, (block, expected)) in story.into_iter().enumerate() {
            assert_eq!(decoded(&mut decoder, &block), (expected, false), "block {place} of story {number}");
            blocks += 1;
        }
    }
    assert!(blocks > 6_000, "only {blocks}");
}

#[test]
fn stories_of_another_encoder_are_decoded() {
    let mut blocks = 0;
    for story in stories() {
        let mut decoder = Decoder::default();
        for (block, expected) in story {
            assert_eq!(decoded(&mut decoder, &block), (expected, false));
            blocks += 1;
        }
    }
    assert!(blocks >= 250, "only {blocks}");
}

/// Whichever block a reader begins with, each field that it names is the next one of the list or a later one, and if one is
/// left out, the list is said to be incomplete.
#[test]
fn a_reader_that_joins_anywhere_names_no_wrong_field() {
    let (mut known, mut left_out) = (0, 0);
    for story in stories() {
        for from in 1..story.len() {
            let mut decoder = Decoder::default();
            decoder.lose();
            for (block, expected) in &story[from..] {
                let (fields, is_incomplete) = decoded(&mut decoder, block);
                let mut rest = expected.iter();
                assert!(fields.iter().all(|field| rest.any(|other| other == field)), "{fields:?} of {expected:?}");
                assert!(is_incomplete || fields.len() == expected.len(), "{fields:?} of {expected:?}");
                known += fields.len();
                left_out += expected.len() - fields.len();
            }
        }
    }
    assert!(known > left_out && left_out > 500, "{known} known, {left_out} left out");
}
