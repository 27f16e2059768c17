//! Values in a capture that may be secret, found by wider forms than the redactor's: a secret that a pattern misses
//! there must not be missed here, too. This shares nothing with `report::redact` except the kinds.

use std::collections::BTreeMap;

use super::views::{decoded, from_base64};
use crate::report::redact::Kind;

/// The classification of a value that may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Its kind.
    pub kind: Kind,
    /// Whether there is little doubt: a value with digits that is assigned to a name of a secret, the userinfo of a
    /// URL, or the password of an MQTT CONNECT.
    pub is_sure: bool,
}

/// Parts of the names of secrets. A name with any of them is suspicious.
const PARTS: &[&str] = &[
    "pass",
    "pwd",
    "pw",
    "pin",
    "otp",
    "code",
    "secret",
    "token",
    "key",
    "auth",
    "cred",
    "sess",
    "sid",
    "ticket",
    "sig",
    "jwt",
    "cookie",
    "login",
    "identify",
    "密码",
    "contrase",
    "sandi",
    "รหัส",
    "khẩu",
];

/// Ends of names whose values are hardly ever anything but secrets.
const SURE: &[&str] = &["password", "passwd", "passcode", "pwd", "secret", "token", "otp"];

/// Words with such a part that are not names of secrets.
const PUBLIC: &[&str] = &["author", "tokens", "keyboard", "keepalive", "monkey"];

/// Headers with random public values (RFC 6455 §11.3.1, §11.3.3), each with the length of its value.
const NONCES: &[(&str, usize)] = &[("sec-websocket-key", 24), ("sec-websocket-accept", 28)];

/// The most bytes between a name and its value.
const GAP: usize = 32;
/// The most bytes of a name or a value.
const MOST: usize = 256;

/// The least number of characters of a token that is suspicious by its look.
const LOOK: usize = 16;

/// The least number of bytes of a value.
const LEAST: usize = 4;

/// Returns everything in a text that may be secret. If the text goes on, leaves out a value that its end cuts: the next
/// part of the text contains it whole.
pub fn suspects(text: &[u8], goes_on: bool) -> BTreeMap<Vec<u8>, Suspect> {
    let mut found = BTreeMap::new();
    for text in [text.to_vec(), decoded(text)] {
        let end = text.as_ptr_range().end;
        let mut add = |value: &[u8], suspect: Suspect| {
            let is_cut = goes_on && value.as_ptr_range().end == end;
            let value = value.trim_ascii();
            if value.len() >= LEAST && !is_cut && !is_plain(value) {
                let known = found.entry(value.to_vec()).or_insert(suspect);
                known.is_sure |= suspect.is_sure;
            }
        };
        named(&text, &mut add);
        let mut rest = &*text;
        while let Some(at) = memchr::memmem::find(rest, b"MQ") {
            let (connect, _) = rest.split_at(rest.len().min(at + 4 * MOST));
            let taken = strings(connect.get(at..).unwrap_or_default(), &mut add);
            rest = rest.get(at + taken.max(2)..).unwrap_or_default();
        }
        for at in memchr::memmem::find_iter(&text, b"://") {
            let rest = text.get(at + 3..text.len().min(at + MOST)).unwrap_or_default();
            let end = rest.iter().position(|byte| byte.is_ascii_whitespace() || b"/?#\"'<>".contains(byte));
            let authority = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            if let Some(at) = memchr::memrchr(b'@', authority) {
                let userinfo = authority.get(..at).unwrap_or_default();
                add(userinfo, Suspect { kind: Kind::Userinfo, is_sure: true });
                let password = userinfo.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default();
                add(password, Suspect { kind: Kind::Userinfo, is_sure: false });
            }
        }
        let mut at = 0;
        for token in text.split(|byte| !byte.is_ascii_alphanumeric() && !b"+/_.~=-".contains(byte)) {
            let before = text.get(..at).unwrap_or_default();
            if (is_random(token) || is_encoded(token)) && !is_nonce(before, token) {
                add(token, Suspect { kind: Kind::Random, is_sure: false });
            }
            at += token.len() + 1;
        }
    }
    found
}

