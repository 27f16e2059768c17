//! A TLS handshake watched from outside: did it come to application data, and if not, who gave up?

use super::record::{Alert, ContentType, HEADER, Header, header};
use crate::chunk::{Carrier, Chunk};
use crate::side::{PerSide, Side};

/// How a handshake went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both sides have sent encrypted data beyond the handshake: what follows cannot be read without keys.
    Established,
    /// A side gave up with an alert in the clear.
    Alert(Alert),
    /// A side sent one encrypted record of an alert's size, and nothing else after the other's handshake (TLS 1.3).
    ProbableAlert,
}

/// Watches the records of both sides.
#[derive(Debug, Default)]
pub struct Observer {
    sides: PerSide<Records>,
    decided: bool,
}

#[derive(Debug, Default)]
struct Records {
    partial: Vec<u8>,
    /// The record under way, and the fragment bytes still to come.
    record: Option<(Header, u64)>,
    fragment: Vec<u8>,
    encrypted: u32,
    last_encrypted: u16,
    /// Whether the side has changed to encryption: alerts cannot be read from then on.
    changed: bool,
    broken: bool,
}

/// An encrypted alert of TLS 1.3: level, description, content type, and a tag of 16 bytes (RFC 8446 §5.2).
const ENCRYPTED_ALERT: u16 = 2 + 1 + 16;

/// Encrypted records a client sends in a TLS 1.3 handshake that succeeds, before its first data: its Finished.
const CLIENT_FINISHED: u32 = 1;

impl Observer {
    /// Takes a chunk; tells the outcome once.
    pub fn push(
        &mut self,
        side: Side,
        carrier: &Carrier,
        chunk: Chunk<'_>,
        out: &mut impl FnMut(Side, &Carrier, Outcome),
    ) {
        if self.decided {
            return;
        }
        let records = &mut self.sides[side];
        let alert = match chunk {
            Chunk::Bytes(bytes) => records.push(bytes),
            Chunk::Gap { .. } => {
                records.broken = true;
                None
            }
        };
        let outcome = alert.map(Outcome::Alert).or_else(|| self.is_established().then_some(Outcome::Established));
        if let Some(outcome) = outcome {
            self.decided = true;
            out(side, carrier, outcome);
        }
    }

    /// A side has ended the connection.
    pub fn end(&mut self, side: Side, carrier: &Carrier, out: &mut impl FnMut(Side, &Carrier, Outcome)) {
        let records = &self.sides[side];
        let probable = side == Side::Client && records.encrypted == 1 && records.last_encrypted == ENCRYPTED_ALERT;
        if !self.decided && probable && !records.broken {
            self.decided = true;
            out(side, carrier, Outcome::ProbableAlert);
        }
    }

    fn is_established(&self) -> bool {
        let broken = self.sides.client.broken || self.sides.server.broken;
        broken || (self.sides.client.encrypted > CLIENT_FINISHED && self.sides.server.encrypted > 0)
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
                    Err(nom::Err::Incomplete(_)) => {}
                    Err(_) => self.broken = true,
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
            ContentType::APPLICATION_DATA => {
                self.encrypted = self.encrypted.saturating_add(1);
                self.last_encrypted = record.length;
            }
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

    fn outcomes(pushes: &[(Side, &[u8])], end: Option<Side>) -> Vec<Outcome> {
        let (mut observer, mut outcomes) = (Observer::default(), Vec::new());
        let carrier = Carrier::default();
        let mut out = |_: Side, _: &Carrier, outcome| outcomes.push(outcome);
        for (side, bytes) in pushes {
            for byte in *bytes {
                observer.push(*side, &carrier, Chunk::Bytes(&[*byte]), &mut out);
            }
        }
        if let Some(side) = end {
            observer.end(side, &carrier, &mut out);
        }
        outcomes
    }

    #[test]
    fn an_alert_in_the_clear() {
        let hello = [0x16, 3, 1, 0, 2, 1, 0];
        let alert = [0x15, 3, 3, 0, 2, 2, 70];
        assert_eq!(outcomes(&[(Side::Client, &hello), (Side::Server, &alert)], None), [Outcome::Alert(Alert(70))]);
    }

    #[test]
    fn an_encrypted_alert_is_a_guess() {
        let server = [[0x17, 3, 3, 0, 40].as_slice(), &[0; 40]].concat();
        let client = [[0x17, 3, 3, 0, 19].as_slice(), &[0; 19]].concat();
        let pushes = [(Side::Server, server.as_slice()), (Side::Client, client.as_slice())];
        assert_eq!(outcomes(&pushes, Some(Side::Client)), [Outcome::ProbableAlert]);
        let data = [client.as_slice(), &client].concat();
        assert_eq!(
            outcomes(&[(Side::Server, &server), (Side::Client, &data)], Some(Side::Client)),
            [Outcome::Established]
        );
    }
}
