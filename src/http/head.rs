//! A request or response head (RFC 9112 §2), cut anywhere, with lines ended by CRLF or LF.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Request, Response, Status};

use crate::chunk::Carrier;
use crate::limits;
use crate::shortcuts;

/// Returns the head that `bytes` begin with if it is complete, as nearly every head is.
pub fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.get(..end_of_head(bytes, 0).ok()?)?;
    (head.len() <= limits::HEAD && shortcuts::are_taken()).then_some(head)
}

/// A head that arrives in pieces.
#[derive(Debug, Default)]
pub struct Head {
    bytes: Vec<u8>,
    /// The position up to which the end has been searched for.
    searched: usize,
    start: Option<Carrier>,
}

/// The result of a push.
#[derive(Debug, PartialEq, Eq)]
pub enum Push {
    /// More is needed; everything was taken.
    Partial,
    /// The head is complete, after this many of the bytes.
    Complete(usize),
    /// The head is longer than [`limits::HEAD`].
    TooLong,
}

impl Head {
    /// Takes bytes up to the end of the head.
    pub fn push(&mut self, carrier: &Carrier, bytes: &[u8]) -> Push {
        if self.bytes.is_empty() {
            self.start = Some(*carrier);
        }
        let had = self.bytes.len();
        let room = limits::HEAD.saturating_sub(had);
        self.bytes.extend(bytes.iter().take(room));
        match end_of_head(&self.bytes, self.searched) {
            Ok(end) => {
                self.bytes.truncate(end);
                Push::Complete(end - had)
            }
            Err(_) if self.bytes.len() == limits::HEAD => Push::TooLong,
            Err(searched) => {
                self.searched = searched;
                Push::Partial
            }
        }
    }

    /// Returns the head's bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the segment with its first byte.
    pub const fn start(&self) -> Option<Carrier> {
        self.start
    }

    /// Clears the head; the next bytes begin another.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.searched = 0;
        self.start = None;
    }
}

/// Returns the index after the empty line that ends a head. The error is the index to search from when there is more.
fn end_of_head(bytes: &[u8], from: usize) -> Result<usize, usize> {
    for newline in memchr::memchr_iter(b'\n', bytes.get(from..).unwrap_or_default()) {
        let newline = from + newline;
        match bytes.get(newline + 1..) {
            Some([b'\n', ..]) => return Ok(newline + 2),
            Some([b'\r', b'\n', ..]) => return Ok(newline + 3),
            Some([] | [b'\r']) | None => return Err(newline),
            Some(_) => {}
        }
    }
    Err(bytes.len())
}

/// Header fields, looked up by name.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'h>(&'h [Header<'h>]);

impl<'h> Fields<'h> {
    /// Creates the fields of a head that another version of HTTP has carried.
    pub const fn new(fields: &'h [Header<'h>]) -> Self {
        Self(fields)
    }

    /// Returns the values of all fields of that name, in order.
    pub fn all(self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }

    /// Returns the value of the first field of that name.
    pub fn first(self, name: &str) -> Option<&'h [u8]> {
        self.all(name).next()
    }

    /// Returns whether a comma-separated list of that name has the token, ignoring its case (RFC 9110 §5.6.1).
    pub fn has_token(self, name: &str, token: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Returns the values of all fields of that name joined by commas, each as one [`text`].
    pub fn joined<T: From<Cow<'h, str>>>(self, name: &str) -> Option<T> {
        let mut values = self.all(name);
        let mut joined = text(values.next()?);
        for value in values {
            joined.to_mut().push_str(", ");
            joined.to_mut().push_str(&text(value));
        }
        Some(joined.into())
    }
}

/// Converts bytes to text. Invalid UTF-8 becomes U+FFFD; bytes beyond [`limits::TEXT`] are left out.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    let kept = bytes.get(..limits::TEXT).unwrap_or(bytes);
    // Faster than searching for what has to be replaced.
    std::str::from_utf8(kept).map_or_else(|_| String::from_utf8_lossy(kept), Cow::Borrowed)
}

/// Parses a complete request head and passes it to `read`; `None` if it is not a valid one.
pub fn request<T>(bytes: &[u8], read: impl FnOnce(&Request<'_, '_>, Fields<'_>) -> T) -> Option<T> {
    let mut fields = [const { MaybeUninit::uninit() }; limits::HEADER_LINES];
    let mut request = Request::new(&mut []);
    match lenient().parse_request_with_uninit_headers(&mut request, bytes, &mut fields) {
        Ok(Status::Complete(_)) => Some(read(&request, Fields(request.headers))),
        _ => None,
    }
}

/// Parses a complete response head and passes it to `read`; `None` if it is not a valid one.
pub fn response<T>(bytes: &[u8], read: impl FnOnce(&Response<'_, '_>, Fields<'_>) -> T) -> Option<T> {
    let mut fields = [const { MaybeUninit::uninit() }; limits::HEADER_LINES];
    let mut response = Response::new(&mut []);
    match lenient().parse_response_with_uninit_headers(&mut response, bytes, &mut fields) {
        Ok(Status::Complete(_)) => Some(read(&response, Fields(response.headers))),
        _ => None,
    }
}

/// Returns a lenient configuration, because broken servers are the subject of the report.
fn lenient() -> ParserConfig {
    let mut config = ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .allow_space_before_first_header_name(true)
        .ignore_invalid_headers_in_responses(true)
        .ignore_invalid_headers_in_requests(true);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_at_every_cut() {
        for head in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n"] {
            let wire = format!("{head}next");
            for cut in 1..wire.len() {
                let mut parts = Head::default();
                let (first, second) = wire.as_bytes().split_at(cut);
                let carrier = Carrier::default();
                match parts.push(&carrier, first) {
                    Push::Complete(end) => assert_eq!(end, head.len()),
                    Push::Partial => {
                        assert_eq!(parts.push(&carrier, second), Push::Complete(head.len() - cut))
                    }
                    Push::TooLong => panic!("{cut}"),
                }
                assert_eq!(parts.bytes(), head.as_bytes());
            }
        }
    }

    #[test]
    fn tokens_are_compared_without_case() {
        let head = b"GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUPGRADE: WebSocket\r\n\r\n";
        let found = request(head, |_, fields| {
            (fields.has_token("connection", "upgrade"), fields.has_token("upgrade", "websocket"))
        });
        assert_eq!(found, Some((true, true)));
    }
}
