//! Random-looking strings: keys and tokens recognised by their look alone, where nothing around them says what they
//! are.

use std::ops::Range;

/// The minimum length of a run that may be a token, in bytes.
const LEAST: usize = 20;

/// The minimum length of such a run at the edge of a window, in bytes.
pub const LEAST_AT_EDGE: usize = 6;

/// The minimum number of characters of a token in parts that do not make sense.
const SENSELESS: usize = 16;

/// The maximum length of letters taken for a word.
const WORD: usize = 40;

/// Returns the runs of letters, digits and what base64 adds to them (RFC 4648) that look random.
pub fn find(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    runs(text, LEAST).filter(|run| is_token(text, run, false))
}

/// Returns whether a run of a text looks random. In a window on a longer text, a run at an edge may be a part of a
/// longer one, so less of it is enough.
pub fn is_token(text: &[u8], run: &Range<usize>, is_window: bool) -> bool {
    let at_edge = is_window && (run.start == 0 || run.end == text.len());
    let (least, senseless) = if at_edge { (LEAST_AT_EDGE, 4) } else { (LEAST, SENSELESS) };
    text.get(run.clone()).is_some_and(|run| is_random(run, least, senseless))
}

/// Table of the bytes that belong to a run: letters, digits and what base64 adds to them (RFC 4648).
const BELONGS: [bool; 256] = {
    let mut belongs = [false; 256];
    let (mut rest, mut byte) = (belongs.as_mut_slice(), 0_u8);
    while let Some((first, behind)) = rest.split_first_mut() {
        *first = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-');
        (rest, byte) = (behind, byte.wrapping_add(1));
    }
    belongs
};

/// Returns the runs of such bytes with a length of at least `least`, which must not be 0.
pub fn runs(text: &[u8], least: usize) -> impl Iterator<Item = Range<usize>> {
    let belongs = |byte: &u8| BELONGS.get(usize::from(*byte)).is_some_and(|belongs| *belongs);
    let mut at = 0;
    std::iter::from_fn(move || {
        // Backwards from where a run would be long enough: bytes before one that does not belong are skipped unread.
        while let Some(last) = text.get(at..at + least)?.iter().rposition(|byte| !belongs(byte)) {
            at += last + 1;
        }
        let start = at;
        at += text.get(start..)?.iter().take_while(|byte| belongs(byte)).count();
        Some(start..at)
    })
}

fn is_random(run: &[u8], least: usize, senseless: usize) -> bool {
    if run.len() < least || is_uuid(run) {
        return false;
    }
    let parts = run.split(|byte| b"+/=_-".contains(byte));
    parts.filter(|part| !makes_sense(part)).map(<[u8]>::len).sum::<usize>() >= senseless
}

/// Returns whether a token is a name made of words and versions: `graphql-ws`, `v12.stomp`, `ocpp2.0.1`.
pub fn is_name(token: &str) -> bool {
    let parts = token.as_bytes().split(|byte| b".-_/:+".contains(byte));
    token.len() <= 48 && parts.into_iter().all(is_word_or_version)
}

/// Returns whether a part of a token is a word or a version: `chat`, `v12`, `2`, `ocpp1`, `k8s`.
fn is_word_or_version(part: &[u8]) -> bool {
    if part.len() <= 3 {
        return part.iter().all(u8::is_ascii_alphanumeric);
    }
    let letters = part.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, number) = part.split_at(letters);
    let is_version = number.iter().all(u8::is_ascii_digit) && number.len() <= 3;
    // `hunter2` is a password, `ocpp1` a name: only short names are numbered.
    is_version
        && (word.is_empty() || if number.is_empty() { makes_sense(word) } else { word.len() <= 4 || is_stem(word) })
}

/// Returns whether a word is often written together with a number.
fn is_stem(word: &[u8]) -> bool {
    [&b"utf"[..], b"base", b"proto", b"version", b"protocol", b"msgpack", b"graphql"].contains(&word)
}

