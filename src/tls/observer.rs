//! A TLS handshake watched from outside: did it come to application data, and if not, who gave up?

use std::time::Duration;

use super::record::{Alert, ContentType, HEADER, Header, header};
use crate::chunk::{Carrier, Chunk};
use crate::seen::Timestamp;
use crate::side::{PerSide, Side};

/// How a handshake went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both sides have sent encrypted data beyond the handshake: what follows cannot be read without keys.
    Established,
    /// A side gave up with an alert in the clear.
    Alert(Alert),
    /// The client left right behind the server's part of the handshake, without any data: it did not like what it got, and
    /// said so encrypted, or not at all.
    Abandoned,
}

/// Watches the records of both sides.
#[derive(Debug, Default)]
pub struct Observer {
    sides: PerSide<Records>,
    /// What the server had sent encrypted when the client first did.
    before_client: u64,
    decided: bool,
}

#[derive(Debug, Default)]
struct Records {
    partial: Vec<u8>,
    /// The record under way, and the fragment bytes still to come.
    record: Option<(Header, u64)>,
    fragment: Vec<u8>,
    /// Records that say they are of the handshake.
    handshakes: u32,
    /// Encrypted records that are too long, or too short, for an alert.
    data: u32,
    /// Bytes of those.
    data_bytes: u64,
    /// Whether the side has changed to encryption: alerts cannot be read from then on.
    changed: bool,
    broken: bool,
    last: Timestamp,
}

/// An encrypted alert of TLS 1.3: level, description, content type, and a tag of 16 bytes (RFC 8446 §5.2).
const ENCRYPTED_ALERT: u16 = 2 + 1 + 16;

/// Who leaves later than this after the server's handshake had other reasons: browsers open connections in advance.
const AT_ONCE: Duration = Duration::from_millis(500);

/// More than a server's session tickets (RFC 8446 §4.6.1) behind the client's Finished is data: the handshake was good.
const TICKETS: u64 = 2048;

impl Observer {
    /// Takes a chunk; tells the outcome once.
    pub fn push(&mut self, side: Side, carrier: &Carrier, chunk: Chunk<'_>) -> Option<Outcome> {
        if self.decided {
            return None;
        }
        let records = &mut self.sides[side];
        records.last = carrier.seen.time;
        let alert = match chunk {
            Chunk::Bytes(bytes) => records.push(bytes),
            Chunk::Gap { .. } => {
                records.broken = true;
                None
            }
        };
        if self.sides.client.data == 0 {
            self.before_client = self.sides.server.data_bytes;
        }
        let outcome = alert.map(Outcome::Alert).or_else(|| self.is_established().then_some(Outcome::Established));
        self.decided = outcome.is_some();
        outcome
    }

    /// A side has ended the connection.
    pub fn end(&mut self, side: Side, carrier: &Carrier) -> Option<Outcome> {
        let server = &self.sides.server;
        let at_once = carrier.seen.time.since(server.last) <= AT_ONCE;
        let served = server.data_bytes.saturating_sub(self.before_client) > TICKETS;
        if self.decided || side == Side::Server || server.handshakes == 0 || !at_once || served {
            return None;
        }
        self.decided = true;
        Some(Outcome::Abandoned)
    }

    /// Whether the client has sent data: behind its Finished, which is an encrypted record of its own in TLS 1.3, and one
    /// more record of the handshake in TLS 1.2.
    fn is_established(&self) -> bool {
        let PerSide { client, server } = &self.sides;
        client.broken || server.broken || client.data > 1 || (client.data > 0 && client.handshakes > 1)
    }
}

impl Records {
    /// Takes bytes; gives an alert that stands in the clear.
    fn push(&mut self, mut bytes: &[u8]) -> Option<Alert> {
        while !bytes.is_empty() && !self.broken {
            let Some((record, left)) = self.record else {
                let take = bytes.len().min(HEADER.saturating_sub(self.partial.len()));
                let (head, rest) = bytes.split_at_checked(take)?;
                self.partial.extend_from_slice(head);
                bytes = rest;
                match header(&self.partial) {
                    Ok((_, record)) => self.begin(record),
                    Err(error) => self.broken = !error.is_incomplete(),
                }
                continue;
            };
            let take = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let (fragment, rest) = bytes.split_at_checked(take)?;
            bytes = rest;
            if record.content_type == ContentType::ALERT && self.fragment.len() < 2 {
                self.fragment.extend(fragment.iter().take(2));
            }
            let left = left - take as u64;
            self.record = (left > 0).then_some((record, left));
            if left == 0
                && let Some(alert) = self.alert(record)
            {
                return Some(alert);
            }
        }
        None
    }

    fn begin(&mut self, record: Header) {
        self.partial.clear();
        self.fragment.clear();
        self.record = (record.length > 0).then_some((record, u64::from(record.length)));
        match record.content_type {
            ContentType::APPLICATION_DATA if record.length != ENCRYPTED_ALERT => {
                self.data = self.data.saturating_add(1);
                self.data_bytes = self.data_bytes.saturating_add(u64::from(record.length));
            }
            ContentType::HANDSHAKE => self.handshakes = self.handshakes.saturating_add(1),
            ContentType::CHANGE_CIPHER_SPEC => self.changed = true,
            _ => {}
        }
    }

    /// The alert in a record that is whole, unless it is encrypted, or only says goodbye.
    fn alert(&self, record: Header) -> Option<Alert> {
        let readable = record.content_type == ContentType::ALERT && record.length == 2 && !self.changed;
        match self.fragment.as_slice() {
            [_, description] if readable && *description != 0 => Some(Alert(*description)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: [u8; 7] = [0x16, 3, 1, 0, 2, 1, 0];
    const FINISHED: [u8; 8] = [0x17, 3, 3, 0, 3, 0, 0, 0];

    fn outcomes(pushes: &[(Side, &[u8])], end: Option<Side>) -> Vec<Outcome> {
        let mut observer = Observer::default();
        let carrier = Carrier::default();
        let mut outcomes = Vec::new();
        for (side, bytes) in pushes {
            for byte in *bytes {
                outcomes.extend(observer.push(*side, &carrier, Chunk::Bytes(&[*byte])));
            }
        }
        outcomes.extend(end.and_then(|side| observer.end(side, &carrier)));
        outcomes
    }

    #[test]
    fn an_alert_in_the_clear() {
        let alert = [0x15, 3, 3, 0, 2, 2, 70];
        assert_eq!(outcomes(&[(Side::Client, &HELLO), (Side::Server, &alert)], None), [Outcome::Alert(Alert(70))]);
    }

    #[test]
    fn leaving_at_once_is_told_from_leaving_after_data() {
        let alert = [[0x17, 3, 3, 0, 19].as_slice(), &[0; 19]].concat();
        let left = [
            (Side::Client, HELLO.as_slice()),
            (Side::Server, &HELLO),
            (Side::Client, &FINISHED),
            (Side::Client, &alert),
        ];
        assert_eq!(outcomes(&left, Some(Side::Client)), [Outcome::Abandoned]);
        let data = [&left[..3], &[(Side::Client, FINISHED.as_slice())]].concat();
        assert_eq!(outcomes(&data, Some(Side::Client)), [Outcome::Established]);
        assert_eq!(outcomes(&left[..1], Some(Side::Client)), []);
    }
}
