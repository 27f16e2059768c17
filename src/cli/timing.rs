//! Options for times: the form in which they are written, and the period that connections are selected by.

use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use whyclosed::report::document::Times;
use whyclosed::report::selection::Period;

use crate::selecting::duration;

/// Returns the parser of the forms of times. The time zone is read at once, since the sandbox hides the files with it.
pub fn times() -> impl TypedValueParser<Value = Times> {
    let value = |name: &'static str, help: &'static str| PossibleValue::new(name).help(help);
    PossibleValuesParser::new([
        value("utc", "The time of day in UTC"),
        value("local", "The time of day in this machine's time zone, or in that of the variable TZ"),
        value("relative", "Seconds from the first packet on"),
        value("epoch", "Seconds from 1970 on (Unix time)"),
    ])
    .try_map(|name| match &*name {
        "local" => TimeZone::try_system().map(Times::Zone),
        "relative" => Ok(Times::Relative),
        "epoch" => Ok(Times::Epoch),
        _ => Ok(Times::Utc),
    })
}

/// The options for the period in which connections ended.
#[derive(Clone, Debug, Default, Args)]
pub struct Ending {
    /// Report only connections that ended, or were still open, at this time or later: 12:30, 2026-11-21T12:30:05Z, or
    /// +30s after the first packet.
    ///
    /// A time without a date is on the day of the first packet; one without an offset is in UTC, with `--time local` in
    /// this machine's time zone.
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,

    /// Report only connections that ended before this time, written as in --since.
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

/// A moment, as far as the user has said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// A point in time.
    At(Timestamp),
    /// A date and time of day in the time zone of the report.
    Civil(civil::DateTime),
    /// A time of day on the day of the first packet.
    OfDay(civil::Time),
    /// A time after the first packet.
    After(SignedDuration),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = || text.parse().map(Self::At).ok();
        let civil = || text.parse().map(Self::Civil).ok();
        let of_day = || text.parse().map(Self::OfDay).ok();
        let after = || Some(Self::After(duration(text.strip_prefix('+')?).ok()?.try_into().ok()?));
        // A date and time is read as a time of day, too.
        after().or_else(at).or_else(civil).or_else(of_day).ok_or_else(|| {
            "a time is 12:30, 12:30:05, 2026-11-21T12:30, 2026-11-21T12:30:05Z, or +30s after the first packet"
                .to_owned()
        })
    }
}

impl Moment {
    /// Returns the point in time, in a capture that begins at `start`; the first or the last one of the calendar if it lies
    /// outside of it.
    fn resolve(self, start: Timestamp, zone: &TimeZone) -> Timestamp {
        let civil = |civil: civil::DateTime| {
            let outside = if civil.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
            zone.to_timestamp(civil).unwrap_or(outside)
        };
        match self {
            Self::At(at) => at,
            Self::Civil(time) => civil(time),
            Self::OfDay(time) => civil(zone.to_datetime(start).date().to_datetime(time)),
            Self::After(after) => start.checked_add(after).unwrap_or(Timestamp::MAX),
        }
    }
}

impl Ending {
    /// Returns the period, in a capture whose first packet has this time (RFC 3339).
    pub fn period(&self, start: Option<&str>, times: &Times) -> Period {
        let start = start.and_then(|start| start.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
        let zone = if let Times::Zone(zone) = times { zone } else { &TimeZone::UTC };
        let resolve = |moment: Option<Moment>| moment.map(|moment| moment.resolve(start, zone));
        Period { since: resolve(self.since), until: resolve(self.until) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_complete_once_the_capture_is_known() {
        let start: Timestamp = "2026-11-21T23:30:00Z".parse().unwrap();
        let zone = TimeZone::posix("CET-1").unwrap();
        let resolved = |text: &str| text.parse::<Moment>().unwrap().resolve(start, &zone).to_string();
        assert_eq!(resolved("2026-11-21T12:30:05Z"), "2026-11-21T12:30:05Z");
        assert_eq!(resolved("2026-11-21T12:30:05+02:00"), "2026-11-21T10:30:05Z");
        assert_eq!(resolved("2026-11-21T12:30"), "2026-11-21T11:30:00Z");
        assert_eq!(resolved("2026-11-21 12:30:05.5"), "2026-11-21T11:30:05.5Z");
        // The capture begins half an hour after midnight, there.
        assert_eq!(resolved("00:45"), "2026-11-21T23:45:00Z");
        assert_eq!(resolved("00:45:01.25"), "2026-11-21T23:45:01.25Z");
        assert_eq!(resolved("+500ms"), "2026-11-21T23:30:00.5Z");
        for wrong in ["", "noon", "25:00", "+", "+5", "2026-13-01T00:00Z", "-5s"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_moment_outside_the_calendar_is_its_first_or_last_one() {
        let period = |since: &str, until: &str| {
            let moment = |text: &str| Some(text.parse().unwrap());
            Ending { since: moment(since), until: moment(until) }.period(Some("2026-11-21T23:30:00Z"), &Times::Utc)
        };
        let (everything, nothing) =
            ((Some(Timestamp::MIN), Some(Timestamp::MAX)), (Some(Timestamp::MAX), Some(Timestamp::MIN)));
        let of = |since, until| {
            let Period { since, until } = period(since, until);
            (since, until)
        };
        assert_eq!(of("-009999-01-01T00:00", "+99999999h"), everything);
        assert_eq!(of("9999-12-31T23:59", "-009999-01-01T00:00"), nothing);
        assert_eq!(of("+99999999h", "-009999-01-01"), nothing);
        assert_eq!(Ending::default().period(None, &Times::Utc), Period::default());
    }
}
