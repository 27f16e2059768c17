//! The form of times in a report: as short as tells them apart.

use std::ops::Range;

/// The parts of a time that are written besides hours, minutes and seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// The date.
    date: bool,
    /// Milliseconds.
    millis: bool,
}

/// The bytes of `2026-11-21` in an RFC 3339 time, and those of `12:31:07`.
const DATE: Range<usize> = 0..10;
const SECONDS: Range<usize> = 11..19;

impl Clock {
    /// Milliseconds without a date.
    pub const PRECISE: Self = Self { date: false, millis: true };

    /// Returns the clock for a column of times, which are by RFC 3339: with dates if they are of several days, with
    /// milliseconds if some are within the same second.
    pub fn of<'t>(times: impl Iterator<Item = &'t str>) -> Self {
        let mut times: Vec<_> = times.collect();
        times.sort_unstable();
        let pairs = || times.iter().zip(times.iter().skip(1));
        let is_same_day = |(one, next): (&&str, &&str)| one.get(DATE) == next.get(DATE);
        let is_same_second = |(one, next): (&&str, &&str)| one.get(..SECONDS.end) == next.get(..SECONDS.end);
        Self { date: !pairs().all(is_same_day), millis: pairs().any(is_same_second) }
    }

    /// Writes an RFC 3339 time.
    pub fn write(self, time: &str) -> String {
        let Some(seconds) = time.get(SECONDS) else { return time.to_owned() };
        let mut written = match time.get(DATE).filter(|_| self.date) {
            Some(date) => format!("{date} {seconds}"),
            None => seconds.to_owned(),
        };
        if self.millis {
            let fraction = time.get(SECONDS.end + 1..).unwrap_or_default();
            let digits = fraction.chars().take_while(char::is_ascii_digit).chain("000".chars()).take(3);
            written.push('.');
            written.extend(digits);
        }
        written
    }
}

/// Writes the range between two RFC 3339 times, with the date and the time zone.
pub fn range(first: &str, last: &str) -> String {
    let part = |time: &str, range: Range<usize>| time.get(range).unwrap_or_default().to_owned();
    let (from, until) = (part(first, SECONDS), part(last, SECONDS));
    match (part(first, DATE), part(last, DATE)) {
        (from_day, day) if from_day == day && from == until => format!("{day} {from} UTC"),
        (from_day, day) if from_day == day => format!("{day} {from}–{until} UTC"),
        (from_day, day) => format!("{from_day} {from} – {day} {until} UTC"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_what_tells_it_from_others() {
        let written = |times: &[&str]| {
            let clock = Clock::of(times.iter().copied());
            times.iter().map(|time| clock.write(time)).collect::<Vec<_>>()
        };
        assert_eq!(written(&["2026-11-21T12:31:07.123456789Z"]), ["12:31:07"]);
        assert_eq!(written(&["2026-11-21T12:31:07.9Z", "2026-11-21T12:31:08Z"]), ["12:31:07", "12:31:08"]);
        let close = ["2026-11-21T12:31:08Z", "2026-11-21T12:31:07.5Z", "2026-11-21T12:31:08.0012Z"];
        assert_eq!(written(&close), ["12:31:08.000", "12:31:07.500", "12:31:08.001"]);
        let days = ["2026-11-21T23:59:59Z", "2026-11-22T00:00:01Z"];
        assert_eq!(written(&days), ["2026-11-21 23:59:59", "2026-11-22 00:00:01"]);
    }

    #[test]
    fn a_range_has_its_dates() {
        assert_eq!(range("2026-11-21T12:31:07.1Z", "2026-11-21T12:31:07.9Z"), "2026-11-21 12:31:07 UTC");
        assert_eq!(range("2026-11-21T12:31:07Z", "2026-11-21T12:40:00Z"), "2026-11-21 12:31:07–12:40:00 UTC");
        let days = range("2026-11-20T12:31:07Z", "2026-11-21T02:40:00Z");
        assert_eq!(days, "2026-11-20 12:31:07 – 2026-11-21 02:40:00 UTC");
    }
}
