//! Connections while they are captured: what is new comes in once in a while, and waits while the view is frozen.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use foldhash::fast::RandomState;

use super::State;
use super::list::List;
use super::state::Options;
use crate::ending::Kind;
use crate::facts::Id;
use crate::limits;
use crate::report::codes::Occurred;
use crate::report::phrase::seconds;
use crate::report::{Connection, Material, Report};
use crate::seen::Timestamp;

/// The name of the rule for connections that nothing has ended.
const STILL_OPEN: &str = "still_open";

/// What a capture has shown since the last time.
#[derive(Debug, Default)]
pub struct News {
    /// Connections that were opened, judged, or judged again, the latest last.
    connections: VecDeque<Box<Connection>>,
    /// The time by the clock of the capture.
    pub now: Timestamp,
    /// The connections that are open, each with the time at which something of it was seen last.
    pub heard: Vec<(Id, Timestamp)>,
}

impl News {
    /// Adds a connection. Of more than [`limits::LIVE_CONNECTIONS`], the first ones are dropped.
    pub fn add(&mut self, connection: Box<Connection>) {
        self.connections.push_back(connection);
        if self.connections.len() > limits::LIVE_CONNECTIONS {
            self.connections.pop_front();
        }
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.now == Timestamp::default()
    }

    /// Adds later news.
    fn extend(&mut self, later: Self) {
        later.connections.into_iter().for_each(|connection| self.add(connection));
        if later.now > self.now {
            (self.now, self.heard) = (later.now, later.heard);
        }
    }
}

/// The part of the state that only a running capture has.
#[derive(Debug, Default)]
pub(super) struct Live {
    now: Timestamp,
    heard: HashMap<Id, Timestamp, RandomState>,
    /// The places of the connections in the report.
    places: HashMap<Id, usize, RandomState>,
    /// The number of connections so far.
    count: usize,
    /// What has come while the view was frozen; `None` if it is not.
    held: Option<News>,
}

impl Live {
    /// Takes over the connections that are new or known better.
    fn merge(&mut self, report: &mut Report, connections: VecDeque<Box<Connection>>) {
        for mut connection in connections {
            let known = self.places.get(&connection.identity()).and_then(|at| report.connections.get_mut(*at));
            if let Some(known) = known {
                connection.id = known.id;
                *known = connection;
                continue;
            }
            self.count += 1;
            connection.id = self.count;
            self.places.insert(connection.identity(), report.connections.len());
            report.connections.push(connection);
        }
        let many = report.connections.len().saturating_sub(limits::LIVE_CONNECTIONS);
        if many > 0 {
            self.let_go(report, many);
        }
    }

    /// Removes the first connections: those that are over, or else those that are open.
    fn let_go(&mut self, report: &mut Report, mut many: usize) {
        for is_spared in [|one: &Connection| one.ending == Kind::Open, |_: &Connection| false] {
            report.connections.retain(|connection| {
                let is_kept = many == 0 || is_spared(connection);
                many -= usize::from(!is_kept);
                is_kept
            });
        }
        self.places = report.connections.iter().map(|one| one.identity()).zip(0..).collect();
    }

    /// Lets open connections grow older.
    fn age(&self, report: &mut Report) {
        let is_open = |connection: &&mut Box<Connection>| connection.ending == Kind::Open;
        for connection in report.connections.iter_mut().filter(is_open) {
            connection.lifetime = self.now.since(opened(connection).unwrap_or(self.now)).as_secs_f64();
        }
    }
}

/// Returns the time at which a connection was opened.
fn opened(connection: &Connection) -> Option<Timestamp> {
    let time: jiff::Timestamp = connection.opened.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp::from_nanos)
}

impl State {
    /// Returns the state before anything has been captured. The connections that were opened or ended last come first.
    pub fn live(options: Options, screen: (u16, u16)) -> Self {
        let mut state = Self::new(options, screen);
        state.live = Some(Live::default());
        state.list = List::live(state.options.selection.clone());
        state
    }

    /// Shows what is new, or keeps it until the view is not frozen any more.
    pub fn hear(&mut self, news: News) {
        let Some(live) = &mut self.live else { return };
        if let Some(held) = &mut live.held {
            return held.extend(news);
        }
        let empty = Report::new(Material::default(), self.options.language);
        let mut report = std::mem::replace(&mut self.contents.report, empty);
        let marked = self.marked_in(&report);
        let Some(live) = &mut self.live else { return };
        live.merge(&mut report, news.connections);
        if news.now > live.now {
            (live.now, live.heard) = (news.now, news.heard.into_iter().collect());
            live.age(&mut report);
        }
        let mut occurred = Occurred::default();
        report.connections.iter().for_each(|connection| occurred.add(connection));
        report.codes = occurred.codes(&self.options.registries, self.options.language);
        self.show_report(report, marked);
    }

    /// Returns the marked connection, if it is open: its details are those of the time at which it was judged.
    pub fn watched(&self) -> Option<Id> {
        self.live.as_ref()?;
        self.marked().filter(|marked| marked.ending == Kind::Open).map(Connection::identity)
    }

    /// Freezes the view of a running capture, or shows what has come since.
    pub(super) fn freeze(&mut self) {
        let Some(live) = &mut self.live else { return };
        match live.held.take() {
            Some(held) => self.hear(held),
            None => live.held = Some(News::default()),
        }
    }

    /// Returns whether news wait.
    pub(super) fn is_frozen(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.held.is_some())
    }

    /// Returns an open connection with a verdict for a capture that goes on: the report's is for one that has stopped. `None` if
    /// its own verdict says more than that it is open.
    pub(super) fn still_open(&self, connection: &Connection) -> Option<Connection> {
        let waiting = self.waiting(connection).filter(|_| connection.verdict.rule.name == STILL_OPEN)?;
        let mut connection = connection.clone();
        let verdict = &mut connection.verdict;
        verdict.summary = waiting.join(", ").into();
        verdict.cause = self.word("live_cause", &[]).into();
        verdict.fix = self.word("live_fix", &[]).into();
        Some(connection)
    }

    /// Returns for how long a connection has been open, and for how long it has been silent; `None` if it has ended.
    pub(super) fn waiting(&self, connection: &Connection) -> Option<[String; 2]> {
        let live = self.live.as_ref().filter(|_| connection.ending == Kind::Open)?;
        let age = Duration::try_from_secs_f64(connection.lifetime).unwrap_or_default();
        let silence = live.heard.get(&connection.identity()).map_or(Duration::ZERO, |heard| live.now.since(*heard));
        Some([("live_age", age), ("live_silence", silence)].map(|(name, time)| {
            let time = seconds(time, self.language());
            self.word(name, &[("time", &time)])
        }))
    }
}
