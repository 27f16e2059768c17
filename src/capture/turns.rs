//! A source that several threads read by turns: the one that has nothing else to do reads on, for all of them. So no core
//! waits as long as there is work, and as many threads run as analyse.
//!
//! ```text
//! thread 1 ─ analyse ─ read, read ─ analyse ─ analyse ──────────────── analyse
//!                        ↓     ↓                            ↑     ↑
//! thread 2 ────── analyse ─ analyse ─ analyse ─ analyse ─ read, read ─ analyse
//! ```
//!
//! Where reading [takes time](Source::takes_time), turns would leave gaps in it; so it has a thread of its own.

use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex};

use super::Source;
use super::block::Deal;
use super::filling::{End, Filling, Lent};
use crate::limits;

/// A source that several threads read.
pub(crate) struct Turns(Mutex<State>);

enum State {
    Reading(Box<Filling>),
    Ended(End),
}

impl Turns {
    /// Returns a source of which each block of packets will be sent to all `readers`.
    pub(crate) fn new(source: Box<dyn Source + Send>, readers: Vec<SyncSender<Arc<Lent>>>, deal: Deal) -> Self {
        Self(Mutex::new(State::Reading(Box::new(Filling::new(source, readers, deal)))))
    }

    /// Returns the next block of the thread that receives its blocks here; `None` at the end. All readers have to go on
    /// calling this, or to drop their ends of the channels.
    pub(crate) fn next(&self, own: &Receiver<Arc<Lent>>) -> Option<Arc<Lent>> {
        own.try_recv().ok().or_else(|| {
            // A thread that reads already sends a block, or disconnects the channel.
            if let Ok(mut state) = self.0.try_lock() {
                state.read();
            }
            own.recv().ok()
        })
    }

    /// Reads to the end, on a thread that does nothing else. The others only take blocks meanwhile.
    pub(crate) fn read_to_end(&self) {
        // It is not to be read again after a panic.
        let Ok(mut state) = self.0.lock() else { return };
        while matches!(*state, State::Reading(_)) {
            state.read();
        }
    }

    /// Returns how the source has ended, once all blocks have been taken.
    pub(crate) fn end(&self) -> End {
        match self.0.lock().map(|mut state| std::mem::take(&mut *state)) {
            Ok(State::Ended(end)) => end,
            Ok(State::Reading(_)) | Err(_) => End::default(),
        }
    }
}

