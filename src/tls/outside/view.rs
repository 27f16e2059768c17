//! The view of a TLS connection from outside: its records, and the evidence in them.

use arrayvec::ArrayVec;

use super::Closing;
use crate::chunk::Carrier;
use crate::limits;
use crate::seen::{Seen, Sights};
use crate::side::{PerSide, Side};

/// The records of a connection that outlived its handshake, and the evidence in them.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct View {
    /// The evidence that it is a WebSocket.
    pub evidence: Evidence,
    /// The records of each side.
    pub sent: PerSide<Sent>,
    /// The packet that completed the handshake, or the first one of a connection that began before the capture.
    pub opened: Option<Seen>,
    /// The closing handshake that its last records look like.
    pub closing: Option<Box<Closing>>,
    /// True if there may have been a closing handshake that no size shows: both sides sent data right before the end.
    pub may_hide_closing: bool,
    /// True if the last record of a side is a close_notify, as far as its type or its size shows.
    pub(super) notified: PerSide<bool>,
}

impl View {
    /// Adds the records that came later. Those in between may not have been counted.
    pub fn join(&mut self, later: Self) {
        let Self { evidence: _, sent, opened, closing, may_hide_closing, notified } = later;
        for (own, later) in [(&mut self.sent.client, sent.client), (&mut self.sent.server, sent.server)] {
            own.records = own.records.saturating_add(later.records);
            own.bytes = own.bytes.saturating_add(later.bytes);
            own.has_gaps = true;
            if !later.last.is_empty() {
                own.last = later.last;
            }
        }
        self.opened = self.opened.or(opened);
        (self.closing, self.may_hide_closing, self.notified) = (closing, may_hide_closing, notified);
    }

    /// Returns the close_notify of a side, as far as its type or its size shows. In TLS 1.3 it may be another alert.
    pub fn close_notify(&self, side: Side) -> Option<&Mark> {
        self.sent[side].last.last().filter(|_| self.notified[side])
    }

    /// Returns the packet of the last data that a side had sent in or before the packet `end`; the close_notify is not
    /// data. If that is no longer known, because much was sent after `end`, returns `end` itself.
    pub fn last_data(&self, side: Side, end: Seen) -> Option<Seen> {
        let sent = &self.sent[side];
        let notify = self.close_notify(side).map(|mark| mark.end);
        let data = sent.last.iter().filter(|mark| Some(mark.end) != notify && !mark.is_alert);
        let last = data.map(|mark| mark.carrier.seen).filter(|seen| *seen <= end).max();
        last.or_else(|| (sent.records > sent.last.len() as u64).then_some(end))
    }
}

/// The evidence that an encrypted connection is a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Evidence {
    /// The user named its server.
    Named,
    /// The sizes and times of its records.
    Shape,
}

/// The records that one side sent after the handshake.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Sent {
    /// Records of application data. In TLS 1.3, session tickets, key updates and alerts look the same.
    pub records: u64,
    /// Bytes of their plaintext; of their ciphertext where the suite is not known to authenticate.
    pub bytes: u64,
    /// True if bytes are missing, so that records may be, too.
    pub has_gaps: bool,
    /// The last of those records, and the alerts of TLS 1.2, oldest first.
    pub(super) last: ArrayVec<Mark, { limits::OUTSIDE_RECORDS }>,
}

/// A record of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// The segment with its last byte.
    pub carrier: Carrier,
    /// The bytes of its side's TCP stream up to its end.
    pub end: u64,
    /// The length of its plaintext; of its ciphertext where the suite is not known to authenticate.
    pub len: u16,
    /// True if its type says that it is an alert.
    pub(super) is_alert: bool,
}

/// The packets of both sides' ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends {
    /// The FINs.
    pub fins: PerSide<Option<Seen>>,
    /// The resets.
    pub resets: PerSide<Option<Seen>>,
}

impl Ends {
    /// Returns the first of them.
    pub(super) fn first(&self) -> Option<Seen> {
        Side::BOTH.into_iter().flat_map(|side| [self.fins[side], self.resets[side]]).flatten().min()
    }
}

impl Sights for View {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self { evidence: _, sent, opened, closing, may_hide_closing: _, notified: _ } = self;
        sent.each_seen(visit);
        opened.each_seen(visit);
        if let Some(Closing { closes, by: _, reason: _ }) = closing.as_deref_mut() {
            closes.each_seen(visit);
        }
    }
}

impl Sights for Sent {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self { records: _, bytes: _, has_gaps: _, last } = self;
        last.each_seen(visit);
    }
}

impl Sights for Mark {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        self.carrier.each_seen(visit);
    }
}
