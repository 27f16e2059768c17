//! Names that are separate from their values: `"name": "password", "value": "x"`, multipart forms, codes beside what
//! they open.

use std::ops::Range;

use super::quoted::skip_space;
use super::random;

/// Names of other fields, which show that a list consists of names and not of values.
const FIELDS: &[&str] = &[
    "user", "username", "login", "name", "email", "mail", "id", "phone", "host", "port", "url", "type", "key", "value",
    "title", "date", "time", "role", "roles", "scope", "admin", "guest", "chat", "room", "profile", "settings",
    "address",
];

/// Keys for the value of a pair.
const VALUES: &[&[u8]] = &[b"value", b"val", b"content", b"data", b"text"];

/// Keys for the name of a pair.
const NAMES: &[&[u8]] = &[b"name", b"key", b"field", b"param", b"id"];

/// The number of bytes before the name of a pair that are searched for one of its keys.
const NAMED: usize = 12;

/// Words of messages about access codes.
const CODES: &[&[u8]] =
    &[b"otp", b"2fa", b"mfa", b"two-factor", b"two_factor", b"sms", b"verif", b"passcode", b"one-time"];

/// The maximum distance, in bytes, between the name of a pair and its value.
const APART: usize = 48;

/// Returns whether a value is itself the name of a field.
pub fn is_field(value: &[u8]) -> bool {
    FIELDS.iter().any(|field| field.as_bytes().eq_ignore_ascii_case(value))
}

/// Returns whether a text is about access codes.
pub fn speaks_of_codes(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    CODES.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Returns whether the value of a field named `code` is an access code and not an error code. Digits alone are one only
/// if `is_beside` says that the text has other secrets or is about access codes.
pub fn is_code(code: &[u8], is_beside: bool) -> bool {
    let digits = code.iter().all(u8::is_ascii_digit);
    let is_name = std::str::from_utf8(code).is_ok_and(random::is_name);
    let has_both = code.iter().any(u8::is_ascii_digit) && code.iter().any(u8::is_ascii_alphabetic);
    if digits { is_beside && (4..=8).contains(&code.len()) } else { has_both && code.len() >= 6 && !is_name }
}

/// Returns the range of the key for the value of a pair. The pair's name starts at `name` and is closed at `closed`.
pub fn value_behind(text: &[u8], name: usize, closed: usize) -> Option<Range<usize>> {
    let before = text.get(name.saturating_sub(NAMED)..name)?.to_ascii_lowercase();
    NAMES.iter().find(|of| memchr::memmem::find(&before, of).is_some())?;
    let near = text.get(closed..text.len().min(closed + APART))?;
    let start = near.iter().position(u8::is_ascii_alphabetic)?;
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b",;\\\"'{".contains(byte);
    let length = near.get(start..)?.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let word = near.get(start..start + length)?;
    let fits = near.get(..start)?.iter().all(is_between) && VALUES.iter().any(|name| word.eq_ignore_ascii_case(name));
    fits.then_some(closed + start..closed + start + length)
}

/// Returns the position where the value of a part of a multipart form begins (RFC 7578 §4.2). The name of the part
/// starts at `name` and is closed at `closed`.
pub fn form_field(text: &[u8], name: usize, closed: usize) -> Option<usize> {
    let before = text.get(name.saturating_sub(8)..name)?;
    memchr::memmem::find(before, b"name=")?;
    let near = text.get(closed..text.len().min(closed + 2 * APART))?;
    let blank =
        [&b"\r\n\r\n"[..], b"\n\n"].iter().find_map(|blank| Some(memchr::memmem::find(near, blank)? + blank.len()))?;
    skip_space(text, closed + blank)
}