/// Returns whether a part is a word, a number, or a word with a number at one end.
fn makes_sense(part: &[u8]) -> bool {
    let letters = |part: &[u8]| part.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let digits = |part: &[u8]| part.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match part {
        [] => true,
        [first, ..] if first.is_ascii_digit() => {
            let number = digits(part);
            let unit = part.get(number..).unwrap_or_default();
            // A number, a number with its unit, a time such as 20260102T030405Z.
            unit.is_empty() || (unit.iter().all(u8::is_ascii_alphabetic) && unit.len() <= 3) || is_time(part)
        }
        _ => {
            let (word, number) = part.split_at(letters(part));
            number.iter().all(u8::is_ascii_digit) && number.len() <= 6 && are_words(word)
        }
    }
}

fn is_time(part: &[u8]) -> bool {
    part.len() >= 13 && part.iter().all(|byte| byte.is_ascii_digit() || *byte == b'T' || *byte == b'Z')
}

/// Returns whether letters are pronounceable: `Handler`, `XMLHttpRequest`, `UPPER`.
fn are_words(letters: &[u8]) -> bool {
    // A new word begins at a capital after a lower-case letter.
    let words: Vec<_> = letters.chunk_by(|a, b| !(a.is_ascii_lowercase() && b.is_ascii_uppercase())).collect();
    let is_vowel = |byte: &u8| b"aeiouy".contains(&byte.to_ascii_lowercase());
    let vowels = letters.iter().filter(|byte| is_vowel(byte)).count();
    let consonants = letters.split(is_vowel).map(<[u8]>::len).max().unwrap_or_default();
    let short = letters.len() <= 4;
    let case = words.len() * 3 <= letters.len().max(3) && !words.iter().any(|word| word.len() > WORD);
    short || (case && consonants <= 5 && vowels * 8 >= letters.len() && vowels * 4 <= letters.len() * 3)
}

/// Returns whether a run is a UUID, such as `3f2504e0-4f89-41d3-9a0c-0305e82c3301` (RFC 9562).
fn is_uuid(run: &[u8]) -> bool {
    let groups: Vec<_> = run.split(|byte| *byte == b'-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.concat().iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_are_told_from_identifiers() {
        for token in [
            "x7Kq9ZpL2mW4vB8nR3tY6uC1",
            "9f86d081884c7d659a2feaa0c55ad015",
            "a3f5b8c2d4e6f7081929a3b4c5d6e7f8a9b0c1d2",
            "dGhpcyBpcyBhIHNlY3JldCB0b2tlbg==",
            "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "Zk3bQ9-xT_7wLmP2_vR8sYc4NhJd6",
            "qzxkvjwpmbtrghsdfnlcqzxk",
            "aBcDeFgHiJkLmNoPqRsTuVwXyZ",
        ] {
            assert!(find(token.as_bytes()).eq(Some(0..token.len())), "{token}");
        }
        for plain in [
            "server-eu-west-1-prod-0042",
            "ThisIsAVeryLongCamelCaseIdentifier",
            "com/example/chat/MessageDispatcherFactory",
            "internationalization",
            "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            "1700000000123456789",
            "2026-11-21T12-30-45-000Z",
            "HTTP_503_SERVICE_UNAVAILABLE",
            "application/vnd-example-message+json",
            "room-20260102T030405Z-lobby",
            "_____________________________",
        ] {
            assert_eq!(find(plain.as_bytes()).count(), 0, "{plain}");
        }
    }

    proptest! {
        #[test]
        fn runs_are_found_whatever_stands_between(
            text in prop::collection::vec(prop::sample::select(&b"aZ09+/=_- .\"\xc3\0"[..]), 0..80),
            least in 1usize..24,
        ) {
            let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(byte);
            let (mut expected, mut end) = (Vec::new(), 0);
            for run in text.chunk_by(|a, b| belongs(a) == belongs(b)) {
                end += run.len();
                expected.extend((belongs(&run[0]) && run.len() >= least).then_some(end - run.len()..end));
            }
            prop_assert_eq!(runs(&text, least).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_window_is_strict_at_its_edges() {
        fn tokens(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
            runs(text, LEAST_AT_EDGE).filter(|run| is_token(text, run, true))
        }
        assert!(tokens(b"Zk3bQ9xT \"id\": 1").eq(Some(0..8)));
        assert_eq!(tokens(b"word Zk3bQ9xT and").count(), 0);
    }
}
