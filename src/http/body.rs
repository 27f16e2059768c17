//! Bodies between heads: skipped, not read (RFC 9112 §6–7).

use super::head::Fields;

/// The rest of a body that is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// This many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunked),
    /// Everything until the connection ends.
    UntilClose,
}

/// The position in a chunked body (RFC 9112 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunked {
    /// In a size line; the size so far, and whether its digits have ended.
    Size(u64, bool),
    /// In the data of a chunk, with this many bytes left, including the line end after it.
    Data(u64),
    /// In a trailer line, with this many bytes so far, not counting CR.
    Trailer(u64),
}

impl Body {
    /// Returns the body after a request head (RFC 9112 §6.3).
    pub fn of_request(fields: Fields<'_>) -> Self {
        if fields.has_token("transfer-encoding", "chunked") {
            Self::Chunked(Chunked::Size(0, false))
        } else {
            Self::Length(content_length(fields).unwrap_or(0))
        }
    }

    /// Returns the body after a response head with that status; `to_head` means that it answers a HEAD request.
    pub fn of_response(status: u16, to_head: bool, fields: Fields<'_>) -> Self {
        if to_head || matches!(status, 100..=199 | 204 | 304) {
            Self::Length(0)
        } else if fields.has_token("transfer-encoding", "chunked") {
            Self::Chunked(Chunked::Size(0, false))
        } else {
            content_length(fields).map_or(Self::UntilClose, Self::Length)
        }
    }

    /// Skips bytes. Returns the number that belonged to the body, and whether it is complete.
    pub fn skip(&mut self, bytes: &[u8]) -> (usize, bool) {
        match self {
            Self::UntilClose => (bytes.len(), false),
            Self::Length(left) => {
                let taken = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                (taken, *left == 0)
            }
            Self::Chunked(state) => state.skip(bytes),
        }
    }

    /// Skips missing bytes. Returns the number that belonged to the body; `None` if its end can no longer be found.
    pub fn skip_gap(&mut self, len: u64) -> Option<u64> {
        match self {
            Self::UntilClose => Some(len),
            Self::Length(left) => {
                let taken = len.min(*left);
                *left -= taken;
                Some(taken)
            }
            Self::Chunked(Chunked::Data(left)) if *left > len => {
                *left -= len;
                Some(len)
            }
            Self::Chunked(_) => None,
        }
    }
}

impl Chunked {
    fn skip(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut taken = 0;
        while let Some(&byte) = bytes.get(taken) {
            match self {
                Self::Data(left) => {
                    let step = (bytes.len() - taken).min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= step as u64;
                    taken += step;
                    if *left == 0 {
                        *self = Self::Size(0, false);
                    }
                    continue;
                }
                Self::Size(0, _) if byte == b'\n' => *self = Self::Trailer(0),
                Self::Size(size, _) if byte == b'\n' => *self = Self::Data(size.saturating_add(2)),
                Self::Size(size, ended) => match char::from(byte).to_digit(16) {
                    Some(digit) if !*ended => *size = size.saturating_mul(16).saturating_add(u64::from(digit)),
                    _ => *ended = true,
                },
                Self::Trailer(0) if byte == b'\n' => return (taken + 1, true),
                Self::Trailer(len) => *len = if byte == b'\n' { 0 } else { *len + u64::from(byte != b'\r') },
            }
            taken += 1;
        }
        (taken, false)
    }
}

fn content_length(fields: Fields<'_>) -> Option<u64> {
    let value = fields.first("content-length")?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_in_every_cut() {
        let body = b"4;x=y\r\nWiki\r\n6\r\npedia \r\n0\r\nExpires: never\r\n\r\n";
        let wire = [body.as_slice(), b"GET"].concat();
        for cut in 0..=wire.len() {
            let mut state = Body::Chunked(Chunked::Size(0, false));
            let (first, done) = state.skip(&wire[..cut]);
            let total = if done { first } else { first + state.skip(&wire[cut..]).0 };
            assert_eq!(total, body.len(), "cut at {cut}");
        }
    }

    #[test]
    fn gaps_are_skipped_where_the_length_is_known() {
        let mut known = Body::Length(10);
        assert_eq!(known.skip_gap(12), Some(10));
        assert_eq!(Body::Chunked(Chunked::Data(9)).skip_gap(4), Some(4));
        assert_eq!(Body::Chunked(Chunked::Size(0, false)).skip_gap(4), None);
    }
}
