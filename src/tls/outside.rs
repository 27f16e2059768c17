//! A TLS connection seen from outside: the sizes and times of its records, without any key.
//!
//! An encrypted record shows its length, and with an AEAD suite the length of its plaintext. That is enough to say who
//! ended the connection and when, whether it can be a WebSocket ([`shape`]), and whether the last records of both sides
//! have the sizes of a closing handshake ([`closing`]). It is never enough to say which code was sent.

mod closing;
mod shape;
mod view;

use std::time::Duration;

pub use closing::Closing;
pub use view::{Ends, Evidence, Mark, Sent, View};

use self::shape::Shape;
use super::reader::{Framed, Item, Reader};
use super::record::ContentType;
use super::suite::Suite;
use crate::chunk::{Carrier, Chunk, Data};
use crate::seen::Seen;
use crate::side::{PerSide, Side};

/// An observer of the records of a connection.
#[derive(Debug, Default)]
pub struct Outside {
    /// The evidence that it is a WebSocket.
    pub evidence: Option<Evidence>,
    /// The records of each side.
    sent: PerSide<Sent>,
    /// The packet that completed the handshake, or the first one of a connection that began before the capture.
    opened: Option<Seen>,
    readers: PerSide<Reader>,
    shape: Shape,
    stage: Stage,
    /// The cipher suite, if it is known and supported.
    suite: Option<&'static Suite>,
    is_tls13: bool,
    /// Whether the client's Finished of TLS 1.3 has not the length of its suite: records are padded (RFC 8446 §5.4).
    is_padded: bool,
    /// Whether the client offers another protocol than HTTP/1.1: browsers offer that alone for a WebSocket.
    offers_other_than_http1: bool,
}

/// How far the handshake has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The server has not answered.
    #[default]
    Greeting,
    /// Both hellos have come.
    Agreed,
    /// All later records of type application data are data, or session tickets.
    Finished,
}

/// What both sides have agreed on in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed<'a> {
    /// Whether it is TLS 1.3.
    pub is_tls13: bool,
    /// The cipher suite, if it is supported.
    pub suite: Option<&'static Suite>,
    /// The name of the server that the client asked for (SNI).
    pub server_name: Option<&'a str>,
    /// Whether the client offers another protocol than HTTP/1.1.
    pub offers_other_than_http1: bool,
}

/// The longest time that an endpoint takes to answer a Close frame, and to end the connection after that or after a
/// close_notify, beyond a round trip. Libraries do all that at once.
const PROMPT: Duration = Duration::from_millis(500);

/// Bytes of an alert: its level and its description (RFC 8446 §6).
const ALERT: u16 = 2;

impl Outside {
    /// Creates the view of a connection that began before the capture, which the user says is a WebSocket.
    pub fn begun_before(carrier: &Carrier) -> Self {
        let (evidence, opened) = (Some(Evidence::Named), Some(carrier.seen));
        Self { evidence, opened, stage: Stage::Finished, ..Self::default() }
    }

    /// Returns whether it waits for both hellos.
    pub fn is_greeting(&self) -> bool {
        self.stage == Stage::Greeting
    }

    /// Notes what both sides have agreed on, and whether the user names the server.
    pub fn agree(&mut self, agreed: Agreed<'_>, is_named: bool) {
        self.stage = Stage::Agreed;
        (self.is_tls13, self.suite) = (agreed.is_tls13, agreed.suite);
        self.offers_other_than_http1 = agreed.offers_other_than_http1;
        self.evidence = is_named.then_some(Evidence::Named);
    }

    /// Processes a chunk of a side. Records are skipped by their lengths.
    pub fn push(&mut self, side: Side, chunk: Chunk<'_>) {
        if matches!(chunk.data, Data::Gap { .. }) {
            self.sent[side].has_gaps = true;
            // What lay in the gap may refute the shape.
            self.shape.lose();
        }
        let mut reader = std::mem::take(&mut self.readers[side]);
        reader.keep_at_most(0);
        reader.push(chunk, &mut Vec::new(), &mut |item| {
            if let Item::Record(framed) = item {
                self.record(side, &framed);
            }
        });
        self.readers[side] = reader;
    }

    /// Notes that the handshake is over, by a record of data that the client sent in `carrier`.
    pub fn establish(&mut self, carrier: &Carrier) {
        self.is_padded = self.stage != Stage::Finished && self.is_tls13;
        self.stage = Stage::Finished;
        self.opened.get_or_insert(carrier.seen);
    }

    /// Returns whether the connection is, or may still turn out to be, a WebSocket.
    pub fn is_possible(&self) -> bool {
        self.evidence.is_some() || (!self.offers_other_than_http1 && self.shape.is_possible())
    }

