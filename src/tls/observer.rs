//! A TLS handshake observed from outside: whether it led to application data and, if not, which side gave up.

use std::time::Duration;

#[cfg(any(test, feature = "internals"))]
use super::reader::{Item, Reader};
use super::record::{Alert, ContentType, Record};
use crate::chunk::{Carrier, Chunk, Data};
use crate::seen::Timestamp;
use crate::side::{PerSide, Side};

/// The outcome of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Outcome {
    /// Both sides have completed it: what follows, if anything, cannot be read without keys.
    Established,
    /// A side gave up with an unencrypted alert.
    Alert(Alert),
    /// The client left right after the server's part of the handshake and before its own was complete. It rejected what
    /// it received, and said so in an encrypted alert, or not at all.
    Abandoned,
}

/// An outcome, the side responsible for it, and the segment that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The outcome of the handshake.
    pub outcome: Outcome,
    /// The side that completed the handshake, or gave up.
    pub side: Side,
    /// The segment that shows it.
    pub carrier: Carrier,
}

/// An [`Outlook`] with the readers that it needs, for tests.
#[cfg(any(test, feature = "internals"))]
#[derive(Debug, Default)]
pub struct Observer {
    readers: PerSide<Reader>,
    outlook: Outlook,
}

/// What the records of both sides, as they come, say about the handshake.
#[derive(Debug, Default)]
pub struct Outlook {
    sides: PerSide<Records>,
    /// Encrypted bytes that the server had sent when the client first sent any.
    before_client: u64,
    /// An alert of level warning, as long as the handshake has not continued after it.
    warning: Option<(Side, Carrier, Alert)>,
    decided: bool,
}

#[derive(Debug, Default)]
struct Records {
    /// Records of type handshake.
    handshakes: u32,
    /// Whether one of them came after the change to encryption: the Finished of TLS 1.2 or, after a HelloRetryRequest,
    /// the second hello of TLS 1.3 (RFC 8446 §D.4).
    finished: bool,
    /// Encrypted records that are too long, or too short, for an alert.
    data: u32,
    /// Bytes of those records.
    data_bytes: u64,
    /// Whether the side has changed to encryption. Its alerts cannot be read from then on.
    changed: bool,
    /// Bytes of the stream so far.
    bytes: u64,
    last: Timestamp,
}

/// An unencrypted alert, and whether its sender gives up (RFC 5246 §7.2).
#[derive(Clone, Copy, Debug)]
struct Said {
    alert: Alert,
    fatal: bool,
}

/// The level of an alert that ends the connection.
const FATAL: u8 = 2;

/// The length of an encrypted alert of TLS 1.3: level, description, content type, and a tag of 16 bytes (RFC 8446
/// §5.2).
const ENCRYPTED_ALERT: u16 = 2 + 1 + 16;

/// The longest time from the server's handshake until the client leaves because of it. A client that leaves later has
/// other reasons: browsers open connections in advance.
const AT_ONCE: Duration = Duration::from_millis(500);

/// The most bytes that a server's session tickets take (RFC 8446 §4.6.1). If more follow the client's Finished, they
/// are data, and the handshake was good.
const TICKETS: u64 = 2048;

/// The bytes of an alert, and so of a fragment that an observer needs.
const ALERT: usize = 2;

#[cfg(any(test, feature = "internals"))]
impl Observer {
    /// Processes the next data of a side. Returns the decision, once.
    pub fn push(&mut self, side: Side, carrier: &Carrier, data: Data<'_>) -> Option<Decision> {
        let Self { readers, outlook } = self;
        if outlook.decided {
            return None;
        }
        let reader = &mut readers[side];
        reader.keep_at_most(ALERT);
        let chunk = Chunk::of_tcp(carrier, outlook.sides[side].bytes, data);
        outlook.chunk(side, chunk);
        let mut decision = None;
        reader.push(chunk, &mut Vec::new(), &mut |item| {
            decision = decision.or(match item {
                Item::Record(framed) => outlook.record(side, carrier, framed.record),
                Item::Lost(_) => outlook.lost(side, carrier),
            });
        });
        let is_lost = reader.is_lost() || matches!(data, Data::Gap { .. });
        decision.or_else(|| is_lost.then(|| outlook.lost(side, carrier)).flatten())
    }

    /// Processes the end of a side. The first end decides: returns `None` after it, or if nothing can be decided.
    pub fn end(&mut self, side: Side, carrier: &Carrier) -> Option<Decision> {
        self.outlook.end(side, carrier)
    }
}

impl Outlook {
    /// Notes that a chunk of a side has come. To be called before its records are processed.
    pub fn chunk(&mut self, side: Side, chunk: Chunk<'_>) {
        let records = &mut self.sides[side];
        records.last = chunk.place.carrier.seen.time;
        if let Data::Bytes(bytes) = chunk.data {
            records.bytes = records.bytes.saturating_add(bytes.len() as u64);
        }
    }

