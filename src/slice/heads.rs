//! The replacement of secrets in text by `x`: in heads of HTTP/1, bodies and messages.

use super::blotter::{Blotter, blot};
use super::token;
use crate::http::proxy_protocol::SIGNATURE_V2;
use crate::limits;
use crate::report::redact::random::is_name;
use crate::report::redact::{Kind, names, subprotocol};

/// Headers whose values are kept, except for secrets recognised by their form. The value of any other header may be a
/// secret without a form.
const HARMLESS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "host",
    "keep-alive",
    "location",
    "origin",
    "pragma",
    "retry-after",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
    "server",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
];

/// Headers with random values that are not secret (RFC 6455 §11.3.1, §11.3.3).
const RANDOM: &[&str] = &["sec-websocket-key", "sec-websocket-accept"];

/// The header that lists subprotocols.
const SUBPROTOCOL: &str = "sec-websocket-protocol";

/// Bytes of a PROXY header of version 2 before the addresses. The last two are the length of what follows.
const PROXY_HEADER: usize = 16;

impl Blotter<'_> {
    /// Rewrites bytes before, between and after frames: heads and bodies of HTTP/1, and a PROXY header. Anything else
    /// becomes zeros, except its first `kept` bytes. `is_torn` says that the bytes before these were not captured, so
    /// that they may begin within a header.
    pub fn unframed(&mut self, bytes: &mut [u8], is_torn: bool, kept: usize) {
        let mut rest = if self.is_idle { &mut [] } else { bytes };
        if is_torn {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
            let (tail, behind) = rest.split_at_mut(end);
            if std::str::from_utf8(tail).is_ok() {
                blot(tail)
            } else {
                tail.fill(0)
            }
            rest = behind;
        }
        if rest.starts_with(SIGNATURE_V2) {
            let field = rest.get(SIGNATURE_V2.len() + 2..PROXY_HEADER).unwrap_or_default();
            let length = field.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            let end = rest.len().min(PROXY_HEADER + length);
            rest = rest.get_mut(end..).unwrap_or_default();
        }
        let (mut is_head, mut bodies) = (false, Bodies::default());
        while let Some(length) = folded(rest) {
            let (head, behind) = rest.split_at_mut(length);
            let is_blank = head.trim_ascii().is_empty();
            let end = if is_blank && is_head { bodies.length(behind) } else { 0 };
            is_head = !is_blank;
            self.line(head);
            if is_blank {
                self.protocols.clear();
            }
            // A secret in a body may span several lines.
            let (body, behind) = behind.split_at_mut(end);
            self.text(body, false);
            rest = behind;
        }
        match std::str::from_utf8(rest) {
            Ok(text) if is_text(text) => {
                self.line(rest);
            }
            _ => rest.get_mut(kept..).unwrap_or_default().fill(0),
        }
    }

    /// Rewrites a line of a head: a request line, a status line, or a header.
    fn line(&mut self, line: &mut [u8]) {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
        let colon = line.iter().take(limits::TEXT).position(|byte| !is_name(byte));
        let colon = colon.filter(|at| *at > 0 && line.get(*at) == Some(&b':'));
        let Some((name, value)) = colon.and_then(|at| line.split_at_mut_checked(at + 1)) else {
            self.around_query(line);
            return;
        };
        let name = String::from_utf8_lossy(name).trim_end_matches(':').to_ascii_lowercase();
        match &*name {
            name if RANDOM.contains(&name) => {}
            SUBPROTOCOL => self.subprotocols(value),
            name if HARMLESS.contains(&name) => {
                self.around_query(value);
            }
            "cookie" | "set-cookie" => {
                for cookie in value.split_mut(|byte| *byte == b';') {
                    let name = cookie.iter().position(|byte| *byte == b'=').map_or(0, |equals| equals + 1);
                    let (name, value) = cookie.split_at_mut(name);
                    // A value with the name of a secret, such as a session, is one, whatever it looks like.
                    let kind = if names::kind(name).is_some() { Kind::Value } else { Kind::Cookie };
                    blot(name);
                    self.blot(kind, value);
                }
            }
            name if name.ends_with("authorization") => {
                // The scheme is not secret, but does not matter for a verdict, either.
                let scheme = value.trim_ascii_start().iter().position(|byte| *byte == b' ').unwrap_or_default();
                let before = value.len() - value.trim_ascii_start().len() + scheme;
                let (scheme, credentials) = value.split_at_mut(before);
                blot(scheme);
                self.blot(Kind::Authorization, credentials);
            }
            name if names::kind(name.as_bytes()).is_some() => self.blot(Kind::Value, value),
            // Most values of other headers are words. Only what has the form of a secret is reported, to be found in
            // other places.
            _ => {
                self.look(value);
                blot(value);
            }
        }
    }

    /// Rewrites a text that may contain a query, which has its own rules.
    fn around_query(&mut self, line: &mut [u8]) {
        let start = line.iter().position(|byte| *byte == b'?').map_or(line.len(), |mark| mark + 1);
        let (before, query) = line.split_at_mut(start);
        let end = query.iter().position(|byte| b" \r\n".contains(byte)).unwrap_or(query.len());
        let (query, behind) = query.split_at_mut(end);
        self.query(query);
        self.text(before, false);
        self.text(behind, false);
    }

    /// Rewrites the values of a query. Their names stay.
    fn query(&mut self, query: &mut [u8]) {
        for pair in query.split_mut(|byte| *byte == b'&') {
            match pair.iter().position(|byte| *byte == b'=') {
                Some(equals) => {
                    let value = pair.get_mut(equals + 1..).unwrap_or_default();
                    match token::redacted(value) {
                        Some(token) => {
                            self.remember(Kind::Query, value);
                            value.copy_from_slice(&token);
                        }
                        None => self.blot(Kind::Query, value),
                    }
                }
                None if std::str::from_utf8(pair).is_ok_and(is_name) => {}
                None => self.blot(Kind::Query, pair),
            }
        }
    }

    fn subprotocols(&mut self, value: &mut [u8]) {
        let has_room = self.protocols.len() + value.len() <= limits::HEAD;
        let Some(list) = std::str::from_utf8(value).ok().filter(|_| has_room) else {
            return self.blot(Kind::Subprotocol, value);
        };
        let before = self.protocols.len();
        self.protocols.push_str(&list.replace(['\r', '\n'], " "));
        self.protocols.push(',');
        let all = std::mem::take(&mut self.protocols);
        let mut at = 0_usize;
        for (token, is_name) in subprotocol::tokens(&all) {
            if let Some(start) = at.checked_sub(before).filter(|_| !is_name) {
                self.blot(Kind::Subprotocol, value.get_mut(start..start + token.len()).unwrap_or_default());
            }
            at += token.len();
        }
        self.protocols = all;
    }
}

