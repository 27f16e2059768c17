//! The facts of a connection from those of two parts of it, one after the other, without the bytes in between.

use super::{Continuity, Facts, Ping, Rare, Sent};
use crate::limits;
use crate::seen::Seen;
use crate::side::Side;

impl Facts {
    /// Adds the facts of a later part of the same connection, between the same client and server. The opening is that of the
    /// earlier part, the end that of the later one, and counts are added. A frame on the border may have been read by
    /// neither, so both sides count as lost sight of once.
    pub fn join(&mut self, later: Self) {
        self.last = later.last;
        self.followed_to_end = later.followed_to_end;
        self.drops |= later.drops;
        self.switched = self.switched.or(later.switched);
        match (&mut self.tcp, later.tcp) {
            (Some(own), Some(later)) => own.join(*later),
            (own, later) => *own = own.take().or(later),
        }
        self.sent.client.join(later.sent.client);
        self.sent.server.join(later.sent.server);
        later.ends.into_iter().for_each(|end| self.note_end(end));
        self.closes.extend(later.closes);
        self.previews = later.previews;
        let continuity = later.rare.continuity.as_deref().copied().unwrap_or_default();
        self.rare.join(later.rare.into_rare(), later.first);
        self.adjoin(continuity);
    }

    /// Notes that a later part of the connection, with this continuity, was put to this one.
    pub fn adjoin(&mut self, later: Continuity) {
        let own = self.rare.continuity.get_or_insert_default();
        own.after = later.after;
        own.last = own.last.max(later.last);
        own.joints = own.joints.saturating_add(1).saturating_add(later.joints);
        own.first.client = own.first.client.or(later.first.client);
        own.first.server = own.first.server.or(later.first.server);
        own.next.client = later.next.client.or(own.next.client);
        own.next.server = later.next.server.or(own.next.server);
    }
}

impl Rare {
    /// Adds those of the part that begins with the packet `first`. Both sides are lost sight of before it.
    fn join(&mut self, later: Self, first: Seen) {
        self.session = self.session.take().or(later.session);
        match (&mut self.outside, later.outside) {
            (Some(own), Some(later)) => own.join(*later),
            (own, later) => *own = own.take().or(later),
        }
        if let (Some(own), Some(later)) = (&mut self.http2, later.http2) {
            own.goaway = own.goaway.take().or(later.goaway);
        }
        self.gaps.extend(Side::BOTH.map(|side| (side, first)));
        self.gaps.extend(later.gaps);
        self.gaps.truncate(limits::GAPS);
        let room = limits::VIOLATIONS.saturating_sub(self.breaches.len());
        let beyond = u32::try_from(later.breaches.len().saturating_sub(room)).unwrap_or(0);
        self.breaches.extend(later.breaches.into_iter().take(room));
        self.more_breaches = self.more_breaches.saturating_add(later.more_breaches).saturating_add(beyond);
        self.processes = self.processes.take().or(later.processes);
    }
}

impl Sent {
    fn join(&mut self, later: Self) {
        let (pings, answered) = (self.pings, self.answered_pings);
        let behind = |ping: Ping| ping.behind(pings);
        *self = Self {
            frames: self.frames.saturating_add(later.frames),
            texts: self.texts.saturating_add(later.texts),
            binaries: self.binaries.saturating_add(later.binaries),
            payload_bytes: self.payload_bytes.saturating_add(later.payload_bytes),
            pings: pings.saturating_add(later.pings),
            pongs: self.pongs.saturating_add(later.pongs),
            largest_before: self.largest_before.max(self.recent.latest()).max(later.largest_before),
            pace: later.pace,
            unanswered_pings: later.unanswered_pings.into_iter().map(behind).collect(),
            answered_pings: match later.answered_pings {
                0 => answered,
                number => number.saturating_add(pings),
            },
            recent: if later.frames > 0 { later.recent } else { std::mem::take(&mut self.recent) },
            is_watched: self.is_watched || later.is_watched,
            unfinished: later.unfinished,
            lost: self.lost.saturating_add(later.lost).saturating_add(1),
            is_lost: later.is_lost,
        };
    }
}
