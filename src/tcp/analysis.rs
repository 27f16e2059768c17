//! What the segments of a connection tell besides their bytes, under Wireshark's names (`tcp.analysis.*`).

use super::reassembly::Arrival;
use super::{Flags, Segment};
use crate::chunk::Carrier;
use crate::seen::{Seen, Timestamp};
use crate::side::{PerSide, Side};
use std::time::Duration;

/// What was noted of a whole TCP connection.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// Noted of the segments that each side sent.
    pub sent: PerSide<Sent>,
    /// SYN to SYN-ACK: the path's round trip behind the capture point, as seen from the client.
    pub round_trip: Option<Duration>,
    /// The first SYN.
    pub syn: Option<Seen>,
    /// The first SYN-ACK.
    pub syn_ack: Option<Seen>,
    /// Held bytes that came twice with different contents.
    pub conflicts: u32,
}

/// Of one side: what it sent, and how it ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Its segments.
    pub segments: u64,
    /// Those whose bytes had all been seen before.
    pub retransmissions: u32,
    /// Those that came ahead of a hole.
    pub out_of_order: u32,
    /// Keep-alive probes.
    pub keep_alives: u32,
    /// Its bytes that were never captured.
    pub lost_bytes: u64,
    /// Its bytes that the snaplen cut off.
    pub cut_bytes: u64,
    /// Its first segment.
    pub first: Option<Seen>,
    /// Its last segment.
    pub last: Option<Seen>,
    /// Time to live of its first segment.
    pub ttl: u8,
    /// Whether segments other than resets came with a time to live that differs from it.
    pub ttl_varied: bool,
    /// Retransmissions and probes since the other side was last heard.
    pub unanswered: Unanswered,
    /// Times it had no room to receive.
    pub zero_window: ZeroWindow,
    /// Its FIN, in its place in the stream.
    pub fin: Option<Carrier>,
    /// Its first RST.
    pub reset: Option<Carrier>,
}

/// Repeats into silence.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unanswered {
    /// How many.
    pub count: u32,
    /// The first.
    pub first: Seen,
    /// The last.
    pub last: Seen,
}

/// Announcements that the receive buffer is full (SEG.WND = 0).
#[derive(Clone, Copy, Debug, Default)]
pub struct ZeroWindow {
    /// How often the window closed.
    pub episodes: u32,
    /// The first announcement of the longest episode.
    pub first: Option<Seen>,
    /// How long it lasted, or has lasted so far.
    pub longest: Duration,
    /// Whether the window is closed now.
    pub closed: Option<Seen>,
}

impl Analysis {
    /// Notes one segment and what its payload was.
    pub(super) fn apply(&mut self, side: Side, segment: &Segment<'_>, arrival: Arrival) {
        self.note_handshake(side, segment);
        self.sent[!side].unanswered = Unanswered::default();
        let sent = &mut self.sent[side];
        sent.segments += 1;
        if sent.first.is_none() {
            sent.first = Some(segment.seen);
            sent.ttl = segment.ttl;
        }
        sent.ttl_varied |= segment.ttl != sent.ttl && !segment.flags.has(Flags::RST);
        sent.last = Some(segment.seen);
        match arrival {
            Arrival::Retransmission => sent.retransmissions = sent.retransmissions.saturating_add(1),
            Arrival::OutOfOrder => sent.out_of_order = sent.out_of_order.saturating_add(1),
            Arrival::KeepAlive => sent.keep_alives = sent.keep_alives.saturating_add(1),
            Arrival::Empty | Arrival::InOrder | Arrival::OutOfWindow => {}
        }
        if matches!(arrival, Arrival::Retransmission | Arrival::KeepAlive) {
            sent.unanswered.note(segment.seen);
        }
        if !segment.flags.has(Flags::RST) && !segment.flags.has(Flags::SYN) {
            sent.zero_window.note(segment.window, segment.seen);
        }
    }

    /// Closes the books at the time of the last packet.
    pub(super) fn finish(&mut self, end: Timestamp) {
        for side in Side::BOTH {
            let zero = &mut self.sent[side].zero_window;
            if let Some(since) = zero.closed {
                zero.extend(since, end);
            }
        }
    }

    fn note_handshake(&mut self, side: Side, segment: &Segment<'_>) {
        if !segment.flags.has(Flags::SYN) {
            return;
        }
        if !segment.flags.has(Flags::ACK) {
            if side == Side::Client {
                self.syn.get_or_insert(segment.seen);
            }
        } else if self.syn_ack.is_none() {
            self.syn_ack = Some(segment.seen);
            self.round_trip = self.syn.map(|syn| segment.seen.time.since(syn.time));
        }
    }
}

impl Unanswered {
    fn note(&mut self, seen: Seen) {
        if self.count == 0 {
            self.first = seen;
        }
        self.last = seen;
        self.count = self.count.saturating_add(1);
    }
}

impl ZeroWindow {
    fn note(&mut self, window: u16, seen: Seen) {
        match (window, self.closed) {
            (0, None) => {
                self.episodes = self.episodes.saturating_add(1);
                self.closed = Some(seen);
                self.first.get_or_insert(seen);
            }
            (0, Some(since)) => self.extend(since, seen.time),
            (_, Some(since)) => {
                self.extend(since, seen.time);
                self.closed = None;
            }
            (_, None) => {}
        }
    }

    fn extend(&mut self, since: Seen, until: Timestamp) {
        let lasted = until.since(since.time);
        if lasted >= self.longest {
            self.longest = lasted;
            self.first = Some(since);
        }
    }
}