/// Returns the length of the line that `bytes` begin with, including its end; `None` if it has no end or is not text.
fn line(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let text = bytes.get(..end)?;
    let is_text = text.iter().all(|byte| *byte >= b' ' || matches!(byte, b'\t' | b'\r'));
    is_text.then_some(end + 1)
}

/// Returns the length of that line and its continuation lines, which begin with white space (RFC 9112 §5.2).
fn folded(bytes: &[u8]) -> Option<usize> {
    let mut end = line(bytes)?;
    let is_blank = bytes.get(..end)?.trim_ascii().is_empty();
    while !is_blank && matches!(bytes.get(end), Some(b' ' | b'\t')) {
        let Some(more) = bytes.get(end..).and_then(line) else { break };
        end += more;
    }
    Some(end)
}

/// The bodies after heads. The end of each is searched for once.
#[derive(Debug, Default)]
struct Bodies {
    /// The position of the last unreadable byte found before a head, counted from the end of all bytes.
    unreadable: Option<usize>,
}

impl Bodies {
    /// Returns the length of the body that `bytes` begin with, up to the next head; zero if it is not text.
    fn length(&mut self, bytes: &[u8]) -> usize {
        if self.unreadable.is_some_and(|left| left <= bytes.len()) {
            return 0;
        }
        let head = memchr::memmem::find(bytes, b"HTTP/1.").map(|at| {
            let line = bytes.get(..at).unwrap_or_default();
            memchr::memrchr(b'\n', line).map_or(0, |end| end + 1)
        });
        let body = bytes.get(..head.unwrap_or(bytes.len())).unwrap_or_default();
        let unreadable = match std::str::from_utf8(body) {
            Ok(text) => text.find(is_unreadable),
            Err(error) => Some(error.valid_up_to()),
        };
        self.unreadable = unreadable.map(|at| bytes.len() - at);
        if unreadable.is_some() { 0 } else { body.len() }
    }
}

/// Returns whether a text contains no control characters other than white space.
fn is_text(text: &str) -> bool {
    !text.contains(is_unreadable)
}