    /// Returns whether its handshake is over.
    pub fn is_established(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// Returns the number of bytes held.
    pub fn held_bytes(&self) -> usize {
        self.readers.client.held_bytes() + self.readers.server.held_bytes()
    }

    /// Drops the bytes held.
    pub fn let_go(&mut self) {
        self.readers.client.let_go();
        self.readers.server.let_go();
    }

    /// Decides what the last records were; `None` if the handshake was not over, or nothing showed a WebSocket. `round_trip`
    /// is the time from one side to the other and back.
    pub fn conclude(self, round_trip: Duration, ends: &Ends) -> Option<View> {
        let evidence = self.evidence.filter(|_| self.is_established())?;
        let prompt = PROMPT + round_trip;
        let notified = PerSide {
            client: self.is_notified(Side::Client, prompt, ends),
            server: self.is_notified(Side::Server, prompt, ends),
        };
        let has_exact_sizes = self.overhead().is_some();
        let closing = if has_exact_sizes { closing::closing(&self, prompt, ends.fins).map(Box::new) } else { None };
        let may_hide_closing = !has_exact_sizes && self.was_used_until(prompt, notified, ends);
        let Self { sent, opened, .. } = self;
        Some(View { evidence, sent, opened, closing, may_hide_closing, notified })
    }

    /// Returns whether the last record of a side is a close_notify, as far as its type or its size shows.
    fn is_notified(&self, side: Side, prompt: Duration, ends: &Ends) -> bool {
        let Some(mark) = self.marks(side).last().filter(|mark| self.looks_like_alert(mark)) else { return false };
        // No frame of a client has two bytes, but a server's empty ping has.
        let is_sure = mark.is_alert || side == Side::Client;
        let is_prompt = || ends.first().is_some_and(|end| end.time.since(mark.carrier.seen.time) <= prompt);
        is_sure || (is_prompt() && !self.was_answered(mark))
    }

    /// Returns whether both sides sent data shortly before the end, so that it may have been a closing handshake.
    fn was_used_until(&self, prompt: Duration, notified: PerSide<bool>, ends: &Ends) -> bool {
        let notifies = Side::BOTH.into_iter().filter(|side| notified[*side]);
        let notifies = notifies.filter_map(|side| Some(self.marks(side).last()?.carrier.seen));
        let end = notifies.chain(ends.first()).min();
        Side::BOTH.into_iter().all(|side| {
            let last = self.marks(side).iter().rfind(|mark| !mark.is_alert);
            end.zip(last).is_some_and(|(end, last)| end.time.since(last.carrier.seen.time) <= 2 * prompt)
        })
    }

    /// Returns whether the client sent data when it had received this record of the server.
    fn was_answered(&self, mark: &Mark) -> bool {
        let of_client = self.marks(Side::Client).iter().filter(|other| !self.looks_like_alert(other));
        of_client.filter_map(|other| other.carrier.acked()).any(|acked| acked >= mark.end)
    }

    /// Returns a side's last records, oldest first.
    fn marks(&self, side: Side) -> &[Mark] {
        &self.sent[side].last
    }

    /// Returns the number of bytes that a record has beyond its plaintext; `None` if sizes are not exact.
    fn overhead(&self) -> Option<u16> {
        self.suite.and_then(Suite::overhead).filter(|_| !self.is_padded)
    }

    fn looks_like_alert(&self, mark: &Mark) -> bool {
        mark.is_alert || (self.is_tls13 && self.overhead().is_some() && mark.len == ALERT)
    }

    fn record(&mut self, side: Side, framed: &Framed<'_>) {
        let header = framed.record.header;
        let is_alert = match header.content_type {
            ContentType::APPLICATION_DATA => false,
            // An encrypted alert is longer than its two bytes.
            ContentType::ALERT => true,
            _ => return,
        };
        if self.stage == Stage::Greeting {
            return;
        }
        if self.stage == Stage::Agreed && self.is_tls13 {
            if side == Side::Client && Some(header.length) == self.suite.and_then(Suite::finished) {
                self.stage = Stage::Finished;
                self.opened = Some(framed.carrier.seen);
            }
            return;
        }
        let len = header.length.saturating_sub(self.overhead().unwrap_or_default());
        let mark = Mark { carrier: *framed.carrier, end: framed.end, len, is_alert };
        let is_data = !self.looks_like_alert(&mark);
        let sent = &mut self.sent[side];
        if !is_alert {
            self.opened.get_or_insert(framed.carrier.seen);
            sent.records += 1;
            sent.bytes = sent.bytes.saturating_add(u64::from(len));
        }
        if sent.last.is_full() {
            sent.last.remove(0);
        }
        // There is room now.
        let _ = sent.last.try_push(mark);
        if self.evidence.is_none() && is_data {
            self.shape.record(side, len, framed.carrier.seen.time);
            if !self.offers_other_than_http1 && self.shape.is_websocket() {
                self.evidence = Some(Evidence::Shape);
            }
        }
    }
}
