//! The loop: packets to the analyzer, what it learns to the screen, until something ends it.

use std::io;
use std::time::{Duration, Instant};

use whyclosed::analyzer::Analyzer;
use whyclosed::capture::live::{Live, now};
use whyclosed::capture::{Drops, Note};
use whyclosed::error::Error;
use whyclosed::live::{Update, Watch};
use whyclosed::report::Material;
use whyclosed::report::phrase::counted;
use whyclosed::seen::Timestamp;

use super::screen::{Screen, Status};
use super::storage::Storage;
use crate::signals::Signals;

/// Packets between two looks at everything else.
const BATCH: usize = 1024;

/// How often the system is asked what it dropped, the status is shown, and what was written is handed on.
const BEAT: Duration = Duration::from_secs(1);

/// Packets may lie in the system's buffer for longer than it gathers them, when the machine is busy: this far behind its
/// clock nothing that is judged by time can be wrong.
const SLACK: Duration = Duration::from_secs(1);

/// A condition is met by a connection's last frames, not by its last packets: so long the capture goes on for those.
const LAST_LOOK: Duration = Duration::from_millis(200);

/// A flood of drops is told no more often than this.
const BETWEEN_NOTICES: Duration = Duration::from_secs(10);

/// What ends a session, besides a signal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Until {
    /// After this time.
    pub duration: Option<Duration>,
    /// After so many ends.
    pub count: Option<u64>,
    /// After an end with this code.
    pub code: Option<u16>,
}

/// A capture that goes on.
pub struct Session {
    interfaces: Live,
    /// `None` where nothing is written, or nothing can be written any more.
    storage: Option<Storage>,
    screen: Screen,
    until: Until,
    analyzer: Analyzer,
    watch: Watch,
    faults: Vec<Error>,
    ends: u64,
    /// When it is over.
    over: Option<Instant>,
    beat: Beat,
}

/// What the last beat saw.
struct Beat {
    next: Instant,
    packets: u64,
    dropped: u64,
    told: Option<Instant>,
    untold: u64,
    since: Timestamp,
}

impl Session {
    /// A session that has not begun.
    pub fn new(interfaces: Live, storage: Option<Storage>, screen: Screen, watch: Watch, until: Until) -> Self {
        let beat = Beat { next: Instant::now(), packets: 0, dropped: 0, told: None, untold: 0, since: now() };
        let over = until.duration.map(|duration| Instant::now() + duration);
        let (analyzer, faults, ends) = (Analyzer::default(), Vec::new(), 0);
        Self { interfaces, storage, screen, until, analyzer, watch, faults, ends, over, beat }
    }

    /// Captures until it is over; what the report is made of, and what went wrong.
    pub fn run(mut self, mut signals: Signals) -> Result<(Material, Vec<Error>), Error> {
        let mut readers_left = false;
        while !readers_left && self.interfaces.is_open() {
            if self.over.is_some_and(|over| over <= Instant::now()) || signals.came() {
                break;
            }
            let drained = self.take(BATCH);
            if drained {
                self.settle();
            }
            self.beat();
            readers_left = self.tell().is_err();
            if drained {
                self.interfaces.wait(&[signals.waker()], self.patience()).map_err(|source| Error::Wait { source })?;
            }
        }
        Ok(self.finish())
    }

    /// Takes up to so many packets; whether there were no more.
    fn take(&mut self, most: usize) -> bool {
        for _ in 0..most {
            match self.interfaces.advance() {
                Ok(true) => self.packet(),
                Ok(false) => return true,
                Err(error) => self.fault("interface", error),
            }
        }
        false
    }

    fn packet(&mut self) {
        let Self { interfaces, analyzer, watch, storage, .. } = self;
        let packet = interfaces.packet();
        let stream = analyzer.push(&packet, watch);
        watch.settle(packet.time, analyzer);
        let written = storage.as_mut().map_or(Ok(()), |storage| {
            // First, for the packet may be of one of these.
            storage.judged(watch)?;
            storage.packet(interfaces.interface(), &packet, stream)
        });
        if let Err(error) = written {
            self.stop_writing(error);
        }
    }

