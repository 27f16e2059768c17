//! The sink of a live capture, which decides when an update is reported.
//!
//! An end is reported with the packet that completes it: the second Close frame, the second FIN, a reset. An unanswered
//! Close frame or FIN is reported after [`SETTLE`], and so is a refusal, because its body may still be to come. That is
//! a first judgement, on what was captured by then. A connection is judged again, finally, when no more can come. If
//! that changes the side, the code or the rule, a notice says so. Causes that only many connections together show (a
//! restart, a proxy's timer) are in the report at the end.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use foldhash::fast::RandomState;

use super::followed::{Followed, Judged, Place, Stream};
use super::step::{Step, step, waits};
use super::update::{Notice, Opened, Update};
use crate::analyzer::Analyzer;
use crate::capture::Drops;
use crate::catalog::{Language, Registries, fill, words};
use crate::diagnose::{Case, Fleet, RULES, diagnose};
use crate::ending::Kind;
use crate::event::{EndKind, Event, What};
use crate::facts::{Facts, Id};
use crate::limits;
use crate::report::redact::{Privacy, Redactor};
use crate::report::{Connection, phrase};
use crate::seen::Timestamp;
use crate::side::Side;
use crate::sink::Sink;

/// The time that an end may take to complete before it is reported. Most answers come sooner, and an end without one is
/// reported soon enough.
pub const SETTLE: Duration = Duration::from_millis(50);

/// The time after which an unanswered opening handshake or ping is worth a notice: peers on a sound path answer within
/// a second, and most libraries give up after 20 s.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A sink that turns events into [`Update`]s. After each packet, call [`Self::settle`], then [`Self::take`] until it
/// returns `None`.
pub struct Watch {
    language: Language,
    registries: Registries,
    privacy: Privacy,
    redactor: Redactor,
    now: Timestamp,
    followed: HashMap<Stream, Followed, RandomState>,
    /// The number of these on each connection of HTTP/2.
    streams: HashMap<u32, u32, RandomState>,
    /// Connections with a complete end, with an end that may still be completed, and with an answer outstanding; the
    /// latter two in the order of time.
    complete: Vec<Place>,
    settling: VecDeque<(Timestamp, Place)>,
    waiting: VecDeque<(Timestamp, Place)>,
    told: VecDeque<Update>,
    judged: VecDeque<(u32, bool)>,
    drops: Vec<Drops>,
    over: VecDeque<Box<Facts>>,
    /// The encrypted connections that are over.
    outside: VecDeque<Box<Facts>>,
    left_out: u64,
    open: usize,
}

impl Watch {
    /// Creates a watch that writes in `language`, names codes by `registries`, and redacts by `privacy`.
    pub fn new(language: Language, registries: Registries, privacy: Privacy) -> Self {
        // The catalogue is parsed on first use: do that now, not while somebody waits for a line.
        for rule in &RULES {
            rule.words();
        }
        words();
        Self {
            language,
            registries,
            privacy,
            redactor: Redactor::new(privacy),
            now: Timestamp::default(),
            followed: HashMap::default(),
            streams: HashMap::default(),
            complete: Vec::new(),
            settling: VecDeque::new(),
            waiting: VecDeque::new(),
            told: VecDeque::new(),
            judged: VecDeque::new(),
            drops: Vec::new(),
            over: VecDeque::new(),
            outside: VecDeque::new(),
            left_out: 0,
            open: 0,
        }
    }

    /// Judges what is due at `now`. Has to be called after each packet, and at [`due`](Self::due) if none has come.
    pub fn settle(&mut self, now: Timestamp, analyzer: &Analyzer) {
        self.now = now;
        for place in std::mem::take(&mut self.complete) {
            self.end(place, analyzer);
        }
        while let Some((_, place)) = self.settling.pop_front_if(|(due, _)| *due <= now) {
            self.end(place, analyzer);
        }
        while let Some((_, place)) = self.waiting.pop_front_if(|(due, _)| *due <= now) {
            self.still_waiting(place, analyzer);
        }
    }

    /// Returns the time at which [`settle`](Self::settle) has to be called next if no packet comes; `None` if nothing
    /// is pending.
    pub fn due(&self) -> Option<Timestamp> {
        let first = |queue: &VecDeque<(Timestamp, Place)>| queue.front().map(|(due, _)| *due);
        [first(&self.settling), first(&self.waiting)].into_iter().flatten().min()
    }

    /// Returns the next update, in the order in which they arose.
    pub fn take(&mut self) -> Option<Update> {
        self.told.pop_front()
    }

