//! Packets from a pipe, read on a thread of its own: a read cannot be interrupted, and a decompressor cannot pause in one.
//!
//! ```text
//! reading thread                          the session
//! Source ─ batch ─┬─ Arrived ───────────→ next
//!                 └─ one byte ──────────→ wait
//! ```

use std::io::{self, Read, Write};
use std::iter;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{Arrival, Feed, feed};
use crate::capture::block::Block;
use crate::capture::{Source, Summary};
use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

/// The time for which tcpdump and its system may hold a packet back before it is in the pipe: tcpdump asks libpcap to
/// deliver packets at least once a second.
const HELD_BACK: Duration = Duration::from_secs(1);

/// The packets that were in the pipe together.
struct Arrived {
    block: Block,
    /// The key logs that came before the last of these packets.
    secrets: Vec<u8>,
    /// The time since the pipe was opened.
    after: Duration,
    /// The summary up to here; `None` in the middle of a flood.
    summary: Option<Summary>,
    /// The error that ended the stream.
    error: Option<Error>,
}

/// A capture that comes through a pipe.
pub struct Piped {
    arrived: Receiver<Arrived>,
    /// Readable once something has arrived.
    bell: UnixStream,
    is_open: bool,
    next: Option<Arrived>,
    current: Block,
    /// The number of packets of the current block that have been passed.
    passed: usize,
    summary: Summary,
    opened: Instant,
    /// The time of the latest packet that was passed.
    latest: Timestamp,
    /// The most that a packet's time was ahead of the time since the pipe was opened. It is that of the packet that was
    /// under way for the shortest time, so it tells the clock of the machine that captures.
    ahead: Option<i64>,
    packets: u64,
}

impl Piped {
    /// Begins to read a capture. Fails if the system grants no thread, or no pair of sockets.
    pub fn new(source: Box<dyn Source + Send>) -> io::Result<Self> {
        let (bell, ringing) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ringing.set_nonblocking(true)?;
        let (sender, arrived) = sync_channel(limits::BLOCKS);
        let (opened, summary) = (Instant::now(), summary(&*source));
        thread::Builder::new().name("reading".to_owned()).spawn(move || read(source, &sender, &ringing, opened))?;
        Ok(Self {
            arrived,
            bell,
            is_open: true,
            next: None,
            current: Block::default(),
            passed: 0,
            summary,
            opened,
            latest: Timestamp::default(),
            ahead: None,
            packets: 0,
        })
    }

    /// Receives what has arrived, if nothing received before is left. The end of the reading thread ends the feed.
    fn receive(&mut self) {
        if self.next.is_none() {
            match self.arrived.try_recv() {
                Ok(arrived) => self.next = Some(arrived),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.is_open = false,
            }
        }
    }
}

fn summary(source: &dyn Source) -> Summary {
    source.summaries().into_iter().next().unwrap_or_default()
}

/// Reads a capture to its end, as long as somebody takes its packets, and rings the bell for each batch.
fn read(mut source: Box<dyn Source + Send>, taker: &SyncSender<Arrived>, mut ringing: &UnixStream, opened: Instant) {
    loop {
        let (mut block, mut error) = (Block::default(), None);
        match source.batch() {
            Ok(packets) => packets.iter().for_each(|packet| block.push(packet)),
            Err(failed) => error = Some(failed),
        }
        let count = block.len();
        let (secrets, after) = (source.take_secrets(), opened.elapsed());
        let summary = (count < limits::BATCH).then(|| summary(&*source));
        let is_taken = taker.send(Arrived { block, secrets, after, summary, error }).is_ok();
        // If there is no room for the byte, others are yet to be heard.
        let _ = ringing.write(&[0]);
        if count == 0 || !is_taken {
            return;
        }
    }
}

