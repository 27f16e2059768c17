//! `--owns`: the period that a work item of an archive is responsible for.

use std::str::FromStr;

use clap::Args;
use whyclosed::seen::Timestamp;

/// The option for the period.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OwnsArgs {
    /// Report the connections that begin in a period, FROM..TO, and parts of those that are open at its bounds: for an archive
    /// that several runs read. FROM and TO are written as 2026-11-21T12:30:00Z or in seconds since 1970; either may be missing.
    ///
    /// What is read behind TO is used for connections that have begun before. All files are read as one capture, as with
    /// --merge, on one thread.
    #[arg(long, value_name = "FROM..TO")]
    pub owns: Option<Period>,
}

/// A period, from its first moment to the one behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// The first moment; `None` without a beginning.
    pub from: Option<Timestamp>,
    /// The moment behind the last one; `None` without an end.
    pub to: Option<Timestamp>,
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let said =
            || "a period is FROM..TO, such as 2026-11-21T12:00:00Z..2026-11-21T13:00:00Z or 1795262400..".to_owned();
        let (from, to) = text.split_once("..").ok_or_else(said)?;
        let moment = |text: &str| match text {
            "" => Ok(None),
            text => moment(text).map(Some).ok_or_else(said),
        };
        let period = Self { from: moment(from)?, to: moment(to)? };
        match period {
            Self { from: Some(from), to: Some(to) } if from >= to => Err("the period ends before it begins".to_owned()),
            period => Ok(period),
        }
    }
}

/// Parses a time by RFC 3339, or seconds since 1970 with up to nine digits behind the point.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return i64::try_from(time.as_nanosecond()).ok().map(Timestamp::from_nanos);
    }
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(seconds) || !is_number(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(nanos).map(Timestamp::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_written_in_two_ways() {
        let period = |text: &str| text.parse::<Period>();
        let at = |nanos: i64| Some(Timestamp::from_nanos(nanos));
        assert_eq!(period("0..1.5"), Ok(Period { from: at(0), to: at(1_500_000_000) }));
        assert_eq!(period("1970-01-01T00:00:01Z.."), Ok(Period { from: at(1_000_000_000), to: None }));
        assert_eq!(period(".."), Ok(Period::default()));
        for wrong in ["", "1", "2..1", "1..1", "x..", "..1.0000000001", "-1..2", "1.5.."] {
            assert_eq!(period(wrong).is_err(), wrong != "1.5..", "{wrong}");
        }
    }
}
