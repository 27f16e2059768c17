//! The part of the ClientHello that identifies its session (RFC 8446 §4.1.2).
//!
//! ```text
//! record header:5 ├ type:1 ┼ length:3 ┼ legacy_version:2 ┼ random:32 …
//! ```

use nom::Parser;
use nom::bytes::complete::take;

use super::record::{HEADER, is_client_hello};

/// The random value that a client chooses for each session. Key logs identify sessions by it.
pub type Random = [u8; 32];

/// Bytes between the record's header and the random.
const BEFORE: usize = 6;

/// Returns the random of the ClientHello that `bytes` begin with; `None` if they do not, or are too short.
pub fn random(bytes: &[u8]) -> Option<Random> {
    if !is_client_hello(bytes) {
        return None;
    }
    let (_, (_, random)) = (take::<_, _, ()>(HEADER + BEFORE), take(size_of::<Random>())).parse(bytes).ok()?;
    random.try_into().ok()
}

/// Returns the client random of a line of a key log, which is `LABEL client_random secret` in hexadecimal
/// (SSLKEYLOGFILE); `None` for any other line.
pub fn session_of(line: &str) -> Option<Random> {
    let name = line.split(' ').nth(1)?;
    let byte = |at: usize| name.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let bytes: Option<Vec<u8>> = (0..name.len()).step_by(2).map(byte).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_names_its_lines() {
        let hello = [&[0x16, 3, 1, 0, 90, 1, 0, 0, 86, 3, 3][..], &[0xab; 32], &[9; 40]].concat();
        let found = random(&hello).unwrap();
        assert_eq!(found, [0xab; 32]);
        assert_eq!(random(&hello[..40]), None, "cut short");
        assert_eq!(random(&hello[1..]), None);
        let line = format!("CLIENT_HANDSHAKE_TRAFFIC_SECRET {} 0011", "aB".repeat(32));
        assert_eq!(session_of(&line), Some(found));
        for other in [
            format!("CLIENT_RANDOM {} 0011", "ab".repeat(31)),
            format!("# {}", "é".repeat(32)),
            "RSA 0011223344556677 00".to_owned(),
            String::new(),
        ] {
            assert_eq!(session_of(&other), None, "{other}");
        }
    }
}
