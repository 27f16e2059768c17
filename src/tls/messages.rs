//! The messages of the handshake, which records split and coalesce (RFC 8446 §5.1).
//!
//! ```text
//! ├ type:1 ┼ length:3 ┼ body …
//! ```

use arrayvec::ArrayVec;

use crate::limits;

/// Bytes of a message's header.
const HEADER: usize = 4;

/// The type of a message (RFC 8446 §B.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageType(pub u8);

impl MessageType {
    /// client_hello
    pub const CLIENT_HELLO: Self = Self(1);
    /// server_hello
    pub const SERVER_HELLO: Self = Self(2);
    /// new_session_ticket
    pub const NEW_SESSION_TICKET: Self = Self(4);
    /// encrypted_extensions
    pub const ENCRYPTED_EXTENSIONS: Self = Self(8);

    /// Returns whether the bodies of such messages are read.
    const fn is_read(self) -> bool {
        matches!(self, Self::CLIENT_HELLO | Self::SERVER_HELLO | Self::NEW_SESSION_TICKET | Self::ENCRYPTED_EXTENSIONS)
    }
}

/// The messages of one side.
#[derive(Debug, Default)]
pub struct Messages {
    header: ArrayVec<u8, HEADER>,
    /// The type of the current message, and bytes of its body still to come.
    current: Option<(MessageType, usize)>,
    body: Vec<u8>,
}

impl Messages {
    /// Processes the contents of a record, and passes the messages that are complete and are read to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut impl FnMut(MessageType, &[u8])) {
        while !bytes.is_empty() {
            let Some((kind, left)) = self.current else {
                let (head, rest) = bytes.split_at(bytes.len().min(self.header.remaining_capacity()));
                self.header.extend(head.iter().copied());
                bytes = rest;
                if let [kind, high, middle, low] = *self.header {
                    self.header.clear();
                    let length = u32::from_be_bytes([0, high, middle, low]);
                    self.begin(MessageType(kind), usize::try_from(length).unwrap_or(usize::MAX), out);
                }
                continue;
            };
            let (body, rest) = bytes.split_at(bytes.len().min(left));
            bytes = rest;
            if kind.is_read() {
                self.body.extend(body.iter().take(limits::TLS_MESSAGE.saturating_sub(self.body.len())));
            }
            self.current = Some((kind, left - body.len()));
            if left == body.len() {
                self.complete(kind, out);
            }
        }
    }

    /// Returns the number of bytes held.
    pub const fn held_bytes(&self) -> usize {
        self.body.len()
    }

    fn begin(&mut self, kind: MessageType, length: usize, out: &mut impl FnMut(MessageType, &[u8])) {
        self.current = Some((kind, length));
        if length == 0 {
            self.complete(kind, out);
        }
    }

    fn complete(&mut self, kind: MessageType, out: &mut impl FnMut(MessageType, &[u8])) {
        self.current = None;
        let body = std::mem::take(&mut self.body);
        if kind.is_read() {
            out(kind, &body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_may_be_split_and_coalesced() {
        let stream = [&[1, 0, 0, 3, 7, 8, 9, 11, 0, 0, 2, 0, 0, 2, 0, 0, 0, 8, 0, 1, 0][..], &[5; 256]].concat();
        let expected = [
            (MessageType::CLIENT_HELLO, vec![7, 8, 9]),
            (MessageType::SERVER_HELLO, vec![]),
            (MessageType::ENCRYPTED_EXTENSIONS, vec![5; 256]),
        ];
        for piece in 1..stream.len() {
            let (mut messages, mut found) = (Messages::default(), Vec::new());
            for bytes in stream.chunks(piece) {
                messages.push(bytes, &mut |kind, body| found.push((kind, body.to_vec())));
            }
            assert_eq!(found, expected, "pieces of {piece}");
        }
    }

    #[test]
    fn a_long_message_takes_bounded_memory() {
        let mut messages = Messages::default();
        messages.push(&[1, 0xFF, 0xFF, 0xFF], &mut |_, _| panic!("not complete"));
        for _ in 0..1000 {
            messages.push(&[0; 4096], &mut |_, _| panic!("not complete"));
        }
        assert_eq!(messages.held_bytes(), limits::TLS_MESSAGE);
    }
}
