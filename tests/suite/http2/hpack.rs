//! HPACK against an encoder that is not this project's: whole stories, and what a reader knows that joins in the middle.

use serde_json::Value;
use whyclosed::http2::Fields;
use whyclosed::http2::hpack::Decoder;

/// Blocks in the form of nghttp2's test vectors: the bytes of each, and the fields that it stands for.
const STORIES: &str = include_str!("hpack_stories.json");

type List = Vec<(String, String)>;

fn stories() -> Vec<Vec<(Vec<u8>, List)>> {
    let file: Value = serde_json::from_str(STORIES).unwrap();
    let bytes = |hex: &str| -> Vec<u8> {
        hex.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
    };
    let field = |field: &Value| (field[0].as_str().unwrap().to_owned(), field[1].as_str().unwrap().to_owned());
    let case = |case: &Value| {
        let headers = case["headers"].as_array().unwrap().iter().map(field).collect();
        (bytes(case["wire"].as_str().unwrap()), headers)
    };
    let story = |story: &Value| story["cases"].as_array().unwrap().iter().map(case).collect();
    file["stories"].as_array().unwrap().iter().map(story).collect()
}

fn decoded(decoder: &mut Decoder, block: &[u8]) -> (List, bool) {
    let mut fields = Fields::default();
    decoder.decode(block, &mut fields);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (fields.iter().map(|(name, value)| (text(name), text(value))).collect(), fields.is_incomplete())
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
