//! The times that captures cover.

use std::time::Duration;

use crate::capture::Summary;
use crate::seen::Timestamp;

/// The longest pause between two files that follow one another. Rotated files have none, but the next packet may be late.
const PAUSE: Duration = Duration::from_secs(60);

/// The times that captures cover, without those between files that have nothing to do with each other.
#[derive(Debug)]
pub struct Spans {
    /// The first and the last moment of each span, in their order.
    spans: Vec<(Timestamp, Timestamp)>,
}

impl Spans {
    /// Joins the times of files that overlap or follow one another. `until` is the end of a live capture, which may be
    /// later than its last packet.
    pub fn new(captures: &[Summary], until: Option<Timestamp>) -> Self {
        let times = |capture: &Summary| Some((capture.first?, until.max(capture.last)?));
        let mut times: Vec<_> = captures.iter().filter_map(times).collect();
        times.sort_unstable();
        let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (first, last) in times {
            match spans.last_mut() {
                Some((_, end)) if first <= end.after(PAUSE) => *end = last.max(*end),
                _ => spans.push((first, last)),
            }
        }
        Self { spans }
    }

    /// Returns the end of the span that a packet's time is in.
    pub fn end_after(&self, time: Timestamp) -> Timestamp {
        let at = self.spans.partition_point(|(first, _)| *first <= time).saturating_sub(1);
        self.spans.get(at).map_or(time, |(_, end)| time.max(*end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn spans(files: &[(i64, i64)], until: Option<i64>) -> Spans {
        let file = |(first, last): &(i64, i64)| Summary {
            first: Some(at(*first)),
            last: Some(at(*last)),
            ..Summary::default()
        };
        let captures: Vec<_> = files.iter().map(file).chain([Summary::default()]).collect();
        Spans::new(&captures, until.map(at))
    }

    #[test]
    fn a_capture_ends_with_the_files_that_follow_it() {
        let spans = spans(&[(1000, 1100), (0, 100), (130, 200), (20, 40)], None);
        let ends = [0, 30, 100, 120, 200, 999, 1000, 1100, 2000].map(|time| spans.end_after(at(time)));
        assert_eq!(ends, [200, 200, 200, 200, 200, 999, 1100, 1100, 2000].map(at));
    }

    #[test]
    fn a_live_capture_ends_by_the_clock() {
        assert_eq!(spans(&[(0, 10)], Some(17)).end_after(at(5)), at(17));
        assert_eq!(spans(&[], Some(17)).end_after(at(5)), at(5));
    }
}
