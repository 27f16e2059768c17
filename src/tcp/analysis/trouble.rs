//! What goes wrong with the segments of a side, which most connections do not have.

use std::time::Duration;

use crate::seen::{Seen, Sights, Timestamp};

/// The troubles of one side's segments.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Trouble {
    pub lost_bytes: u64,
    pub cut_bytes: u64,
    pub unanswered: Unanswered,
    pub zero_window: ZeroWindow,
    pub copies: u32,
}

/// Retransmissions and probes without an answer.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Unanswered {
    /// Their number.
    pub count: u32,
    /// The first.
    pub first: Seen,
    /// The last.
    pub last: Seen,
}

/// Announcements that the receive buffer is full (SEG.WND = 0).
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct ZeroWindow {
    /// The number of times that the window closed.
    pub episodes: u32,
    /// The first announcement of the longest episode.
    pub first: Option<Seen>,
    /// The duration of that episode, so far if it has not ended.
    pub longest: Duration,
    /// The announcement that closed the window, if it is closed now.
    pub closed: Option<Seen>,
}

impl Trouble {
    /// Adds the troubles of earlier segments of the same side.
    pub(super) fn follow(&mut self, before: &Self) {
        self.lost_bytes = self.lost_bytes.saturating_add(before.lost_bytes);
        self.cut_bytes = self.cut_bytes.saturating_add(before.cut_bytes);
        self.copies = self.copies.saturating_add(before.copies);
        let (own, before) = (&mut self.zero_window, &before.zero_window);
        own.episodes = own.episodes.saturating_add(before.episodes);
        if before.longest > own.longest {
            (own.longest, own.first) = (before.longest, before.first);
        }
    }
}

impl Unanswered {
    pub(super) fn note(&mut self, seen: Seen) {
        if self.count == 0 {
            self.first = seen;
        }
        self.last = seen;
        self.count = self.count.saturating_add(1);
    }
}

impl ZeroWindow {
    pub(super) fn note(&mut self, window: u16, seen: Seen) {
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

    pub(super) fn extend(&mut self, since: Seen, until: Timestamp) {
        let lasted = until.since(since.time);
        if lasted >= self.longest {
            self.longest = lasted;
            self.first = Some(since);
        }
    }
}

impl Sights for Trouble {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self { lost_bytes: _, cut_bytes: _, unanswered, zero_window, copies: _ } = self;
        let ZeroWindow { episodes: _, first, longest: _, closed } = zero_window;
        first.each_seen(visit);
        closed.each_seen(visit);
        if unanswered.count > 0 {
            visit(&mut unanswered.first);
            visit(&mut unanswered.last);
        }
    }
}
