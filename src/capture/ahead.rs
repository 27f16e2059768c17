//! Reading on a thread of its own: while packets are analysed, the next ones are read, decompressed and parsed.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::block::{Block, Deal};
use super::filling::{End, Lent};
use super::turns::Turns;
use super::{Batch, Packet, Source, Summary};
use crate::error::Error;
use crate::limits;

/// A source that is read ahead.
struct Ahead {
    turns: Arc<Turns>,
    blocks: Receiver<Arc<Lent>>,
    thread: Option<JoinHandle<()>>,
    lent: Option<Arc<Lent>>,
    /// The number of packets of the block that have been passed.
    passed: usize,
    end: Option<End>,
}

/// Reads a source on a thread of its own, ahead by some blocks of packets; block by block on this one if the system grants
/// no other. The result gives the packets and key logs of the source, but no [`marks`](Source::marks), and its
/// [`summaries`](Source::summaries) only after the end or an error.
pub fn read_ahead(source: Box<dyn Source + Send>) -> Box<dyn Source> {
    let (reader, blocks) = sync_channel(limits::BLOCKS);
    let turns = Arc::new(Turns::new(source, vec![reader], Deal::default()));
    let reading = Arc::clone(&turns);
    let thread = Builder::new().name("reading".to_owned()).spawn(move || reading.read_to_end()).ok();
    Box::new(Ahead { turns, blocks, thread, lent: None, passed: 0, end: None })
}

impl Ahead {
    /// Returns the current block; `None` before the first one.
    fn block(&self) -> Option<&Block> {
        self.lent.as_ref().map(|lent| &lent.block)
    }

    /// Waits for the next block if all packets of the current one have been passed.
    fn turn(&mut self) {
        while self.block().is_none_or(|block| self.passed == block.len()) {
            let Some(lent) = self.turns.next(&self.blocks) else { return };
            self.passed = 0;
            self.lent = Some(lent);
        }
    }

    /// Returns whether there is a next packet.
    fn goes_on(&mut self) -> Result<bool, Error> {
        self.turn();
        if self.block().is_some_and(|block| self.passed < block.len()) {
            return Ok(true);
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        let end = self.end.get_or_insert_with(|| self.turns.end());
        end.error.take().map_or(Ok(false), Err)
    }
}

impl Source for Ahead {
    fn advance(&mut self) -> Result<bool, Error> {
        let goes_on = self.goes_on()?;
        self.passed += usize::from(goes_on);
        Ok(goes_on)
    }

    fn packet(&self) -> Packet<'_> {
        let at = self.passed.checked_sub(1);
        at.and_then(|at| self.block()?.packet(at)).unwrap_or(Packet::NONE)
    }