    /// Judges what time alone decides.
    fn settle(&mut self) {
        let now = now();
        self.analyzer.tick(earlier(now, SLACK), &mut self.watch);
        self.watch.settle(now, &self.analyzer);
    }

    /// Prints what there is to tell, and sees whether that ends the session.
    fn tell(&mut self) -> io::Result<()> {
        while let Some(told) = self.watch.take() {
            self.screen.tell(&told)?;
            if let Update::Closed(ended) | Update::Refused(ended) = &told {
                self.ends += 1;
                let enough = self.until.count.is_some_and(|count| self.ends >= count);
                let found = self.until.code.is_some_and(|code| ended.connection.has_code(code));
                if enough || found {
                    let last_look = Instant::now() + LAST_LOOK;
                    self.over = Some(self.over.map_or(last_look, |over| over.min(last_look)));
                }
            }
        }
        Ok(())
    }

    /// What is done each second.
    fn beat(&mut self) {
        if self.beat.next > Instant::now() {
            return;
        }
        self.beat.next = Instant::now() + BEAT;
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
        let packets = self.interfaces.packets();
        let packets_per_second = packets - self.beat.packets;
        self.beat.packets = packets;
        let Beat { dropped, .. } = self.beat;
        self.screen.status(Status { packets_per_second, packets, open: self.watch.open(), dropped });
    }

    /// Asks what was dropped.
    fn count(&mut self) {
        let now = now();
        let dropped = self.interfaces.count(now);
        let after = std::mem::replace(&mut self.beat.since, now);
        if dropped > 0 {
            self.beat.dropped += dropped;
            self.beat.untold += dropped;
            self.watch.dropped(Drops { after, until: now });
            let written = self.storage.as_mut().map_or(Ok(()), |storage| storage.dropped(&self.interfaces));
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
        self.watch.notice(now, "drops", counted("live_drops", dropped, &[], self.screen.language()));
    }

    /// How long to wait at most.
    fn patience(&self) -> Duration {
        let beat = self.beat.next.saturating_duration_since(Instant::now());
        let over = self.over.map(|over| over.saturating_duration_since(Instant::now()));
        let due = self.watch.due().map(|due| due.since(now()));
        [over, due].into_iter().flatten().fold(beat, Duration::min)
    }

    fn stop_writing(&mut self, error: Error) {
        self.storage = None;
        self.fault("write", error);
    }

    /// Tells what went wrong at once; it decides the exit code at the end.
    fn fault(&mut self, about: &'static str, error: Error) {
        self.watch.notice(now(), about, error.to_string());
        self.faults.push(error);
    }

    /// Takes what the system still holds of the time before, judges what is open, ends the file.
    fn finish(mut self) -> (Material, Vec<Error>) {
        let end = now();
        while !self.take(1) && self.interfaces.packet().time <= end {}
        self.count();
        if self.beat.untold > 0 {
            self.tell_drops(end);
        }
        self.analyzer.finish(&mut self.watch);
        let written = self.finish_storage();
        if let Err(error) = written {
            self.stop_writing(error);
        }
        // Whoever reads may have stopped.
        let _ = self.tell();
        self.screen.finish();
        let (facts, left_out) = self.watch.into_facts();
        let mut summary = self.interfaces.summary();
        if left_out > 0 {
            summary.notes.push(Note::LetGo { count: left_out, kept: facts.len() as u64 });
        }
        let material = Material {
            captures: vec![summary],
            facts,
            counts: self.analyzer.counts(),
            skipped: self.analyzer.decoder().skipped().collect(),
            ..Material::default()
        };
        (material, self.faults)
    }

    fn finish_storage(&mut self) -> Result<(), Error> {
        let Self { storage: Some(storage), watch, interfaces, screen, .. } = self else { return Ok(()) };
        storage.judged(watch)?;
        let let_go = storage.let_go();
        if let_go > 0 {
            watch.notice(now(), "write", counted("live_not_held", let_go, &[], screen.language()));
        }
        storage.finish(interfaces)
    }
}

fn earlier(time: Timestamp, wait: Duration) -> Timestamp {
    Timestamp::from_nanos(time.as_nanos().saturating_sub(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX)))
}
