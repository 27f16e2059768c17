//! The loop of a live capture: packets to the analyzer, updates to the screen, until something ends it.

use std::io;
use std::time::{Duration, Instant};

use whyclosed::analyzer::{Analyzer, Named};
use whyclosed::capture::live::{Arrival, Feed, now};
use whyclosed::capture::{Drops, Note};
use whyclosed::error::Error;
use whyclosed::live::{Update, Watch};
use whyclosed::report::Material;
use whyclosed::report::phrase::counted;
use whyclosed::seen::Timestamp;

use super::outlet::{Outlet, Status};
use super::storage::Storage;
use crate::keys::KeyLogs;
use crate::signals::Stop;

/// The most packets processed before everything else gets its turn.
const BATCH: usize = 1024;

/// The interval at which the system's drop counters are read, the status is shown, and written packets are flushed.
const BEAT: Duration = Duration::from_secs(1);

/// The time by which judgements by time lag behind the clock. On a busy machine, packets may stay in the system's
/// buffer for longer than it gathers them; the lag keeps such packets from making a judgement wrong.
const SLACK: Duration = Duration::from_secs(1);

/// The time for which the capture continues after the condition to stop is met. A connection's last frames meet it, and
/// its last packets follow them.
pub const LAST_LOOK: Duration = Duration::from_millis(200);

/// The least time between two notices about dropped packets.
const BETWEEN_NOTICES: Duration = Duration::from_secs(10);

/// The conditions that end a session, besides the call to stop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Until {
    /// The time after which it ends.
    pub duration: Option<Duration>,
    /// The number of closes and refusals after which it ends.
    pub count: Option<u64>,
    /// The close code after which it ends.
    pub code: Option<u16>,
    /// The time for which it goes on after the call to stop, unless its packets end before.
    pub linger: Duration,
}

/// A session that is over.
pub struct Ended {
    /// The material of the report.
    pub material: Material,
    /// The faults on the way.
    pub faults: Vec<Error>,
    /// Whether the reader of standard output ended it by closing the pipe: it has what it wanted.
    pub reader_left: bool,
    /// Whether the call to stop has come.
    pub is_called: bool,
}

/// A running capture.
pub struct Session {
    feed: Box<dyn Feed>,
    /// The output for packets; `None` if none are written, or if writing has failed.
    storage: Option<Storage>,
    keys: KeyLogs,
    outlet: Box<dyn Outlet>,
    until: Until,
    analyzer: Analyzer,
    watch: Watch,
    faults: Vec<Error>,
    ends: u64,
    /// The time at which it ends, if that is known.
    over: Option<Instant>,
    beat: Beat,
}

/// The state of the last beat.
struct Beat {
    next: Instant,
    packets: u64,
    dropped: u64,
    told: Option<Instant>,
    untold: u64,
    since: Timestamp,
}

impl Session {
    /// Creates a session. Its duration begins now.
    pub fn new(
        feed: Box<dyn Feed>,
        storage: Option<Storage>,
        keys: KeyLogs,
        outlet: Box<dyn Outlet>,
        (watch, until): (Watch, Until),
    ) -> Self {
        let beat = Beat { next: Instant::now(), packets: 0, dropped: 0, told: None, untold: 0, since: now() };
        let over = until.duration.map(|duration| Instant::now() + duration);
        let (mut analyzer, faults, ends) = (Analyzer::default(), Vec::new(), 0);
        analyzer.expect_keys(keys.are_given() || feed.may_have_secrets());
        Self { feed, storage, keys, outlet, until, analyzer, watch, faults, ends, over, beat }
    }

    /// Sets the servers of encrypted WebSockets.
    pub fn name(&mut self, servers: Vec<Named>) {
        self.analyzer.name(servers);
    }

    /// Captures until the session is over.
    pub fn run(mut self, mut stop: Stop) -> Result<Ended, Error> {
        let (mut pipe_closed, mut called) = (false, false);
        while !pipe_closed && self.feed.is_open() {
            if stop.came() {
                called = true;
                self.end_in(self.until.linger);
            }
            if self.over.is_some_and(|over| over <= Instant::now()) {
                break;
            }
            let drained = self.take(BATCH);
            if drained {
                self.settle();
            }
            self.beat();
            pipe_closed = self.tell().is_err();
            if drained {
                let patience = self.patience();
                self.feed.wait(&[stop.waker()], patience).map_err(|source| Error::Wait { source })?;
            }
        }
        // Ctrl-C ends the reader, too, and may do so first.
        let is_called = called || stop.came();
        let reader_left = pipe_closed && !is_called;
        let (material, faults) = self.finish();
        Ok(Ended { material, faults, reader_left, is_called })
    }

    /// Processes up to `most` packets. Returns whether there were no more.
    fn take(&mut self, most: usize) -> bool {
        for _ in 0..most {
            let Self { feed, analyzer, watch, storage, .. } = self;
            let mut written = Ok(());
            let next = feed.next(&mut |arrival| match arrival {
                Arrival::Secrets(secrets) => analyzer.push_secrets(secrets, watch),
                Arrival::Packet(packet, interface) => {
                    let stream = analyzer.push(&packet, watch);
                    watch.settle(packet.time, analyzer);
                    if let Some(storage) = storage {
                        // First the judgements, because the packet may belong to one of these streams.
                        written = storage.judged(watch).and_then(|()| storage.packet(interface, &packet, stream));
                    }
                }
            });
            if let Err(error) = written {
                self.stop_writing(error);
            }
            match next {
                Ok(true) => {}
                Ok(false) => return true,
                Err(error) => self.fault("interface", error),
            }
        }
        false
    }

