//! Finds clients that connect again and again without growing pauses.

use std::num::NonZero;
use std::time::Duration;

use super::Member;
use crate::side::Side;

/// The least number of connections in a row that is not a coincidence.
const LEAST: usize = 5;

/// The longest pause in a storm.
const PAUSE: Duration = Duration::from_secs(10);

/// The most pauses that are reported.
const TOLD: usize = 10;

/// One client's connections to one server, each begun soon after the one before had ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    /// The number of connections.
    pub count: u32,
    /// The median pause between an end and the next beginning.
    pub median: Duration,
    /// The first pauses.
    pub pauses: Vec<Duration>,
}

/// Finds all storms, and sets their positions in their members.
///
/// `by_host` are their positions, sorted by server, by the client's host, and then by first packet.
pub(super) fn find(members: &mut [Member], by_host: &[u32]) -> Vec<Storm> {
    let (mut storms, mut run) = (Vec::new(), Vec::new());
    for at in by_host.iter().map(|at| Some(*at as usize)).chain([None]) {
        let goes_on = at.is_some_and(|at| follows(members, run.last().copied(), at));
        if !goes_on {
            close(members, &run, &mut storms);
            run.clear();
        }
        run.extend(at);
    }
    storms
}

/// Returns whether the connection at `at` is the client of the one at `before` coming back.
fn follows(members: &[Member], before: Option<usize>, at: usize) -> bool {
    let pair = before.and_then(|before| Some((members.get(before)?, members.get(at)?)));
    pair.is_some_and(|(before, next)| {
        let same = before.host() == next.host();
        // A client that sent the Close frame itself does not come back because it was closed.
        let was_closed = before.by == Side::Server || before.is_bare();
        same && was_closed && before.ended < next.first && next.first.time.since(before.ended.time) <= PAUSE
    })
}

fn close(members: &mut [Member], run: &[usize], storms: &mut Vec<Storm>) {
    let ends = |at: &usize| members.get(*at).map(|member| (member.first.time, member.ended.time));
    let times: Vec<_> = run.iter().filter_map(ends).collect();
    let pauses: Vec<_> = times.iter().zip(times.iter().skip(1)).map(|(one, next)| next.0.since(one.1)).collect();
    let (early, late) = pauses.split_at(pauses.len() / 2);
    // The pauses of a client that backs off grow.
    if run.len() < LEAST || median(late) > median(early) * 3 / 2 + Duration::from_millis(50) {
        return;
    }
    let told = pauses.iter().take(TOLD).copied().collect();
    storms.push(Storm { count: run.len() as u32, median: median(&pauses), pauses: told });
    for at in run {
        if let Some(member) = members.get_mut(*at) {
            member.storm = NonZero::new(storms.len() as u32);
        }
    }
}

fn median(of: &[Duration]) -> Duration {
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
