//! Timers that end connections.

use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use crate::diagnose::Case;

/// The most by which a timer fires early, because of clocks and of the way to the capture.
const EARLY: Duration = Duration::from_millis(100);

/// The most by which a timer fires late: many are checked once a second.
const LATE: Duration = Duration::from_millis(1100);

/// A timer, and the end that it causes.
#[derive(Clone, Debug, Deserialize)]
pub struct Timer {
    /// The implementation that has it, and the name of its setting.
    pub name: String,
    idle: Option<u64>,
    lifetime: Option<u64>,
    first: Option<u64>,
    resets: Option<Resets>,
    ends: Vec<String>,
    server: Option<String>,
}

/// The traffic that resets an idle timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resets {
    /// Traffic of either side.
    Either,
    /// Traffic that the closer received.
    Received,
}

/// The timers that fit.
#[derive(Clone, Debug)]
pub struct Match {
    /// Their names, each once, joined by commas.
    pub names: String,
    /// The seconds after which the first of them in the table fires.
    pub seconds: u64,
    /// Whether they are those of the server that the Server header names.
    pub is_named: bool,
}

impl Timer {
    /// Returns the idle timers that fire after a silence: after `received`, that of the closer's peer, if only received
    /// traffic resets the timer; else after `of_either`, that of both sides.
    pub fn idle(case: &Case<'_>, of_either: Duration, received: Duration) -> Option<Match> {
        fitting(case, |timer| {
            let silence = if timer.resets == Some(Resets::Received) { received } else { of_either };
            timer.idle.filter(|seconds| fires(*seconds, silence))
        })
    }

    /// Returns the limits of a connection's age that fit this age.
    pub fn lifetime(case: &Case<'_>, age: Duration) -> Option<Match> {
        fitting(case, |timer| timer.lifetime.filter(|seconds| fires(*seconds, age)))
    }

    /// Returns the deadlines for the client's first message that fit this age.
    pub fn first_message(case: &Case<'_>, age: Duration) -> Option<Match> {
        fitting(case, |timer| timer.first.filter(|seconds| fires(*seconds, age)))
    }
}

/// The name that the table has for an end without a Close frame.
const BARE: &str = "bare";

/// Returns the name that the table has for the end of a connection: `bare`, or the close code, 0 for none.
fn end_of(case: &Case<'_>) -> String {
    match case.ending.kind {
        kind if kind.is_bare() => BARE.to_owned(),
        _ => case.close.map_or_else(String::new, |close| close.code.map_or(0, |code| code.0).to_string()),
    }
}

fn fires(seconds: u64, after: Duration) -> bool {
    let set = Duration::from_secs(seconds);
    after + EARLY >= set && after <= set + LATE
}

fn fitting(case: &Case<'_>, fires: impl Fn(&Timer) -> Option<u64>) -> Option<Match> {
    #[derive(Default, Deserialize)]
    struct Table {
        timer: Vec<Timer>,
    }
    static TABLE: LazyLock<Table> = LazyLock::new(|| super::table(include_str!("timers.toml")));
    let server = case.facts.handshake.response.as_ref().and_then(|response| response.server.as_deref());
    let mut fitting: Vec<_> = TABLE.timer.iter().filter_map(|timer| Some((timer, fires(timer)?))).collect();
    if case.closing.is_some() {
        fitting.retain(|(timer, _)| timer.ends.iter().any(|end| end != BARE));
    } else if !fitting.is_empty() {
        let end = end_of(case);
        fitting.retain(|(timer, _)| timer.ends.contains(&end));
    }
    let is_named = |timer: &Timer| timer.server.as_deref().is_some_and(|name| super::begins(server, name));
    let named: Vec<_> = fitting.iter().copied().filter(|(timer, _)| is_named(timer)).collect();
    let chosen = if named.is_empty() { &fitting } else { &named };
    let mut names: Vec<_> = chosen.iter().map(|(timer, _)| timer.name.as_str()).collect();
    names.dedup();
    Some(Match { names: names.join(", "), seconds: chosen.first()?.1, is_named: !named.is_empty() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_fires_on_time_or_a_little_late() {
        let after = |millis| fires(60, Duration::from_millis(millis));
        assert_eq!([59_850, 59_950, 60_000, 61_050, 61_200].map(after), [false, true, true, true, false]);
    }
}