    fn batch(&mut self) -> Result<Batch<'_>, Error> {
        if !self.goes_on()? {
            return Ok(Batch::new());
        }
        let from = self.passed;
        let len = self.block().map_or(from, Block::len);
        self.passed = len.min(from + limits::BATCH);
        Ok(self.block().map_or_else(Batch::new, |block| block.batch(from)))
    }

    fn take_secrets(&mut self) -> Vec<u8> {
        self.turn();
        if self.passed > 0 { Vec::new() } else { self.block().map_or_else(Vec::new, |block| block.secrets().to_vec()) }
    }

    fn summaries(&self) -> Vec<Summary> {
        self.end.as_ref().map_or_else(Vec::new, |end| end.summaries.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, Read};
    use std::path::Path;
    use std::sync::mpsc::{RecvTimeoutError, SyncSender, TryRecvError};
    use std::time::Duration;

    use super::*;
    use crate::capture::file;
    use crate::capture::testing::build::{Order, Pcap, Pcapng};
    use crate::capture::testing::{Owned, drain};

    fn opened(reader: impl Read + Send + 'static) -> Box<dyn Source + Send> {
        file::recognise(Path::new("test"), Box::new(reader), 4096).unwrap()
    }

    /// Returns what the analysis would see, in order: packet numbers, and key logs before them.
    fn seen(source: &mut dyn Source) -> (Vec<String>, Option<Error>) {
        let mut seen = Vec::new();
        loop {
            let secrets = source.take_secrets();
            if !secrets.is_empty() {
                seen.push(String::from_utf8(secrets).unwrap());
            }
            match source.batch() {
                Ok(packets) if packets.is_empty() => return (seen, None),
                Ok(packets) => seen.extend(packets.iter().map(|packet| format!("{packet:?}"))),
                Err(error) => return (seen, Some(error)),
            }
        }
    }

    /// Returns the body of a Decryption Secrets Block with a TLS key log.
    fn key_log(log: &str) -> Vec<u8> {
        let order = Order::Little;
        [b"KSLT", &order.u32(log.len() as u32)[..], log.as_bytes()].concat()
    }

    fn capture(packets: u32) -> Pcap {
        let data: Vec<u8> = (0..=255).cycle().take(3000).collect();
        (0..packets).fold(Pcap::new(Order::Little, Pcap::MICROS, 1), |file, at| {
            let part = &data[..(at as usize * 7919) % 3000];
            file.record(at, 5, part, 3000)
        })
    }

    #[test]
    fn everything_comes_as_from_the_source_itself() {
        for packets in [0, 1, 31, 33, 2000] {
            let bytes = capture(packets).bytes;
            let (mut plain, mut ahead) = (opened(Cursor::new(bytes.clone())), read_ahead(opened(Cursor::new(bytes))));
            assert_eq!(seen(&mut *plain).0, seen(&mut *ahead).0, "{packets}");
            assert_eq!(plain.summaries(), ahead.summaries());
            assert!(ahead.batch().unwrap().is_empty() && !ahead.advance().unwrap(), "the end is final");
        }
    }

    #[test]
    fn packets_come_one_by_one_too() {
        let bytes = capture(700).bytes;
        let (plain, _) = drain(&mut *opened(Cursor::new(bytes.clone()))).unwrap();
        let (ahead, _): (Vec<Owned>, _) = drain(&mut *read_ahead(opened(Cursor::new(bytes)))).unwrap();
        assert_eq!(plain, ahead);
    }

    #[test]
    fn key_logs_come_before_the_packets_that_follow_them() {
        let order = Order::Little;
        let mut file = Pcapng::new(order).interface(1, 0, &[]);
        for at in 0..3000_u32 {
            if at % 500 == 0 {
                file = file.block(10, &key_log(&format!("key {at}")));
            }
            file = file.enhanced(0, at.into(), &[7; 400], 400);
        }
        let (mut plain, mut ahead) =
            (opened(Cursor::new(file.bytes.clone())), read_ahead(opened(Cursor::new(file.bytes))));
        let (plain, ahead) = (seen(&mut *plain).0, seen(&mut *ahead).0);
        assert_eq!(plain, ahead);
        assert_eq!(plain.iter().filter(|seen| seen.starts_with("key")).count(), 6);
    }

    /// A reader whose disk fails after some bytes.
    struct Failing(Cursor<Vec<u8>>);

    impl Read for Failing {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buf)? {
                0 => Err(io::ErrorKind::TimedOut.into()),
                read => Ok(read),
            }
        }
    }

    #[test]
    fn no_packet_before_an_error_is_lost() {
        let bytes = capture(900).bytes;
        let failing = |bytes: &[u8]| opened(Failing(Cursor::new(bytes[..bytes.len() - 10].to_vec())));
        let (mut plain, mut ahead) = (failing(&bytes), read_ahead(failing(&bytes)));
        let ((plain_seen, plain_error), (ahead_seen, ahead_error)) = (seen(&mut *plain), seen(&mut *ahead));
        assert_eq!(plain_seen, ahead_seen);
        assert_eq!(plain_error.unwrap().to_string(), ahead_error.unwrap().to_string());
        assert_eq!((plain_seen.len(), plain.summaries()), (899, ahead.summaries()));
    }

    /// A reader that holds on to a channel until it is dropped.
    struct Watched(Cursor<Vec<u8>>, #[expect(dead_code, reason = "held")] SyncSender<()>);

    impl Read for Watched {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read(buf)
        }
    }

    #[test]
    fn whoever_stops_early_ends_the_thread() {
        let (held, dropped) = sync_channel(0);
        let mut ahead = read_ahead(opened(Watched(Cursor::new(capture(5000).bytes), held)));
        assert!(ahead.advance().unwrap());
        assert_eq!(dropped.try_recv(), Err(TryRecvError::Empty), "it is not read to the end");
        drop(ahead);
        assert_eq!(dropped.recv_timeout(Duration::from_secs(60)), Err(RecvTimeoutError::Disconnected));
    }
}
