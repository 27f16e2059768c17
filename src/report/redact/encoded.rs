//! Credentials in base64 that are too short to be recognised by their look: `AGFsaWNlAHB3` is SASL PLAIN (RFC 4616),
//! `YWxpY2U6cHc=` is `alice:pw`.

use std::ops::Range;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{assigned, remarks};

/// The minimum length of encoded credentials, in characters.
pub const LEAST: usize = 8;

/// The maximum length of encoded credentials, in characters.
const MOST: usize = 4096;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Returns the range of the credentials in a run of base64 in a text, if it contains any.
pub fn credentials(text: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    let all = text.get(run.clone())?;
    // `data=YWxpY2U6cHc=`: the value begins after the equals sign.
    let unpadded = all.len() - all.iter().rev().take_while(|byte| **byte == b'=').count();
    let sign = all.get(..unpadded)?.iter().rposition(|byte| *byte == b'=');
    let own = sign.map_or(0, |at| at + 1);
    let run_of_own = all.get(own..)?;
    ((LEAST..=MOST).contains(&run_of_own.len()) && holds_credentials(run_of_own)).then(|| run.start + own..run.end)
}

/// Decodes a run of base64; `None` if it is not valid.
pub fn plain(run: &[u8]) -> Option<Vec<u8>> {
    PLAIN.decode(run).or_else(|_| URL.decode(run)).ok()
}

/// Returns whether a run decodes to bytes that do not begin like text, as nearly all words do. This is cheaper than
/// decoding all of it.
fn is_no_text(run: &[u8]) -> bool {
    let Some(begins) = run.first_chunk::<8>().and_then(six) else { return false };
    let is_control = |byte: &u8| matches!(byte, 1..b' ' | 0x7F);
    begins.iter().any(is_control) || std::str::from_utf8(&begins).is_err_and(|error| error.error_len().is_some())
}

/// Decodes eight characters of the standard alphabet; `None` if one is not in it.
fn six(characters: &[u8; 8]) -> Option<[u8; 6]> {
    let bits = characters.iter().try_fold(0, |bits: u64, character| {
        let sextet = SEXTETS.get(usize::from(*character))?;
        (*sextet < 64).then_some(bits << 6 | u64::from(*sextet))
    })?;
    let [_, _, six @ ..] = bits.to_be_bytes();
    Some(six)
}

/// The value of each character of the standard alphabet; 64 for other bytes.
const SEXTETS: [u8; 256] = {
    let mut sextets = [64; 256];
    let (mut rest, mut byte) = (sextets.as_mut_slice(), 0_u8);
    while let Some((first, behind)) = rest.split_first_mut() {
        *first = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => 64,
        };
        (rest, byte) = (behind, byte.wrapping_add(1));
    }
    sextets
};

fn holds_credentials(run: &[u8]) -> bool {
    if is_no_text(run) {
        return false;
    }
    let Some(plain) = plain(run) else { return false };
    let is_text =
        |text: &[u8]| text.len() > 1 && std::str::from_utf8(text).is_ok_and(|text| !text.contains(char::is_control));
    if plain.contains(&0) {
        // An optional identity, the user and the password.
        let parts: Vec<_> = plain.split(|byte| *byte == 0).collect();
        return matches!(&*parts, [identity, user, password] if (identity.is_empty() || is_text(identity))
            && !user.is_empty() && !password.is_empty() && is_text(&[*user, *password].concat()));
    }
    if !is_text(&plain) {
        return false;
    }
    let user = plain.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_pair = user.len() + 1 < plain.len() && !user.is_empty() && user.iter().all(|byte| byte.is_ascii_graphic());
    is_pair && !remarks::is_remark(&plain) || !assigned::find(&plain).is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::random;
    use super::*;

    fn found(text: &str) -> usize {
        random::runs(text.as_bytes(), LEAST).filter_map(|run| credentials(text.as_bytes(), &run)).count()
    }

    proptest! {
        #[test]
        fn eight_characters_stand_for_what_the_whole_run_begins_with(run in "[A-Za-z0-9+/]{8}|[A-Za-z0-9+/=_.-]{8}") {
            let six = six(run.as_bytes().first_chunk().unwrap());
            let is_standard = run.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
            prop_assert_eq!(six.map(Vec::from), plain(run.as_bytes()).filter(|_| is_standard));
        }
    }

    #[test]
    fn credentials_are_told_from_words() {
        for text in ["AGFsaWNlAHB3", "YWxpY2U6cHc=", "x YWxpY2U6cHc, y", "eyJwYXNzIjoieCJ9", "data=YWxpY2U6cHc="] {
            assert_eq!(found(text), 1, "{text}");
        }
        for text in
            ["password", "MessageDispatcher", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "aGVsbG8gd29ybGQ=", "a/b/c/d/e"]
        {
            assert_eq!(found(text), 0, "{text}");
        }
    }
}