    /// Returns whether the outcome is decided.
    pub const fn is_decided(&self) -> bool {
        self.decided
    }

    /// Processes a record of a side. Returns the decision, once.
    pub fn record(&mut self, side: Side, carrier: &Carrier, record: Record<'_>) -> Option<Decision> {
        if self.decided {
            return None;
        }
        let records = &mut self.sides[side];
        let said = records.push(record);
        if self.sides.client.data == 0 {
            self.before_client = self.sides.server.data_bytes;
        }
        // An alert is only a warning if the handshake continues after it.
        if record.header.content_type == ContentType::HANDSHAKE {
            self.warning = None;
        }
        match said {
            Some(Said { alert, fatal: true }) => return self.decide(Outcome::Alert(alert), side, carrier),
            Some(Said { alert, fatal: false }) => self.warning = Some((side, *carrier, alert)),
            None => {}
        }
        let is_in_use = self.sides.client.is_behind_finished();
        is_in_use.then(|| self.decide(Outcome::Established, side, carrier)).flatten()
    }

    /// Notes that records of a side are missing or cannot be read: what there is of the handshake does not show its
    /// outcome. Returns the decision, once.
    pub fn lost(&mut self, side: Side, carrier: &Carrier) -> Option<Decision> {
        self.decide(Outcome::Established, side, carrier)
    }

    /// Processes the end of a side. The first end decides: returns `None` after it, or if nothing can be decided.
    pub fn end(&mut self, side: Side, carrier: &Carrier) -> Option<Decision> {
        if std::mem::replace(&mut self.decided, true) {
            return None;
        }
        if self.is_complete() {
            return Some(Decision { outcome: Outcome::Established, side, carrier: *carrier });
        }
        if let Some((side, carrier, alert)) = self.warning {
            return Some(Decision { outcome: Outcome::Alert(alert), side, carrier });
        }
        let server = &self.sides.server;
        let at_once = carrier.seen.time.since(server.last) <= AT_ONCE;
        let served = server.data_bytes.saturating_sub(self.before_client) > TICKETS;
        // Bytes that the client had received and that are not in this capture may have been the rest of the handshake.
        let is_lacking = carrier.acked().is_some_and(|acked| acked > server.bytes);
        let left = side == Side::Client && server.handshakes > 0 && at_once && !served && !is_lacking;
        left.then_some(Decision { outcome: Outcome::Abandoned, side, carrier: *carrier })
    }

    /// Returns whether both sides have sent all of their handshake. The client's Finished is encrypted data in TLS 1.3,
    /// and comes last. Leaving such a connection unused is not a failure.
    fn is_complete(&self) -> bool {
        let PerSide { client, server } = &self.sides;
        let without_data = client.data == 0 && server.data == 0;
        client.data > 0 || (client.finished && server.finished && without_data)
    }

    const fn decide(&mut self, outcome: Outcome, side: Side, carrier: &Carrier) -> Option<Decision> {
        if self.decided {
            return None;
        }
        self.decided = true;
        Some(Decision { outcome, side, carrier: *carrier })
    }
}

impl Records {
    /// Processes a record. Returns its unencrypted alert.
    fn push(&mut self, record: Record<'_>) -> Option<Said> {
        match record.header.content_type {
            ContentType::APPLICATION_DATA if record.header.length != ENCRYPTED_ALERT => {
                self.data = self.data.saturating_add(1);
                self.data_bytes = self.data_bytes.saturating_add(u64::from(record.header.length));
            }
            ContentType::HANDSHAKE => {
                self.handshakes = self.handshakes.saturating_add(1);
                self.finished |= self.changed;
            }
            ContentType::CHANGE_CIPHER_SPEC => self.changed = true,
            ContentType::ALERT if record.header.length == 2 && !self.changed => {
                let [level, description] = *record.fragment.first_chunk::<ALERT>()?;
                // A closure alert is only the end.
                let alert = Some(Alert(description)).filter(|alert| !alert.says_goodbye())?;
                return Some(Said { alert, fatal: level == FATAL });
            }
            _ => {}
        }
        None
    }