impl Feed for Piped {
    fn wait(&mut self, wakers: &[BorrowedFd<'_>], timeout: Duration) -> io::Result<()> {
        self.receive();
        if self.next.is_some() || !self.is_open {
            return Ok(());
        }
        feed::wait(iter::once(self.bell.as_fd()).chain(wakers.iter().copied()), timeout)?;
        while self.bell.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
        Ok(())
    }

    fn next(&mut self, taker: &mut dyn FnMut(Arrival<'_>)) -> Result<bool, Error> {
        loop {
            if let Some(packet) = self.current.packet(self.passed) {
                self.latest = self.latest.max(packet.time);
                self.passed += 1;
                self.packets = packet.number;
                taker(Arrival::Packet(packet, 0));
                return Ok(true);
            }
            self.receive();
            let Some(Arrived { block, secrets, after, summary, error }) = self.next.take() else {
                return Ok(false);
            };
            for at in 0..block.len() {
                let time = block.packet(at).map(|packet| packet.time.as_nanos());
                self.ahead = self.ahead.max(time.map(|time| time.saturating_sub(nanos(after))));
            }
            (self.current, self.passed) = (block, 0);
            if !secrets.is_empty() {
                taker(Arrival::Secrets(&secrets));
            }
            self.summary = summary.unwrap_or_else(|| std::mem::take(&mut self.summary));
            if let Some(error) = error {
                self.is_open = false;
                return Err(error);
            }
        }
    }

    fn packets(&self) -> u64 {
        self.packets
    }

    fn is_open(&self) -> bool {
        self.is_open
    }

    /// Returns the time by the clock of the machine that captures: as late as the packets so far allow.
    fn now(&self) -> Timestamp {
        let now = self.ahead.map_or(0, |ahead| nanos(self.opened.elapsed()).saturating_add(ahead));
        self.latest.max(Timestamp::from_nanos(now))
    }

    /// Returns the time up to which all packets should have come, even those that are held back before the pipe.
    fn clock(&self) -> Timestamp {
        self.latest.max(Timestamp::from_nanos(self.now().as_nanos().saturating_sub(nanos(HELD_BACK))))
    }

    fn summary(&self) -> Summary {
        self.summary.clone()
    }

    fn may_have_secrets(&self) -> bool {
        self.summary.format.starts_with("pcapng")
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::capture::file;
    use crate::capture::testing::build::{Order, Pcap, Pcapng};

    /// A pipe into a feed.
    struct Pipe {
        /// `None` once it is closed.
        writer: Option<io::PipeWriter>,
        feed: Piped,
        /// The keys that have come.
        keys: Vec<u8>,
    }

    impl Pipe {
        /// Opens a pipe whose capture begins with these bytes.
        fn new(first: &[u8]) -> Self {
            let (reader, mut writer) = io::pipe().unwrap();
            writer.write_all(first).unwrap();
            let source = file::recognise(Path::new("-"), Box::new(reader), limits::READ_BUFFER).unwrap();
            Self { writer: Some(writer), feed: Piped::new(source).unwrap(), keys: Vec::new() }
        }

        fn write(&mut self, bytes: &[u8]) {
            self.writer.as_mut().unwrap().write_all(bytes).unwrap();
        }

        /// Waits for the next packet, or the end; returns its bytes.
        fn next(&mut self) -> Option<Vec<u8>> {
            loop {
                let mut data = Vec::new();
                let next = self.feed.next(&mut |arrival| match arrival {
                    Arrival::Secrets(keys) => {
                        assert!(data.is_empty(), "keys come before the packet");
                        self.keys.extend_from_slice(keys);
                    }
                    Arrival::Packet(packet, _) => data.extend_from_slice(packet.data),
                });
                match next {
                    Ok(true) => return Some(data),
                    Ok(false) if !self.feed.is_open() => return None,
                    Ok(false) => self.feed.wait(&[], Duration::from_secs(10)).unwrap(),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    #[test]
    fn a_packet_comes_as_soon_as_its_last_byte_is_in_the_pipe() {
        let pcap = |packets: &[&'static [u8]]| {
            let empty = Pcap::new(Order::Little, Pcap::MICROS, 1);
            packets.iter().fold(empty, |file, data| file.record(1, 2, data, 99)).bytes
        };
        let (first, whole) = (pcap(&[b"one"]), pcap(&[b"one", b"two", b"three"]));
        let mut pipe = Pipe::new(&pcap(&[]));
        // Byte by byte, without the last one.
        for byte in &first[pcap(&[]).len()..first.len() - 1] {
            pipe.write(&[*byte]);
        }
        pipe.feed.wait(&[], Duration::from_millis(20)).unwrap();
        assert!(!pipe.feed.next(&mut |_| {}).unwrap() && pipe.feed.is_open());
        pipe.write(&first[first.len() - 1..]);
        assert_eq!(pipe.next().unwrap(), b"one");
        pipe.write(&whole[first.len()..]);
        assert_eq!([pipe.next(), pipe.next()], [Some(b"two".to_vec()), Some(b"three".to_vec())]);
        assert_eq!(pipe.feed.packets(), 3);
        pipe.writer = None;
        assert_eq!(pipe.next(), None);
        let feed = pipe.feed;
        assert_eq!((feed.summary().packets, &*feed.summary().path, feed.summary().notes.len()), (3, "-", 0));
    }

    #[test]
    fn keys_come_before_the_packet_behind_them() {
        let log = |text: &[u8]| [&b"KSLT"[..], &[text.len() as u8, 0, 0, 0], text].concat();
        let file = Pcapng::new(Order::Little).interface(1, 0, &[]).block(10, &log(b"one\n"));
        let file = file.enhanced(0, 7, b"data", 4).block(10, &log(b"two\n"));
        let mut pipe = Pipe::new(&file.bytes);
        assert!(pipe.feed.may_have_secrets());
        assert_eq!(pipe.next().unwrap(), b"data");
        assert!(pipe.keys.starts_with(b"one\n"), "{:?}", pipe.keys);
        pipe.writer = None;
        assert_eq!(pipe.next(), None);
        assert_eq!(pipe.keys, b"one\n\ntwo\n\n");
    }

    #[test]
    fn the_clock_is_that_of_the_packets_and_goes_on_without_them() {
        let file = Pcap::new(Order::Little, Pcap::MICROS, 1).record(1000, 0, b"x", 1).record(1005, 0, b"y", 1);
        let mut pipe = Pipe::new(&file.bytes);
        pipe.next().unwrap();
        pipe.next().unwrap();
        let at = |second: i64| Timestamp::from_nanos(second * 1_000_000_000);
        let feed = &pipe.feed;
        assert!(feed.now() >= at(1005) && feed.now() < at(1905), "{:?}", feed.now());
        assert_eq!(feed.clock(), at(1005), "nothing can be said yet of what may be held back");
        let before = feed.now();
        thread::sleep(Duration::from_millis(5));
        assert!(feed.now() > before);
    }

    #[test]
    fn a_fault_ends_the_stream() {
        let mut pipe = Pipe::new(&Pcap::new(Order::Little, Pcap::MICROS, 1).record(1, 0, b"x", 1).bytes);
        pipe.write(&[0xff; 16]);
        assert_eq!(pipe.next().unwrap(), b"x");
        assert_eq!(pipe.next(), None);
        assert_eq!(pipe.feed.summary().notes.len(), 1);
    }
}
