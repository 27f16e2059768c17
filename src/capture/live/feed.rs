//! What a live session reads: packets that come while it waits for them.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::capture::pcapng::Statistics;
use crate::capture::{Packet, Summary};
use crate::error::Error;
use crate::seen::Timestamp;

/// A packet that a feed passes on, or keys that came before it.
pub enum Arrival<'a> {
    /// The contents of a Decryption Secrets Block: TLS keys for the packets after it.
    Secrets(&'a [u8]),
    /// A packet, and its interface as an index into [`Live::descriptions`](super::Live::descriptions).
    Packet(Packet<'a>, usize),
}

/// A source of packets that does not block. The caller waits in [`wait`](Self::wait), for packets and for anything else that
/// may wake it.
pub trait Feed {
    /// Waits until a packet may have arrived, one of `wakers` is readable, or `timeout` is over.
    fn wait(&mut self, wakers: &[BorrowedFd<'_>], timeout: Duration) -> io::Result<()>;

    /// Passes the next packet to `taker`, and before it the keys that came before it. Returns whether a packet had come.
    /// Packets may come after an error as long as the feed [is open](Self::is_open).
    fn next(&mut self, taker: &mut dyn FnMut(Arrival<'_>)) -> Result<bool, Error>;

    /// Returns the number of packets so far.
    fn packets(&self) -> u64;

    /// Returns whether more packets may come.
    fn is_open(&self) -> bool;

    /// Returns the time by the clock that gives packets their times, as far as it is known here.
    fn now(&self) -> Timestamp;

    /// Returns the time up to which all packets should have come.
    fn clock(&self) -> Timestamp;

    /// Returns the summary of the capture so far.
    fn summary(&self) -> Summary;

    /// Returns whether keys may come with the packets.
    fn may_have_secrets(&self) -> bool {
        false
    }

    /// Reads the system's counters. Returns the number of packets dropped since the last reading.
    fn count(&mut self, _now: Timestamp) -> u64 {
        0
    }

    /// Returns the counters of each interface: those of the reading before the last, and those of the last.
    fn statistics(&self) -> Vec<(Statistics, Statistics)> {
        Vec::new()
    }
}

/// Waits until one of `waited` is readable, or `timeout` is over.
pub(super) fn wait<'f>(waited: impl Iterator<Item = BorrowedFd<'f>>, timeout: Duration) -> io::Result<()> {
    let mut waited: Vec<_> = waited.map(|waited| PollFd::new(waited, PollFlags::POLLIN)).collect();
    // Rounded up: a timeout that ends too soon would make the caller wait again and again.
    let millis = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
    match poll(&mut waited, PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
