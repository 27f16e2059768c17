//! One open interface.

use pcap::{Active, Capture, Linktype, Precision, Stat};

use super::device;
use crate::capture::filter;
use crate::capture::pcapng::{Description, Statistics};
use crate::capture::{LinkType, Packet};
use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

/// The time that the system may gather packets before it delivers them, in milliseconds. A ring of blocks filled with
/// packets of their own size absorbs a burst that a ring of whole-packet slots cannot; this is its cost in latency.
const GATHER: i32 = 10;

/// The settings of a live capture.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes kept of each packet.
    pub snaplen: u32,
    /// The size of the system's buffer for each interface, in bytes.
    pub buffer: u32,
    /// Whether packets to other machines are captured, too.
    pub promiscuous: bool,
    /// Whether each packet is delivered at once instead of gathered for 10 ms.
    pub immediate: bool,
}

/// An open interface, and its next packet.
pub(super) struct Interface {
    /// The libpcap handle; `None` once the interface has failed.
    capture: Option<Capture<Active>>,
    pub(super) description: Description,
    /// The counters at the last reading; `before` holds those of the reading before.
    pub(super) counted: Statistics,
    pub(super) before: Statistics,
    /// libpcap's own counters, which wrap around.
    raw: Stat,
    /// Nanoseconds per unit of a timestamp's fraction of a second.
    unit: i64,
    /// The time and the length on the wire of the next packet. Its bytes are in `data`.
    next: Option<(Timestamp, u32)>,
    data: Vec<u8>,
}

impl Interface {
    pub(super) fn open(name: &str, settings: Settings, filter: &str, now: Timestamp) -> Result<Self, Error> {
        let failed = |error: &pcap::Error| device::failed(name, error);
        if !device::is_capturable(name) {
            return Err(Error::Interface { name: name.to_owned(), message: device::NO_NETWORK.to_owned() });
        }
        let bounded = |bytes: u32, most: usize| i32::try_from(most.min(bytes as usize)).unwrap_or(i32::MAX);
        let inactive = Capture::from_device(name)
            .map_err(|error| failed(&error))?
            .snaplen(bounded(settings.snaplen, limits::PACKET))
            .buffer_size(bounded(settings.buffer, limits::KERNEL_BUFFER))
            .promisc(settings.promiscuous)
            .immediate_mode(settings.immediate)
            .timeout(GATHER)
            .precision(Precision::Nano);
        let mut capture = inactive.open().and_then(Capture::setnonblock).map_err(|error| failed(&error))?;
        if capture.get_datalink() == Linktype::LINUX_SLL {
            // Version 2 also records the interface. If libpcap is too old for it, version 1 is used.
            let _ = capture.set_datalink(Linktype::LINUX_SLL2);
        }
        let link_type = filter::link_type(capture.get_datalink());
        filter::check(filter, link_type)?;
        capture.filter(filter, true).map_err(|error| failed(&error))?;
        let description =
            Description { link_type, snaplen: settings.snaplen, name: name.to_owned(), filter: filter.to_owned() };
        let counted = Statistics { time: now, ..Statistics::default() };
        let raw = Stat { received: 0, dropped: 0, if_dropped: 0 };
        // The netfilter log has its own clock, without nanoseconds.
        let unit = if link_type == LinkType::NFLOG { 1000 } else { 1 };
        let (next, data) = (None, Vec::new());
        Ok(Self { capture: Some(capture), description, counted, before: counted, raw, unit, next, data })
    }

    pub(super) fn capture(&self) -> Option<&Capture<Active>> {
        self.capture.as_ref()
    }

    pub(super) fn has_packet(&self) -> bool {
        self.next.is_some()
    }

    /// Passes the next packet to `taker`, as packet `number`, without copying it. Returns whether a packet had come. An
    /// error is final: the interface is closed.
    pub(super) fn take(&mut self, number: u64, taker: impl FnOnce(Packet<'_>)) -> Result<bool, Error> {
        let link_type = self.description.link_type;
        match next(&mut self.capture, self.unit) {
            Ok(None) => Ok(false),
            Ok(Some((time, length, data))) => {
                taker(Packet { number, time, link_type, data, length, process: None });
                Ok(true)
            }
            Err(error) => Err(self.close(&error)),
        }
    }

    /// Returns the time of the next packet, and takes it from the system unless that is done already; `None` while
    /// there is no packet. An error is final: the interface is closed.
    pub(super) fn fetch(&mut self) -> Result<Option<Timestamp>, Error> {
        if self.next.is_none() {
            match next(&mut self.capture, self.unit) {
                Ok(None) => {}
                Ok(Some((time, length, data))) => {
                    self.data.clear();
                    self.data.extend_from_slice(data);
                    self.next = Some((time, length));
                }
                Err(error) => return Err(self.close(&error)),
            }
        }
        Ok(self.next.map(|(time, _)| time))
    }

    /// Closes the interface. Returns the error that tells the user why.
    fn close(&mut self, error: &pcap::Error) -> Error {
        self.capture = None;
        device::failed(&self.description.name, error)
    }

    /// Returns the fetched packet, as packet `number`.
    pub(super) fn packet(&self, number: u64) -> Packet<'_> {
        let (time, length) = self.next.unwrap_or_default();
        Packet { number, time, link_type: self.description.link_type, data: &self.data, length, process: None }
    }

    /// Releases the packet, so that the next one can be fetched.
    pub(super) fn release(&mut self) {
        self.next = None;
    }

    /// Reads the system's counters. Returns the number of packets dropped since the last reading.
    pub(super) fn count(&mut self, now: Timestamp) -> u64 {
        let Some(Ok(raw)) = self.capture.as_mut().map(Capture::stats) else { return 0 };
        let since = |new: u32, old: u32| u64::from(new.wrapping_sub(old));
        let old = std::mem::replace(&mut self.raw, raw);
        self.before = self.counted;
        self.counted.time = now;
        self.counted.received += since(raw.received, old.received);
        self.counted.dropped_by_system += since(raw.dropped, old.dropped);
        self.counted.dropped_by_interface += since(raw.if_dropped, old.if_dropped);
        self.counted.dropped() - self.before.dropped()
    }
}

/// The time of a packet, its length on the wire, and its bytes.
type Taken<'a> = (Timestamp, u32, &'a [u8]);

/// Takes the next packet from the system. Returns `None` if no packet has come, or if the interface is closed. `unit` is
/// the number of nanoseconds in a unit of the packet's fraction of a second.
fn next(capture: &mut Option<Capture<Active>>, unit: i64) -> Result<Option<Taken<'_>>, pcap::Error> {
    match capture.as_mut().map(Capture::next_packet) {
        None | Some(Err(pcap::Error::TimeoutExpired)) => Ok(None),
        Some(Err(error)) => Err(error),
        Some(Ok(packet)) => {
            let stamp = packet.header.ts;
            #[allow(clippy::unnecessary_cast, reason = "not every system has 64 bits for both")]
            let (seconds, fraction) = (stamp.tv_sec as i64, stamp.tv_usec as i64);
            let nanos = seconds.saturating_mul(1_000_000_000).saturating_add(fraction.saturating_mul(unit));
            Ok(Some((Timestamp::from_nanos(nanos), packet.header.len.max(packet.header.caplen), packet.data)))
        }
    }
}