impl State {
    /// Reads some blocks. If that panics, the channels are disconnected, and no thread waits for ever.
    fn read(&mut self) {
        *self = match std::mem::take(self) {
            Self::Reading(mut filling) => match (0..limits::BLOCKS_A_TURN).find_map(|_| filling.send()) {
                Some(end) => Self::Ended(end),
                None => Self::Reading(filling),
            },
            ended @ Self::Ended(_) => ended,
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::Ended(End::default())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{self, Cursor, Write as _};
    use std::path::Path;
    use std::sync::mpsc::sync_channel;
    use std::thread::{scope, sleep};
    use std::time::Duration;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::capture::merge::Merge;
    use crate::capture::testing::build::{Order, Pcap};
    use crate::capture::{Meter, Packet, Summary, file};
    use crate::error::Error;

    /// A source of packets, each of one byte more than the one before, with an end of its own.
    struct Counting {
        packet: u64,
        packets: u64,
        end: fn() -> Result<bool, Error>,
        data: Vec<u8>,
    }

    impl Counting {
        fn to(packets: u64, end: fn() -> Result<bool, Error>) -> Box<dyn Source + Send> {
            Box::new(Self { packet: 0, packets, end, data: vec![7; 100_000] })
        }
    }

    impl Source for Counting {
        fn advance(&mut self) -> Result<bool, Error> {
            if self.packet == self.packets {
                return (self.end)();
            }
            self.packet += 1;
            Ok(true)
        }

        fn packet(&self) -> Packet<'_> {
            Packet { number: self.packet, data: &self.data[..self.packet as usize], ..Packet::NONE }
        }

        fn summaries(&self) -> Vec<Summary> {
            vec![Summary { packets: self.packet, ..Summary::default() }]
        }
    }

    /// Has a source read by some threads, each of which pauses now and then, or by yet another one for them. Returns what
    /// each has seen.
    fn read_by(threads: u64, by_another: bool, source: Box<dyn Source + Send>) -> (Vec<Vec<(u64, usize)>>, End) {
        let (readers, blocks): (Vec<_>, Vec<_>) = (0..threads).map(|_| sync_channel(limits::BLOCKS)).unzip();
        let turns = Turns::new(source, readers, Deal::default());
        let seen = scope(|scope| {
            if by_another {
                scope.spawn(|| turns.read_to_end());
            }
            let begin = |(own, thread): (Receiver<Arc<Lent>>, u64)| {
                let turns = &turns;
                scope.spawn(move || {
                    let mut seen = Vec::new();
                    while let Some(lent) = turns.next(&own) {
                        let packets = (0..lent.block.len()).filter_map(|at| lent.block.packet(at));
                        seen.extend(packets.map(|packet| (packet.number, packet.data.len())));
                        if seen.len() as u64 % threads == thread {
                            sleep(Duration::from_micros(300));
                        }
                    }
                    seen
                })
            };
            let threads: Vec<_> = blocks.into_iter().zip(0..).map(begin).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        (seen, turns.end())
    }

    #[test]
    fn each_thread_sees_every_packet_once_and_in_order() {
        for (threads, by_another) in [(1, true), (1, false), (2, true), (2, false), (3, false), (8, true)] {
            for packets in [0, 1, 5000] {
                let (seen, end) = read_by(threads, by_another, Counting::to(packets, || Ok(false)));
                let all: Vec<_> = (1..=packets).map(|number| (number, number as usize)).collect();
                assert_eq!(seen, vec![all; threads as usize], "{packets} packets");
                assert!(end.error.is_none() && end.summaries[0].packets == packets);
            }
        }
    }

    #[test]
    fn an_error_comes_after_the_packets_before_it() {
        let failing = || Err(Error::Read { path: "test".into(), offset: 0, source: io::ErrorKind::TimedOut.into() });
        let (seen, end) = read_by(3, false, Counting::to(2000, failing));
        assert!(seen.iter().all(|seen| seen.len() == 2000));
        assert!(end.error.is_some() && end.summaries[0].packets == 2000);
    }

    #[test]
    fn nobody_waits_for_a_thread_that_panicked_while_it_read() {
        let (readers, blocks): (Vec<_>, Vec<_>) = (0..2).map(|_| sync_channel(limits::BLOCKS)).unzip();
        let turns = Turns::new(Counting::to(0, || panic!("the disk is gone")), readers, Deal::default());
        let read = |own: Receiver<Arc<Lent>>| std::iter::from_fn(|| turns.next(&own)).count();
        let seen: Vec<_> = scope(|scope| {
            let threads: Vec<_> = blocks.into_iter().map(|own| scope.spawn(|| read(own))).collect();
            threads.into_iter().map(|thread| thread.join().ok()).collect()
        });
        assert!(seen.contains(&None) && turns.end().error.is_none(), "{seen:?}");
    }

    #[test]
    fn compressed_captures_take_time() {
        let plain = Pcap::new(Order::Little, Pcap::MICROS, 1).record(1, 2, b"x", 1).bytes;
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&plain).unwrap();
        let packed = packed.finish().unwrap();
        let opened = |bytes: &[u8]| {
            let reader = Box::new(Cursor::new(bytes.to_vec()));
            file::recognise(Path::new("test"), reader, limits::READ_BUFFER).unwrap()
        };
        assert!(opened(&packed).takes_time() && !opened(&plain).takes_time());
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [("t_00001.pcap", &plain), ("t_00002.pcap.gz", &packed)] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let files = ["t_00001.pcap", "t_00002.pcap.gz"].map(|name| folder.path().join(name));
        assert!(Merge::new(files.to_vec(), &Meter::default()).unwrap().takes_time());
        assert!(!Merge::new(files[..1].to_vec(), &Meter::default()).unwrap().takes_time());
    }

    #[test]
    fn whoever_is_left_reads_to_the_end() {
        let (readers, mut blocks): (Vec<_>, Vec<_>) = (0..2).map(|_| sync_channel(limits::BLOCKS)).unzip();
        let turns = Turns::new(Counting::to(4000, || Ok(false)), readers, Deal::default());
        let own = blocks.pop().unwrap();
        drop(blocks);
        assert_eq!(std::iter::from_fn(|| turns.next(&own)).map(|lent| lent.block.len()).sum::<usize>(), 4000);
    }
}
