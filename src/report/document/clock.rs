//! The form of times in a report: as short as tells them apart.

use std::borrow::Cow;
use std::ops::Range;

use jiff::tz::TimeZone;

use crate::catalog::Language;
use crate::report::phrase;

/// What times are counted from, and where.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Times {
    /// The time of day in UTC.
    #[default]
    Utc,
    /// The time of day in a time zone.
    Zone(TimeZone),
    /// Seconds from the first packet on.
    Relative,
    /// Seconds from 1970-01-01T00:00:00Z on.
    Epoch,
}

/// Writes times in one form.
#[derive(Clone, Copy, Debug)]
pub struct Clock<'t> {
    times: &'t Times,
    /// The time of the first packet, by RFC 3339.
    start: Option<&'t str>,
    precision: Precision,
}

/// What is written besides hours, minutes and seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Precision {
    /// The date.
    date: bool,
    /// Milliseconds.
    millis: bool,
}

/// The bytes of `2026-11-21` in an RFC 3339 time, and those of `12:31:07`.
const DATE: Range<usize> = 0..10;
const SECONDS: Range<usize> = 11..19;

impl Default for Clock<'_> {
    fn default() -> Self {
        Self::new(&Times::Utc, None)
    }
}

impl<'t> Clock<'t> {
    /// Creates a clock that writes hours, minutes and seconds, or seconds from `start` (by RFC 3339) on.
    pub const fn new(times: &'t Times, start: Option<&'t str>) -> Self {
        Self { times, start, precision: Precision { date: false, millis: false } }
    }

    /// Returns the clock for lines that come one by one: with milliseconds, without a date.
    pub const fn precise(self) -> Self {
        Self { precision: Precision { date: false, millis: true }, ..self }
    }

    /// Returns what it writes besides hours, minutes and seconds.
    pub const fn precision(self) -> Precision {
        self.precision
    }

    /// Returns the clock that writes as much as another one.
    pub const fn with(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// Returns the clock for a column of times, which are by RFC 3339: with dates if they are of several days, with
    /// milliseconds if some are within the same second.
    pub fn of<'a>(self, times: impl Iterator<Item = &'a str>) -> Self {
        let mut times: Vec<_> = times.map(|time| self.of_day(time)).collect();
        times.sort_unstable();
        let pairs = || times.iter().zip(times.iter().skip(1));
        let same = |end: usize| move |(one, next): (&Cow<'_, str>, &Cow<'_, str>)| one.get(..end) == next.get(..end);
        let precision = Precision { date: !pairs().all(same(DATE.end)), millis: pairs().any(same(SECONDS.end)) };
        Self { precision, ..self }
    }

    /// Names what the times are counted from: a time zone, the first packet, or the epoch.
    pub fn zone(self, language: Language) -> Cow<'t, str> {
        match self.times {
            Times::Utc => "UTC".into(),
            Times::Zone(zone) => match zone.iana_name() {
                Some(name) => name.into(),
                None => phrase::word("zone_local", &[], language).into(),
            },
            Times::Relative => phrase::word("zone_relative", &[], language).into(),
            Times::Epoch => phrase::word("zone_epoch", &[], language).into(),
        }
    }

    /// Writes an RFC 3339 time.
    pub fn write(self, time: &str) -> String {
        if let Some(seconds) = self.seconds(time) {
            return seconds;
        }
        let time = &*self.of_day(time);
        let Some(seconds) = time.get(SECONDS) else { return time.to_owned() };
        let mut written = match time.get(DATE).filter(|_| self.precision.date) {
            Some(date) => format!("{date} {seconds}"),
            None => seconds.to_owned(),
        };
        if self.precision.millis {
            let fraction = time.get(SECONDS.end + 1..).unwrap_or_default();
            let digits = fraction.chars().take_while(char::is_ascii_digit).chain("000".chars()).take(3);
            written.push('.');
            written.extend(digits);
        }
        written
    }

    /// Writes an RFC 3339 time as precisely as it is known, with the offset of the time zone.
    pub fn write_exactly(self, time: &str) -> String {
        match self.times {
            Times::Zone(zone) => match time.parse::<jiff::Timestamp>() {
                Ok(at) => at.display_with_offset(zone.to_offset(at)).to_string(),
                Err(_) => time.to_owned(),
            },
            _ => self.seconds(time).unwrap_or_else(|| time.to_owned()),
        }
    }

    /// Writes the range between two RFC 3339 times, with the dates and the time zone.
    pub fn range(self, first: &str, last: &str, language: Language) -> String {
        let zone = self.zone(language);
        if let (Times::Epoch, Some(first), Some(last)) = (self.times, self.seconds(first), self.seconds(last)) {
            return format!("{first}–{last} {zone}");
        }
        // What is counted from the first packet on says nothing about when that was.
        let (clock, zone) = if *self.times == Times::Relative { (Self::default(), "UTC".into()) } else { (self, zone) };
        let part = |time: &str, range: Range<usize>| clock.of_day(time).get(range).unwrap_or_default().to_owned();
        let (from, until) = (part(first, SECONDS), part(last, SECONDS));
        match (part(first, DATE), part(last, DATE)) {
            (from_day, day) if from_day == day && from == until => format!("{day} {from} {zone}"),
            (from_day, day) if from_day == day => format!("{day} {from}–{until} {zone}"),
            (from_day, day) => format!("{from_day} {from} – {day} {until} {zone}"),
        }
    }

    /// Converts an RFC 3339 time to date and time of day in the time zone.
    fn of_day(self, time: &str) -> Cow<'_, str> {
        let zoned = |zone: &TimeZone| Some(zone.to_datetime(time.parse().ok()?).to_string());
        match self.times {
            Times::Zone(zone) => zoned(zone).map_or_else(|| time.to_owned().into(), Cow::Owned),
            _ => time.into(),
        }
    }

    /// Converts an RFC 3339 time to seconds, if times are counted in them.
    fn seconds(self, time: &str) -> Option<String> {
        let from = match self.times {
            Times::Utc | Times::Zone(_) => return None,
            Times::Relative => self.start?.parse().ok()?,
            Times::Epoch => jiff::Timestamp::UNIX_EPOCH,
        };
        let micros = (time.parse::<jiff::Timestamp>().ok()?.as_nanosecond() - from.as_nanosecond()) / 1000;
        let sign = if micros < 0 { "-" } else { "" };
        Some(format!("{sign}{}.{:06}", micros.abs() / 1_000_000, micros.abs() % 1_000_000))
    }
}