    /// Reads the keys that have been written, and judges what the passing of time decides.
    fn settle(&mut self) {
        if let Err(error) = self.keys.read(&mut self.analyzer, &mut self.watch) {
            // It would fail each time.
            self.keys = KeyLogs::default();
            self.fault("keys", error);
        }
        let clock = self.feed.clock();
        self.analyzer.tick(earlier(clock, SLACK), &mut self.watch);
        self.watch.settle(clock, &self.analyzer);
    }

    /// Prints the pending updates, and notes whether one of them ends the session.
    fn tell(&mut self) -> io::Result<()> {
        while let Some(told) = self.watch.take() {
            let ended = match &told {
                Update::Closed(ended) | Update::Refused(ended) => Some(ended.connection.code()),
                Update::Opened(_) | Update::Notice(_) => None,
            };
            self.outlet.tell(told)?;
            if let Some(code) = ended {
                self.ends += 1;
                let enough = self.until.count.is_some_and(|count| self.ends >= count);
                let found = self.until.code.is_some_and(|wanted| code == Some(wanted));
                if enough || found {
                    self.end_in(LAST_LOOK);
                }
            }
        }
        Ok(())
    }

    /// Ends the session after this time at the latest.
    fn end_in(&mut self, time: Duration) {
        let end = Instant::now() + time;
        self.over = Some(self.over.map_or(end, |over| over.min(end)));
    }

    /// Does what is due each [`BEAT`].
    fn beat(&mut self) {
        if self.beat.next > Instant::now() {
            return;
        }
        self.beat.next = Instant::now() + BEAT;
        self.keys.renew();
        self.count();
        let Self { storage, watch, .. } = self;
        let written = match storage {
            Some(storage) => storage.judged(watch).and_then(|()| storage.flush()),
            None => {
                while watch.take_judged().is_some() {}
                Ok(())
            }
        };
        if let Err(error) = written {
            self.stop_writing(error);
        }
        let packets = self.feed.packets();
        let packets_per_second = packets - self.beat.packets;
        self.beat.packets = packets;
        let Beat { dropped, .. } = self.beat;
        let Self { outlet, watch, analyzer, .. } = self;
        let status = Status { packets_per_second, packets, open: watch.open(), dropped };
        outlet.beat(status, watch, analyzer);
    }

    /// Reads the drop counters.
    fn count(&mut self) {
        let now = now();
        let dropped = self.feed.count(now);
        let after = std::mem::replace(&mut self.beat.since, now);
        if dropped > 0 {
            self.beat.dropped += dropped;
            self.beat.untold += dropped;
            self.watch.dropped(Drops { after, until: now });
            let written = self.storage.as_mut().map_or(Ok(()), |storage| storage.dropped(&*self.feed));
            if let Err(error) = written {
                self.stop_writing(error);
            }
        }
        let is_due = self.beat.told.is_none_or(|told| told.elapsed() >= BETWEEN_NOTICES);
        if self.beat.untold > 0 && is_due {
            self.tell_drops(now);
        }
    }

    fn tell_drops(&mut self, now: Timestamp) {
        let dropped = std::mem::take(&mut self.beat.untold);
        self.beat.told = Some(Instant::now());
        self.watch.notice(now, "drops", counted("live_drops", dropped, &[], self.outlet.language()));
    }

    /// Returns the longest time to wait for a packet.
    fn patience(&self) -> Duration {
        let beat = self.beat.next.saturating_duration_since(Instant::now());
        let over = self.over.map(|over| over.saturating_duration_since(Instant::now()));
        let due = self.watch.due().map(|due| due.since(self.feed.clock()));
        [over, due].into_iter().flatten().fold(beat, Duration::min)
    }

    fn stop_writing(&mut self, error: Error) {
        self.storage = None;
        self.fault("write", error);
    }

    /// Reports a fault at once, and keeps it: it decides the exit code at the end.
    fn fault(&mut self, about: &'static str, error: Error) {
        self.watch.notice(now(), about, error.to_string());
        self.faults.push(error);
    }

    /// Processes the packets that have come before this call and wait to be read, judges the open connections, and ends the
    /// file.
    fn finish(mut self) -> (Material, Vec<Error>) {
        let end = self.feed.now();
        while !self.take(1) && self.watch.now() <= end {}
        self.keys.renew();
        self.settle();
        self.count();
        if self.beat.untold > 0 {
            self.tell_drops(end);
        }
        self.analyzer.finish(&mut self.watch);
        let written = self.finish_storage();
        if let Err(error) = written {
            self.stop_writing(error);
        }
        // The reader may be gone.
        let _ = self.tell();
        self.outlet.finish();
        let outside = self.watch.take_outside();
        let (facts, left_out) = self.watch.into_facts();
        let mut summary = self.feed.summary();
        if left_out > 0 {
            summary.notes.push(Note::LetGo { count: left_out, kept: facts.len() as u64 });
        }
        let material = Material {
            captures: vec![summary],
            until: Some(end),
            facts: facts.into(),
            outside,
            counts: self.analyzer.counts(),
            skipped: self.analyzer.decoder().skipped().collect(),
            ..Material::default()
        };
        (material, self.faults)
    }

    fn finish_storage(&mut self) -> Result<(), Error> {
        let Self { storage: Some(storage), watch, feed, outlet, .. } = self else { return Ok(()) };
        storage.judged(watch)?;
        let let_go = storage.let_go();
        if let_go > 0 {
            watch.notice(now(), "write", counted("live_not_held", let_go, &[], outlet.language()));
        }
        storage.finish(&**feed)
    }
}

fn earlier(time: Timestamp, wait: Duration) -> Timestamp {
    Timestamp::from_nanos(time.as_nanos().saturating_sub(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX)))
}