fn is_unreadable(character: char) -> bool {
    character.is_control() && !character.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_keep_what_the_verdict_needs() {
        let mut head =
            b"GET /chat?token=abc&user=eve HTTP/1.1\r\nHost: chat.example.com\r\nCookie: sid=1234; theme=dark\r\n\
            X-Tenant: acme\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, hunter2\r\n\
            Authorization: Basic YTpi\r\n\r\n"
                .to_vec();
        Blotter::default().unframed(&mut head, false, 0);
        assert_eq!(
            String::from_utf8(head).unwrap(),
            "GET /chat?token=xxx&user=xxx HTTP/1.1\r\nHost: chat.example.com\r\nCookie: xxx=xxxx; xxxxx=xxxx\r\n\
            X-Tenant: xxxx\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, xxxxxxx\r\n\
            Authorization: xxxxx xxxx\r\n\r\n"
        );
    }

    #[test]
    fn folded_lines_and_repeated_headers_are_read_as_one() {
        let mut head = b"GET / HTTP/1.1\r\nX-Tenant: acme\r\n corp\r\nAuthorization: Basic\r\n\tYTpi\r\n\
            Sec-WebSocket-Protocol: access_token\r\nSec-WebSocket-Protocol: swordfish, chat\r\n\r\n"
            .to_vec();
        Blotter::default().unframed(&mut head, false, 0);
        assert_eq!(
            String::from_utf8(head).unwrap(),
            "GET / HTTP/1.1\r\nX-Tenant: xxxx\r\n xxxx\r\nAuthorization: xxxxx\r\n\txxxx\r\n\
            Sec-WebSocket-Protocol: access_token\r\nSec-WebSocket-Protocol: xxxxxxxxx, chat\r\n\r\n"
        );
    }

    #[test]
    fn what_is_no_text_is_zero() {
        let mut bytes = b"\x16\x03\x01\xff secret".to_vec();
        Blotter::default().unframed(&mut bytes, false, 0);
        assert_eq!(bytes, [0; 11]);
    }

    fn words(length: usize) -> Vec<u8> {
        b"word, ".iter().copied().cycle().take(length).collect()
    }

    /// A part may end before, within or after a secret.
    #[test]
    fn secrets_of_long_texts_are_found() {
        let secret = br#"{"password":"zorvak moon"}, "#;
        let mut text = Vec::new();
        for (number, within) in (1..).zip([0, 5, 18, secret.len()]) {
            text.extend(words(number * limits::SEARCHED - within - text.len()));
            text.extend(secret);
        }
        let mut expected = text.clone();
        for at in memchr::memmem::find_iter(&text, b"zorvak moon") {
            expected[at..at + 11].copy_from_slice(b"xxxxxx xxxx");
        }
        let mut found = Vec::new();
        let mut remember = |_, value: &[u8]| found.push(value.to_vec());
        Blotter::remembering(&mut remember).text(&mut text, false);
        assert!(text == expected);
        assert_eq!(found, [b"zorvak moon"; 4]);
    }

    /// Covers a secret that is longer than a part, and one without an end.
    #[test]
    fn long_secrets_are_found() {
        let value = words(2 * limits::SEARCHED + 7);
        let mut text = [b"{\"secret\":\"", &*value, b"\",\"a\":\"word\"}"].concat();
        Blotter::default().text(&mut text, false);
        assert_eq!(memchr::memmem::find(&text, b"word"), Some(text.len() - 6));

        let value = words(limits::SEARCHED_ONE + limits::SEARCHED);
        let mut text = [b"word {\"secret\":\"", &*value, b"\",\"a\":\"word\"}"].concat();
        Blotter::default().text(&mut text, false);
        assert_eq!(memchr::memmem::rfind(&text, b"word"), Some(0));
    }

    /// Covers bodies with blank lines before bytes that are not text.
    #[test]
    fn where_a_body_ends_is_found_once() {
        let mut bodies = Bodies::default();
        let bytes = b"a\n\nb\n\nc\x01\nHTTP/1.1 200 OK\r\n";
        assert_eq!(bodies.length(bytes), 0);
        assert_eq!(bodies.unreadable, Some(bytes.len() - 7));
        assert_eq!((bodies.length(&bytes[3..]), bodies.length(&bytes[8..])), (0, 1));
        assert_eq!(Bodies::default().length(b"a\n\nHTTP/1.1 200 OK\r\n"), 3);
    }
}
