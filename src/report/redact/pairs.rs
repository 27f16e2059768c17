//! Names and values that stand apart: `"name": "password", "value": "x"`, forms in parts, codes beside what they open.

use std::ops::Range;

use super::quoted::skip_space;
use super::random;

/// Names of other fields: a list of names is no list of values.
const FIELDS: &[&str] = &[
    "user", "username", "login", "name", "email", "mail", "id", "phone", "host", "port", "url", "type", "key", "value",
    "title", "date", "time", "role", "roles", "scope", "admin", "guest", "chat", "room", "profile", "settings",
    "address",
];

/// Names of the value of a pair.
const VALUES: &[&[u8]] = &[b"value", b"val", b"content", b"data", b"text"];

/// Names of the name of a pair, and how many bytes before it they are looked for.
const NAMES: &[&[u8]] = &[b"name", b"key", b"field", b"param", b"id"];
const NAMED: usize = 12;

/// Words of messages that are about codes which open something.
const CODES: &[&[u8]] =
    &[b"otp", b"2fa", b"mfa", b"two-factor", b"two_factor", b"sms", b"verif", b"passcode", b"one-time"];

/// The most bytes between the name of a pair and its value.
const APART: usize = 48;

/// Whether a value is itself the name of a field.
pub fn is_field(value: &[u8]) -> bool {
    FIELDS.iter().any(|field| field.as_bytes().eq_ignore_ascii_case(value))
}

/// Whether a text is about codes which open something.
pub fn speaks_of_codes(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    CODES.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Whether what is called `code` is one that opens something, not one that tells what went wrong.
pub fn is_code(code: &[u8], is_beside: bool) -> bool {
    let digits = code.iter().all(u8::is_ascii_digit);
    let is_name = std::str::from_utf8(code).is_ok_and(random::is_name);
    let has_both = code.iter().any(u8::is_ascii_digit) && code.iter().any(u8::is_ascii_alphabetic);
    if digits { is_beside && (4..=8).contains(&code.len()) } else { has_both && code.len() >= 6 && !is_name }
}

/// Where the name of a pair's value is; the pair's name starts at `name` and is closed at `closed`.
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

/// Where the value of a part of a form begins (RFC 7578 §4.2), whose name starts at `name` and is closed at `closed`.
pub fn form_field(text: &[u8], name: usize, closed: usize) -> Option<usize> {
    let before = text.get(name.saturating_sub(8)..name)?;
    memchr::memmem::find(before, b"name=")?;
    let near = text.get(closed..text.len().min(closed + 2 * APART))?;
    let blank =
        [&b"\r\n\r\n"[..], b"\n\n"].iter().find_map(|blank| Some(memchr::memmem::find(near, blank)? + blank.len()))?;
    skip_space(text, closed + blank)
}
