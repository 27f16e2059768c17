//! Packets as they come: from the interfaces of this machine, through libpcap, or from a pipe.
//!
//! ```text
//! interfaces ─ poll ─ next packet of each ─ the earliest ─┬─ Feed ─ Packet
//! pipe ─ a thread that reads it ─ batches ────────────────┘
//! ```
//!
//! libpcap's own timeout does not end a read while nothing arrives (pcap(3pcap)), so the handles do not block. The
//! caller waits in [`Feed::wait`], for all interfaces and anything else that may wake it.

mod device;
mod feed;
mod interface;
mod piped;
mod route;

pub use device::{Device, Openable, devices, names};
pub use feed::{Arrival, Feed};
pub use interface::Settings;
pub use piped::Piped;
pub use route::{Choice, LOOPBACK, default_interface};

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::interface::Interface;
use super::pcapng::{Description, Statistics};
use super::tally::Tally;
use super::{Drops, Note, Packet, Summary, libpcap};
use crate::error::Error;
use crate::seen::Timestamp;

/// Returns the time of this machine's clock.
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since_1970.as_nanos()).unwrap_or(i64::MAX))
}

/// Open interfaces, with their packets merged in order of time.
pub struct Live {
    interfaces: Vec<Interface>,
    /// The number of the last packet.
    number: u64,
    bytes: u64,
    tally: Tally,
}

impl Live {
    /// Opens every interface; `filter` is in the language of pcap-filter(7).
    pub fn open(names: &[String], settings: Settings, filter: &str) -> Result<Self, Error> {
        libpcap::load()?;
        let opened = names.iter().map(|name| Interface::open(name, settings, filter, now()));
        let interfaces = opened.collect::<Result<_, _>>()?;
        Ok(Self { interfaces, number: 0, bytes: 0, tally: Tally::new() })
    }

    /// Returns the description of every interface, for a file.
    pub fn descriptions(&self) -> Vec<Description> {
        self.interfaces.iter().map(|interface| interface.description.clone()).collect()
    }
}

impl Feed for Live {
    fn wait(&mut self, wakers: &[BorrowedFd<'_>], timeout: Duration) -> io::Result<()> {
        if self.interfaces.iter().any(Interface::has_packet) {
            return Ok(());
        }
        let open = self.interfaces.iter().filter_map(Interface::capture).map(AsFd::as_fd);
        feed::wait(open.chain(wakers.iter().copied()), timeout)
    }

    /// Passes on the next packet of all interfaces. An error concerns one interface, which is closed. The others continue.
    fn next(&mut self, taker: &mut dyn FnMut(Arrival<'_>)) -> Result<bool, Error> {
        let Self { interfaces, number, bytes, tally } = self;
        let next = number.saturating_add(1);
        let mut take = |packet: Packet<'_>, index: usize| {
            *number = next;
            tally.packet(packet.time);
            *bytes = bytes.saturating_add(packet.data.len() as u64);
            taker(Arrival::Packet(packet, index));
        };
        if let [only] = &mut **interfaces {
            return only.take(next, |packet| take(packet, 0));
        }
        let mut earliest: Option<(Timestamp, usize)> = None;
        for (index, interface) in interfaces.iter_mut().enumerate() {
            if let Some(time) = interface.fetch()?
                && earliest.is_none_or(|(before, _)| time < before)
            {
                earliest = Some((time, index));
            }
        }
        let Some((_, index)) = earliest else { return Ok(false) };
        if let Some(interface) = interfaces.get_mut(index) {
            take(interface.packet(next), index);
            interface.release();
        }
        Ok(true)
    }

    fn packets(&self) -> u64 {
        self.number
    }

    fn is_open(&self) -> bool {
        self.interfaces.iter().any(|interface| interface.capture().is_some())
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn clock(&self) -> Timestamp {
        now()
    }

    /// Returns the summary of the capture so far. Its notes are those that a file of the capture would give.
    fn summary(&self) -> Summary {
        let names: Vec<_> = self.interfaces.iter().map(|interface| &*interface.description.name).collect();
        let dropped = self.interfaces.iter().filter_map(|interface| {
            let count = interface.counted.dropped();
            (count > 0).then(|| Note::Dropped { count, interface: interface.description.name.clone() })
        });
        self.tally.summary(&names.join(", "), "live", self.bytes, dropped)
    }

    fn count(&mut self, now: Timestamp) -> u64 {
        let Self { interfaces, tally, .. } = self;
        let counted = interfaces.iter_mut().map(|interface| {
            let dropped = interface.count(now);
            if dropped > 0 {
                tally.dropped(Drops { after: interface.before.time, until: interface.counted.time });
            }
            dropped
        });
        counted.sum()
    }

    fn statistics(&self) -> Vec<(Statistics, Statistics)> {
        self.interfaces.iter().map(|interface| (interface.before, interface.counted)).collect()
    }
}