    /// Returns whether a client has sent data after its Finished, which is an encrypted record of its own in TLS 1.3,
    /// and one more record of the handshake in TLS 1.2.
    const fn is_behind_finished(&self) -> bool {
        self.data > 1 || (self.data > 0 && self.handshakes > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: [u8; 7] = [0x16, 3, 1, 0, 2, 1, 0];
    const CHANGE: [u8; 6] = [0x14, 3, 3, 0, 1, 1];
    const FINISHED: [u8; 8] = [0x17, 3, 3, 0, 3, 0, 0, 0];
    const WARNING: [u8; 7] = [0x15, 3, 3, 0, 2, 1, 112];

    fn outcomes(pushes: &[(Side, &[u8])], ends: &[Side]) -> Vec<(Side, Outcome)> {
        let mut observer = Observer::default();
        let carrier = Carrier::default();
        let mut decisions = Vec::new();
        for (side, bytes) in pushes {
            for byte in *bytes {
                decisions.extend(observer.push(*side, &carrier, Data::Bytes(&[*byte])));
            }
        }
        decisions.extend(ends.iter().filter_map(|side| observer.end(*side, &carrier)));
        decisions.into_iter().map(|decision| (decision.side, decision.outcome)).collect()
    }

    #[test]
    fn a_fatal_alert_in_the_clear() {
        let alert = [0x15, 3, 3, 0, 2, 2, 70];
        let expected = [(Side::Server, Outcome::Alert(Alert(70)))];
        assert_eq!(outcomes(&[(Side::Client, &HELLO), (Side::Server, &alert)], &[]), expected);
    }

    #[test]
    fn a_warning_counts_where_nothing_follows() {
        let warned = [(Side::Client, HELLO.as_slice()), (Side::Server, &WARNING)];
        let expected = [(Side::Server, Outcome::Alert(Alert(112)))];
        assert_eq!(outcomes(&warned, &[Side::Client]), expected);
        let went_on = [&warned[..], &[(Side::Server, HELLO.as_slice()), (Side::Client, &FINISHED)]].concat();
        assert_eq!(outcomes(&went_on, &[Side::Client]), [(Side::Client, Outcome::Established)]);
        // Both in one segment.
        let mut observer = Observer::default();
        let both = [WARNING, HELLO].concat();
        assert_eq!(observer.push(Side::Server, &Carrier::default(), Data::Bytes(&both)), None);
        assert_eq!(observer.outlook.warning, None);
        let goodbye = [0x15, 3, 3, 0, 2, 1, 90];
        assert_eq!(outcomes(&[(Side::Client, &HELLO), (Side::Client, &goodbye)], &[Side::Client]), []);
    }

    #[test]
    fn a_good_connection_may_be_left_unused() {
        let hellos = [(Side::Client, HELLO.as_slice()), (Side::Server, &HELLO)];
        assert_eq!(outcomes(&hellos[..1], &[Side::Client]), []);
        assert_eq!(outcomes(&hellos, &[Side::Client]), [(Side::Client, Outcome::Abandoned)]);
        assert_eq!(outcomes(&hellos, &[Side::Server, Side::Client]), [], "the first end decides");
        let tls_1_3 = [&hellos[..], &[(Side::Client, FINISHED.as_slice())]].concat();
        assert_eq!(outcomes(&tls_1_3, &[Side::Client]), [(Side::Client, Outcome::Established)]);
        let own = [&CHANGE[..], &HELLO].concat();
        let tls_1_2 = [&hellos[..], &[(Side::Client, own.as_slice()), (Side::Server, &own)]].concat();
        assert_eq!(outcomes(&tls_1_2, &[Side::Client]), [(Side::Client, Outcome::Established)]);
        assert_eq!(outcomes(&tls_1_2[..3], &[Side::Client]), [(Side::Client, Outcome::Abandoned)]);
        // A HelloRetryRequest: both sides have sent two hellos, and the client rejects what follows.
        let retried = [&tls_1_2[..], &[(Side::Server, FINISHED.as_slice())]].concat();
        assert_eq!(outcomes(&retried, &[Side::Client]), [(Side::Client, Outcome::Abandoned)]);
    }

    #[test]
    fn an_alert_behind_data_decides_nothing_however_it_is_cut() {
        let alert = [0x15, 3, 3, 0, 2, 2, 70];
        let behind = [&HELLO[..], &FINISHED, &FINISHED, &alert].concat();
        let expected = [(Side::Client, Outcome::Established)];
        assert_eq!(outcomes(&[(Side::Client, &behind)], &[]), expected);
        let decision = Observer::default().push(Side::Client, &Carrier::default(), Data::Bytes(&behind));
        assert_eq!(decision.map(|decision| (decision.side, decision.outcome)), Some(expected[0]));
    }

    #[test]
    fn an_encrypted_alert_is_no_data() {
        let alert = [[0x17, 3, 3, 0, 19].as_slice(), &[0; 19]].concat();
        let left = [(Side::Client, HELLO.as_slice()), (Side::Server, &HELLO), (Side::Client, &alert)];
        assert_eq!(outcomes(&left, &[Side::Client]), [(Side::Client, Outcome::Abandoned)]);
        let data = [(Side::Client, FINISHED.as_slice()), (Side::Client, &FINISHED)];
        assert_eq!(outcomes(&[&left[..2], &data].concat(), &[]), [(Side::Client, Outcome::Established)]);
    }
}