/// Adds the strings of an MQTT CONNECT (MQTT 5.0 §3.1) that `text` begins with, from the protocol name on. Returns the
/// number of bytes used, zero if it is not a CONNECT. The last string is the password, if the password flag is set.
fn strings(text: &[u8], add: &mut impl FnMut(&[u8], Suspect)) -> usize {
    let Some(rest) = text.strip_prefix(b"MQTT").or_else(|| text.strip_prefix(b"MQIsdp")) else { return 0 };
    let [3..=5, flags, _, _, payload @ ..] = rest else { return 0 };
    let mut strings = Vec::new();
    let mut at = 0;
    while let Some([high, low, behind @ ..]) = payload.get(at..) {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let string = behind.get(..length).filter(|string| length > 0 && string.iter().all(|byte| *byte >= b' '));
        strings.extend(string);
        at += string.map_or(1, |string| string.len() + 2);
    }
    let has_password = flags & 0x40 != 0;
    for (behind, string) in strings.iter().rev().enumerate() {
        add(string, Suspect { kind: Kind::Value, is_sure: has_password && behind == 0 });
    }
    text.len()
}

/// Adds the values that follow suspicious names.
fn named(text: &[u8], add: &mut impl FnMut(&[u8], Suspect)) {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte) || *byte >= 0x80;
    let mut from = 0;
    for run in text.chunk_by(|a, b| is_name(a) == is_name(b)) {
        from += run.len();
        if !run.first().is_some_and(is_name) || run.len() > MOST {
            continue;
        }
        let name = String::from_utf8_lossy(run).to_ascii_lowercase();
        let is_public = PUBLIC.contains(&&*name) || NONCES.iter().any(|(header, _)| *header == name);
        if is_public || !PARTS.iter().any(|part| name.contains(part)) {
            continue;
        }
        let is_sure = SURE.iter().any(|sure| name.ends_with(sure));
        let behind = text.get(from..text.len().min(from + GAP + 2 * MOST)).unwrap_or_default();
        let gap = behind.iter().take(GAP).take_while(|byte| !is_value(byte)).count();
        let (between, value) = behind.split_at(gap);
        let assigns = between.iter().any(|byte| b":=,>(".contains(byte));
        let quoted = between.iter().any(|byte| b"\"'`>".contains(byte));
        // The value may be a string, a line, a word, or one of the words after it: `is x`, `Bearer x`, `user x`.
        let until = |ends: &[u8]| value.split(|byte| ends.contains(byte)).next().unwrap_or_default();
        let string = until(if between.contains(&b'\'') { b"'" } else { b"\"\\<" });
        let suspect = |is_sure| Suspect { kind: Kind::Value, is_sure };
        if assigns && quoted && string.len() <= MOST {
            add(string, suspect(is_sure && string.iter().any(|byte| byte.is_ascii_digit())));
            add(until(b"\"<"), suspect(false));
        }
        if assigns {
            add(until(b"\r\n\0\\"), suspect(false));
        }
        // The answer to a question of more words: `password for ana: x`.
        let line = behind.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
        if let Some(at) = memchr::memmem::rfind(line, b": ") {
            add(line.get(at + 2..).unwrap_or_default(), suspect(false));
        }
        // The contents of an element whose tag has attributes.
        let mut tags = behind.splitn(2, |byte| *byte == b'>');
        if let (Some(_), Some(element)) = (tags.next().filter(|tag| !tag.contains(&b'\n')), tags.next()) {
            add(element.split(|byte| *byte == b'<').next().unwrap_or_default(), suspect(false));
        }
        let words = value.split(|byte| byte.is_ascii_whitespace() || b"\"'<>{}[],;&\\/".contains(byte));
        let words = words.filter(|word| !word.is_empty());
        for (at, word) in words.take(5).enumerate() {
            let has_digit = word.iter().any(u8::is_ascii_digit);
            add(word, suspect(at == 0 && assigns && !quoted && is_sure && has_digit && word.len() >= 8 && gap <= 3));
        }
    }
}

fn is_value(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte >= 0x80 || b"$/!#@+~%".contains(byte)
}

