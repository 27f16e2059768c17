//! Timers that end connections.

use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use crate::diagnose::Case;
use crate::ending::Kind;

/// A timer fires this much early at most: clocks, and the way to the capture.
const EARLY: Duration = Duration::from_millis(100);

/// A timer fires this much late at most: many are looked at once a second.
const LATE: Duration = Duration::from_millis(1100);

/// A timer, and what it does.
#[derive(Clone, Debug, Deserialize)]
pub struct Timer {
    /// Who has it, and under which name.
    pub name: String,
    idle: Option<u64>,
    lifetime: Option<u64>,
    first: Option<u64>,
    resets: Option<Resets>,
    ends: Vec<String>,
    server: Option<String>,
}

/// Which traffic resets an idle timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resets {
    /// That of either side.
    Either,
    /// What the closer received.
    Received,
}

/// The timers that fit.
#[derive(Clone, Debug)]
pub struct Match {
    /// Their names, each once, joined by commas.
    pub names: String,
    /// After how long they fire.
    pub seconds: u64,
    /// Whether the Server header names the one.
    pub is_named: bool,
}

impl Timer {
    /// Idle timers that fire after such a silence, `of_either` side or of the side that the closer hears.
    pub fn idle(case: &Case<'_>, of_either: Duration, received: Duration) -> Option<Match> {
        fitting(case, |timer| {
            let silence = if timer.resets == Some(Resets::Received) { received } else { of_either };
            timer.idle.filter(|seconds| fires(*seconds, silence))
        })
    }

    /// Limits of a connection's age.
    pub fn lifetime(case: &Case<'_>, age: Duration) -> Option<Match> {
        fitting(case, |timer| timer.lifetime.filter(|seconds| fires(*seconds, age)))
    }

    /// Deadlines of the client's first message.
    pub fn first_message(case: &Case<'_>, age: Duration) -> Option<Match> {
        fitting(case, |timer| timer.first.filter(|seconds| fires(*seconds, age)))
    }
}

/// How a connection ended, as the table has it.
fn end_of(case: &Case<'_>) -> String {
    match case.ending.kind {
        Kind::Fin | Kind::Reset => "bare".to_owned(),
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
    if !fitting.is_empty() {
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