    /// Returns the next stream that was judged finally, and whether it ended abnormally.
    pub fn take_judged(&mut self) -> Option<(u32, bool)> {
        self.judged.pop_front()
    }

    /// Adds a notice that does not concern one connection.
    pub fn notice(&mut self, now: Timestamp, about: &'static str, text: String) {
        let (time, tcp_stream, connection) = (now.to_string(), None, None);
        self.told.push_back(Update::Notice(Notice { time, about, tcp_stream, text, connection }));
    }

    /// Notes that packets were dropped.
    pub fn dropped(&mut self, drops: Drops) {
        drops.add_to(&mut self.drops);
    }

    /// Returns the number of open WebSocket connections.
    pub const fn open(&self) -> usize {
        self.open
    }

    /// Returns the time that it was last settled for.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the connections that are open, each with the time at which something of it was seen last.
    pub fn heard(&self) -> impl Iterator<Item = (Id, Timestamp)> {
        self.followed.values().filter(|followed| followed.is_open()).map(|followed| (followed.id, followed.heard))
    }

    /// Judges an open connection by what has been captured by now. Returns `None` if it is not open any more.
    pub fn as_of_now(&mut self, id: Id, analyzer: &Analyzer) -> Option<Box<Connection>> {
        let stream = (id.stream, (id.http2_stream > 0).then_some(id.http2_stream));
        let followed = self.followed.get(&stream).filter(|followed| followed.is_open() && followed.id == id)?;
        let mut facts = followed.place.facts(analyzer)?;
        Some(self.judge(&mut facts))
    }

    /// Takes the facts of the encrypted connections that are over, at most the last [`limits::LIVE_CONNECTIONS`].
    pub fn take_outside(&mut self) -> Vec<Box<Facts>> {
        std::mem::take(&mut self.outside).into()
    }

    /// Returns the facts of the connections that are over, in the order in which they were judged, and the number of
    /// those left out for [`limits::LIVE_CONNECTIONS`].
    pub fn into_facts(self) -> (Vec<Box<Facts>>, u64) {
        (self.over.into(), self.left_out)
    }

    fn judge(&mut self, facts: &mut Facts) -> Box<Connection> {
        let last = if facts.is_over() { facts.last.time } else { self.now };
        facts.drops = self.drops.iter().any(|drops| drops.touch(facts.first.time, last));
        self.redactor.meet(facts);
        let fleet = Fleet::default();
        let case = Case::new(facts, &fleet, self.now);
        let verdicts = diagnose(&case);
        Box::new(Connection::new(0, (&case, &verdicts), &self.registries, self.language, &mut self.redactor))
    }

    /// Returns whether no further stream of a connection of HTTP/2 is followed, after one that is over, and that was
    /// followed or not.
    fn is_last_stream(&mut self, connection: u32, was_followed: bool) -> bool {
        let Some(left) = self.streams.get_mut(&connection) else { return true };
        *left = left.saturating_sub(u32::from(was_followed));
        let is_last = *left == 0;
        if is_last {
            self.streams.remove(&connection);
        }
        is_last
    }

    /// Reports the end of a connection, unless that was done.
    fn end(&mut self, place: Place, analyzer: &Analyzer) {
        if self.followed.get(&place.stream).is_some_and(|followed| followed.judged.is_none())
            && let Some(mut facts) = place.facts(analyzer)
        {
            let connection = self.judge(&mut facts);
            let judged = Judged::of(&connection);
            self.told.push_back(Update::end(&facts, connection, &self.registries, self.language));
            if let Some(followed) = self.followed.get_mut(&place.stream) {
                followed.judged = Some(judged);
                self.open -= usize::from(followed.opened);
                followed.opened = false;
            }
        }
    }

    /// Reports that an answer has not come yet.
    fn still_waiting(&mut self, place: Place, analyzer: &Analyzer) {
        let Some(followed) = self.followed.get_mut(&place.stream).filter(|followed| followed.judged.is_none()) else {
            return;
        };
        followed.is_waiting = false;
        let Some(facts) = place.facts(analyzer) else { return };
        let ping = |side: Side| Some((side, facts.sent[side].unanswered_pings.first()?.seen));
        let oldest = Side::BOTH.into_iter().filter_map(ping).min_by_key(|(_, seen)| *seen);
        let request = facts.handshake.request.as_ref().filter(|_| facts.handshake.response.is_none());
        let (about, side, since) = match (oldest, request) {
            (Some((side, seen)), _) => ("unanswered_ping", side, seen),
            (None, Some(request)) if facts.switched.is_none() => ("unanswered_handshake", Side::Client, request.seen),
            _ => return,
        };
        let value = |name: &str| match name {
            "side" => Some(phrase::side_of(side, self.language).into()),
            "packet" => Some(since.packet.to_string().into()),
            "waited" => Some(phrase::duration(self.now.since(since.time), self.language).into()),
            _ => None,
        };
        let text = fill(words().get(about, self.language), value);
        let tcp_stream = Some(place.stream.0);
        let (time, connection) = (self.now.to_string(), None);
        self.told.push_back(Update::Notice(Notice { time, about, tcp_stream, text, connection }));
    }

