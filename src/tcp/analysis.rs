//! Analysis of a connection's segments beyond their bytes, by Wireshark's names (`tcp.analysis.*`).

mod trouble;

use std::time::Duration;

use self::trouble::Trouble;
pub use self::trouble::{Unanswered, ZeroWindow};
use super::reassembly::Arrival;
use super::{Flags, Segment};
use crate::chunk::Missing;
use crate::seen::{Seen, Sights, Timestamp};
use crate::side::{PerSide, Side};

/// The analysis of a whole TCP connection.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Analysis {
    /// The analysis of the segments that each side sent.
    pub sent: PerSide<Sent>,
    /// Whether a SYN or SYN-ACK was captured, so that it is known who opened the connection.
    pub syn: bool,
    /// Overlaps of out-of-order segments with different contents.
    pub conflicts: u32,
    /// The time from the point of capture to each side and back, in microseconds: measured once, by the answers to SYN
    /// and SYN-ACK.
    away: PerSide<u32>,
}

/// The analysis of one side's segments.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Sent {
    /// The number of its segments.
    pub segments: u32,
    last: Seen,
    /// The time to live of its first segment.
    pub ttl: u8,
    /// Whether segments other than resets came with a different time to live.
    pub ttl_varied: bool,
    /// Tells whether it has sent a RST.
    pub(super) has_reset: bool,
    /// Facts that most connections never have.
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Rare {
    /// The stream offset up to which it had sent at a time when bytes before that, or a FIN, had not arrived, and that
    /// time.
    ahead: Option<(u64, Timestamp)>,
    trouble: Option<Box<Trouble>>,
}

/// The longest time between two captures of the same packet on its way. No sender repeats its last segment that soon
/// (the shortest of its timers takes two milliseconds).
const COPIED: Duration = Duration::from_millis(1);

/// The longest delay of a segment that was reordered on its way to the capture; a retransmission takes longer.
const REORDERED: Duration = Duration::from_millis(3);

/// The number of a side's first segments that may show how far away it is.
const MEASURED: u32 = 2;

impl Sent {
    /// Returns the packet of its last segment; `None` if it has sent none.
    pub fn last(&self) -> Option<Seen> {
        (self.segments > 0).then_some(self.last)
    }

    /// Returns the number of its bytes that were never captured.
    pub fn lost_bytes(&self) -> u64 {
        self.trouble().map_or(0, |trouble| trouble.lost_bytes)
    }

    /// Returns the number of its bytes that the snaplen cut off.
    pub fn cut_bytes(&self) -> u64 {
        self.trouble().map_or(0, |trouble| trouble.cut_bytes)
    }

    /// Returns the retransmissions and probes since the other side was last heard.
    pub fn unanswered(&self) -> Unanswered {
        self.trouble().map(|trouble| trouble.unanswered).unwrap_or_default()
    }

    /// Returns the times when it had no room to receive.
    pub fn zero_window(&self) -> ZeroWindow {
        self.trouble().map(|trouble| trouble.zero_window).unwrap_or_default()
    }

    /// Returns whether it had already sent the byte at `offset` when it was `captured`, so that the captured segment is
    /// a retransmission.
    pub fn had_sent(&self, offset: u64, captured: Seen) -> bool {
        let ahead = self.rare.as_ref().and_then(|rare| rare.ahead);
        ahead.is_some_and(|(end, since)| offset < end && captured.time.since(since) > REORDERED)
    }

    /// Adds the analysis of the side's later segments, whose troubles are those of the end.
    fn join(&mut self, later: Self) {
        if later.segments == 0 {
            return;
        }
        let before = self.trouble().copied();
        if self.segments > 0 {
            self.ttl_varied |= later.ttl_varied || later.ttl != self.ttl;
        } else {
            (self.ttl, self.ttl_varied) = (later.ttl, later.ttl_varied);
        }
        self.segments = self.segments.saturating_add(later.segments);
        self.has_reset |= later.has_reset;
        (self.last, self.rare) = (later.last, later.rare);
        if let Some(before) = before {
            self.trouble_mut().follow(&before);
        }
    }

    /// Counts missing bytes.
    pub(super) fn note_gap(&mut self, len: u64, missing: Missing) {
        let trouble = self.trouble_mut();
        let bytes = match missing {
            Missing::NeverCaptured | Missing::Undecrypted => &mut trouble.lost_bytes,
            Missing::CutBySnaplen => &mut trouble.cut_bytes,
        };
        *bytes = bytes.saturating_add(len);
    }

    fn note_repeat(&mut self, seen: Seen, arrival: Arrival) {
        let is_soon = seen.time.since(self.last.time) <= COPIED;
        let trouble = self.trouble_mut();
        // Once packets are known to be captured twice, a repeat of a segment before the last may be a copy, too.
        let is_copy = arrival == Arrival::Repeat || (arrival == Arrival::Retransmission && trouble.copies > 0);
        if is_copy && is_soon {
            trouble.copies = trouble.copies.saturating_add(1);
        } else {
            trouble.unanswered.note(seen);
        }
    }

    fn note_ahead(&mut self, end: u64, since: Timestamp) {
        let ahead = &mut self.rare.get_or_insert_default().ahead;
        if ahead.is_none_or(|(before, _)| before != end) {
            *ahead = Some((end, since));
        }
    }

