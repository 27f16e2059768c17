//! Credentials in base64 that are too short to stand out by their look: `AGFsaWNlAHB3` is SASL PLAIN (RFC 4616),
//! `YTpi` behind a word that announces it is `a:b`.

use std::ops::Range;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{assigned, random, remarks};

/// The least and the most characters of one.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=4096;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// The runs of base64 that hold credentials.
pub fn find(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    random::runs(text).filter(|run| run.len() >= *LENGTHS.start()).filter_map(|Range { start, end }| {
        let run = text.get(start..end)?;
        // `data=YTpi`: the sign before it is none of it.
        let unpadded = run.len() - run.iter().rev().take_while(|byte| **byte == b'=').count();
        let sign = run.get(..unpadded)?.iter().rposition(|byte| *byte == b'=');
        let own = sign.map_or(0, |at| at + 1);
        let run = run.get(own..)?;
        (LENGTHS.contains(&run.len()) && holds_credentials(run)).then(|| start + own..end)
    })
}

/// What a run of base64 stands for.
pub fn plain(run: &[u8]) -> Option<Vec<u8>> {
    PLAIN.decode(run).or_else(|_| URL.decode(run)).ok()
}

/// Whether a run begins with bytes that are no text, as nearly all words do: sooner known than what all of it is.
fn is_no_text(run: &[u8]) -> bool {
    let mut begins = [0; 6];
    let Some(Ok(_)) = run.get(..8).map(|run| PLAIN.decode_slice(run, &mut begins)) else { return false };
    let is_control = |byte: &u8| matches!(byte, 1..b' ' | 0x7F);
    begins.iter().any(is_control) || std::str::from_utf8(&begins).is_err_and(|error| error.error_len().is_some())
}

fn holds_credentials(run: &[u8]) -> bool {
    if is_no_text(run) {
        return false;
    }
    let Some(plain) = plain(run) else { return false };
    let is_text =
        |text: &[u8]| text.len() > 1 && std::str::from_utf8(text).is_ok_and(|text| !text.contains(char::is_control));
    if plain.contains(&0) {
        // An identity that may be left out, user and password.
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
    use super::*;

    #[test]
    fn credentials_are_told_from_words() {
        for text in ["AGFsaWNlAHB3", "YWxpY2U6cHc=", "x YWxpY2U6cHc, y", "eyJwYXNzIjoieCJ9", "data=YWxpY2U6cHc="] {
            assert_eq!(find(text.as_bytes()).count(), 1, "{text}");
        }
        for text in
            ["password", "MessageDispatcher", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "aGVsbG8gd29ybGQ=", "a/b/c/d/e"]
        {
            assert_eq!(find(text.as_bytes()).count(), 0, "{text}");
        }
    }
}