    /// Reports that the final judgement on a connection differs from its line.
    fn judged_again(&mut self, facts: &Facts, connection: Box<Connection>) {
        let value = |name: &str| match name {
            "title" => Some(connection.verdict.title.clone()),
            "summary" => Some(connection.verdict.summary.clone()),
            _ => None,
        };
        let text = fill(words().get("judged_again", self.language), value);
        let (time, about, tcp_stream) = (self.now.to_string(), "judged_again", Some(facts.stream));
        let connection = Some(connection);
        self.told.push_back(Update::Notice(Notice { time, about, tcp_stream, text, connection }));
    }
}

impl Sink for Watch {
    fn event(&mut self, facts: &Facts, event: &Event<'_>) {
        if !facts.is_reportable() && facts.switched.is_none() {
            return;
        }
        let stream = (facts.stream, facts.http2_stream());
        let place = || Place { stream, addresses: facts.addresses() };
        let now = event.carrier.seen.time;
        let followed = self.followed.entry(stream).or_insert_with(|| {
            if stream.1.is_some() {
                *self.streams.entry(stream.0).or_default() += 1;
            }
            Followed::new(facts, place())
        });
        followed.heard = followed.heard.max(now);
        if followed.judged.is_some() {
            return;
        }
        if facts.switched.is_some() && !followed.opened {
            followed.opened = true;
            self.open += 1;
            self.redactor.meet(facts);
            let fleet = Fleet::default();
            let case = Case::new(facts, &fleet, now);
            let verdicts = diagnose(&case);
            let connection =
                Connection::new(0, (&case, &verdicts), &self.registries, self.language, &mut self.redactor);
            self.told.push_back(Update::Opened(Opened::new(facts, Box::new(connection))));
        }
        followed.fins[event.side] |= matches!(event.what, What::End { kind: EndKind::Fin | EndKind::EndStream, .. });
        match step(facts, event, followed.fins) {
            Some(Step::Completes) => self.complete.push(place()),
            Some(Step::Begins) if !followed.is_settling => {
                followed.is_settling = true;
                self.settling.push_back((later(now, SETTLE), place()));
            }
            _ => {}
        }
        if waits(event) && !followed.is_waiting {
            followed.is_waiting = true;
            self.waiting.push_back((later(now, PATIENCE), place()));
        }
    }

    fn outside(&mut self, facts: Box<Facts>) {
        self.outside.push_back(facts);
        if self.outside.len() > limits::LIVE_CONNECTIONS {
            self.outside.pop_front();
        }
    }

    fn connection(&mut self, mut facts: Box<Facts>) {
        let followed = self.followed.remove(&(facts.stream, facts.http2_stream()));
        let is_last = facts.http2_stream().is_none() || self.is_last_stream(facts.stream, followed.is_some());
        self.open -= usize::from(followed.as_ref().is_some_and(|followed| followed.opened));
        let connection = self.judge(&mut facts);
        // The packets of a connection of HTTP/2 belong to all of its streams.
        if is_last || connection.is_abnormal() {
            self.judged.push_back((facts.stream, connection.is_abnormal()));
        }
        match followed.and_then(|followed| followed.judged) {
            Some(first) if Judged::of(&connection) != first => self.judged_again(&facts, connection),
            None if connection.ending != Kind::Open => {
                self.told.push_back(Update::end(&facts, connection, &self.registries, self.language));
            }
            _ => {}
        }
        self.over.push_back(facts);
        if self.over.len() > limits::LIVE_CONNECTIONS {
            self.over.pop_front();
            self.left_out += 1;
            if self.left_out.is_multiple_of(limits::LIVE_CONNECTIONS as u64) {
                // The redactor remembers every secret that it has seen: replace it, and number them anew.
                self.redactor = Redactor::new(self.privacy);
            }
        }
    }
}

fn later(time: Timestamp, wait: Duration) -> Timestamp {
    let wait = i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_nanos(time.as_nanos().saturating_add(wait))
}
