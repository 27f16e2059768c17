//! The bytes around the proof of a verdict.

use super::Connection;

/// A byte of the payload that proves a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofByte {
    /// Two hexadecimal digits, or `··` if it is redacted.
    pub digits: String,
    /// The byte as a character: `.` if it is not a printable one of ASCII, `·` if it is redacted.
    pub letter: char,
    /// Whether it is the one at fault.
    pub is_fault: bool,
}

/// Returns the bytes; none if the proof is not among the bytes of a message.
pub fn proof_bytes(connection: &Connection) -> Vec<ProofByte> {
    let evidence = &connection.verdict.evidence;
    let (bytes, fault) = (evidence.text("bytes").unwrap_or_default(), evidence.fault("bytes"));
    let bytes = bytes.split(' ').filter(|byte| !byte.is_empty()).enumerate();
    let byte = |(at, digits): (usize, &str)| ProofByte {
        digits: digits.to_owned(),
        letter: letter(digits),
        is_fault: fault == Some(at),
    };
    bytes.map(byte).collect()
}

fn letter(digits: &str) -> char {
    match u8::from_str_radix(digits, 16) {
        Ok(byte @ b' '..=b'~') => char::from(byte),
        Ok(_) => '.',
        Err(_) => '·',
    }
}
