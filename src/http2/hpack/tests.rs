//! The examples of RFC 7541 Appendix C, and what a reader knows that has missed the beginning.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn decoded(decoder: &mut Decoder, block: &[u8]) -> (Vec<String>, bool) {
    let mut fields = Fields::default();
    decoder.decode(block, &mut fields);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = fields.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect();
    (all, fields.is_incomplete())
}

const REQUESTS: [&[&str]; 3] = [
    &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
    &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
    &[
        ":method: GET",
        ":scheme: https",
        ":path: /index.html",
        ":authority: www.example.com",
        "custom-key: custom-value",
    ],
];

/// C.3 and C.4.
const REQUEST_BLOCKS: [[&str; 3]; 2] = [
    [
        "828684410f7777772e6578616d706c652e636f6d",
        "828684be58086e6f2d6361636865",
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    [
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
];

#[test]
fn requests_of_the_rfc() {
    for blocks in REQUEST_BLOCKS {
        let mut decoder = Decoder::default();
        for (block, expected) in blocks.iter().zip(REQUESTS) {
            assert_eq!(decoded(&mut decoder, &bytes(block)), (expected.iter().map(|s| s.to_string()).collect(), false));
        }
    }
}

/// C.5 and C.6, with a table of 256 bytes, so that entries are evicted.
#[test]
fn responses_of_the_rfc() {
    let (date, later) = ("date: Mon, 21 Oct 2013 20:13:21 GMT", "date: Mon, 21 Oct 2013 20:13:22 GMT");
    let (private, location) = ("cache-control: private", "location: https://www.example.com");
    let cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
    let expected: [&[&str]; 3] = [
        &[":status: 302", private, date, location],
        &[":status: 307", private, date, location],
        &[":status: 200", private, later, location, "content-encoding: gzip", cookie],
    ];
    let plain = [
        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
        "4803333037c1c0bf",
        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    ];
    let coded = [
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
        "4883640effc1c0bf",
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ];
    for blocks in [plain, coded] {
        let mut decoder = Decoder::default();
        // A dynamic table size update to 256.
        assert_eq!(decoded(&mut decoder, &[0x3F, 0xE1, 0x01]), (Vec::new(), false));
        for (block, expected) in blocks.iter().zip(expected) {
            assert_eq!(decoded(&mut decoder, &bytes(block)), (expected.iter().map(|s| s.to_string()).collect(), false));
        }
    }
}

/// Whatever is missed, each field that is decoded later is right, or left out and said to be.
#[test]
fn a_reader_that_begins_late_knows_what_came_since() {
    for [_, second, third] in REQUEST_BLOCKS {
        let mut decoder = Decoder::default();
        decoder.lose();
        let without = |list: &[&str], left_out: &str| -> Vec<String> {
            list.iter().filter(|field| **field != left_out).map(|field| field.to_string()).collect()
        };
        let authority = ":authority: www.example.com";
        assert_eq!(decoded(&mut decoder, &bytes(second)), (without(REQUESTS[1], authority), true));
        assert_eq!(decoded(&mut decoder, &bytes(third)), (without(REQUESTS[2], authority), true));
        // `custom-key` and `cache-control`, inserted since, are known by counting back.
        let (known, is_incomplete) = decoded(&mut decoder, &[0xBE, 0xBF, 0xC0]);
        assert_eq!((known.len(), is_incomplete), (2, true));
        assert_eq!(known, ["custom-key: custom-value", "cache-control: no-cache"]);
    }
}

#[test]
fn an_emptied_table_is_known() {
    let mut decoder = Decoder::default();
    decoder.lose();
    assert_eq!(decoded(&mut decoder, &[0xBE]), (Vec::new(), true), "an entry from before");
    assert_eq!(decoded(&mut decoder, &[0x20, 0x3F, 0xE1, 0x1F]), (Vec::new(), false), "to 0 and back to 4096");
    assert_eq!(decoded(&mut decoder, &[0x41, 1, b'a']), (vec![":authority: a".to_owned()], false));
    assert_eq!(decoded(&mut decoder, &[0xBE]), (vec![":authority: a".to_owned()], false));
}

#[test]
fn a_broken_block_leaves_the_table_unknown() {
    let mut decoder = Decoder::default();
    decoded(&mut decoder, &bytes(REQUEST_BLOCKS[0][0]));
    for broken in [&[0xFF, 0xFF][..], &[0x80], &[0xC9], &[0x41, 0x81, 0x00], &[0x00, 0x05, b'x']] {
        let mut decoder = Decoder::default();
        assert_eq!(decoded(&mut decoder, broken), (Vec::new(), true), "{broken:x?}");
        assert_eq!(decoded(&mut decoder, &[0xBE]), (Vec::new(), true), "{broken:x?}");
    }
}

/// A block that refers again and again to a large entry.
#[test]
fn a_table_bomb_stays_within_bounds() {
    let mut decoder = Decoder::default();
    let large = [&[0x40, 1, b'x', 0x7F, 0xA1, 0x1E][..], &[b'y'; 4000]].concat();
    assert!(!decoded(&mut decoder, &large).1);
    let (fields, is_incomplete) = decoded(&mut decoder, &[0xBE; 60_000]);
    assert!(is_incomplete && fields.iter().map(String::len).sum::<usize>() < 2 * crate::limits::HEAD);
}