    /// Returns whether it has done nothing rare, so that the next segments in order only need to be counted.
    #[inline]
    pub(super) const fn is_ordinary(&self) -> bool {
        self.segments >= MEASURED && self.rare.is_none()
    }

    /// Counts a segment.
    #[inline]
    pub(super) fn note(&mut self, segment: &Segment<'_>) {
        self.segments = self.segments.saturating_add(1);
        // A reset may have been forged on the way.
        self.ttl_varied |= segment.carrier.ttl != self.ttl && !segment.flags.has(Flags::RST);
        self.last = segment.carrier.seen;
    }

    #[inline]
    fn note_window(&mut self, window: u16, seen: Seen) {
        // An open window says nothing about a side whose window was never full.
        if window == 0 || self.trouble().is_some() {
            self.trouble_mut().zero_window.note(window, seen);
        }
    }

    fn trouble(&self) -> Option<&Trouble> {
        self.rare.as_ref()?.trouble.as_deref()
    }

    fn trouble_mut(&mut self) -> &mut Trouble {
        self.rare.get_or_insert_default().trouble.get_or_insert_default()
    }
}

impl Analysis {
    /// Returns the analysis of a connection that continues: both sides have been heard. `syn` says whether its SYN was
    /// captured.
    pub fn of_both(syn: bool) -> Self {
        let heard = || Sent { segments: 1, ..Sent::default() };
        Self { syn, sent: PerSide { client: heard(), server: heard() }, ..Self::default() }
    }

    /// Adds the analysis of later segments of the same connection.
    pub fn join(&mut self, later: Self) {
        let Self { sent, syn, conflicts, away } = later;
        self.syn |= syn;
        self.conflicts = self.conflicts.saturating_add(conflicts);
        if self.away == PerSide::default() {
            self.away = away;
        }
        self.sent.client.join(sent.client);
        self.sent.server.join(sent.server);
    }

    /// Notes a segment, and the arrival of its payload.
    pub(super) fn apply(&mut self, side: Side, segment: &Segment<'_>, arrival: Arrival) {
        self.syn |= segment.flags.has(Flags::SYN);
        if let Some(trouble) = self.sent[!side].rare.as_mut().and_then(|rare| rare.trouble.as_mut()) {
            trouble.unanswered = Unanswered::default();
        }
        if self.sent[side].segments < MEASURED {
            self.measure(side, segment);
        }
        let sent = &mut self.sent[side];
        if sent.segments == 0 {
            sent.ttl = segment.carrier.ttl;
        }
        // Before the segment is noted, since its last segment must still be the one before.
        if matches!(arrival, Arrival::Retransmission | Arrival::Repeat | Arrival::KeepAlive) {
            sent.note_repeat(segment.carrier.seen, arrival);
        }
        sent.note(segment);
        if let Arrival::Ahead(end) = arrival {
            sent.note_ahead(end, segment.carrier.seen.time);
        }
        if !segment.flags.has(Flags::RST) && !segment.flags.has(Flags::SYN) {
            sent.note_window(segment.window, segment.carrier.seen);
        }
    }

    /// Returns the number of segments with data that were captured twice, as far as they can be distinguished from
    /// retransmissions.
    pub fn copies(&self) -> u64 {
        let copies = |sent: &Sent| sent.trouble().map_or(0, |trouble| u64::from(trouble.copies));
        Side::BOTH.iter().map(|side| copies(&self.sent[*side])).sum()
    }

    /// Returns the time from the point of capture to a side and back; zero if unknown.
    pub fn away(&self, side: Side) -> Duration {
        Duration::from_micros(u64::from(self.away[side]))
    }

    /// Returns the time from one side to the other and back; zero if unknown.
    pub fn round_trip(&self) -> Duration {
        self.away(Side::Client) + self.away(Side::Server)
    }

    /// Measures the time of a side's answer: SYN-ACK to SYN, or the first acknowledgement to SYN-ACK.
    fn measure(&mut self, side: Side, segment: &Segment<'_>) {
        let is_syn = segment.flags.has(Flags::SYN);
        let answers = segment.flags.has(Flags::ACK) && (is_syn || self.syn);
        let own = self.sent[side].segments;
        // An answer to a repeated segment may belong to either copy.
        if answers && own == u32::from(!is_syn) && self.sent[!side].segments == 1 {
            let passed = segment.carrier.seen.time.since(self.sent[!side].last.time).as_micros();
            self.away[side] = u32::try_from(passed).unwrap_or(u32::MAX);
        }
    }

    /// Finishes the analysis at the time of the last packet.
    pub(super) fn finish(&mut self, end: Timestamp) {
        for side in Side::BOTH {
            if let Some(trouble) = self.sent[side].rare.as_mut().and_then(|rare| rare.trouble.as_mut())
                && let Some(since) = trouble.zero_window.closed
            {
                trouble.zero_window.extend(since, end);
            }
        }
    }
}

impl Sights for Analysis {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self { sent, syn: _, conflicts: _, away: _ } = self;
        sent.each_seen(visit);
    }
}

impl Sights for Sent {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self { segments: _, last, ttl: _, ttl_varied: _, has_reset: _, rare } = self;
        // A side that has sent nothing has no last packet, and that of a connection which goes on is not known.
        if last.packet > 0 {
            visit(last);
        }
        if let Some(Rare { ahead: _, trouble: Some(trouble) }) = rare.as_deref_mut() {
            trouble.each_seen(visit);
        }
    }
}