/// Returns an RFC 3339 time in UTC in a form whose order as text is that of the times: without the `Z`, which would come
/// behind further digits.
pub fn in_order<'t>(time: &&'t str) -> &'t str {
    time.strip_suffix('Z').unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_what_tells_it_from_others() {
        let written = |times: &[&str]| {
            let clock = Clock::default().of(times.iter().copied());
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
    fn times_are_in_order_however_many_digits_they_have() {
        let times =
            ["2026-11-21T12:31:07Z", "2026-11-21T12:31:07.5Z", "2026-11-21T12:31:07.51Z", "2026-11-21T12:31:08Z"];
        assert!(times.iter().map(in_order).is_sorted());
        assert!(!times.is_sorted());
    }

    #[test]
    fn a_range_has_its_dates() {
        let range = |first, last| Clock::default().range(first, last, Language::English);
        assert_eq!(range("2026-11-21T12:31:07.1Z", "2026-11-21T12:31:07.9Z"), "2026-11-21 12:31:07 UTC");
        assert_eq!(range("2026-11-21T12:31:07Z", "2026-11-21T12:40:00Z"), "2026-11-21 12:31:07–12:40:00 UTC");
        let days = range("2026-11-20T12:31:07Z", "2026-11-21T02:40:00Z");
        assert_eq!(days, "2026-11-20 12:31:07 – 2026-11-21 02:40:00 UTC");
    }

    #[test]
    fn times_are_counted_from_where_they_were_asked_for() {
        let start = "2026-03-29T00:59:59.5Z";
        let written = |times: &Times, time: &str| {
            let clock = Clock::new(times, Some(start));
            [clock.precise().write(time), clock.write_exactly(time), clock.range(start, time, Language::English)]
        };
        // Two seconds later, when clocks were set forward from 02:00 to 03:00.
        let time = "2026-03-29T01:00:01.25Z";
        let berlin = Times::Zone(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        assert_eq!(
            written(&berlin, time),
            ["03:00:01.250", "2026-03-29T03:00:01.25+02:00", "2026-03-29 01:59:59–03:00:01 local time"]
        );
        assert_eq!(written(&Times::Relative, time), ["1.750000", "1.750000", "2026-03-29 00:59:59–01:00:01 UTC"]);
        let epoch = "1774746001.250000";
        assert_eq!(written(&Times::Epoch, time), [epoch, epoch, "1774745999.500000–1774746001.250000 Unix time"]);
        assert_eq!(Clock::new(&Times::Relative, Some(time)).write(start), "-1.750000");
        let days = Clock::new(&berlin, None).of(["2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"].into_iter());
        assert_eq!(days.write("2026-03-29T22:00:00Z"), "2026-03-30 00:00:00");
    }
}