/// Returns whether a value is harmless: a word that is common in English texts, an address, or already redacted.
fn is_plain(value: &[u8]) -> bool {
    const PLAIN: &[&str] = &[
        "true",
        "false",
        "null",
        "none",
        "expired",
        "invalid",
        "missing",
        "required",
        "failed",
        "string",
        "closed",
        "websocket",
        "connection",
        "upgrade",
        "session",
        "token",
        "password",
        "user",
        "http",
        "https",
        "bearer",
        "basic",
        "with",
        "from",
        "that",
        "this",
        "login",
        "auth",
    ];
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    let is_hidden =
        value.iter().all(|byte| *byte == b'x' || !byte.is_ascii_alphanumeric()) || text.contains("redacted:");
    let is_address = value.iter().all(|byte| byte.is_ascii_digit() || b".:".contains(byte)) && value.contains(&b'.');
    is_hidden || is_address || value.ends_with(b":") || PLAIN.contains(&&*text)
}

/// Returns whether a token is the value of a header with a random public value, which is what stands before it.
fn is_nonce(before: &[u8], token: &[u8]) -> bool {
    let names = |name: &[u8], header: &str| {
        let end = name.len().checked_sub(header.len()).and_then(|start| name.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(header.as_bytes()))
    };
    let name = before.trim_ascii_end().strip_suffix(b":").unwrap_or_default();
    NONCES.iter().any(|(header, length)| token.len() == *length && names(name, header))
}

/// Returns whether a token looks random: many different characters, and many changes between letters and digits.
fn is_random(token: &[u8]) -> bool {
    let class = |byte: &u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase(), byte.is_ascii_lowercase());
    let turns = token.windows(2).filter(|pair| matches!(pair, [a, b] if class(a) != class(b))).count();
    let different = token.iter().collect::<std::collections::BTreeSet<_>>().len();
    let is_uuid = token.len() == 36 && token.iter().filter(|byte| **byte == b'-').count() == 4;
    let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
    token.len() >= LOOK && different >= 9 && turns * 3 >= token.len() && digits >= 2 && !is_uuid
}

/// Returns whether a token is base64 of a user and a password, with a colon or NUL between them.
fn is_encoded(token: &[u8]) -> bool {
    let plain = from_base64(token);
    let first = plain.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let separates = |byte: &u8| *byte == 0 || *byte == b':';
    first.len() > 5
        && first.iter().any(separates)
        && first.iter().all(|byte| byte.is_ascii_graphic() || separates(byte) || *byte == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_forms_see_more_than_secrets() {
        for (text, value, is_sure) in [
            (r#"{"password":"a b 1"}"#, "a b 1", true),
            ("the passcode is zorvak", "zorvak", false),
            ("AUTH ana zorvak", "zorvak", false),
            ("<x-key>zor vak</x-key>", "zor vak", false),
            ("of Zk3bQ9xT7wLmP2vR8", "Zk3bQ9xT7wLmP2vR8", false),
            (r#"{\"p\u0061ss\":\"zor vak\"}"#, "zor vak", false),
        ] {
            let found = suspects(text.as_bytes(), false);
            assert_eq!(found.get(value.as_bytes()).map(|found| found.is_sure), Some(is_sure), "{text}: {found:?}");
        }
        let connect = suspects(b"\0\x04MQTT\x04\xc2\0\x3c\0\x05ana-1\0\x06zorvak\0\x09moon moon\n", false);
        let is_sure = |value: &[u8]| connect.get(value).map(|found| found.is_sure);
        assert_eq!((is_sure(b"zorvak"), is_sure(b"moon moon")), (Some(false), Some(true)));
        assert!(suspects(b"Sec-WebSocket-Version: 13\r\nmonkey: bananas", false).is_empty());
        assert!(suspects(b"\r\nSec-WebSocket-Key: Zk3bQ9xT7wLmP2vR8aB1cQ==\r\n", false).is_empty());
        assert!(suspects(b"sec-websocket-accept:Zk3bQ9xT7wLmP2vR8aB1cQ5dE7g=", false).is_empty());
        assert_eq!(suspects(b"Sec-WebSocket-Key: Zk3bQ9xT7wLmP2vR8aB1cQZk3bQ9", false).len(), 1, "too long");
        assert_eq!(suspects(b"X-Trace: Zk3bQ9xT7wLmP2vR8aB1cQ5dE7g=", false).len(), 1, "another header");
    }
}
