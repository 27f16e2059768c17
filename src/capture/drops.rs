//! Spans of time in which packets were dropped while capturing, so that what happened then may be missing.

use crate::limits;
use crate::seen::Timestamp;

/// A span of time within which packets were dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drops {
    /// The start; nothing was dropped before it, as far as is known.
    pub after: Timestamp,
    /// The end; nothing was dropped after it, as far as is known.
    pub until: Timestamp,
}

impl Drops {
    /// Returns whether this span overlaps the one from `first` to `last`, both inclusive.
    pub fn touch(&self, first: Timestamp, last: Timestamp) -> bool {
        self.after <= last && first <= self.until
    }

    /// Adds this span to `spans`. It extends the last one if the two overlap, or if there are [`limits::DROPS`]
    /// already.
    pub fn add_to(self, spans: &mut Vec<Self>) {
        let is_full = spans.len() >= limits::DROPS;
        match spans.last_mut().filter(|last| is_full || last.touch(self.after, self.until)) {
            Some(last) => {
                last.after = last.after.min(self.after);
                last.until = last.until.max(self.until);
            }
            None => spans.push(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(after: i64, until: i64) -> Drops {
        Drops { after: Timestamp::from_nanos(after), until: Timestamp::from_nanos(until) }
    }

    #[test]
    fn spans_that_touch_become_one_and_there_are_never_many() {
        let mut spans = Vec::new();
        for new in [span(10, 20), span(20, 30), span(40, 50), span(35, 45)] {
            new.add_to(&mut spans);
        }
        assert_eq!(spans, [span(10, 30), span(35, 50)]);
        for start in 0..2 * limits::DROPS as i64 {
            span(100 + 10 * start, 105 + 10 * start).add_to(&mut spans);
        }
        assert_eq!(spans.len(), limits::DROPS);
        assert_eq!(spans.last().unwrap().until, Timestamp::from_nanos(105 + 10 * (2 * limits::DROPS as i64 - 1)));
    }

    #[test]
    fn a_life_before_or_after_is_not_touched() {
        let at = Timestamp::from_nanos;
        assert!(span(10, 20).touch(at(0), at(10)) && span(10, 20).touch(at(20), at(30)));
        assert!(!span(10, 20).touch(at(0), at(9)) && !span(10, 20).touch(at(21), at(30)));
    }
}
