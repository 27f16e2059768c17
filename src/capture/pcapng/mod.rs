//! A reader of pcapng files with sections of either byte order and interfaces of different link types, and a plain
//! writer.

mod block;
mod blocks;
mod clock;
mod copied;
mod description;
mod inserted;
mod interface;
mod number;
mod options;
mod packet;
mod process;
mod processes;
mod relay;
mod secrets;
mod statistics;
mod writer;

use std::ops::Range;

use arrayvec::ArrayVec;
use block::{Endianness, Head, SHORTEST, kind};
use interface::{Interface, drops};
use processes::Processes;

use super::file::Name;
use super::tally::Tally;
use super::window::Window;
use super::{Batch, Drops, Fault, LinkType, Marks, Packet, Source, Summary, Unit};
use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

pub(super) use block::is_pcapng;
pub use blocks::{Description, Statistics};
pub(super) use copied::copy;
pub use relay::Relay;
pub(super) use secrets::key_log_lines;
pub use writer::Writer;

/// A pcapng file being read.
pub(super) struct Pcapng {
    window: Window,
    name: Name,
    tally: Tally,
    /// The byte order of the section.
    order: Endianness,
    /// The interfaces of the section.
    interfaces: Vec<Interface>,
    time: Timestamp,
    link_type: LinkType,
    length: u32,
    data: Range<usize>,
    /// The place of the options after the data.
    options: Range<usize>,
    interface: u32,
    processes: Processes,
    /// The index of the packet's process, if it is named.
    process: Option<u32>,
    /// Packets before the section.
    before_section: u64,
    /// The key logs that have not been taken yet.
    secrets: Vec<u8>,
    ended: bool,
}

impl Pcapng {
    /// Creates the reader before the first section header, which [`is_pcapng`] has recognised.
    pub(super) fn new(window: Window, name: Name) -> Self {
        Self {
            window,
            name,
            tally: Tally::new(),
            order: Endianness::Little,
            interfaces: Vec::new(),
            time: Timestamp::default(),
            link_type: LinkType::NULL,
            length: 0,
            data: 0..0,
            options: 0..0,
            interface: 0,
            processes: Processes::default(),
            process: None,
            before_section: 0,
            secrets: Vec::new(),
            ended: false,
        }
    }

    #[inline]
    fn hold(&mut self, wanted: usize) -> Result<bool, Error> {
        self.window.hold(wanted).map_err(|error| self.name.read_error(&self.window, error))
    }

    /// Reads the next whole block into the window. Returns `None` at the end, or if a corrupt length ends the file.
    #[inline]
    fn block(&mut self) -> Result<Option<Head>, Error> {
        if !self.hold(SHORTEST)? {
            self.tally.ended(&self.window, Unit::Block);
            return Ok(None);
        }
        let Ok((_, head)) = block::head(self.window.held(), self.order) else {
            self.tally.corrupt(&self.window, Fault::BlockLength);
            return Ok(None);
        };
        if !self.hold(head.length)? {
            self.tally.ended(&self.window, Unit::Block);
            return Ok(None);
        }
        Ok(Some(head))
    }

    /// Parses the held block, which the caller then consumes. Returns whether it was a packet; fails with the block's
    /// fault.
    #[inline]
    fn take(&mut self, head: Head) -> Result<bool, Fault> {
        let block = self.window.held().get(..head.length).unwrap_or_default();
        let (_, body) = block::body(block, head.order).map_err(|_| Fault::LengthsDiffer)?;
        let parsed = match head.kind {
            kind::ENHANCED_PACKET => packet::enhanced(body, self.order),
            kind::PACKET => packet::obsolete(body, self.order),
            kind::SIMPLE_PACKET => {
                let snaplen = self.interfaces.first().map_or(0, |interface| interface.snaplen);
                packet::simple(body, self.order, snaplen)
            }
            kind::INTERFACE_DESCRIPTION => {
                let (_, interface) = description::parse(body, self.order).map_err(|_| Fault::TooShort)?;
                if self.interfaces.len() == limits::INTERFACES {
                    return Err(Fault::TooManyInterfaces);
                }
                self.interfaces.push(interface);
                return Ok(false);
            }
            kind::INTERFACE_STATISTICS => {
                let (_, counted) = statistics::parse(body, self.order).map_err(|_| Fault::TooShort)?;
                let of = self.interfaces.get_mut(counted.interface as usize);
                if let Some(drops) = of.ok_or(Fault::UnknownInterface)?.count(counted) {
                    self.tally.dropped(drops);
                }
                return Ok(false);
            }
            kind::DECRYPTION_SECRETS => {
                if let Ok((_, log)) = secrets::tls_key_log(body, self.order)
                    && self.secrets.len() + log.len() < limits::SECRETS
                {
                    self.secrets.extend_from_slice(log);
                    // The next block begins a line of its own.
                    self.secrets.push(b'\n');
                }
                return Ok(false);
            }
            kind::PROCESS_EVENT => {
                self.processes.block(body, self.order);
                return Ok(false);
            }
            _ => return Ok(false),
        };
        let (rest, packet) = parsed.map_err(|_| Fault::PacketLength)?;
        let interface = self.interfaces.get(packet.interface as usize).ok_or(Fault::UnknownInterface)?;
        let before = self.time;
        // A packet without a time gets that of the packet before.
        self.time = packet.time.map_or(self.time, |units| interface.clock.time(units));
        self.link_type = interface.link_type;
        self.length = packet.length;
        self.interface = packet.interface;
        self.data = self.window.place(head.before(rest), packet.captured as usize);
        let padded = (packet.captured as usize).next_multiple_of(4).min(rest.len());
        self.options = self.window.place(head.before(rest) + padded, rest.len() - padded);
        self.tally.packet(self.time);
        self.process = self.processes.in_header(rest, interface);
        if rest.len() > padded || packet.lost > 0 {
            let rest = rest.get(padded..).unwrap_or_default();
            self.process = self.processes.of_packet(rest, self.order, interface).or(self.process);
            let lost = packet::lost(rest, self.order).unwrap_or(packet.lost.into());
            self.note_lost(lost, before);
        }
        Ok(true)
    }

    /// Records `lost` packets between the previous packet of the same interface and this one, if there were any.
    #[cold]
    fn note_lost(&mut self, lost: u64, before: Timestamp) {
        let is_only = self.interfaces.len() == 1 && self.tally.packets > self.before_section + 1;
        let Some(interface) = self.interfaces.get_mut(self.interface as usize) else {
            return;
        };
        // With several interfaces, only the time of the last packet with options is known for each.
        let after = if is_only { Some(before) } else { interface.marked };
        interface.marked = Some(self.time);
        if lost > 0 {
            interface.lost = interface.lost.saturating_add(lost);
            let after = after.unwrap_or(Timestamp::from_nanos(i64::MIN)).min(self.time);
            self.tally.dropped(Drops { after, until: self.time });
        }
    }

    /// Begins a section. Returns `false` if its header is damaged or of an unknown version.
    fn begin_section(&mut self, head: Head) -> bool {
        self.end_section();
        self.processes.begin_section();
        self.before_section = self.tally.packets;
        let block = self.window.held().get(..head.length).unwrap_or_default();
        self.order = head.order;
        let known =
            block::body(block, head.order).is_ok_and(|(_, body)| block::section_header(body, head.order).is_ok());
        if !known {
            self.tally.corrupt(&self.window, Fault::SectionHeader);
        }
        known
    }

    /// Discards the section's interfaces, and notes what they dropped.
    fn end_section(&mut self) {
        let interfaces = std::mem::take(&mut self.interfaces);
        drops(&interfaces).for_each(|note| self.tally.note(note));
    }
}

/// A packet, with the place of its bytes in the window.
struct Placed {
    number: u64,
    time: Timestamp,
    link_type: LinkType,
    length: u32,
    data: Range<usize>,
    process: Option<u32>,
}

impl Placed {
    #[inline]
    fn lent<'w>(self, window: &'w Window, processes: &'w Processes) -> Packet<'w> {
        let Self { number, time, link_type, length, data, process } = self;
        let process = process.and_then(|at| processes.get(at));
        Packet { number, time, link_type, data: window.lent(data), length, process }
    }
}

impl Pcapng {
    /// Returns the current packet.
    #[inline]
    fn placed(&self) -> Placed {
        Placed {
            number: self.tally.packets,
            time: self.time,
            link_type: self.link_type,
            length: self.length,
            data: self.data.clone(),
            process: self.process,
        }
    }
}

impl Source for Pcapng {
    #[inline]
    fn advance(&mut self) -> Result<bool, Error> {
        while !self.ended {
            let Some(head) = self.block()? else {
                self.ended = true;
                break;
            };
            if head.kind == kind::SECTION_HEADER {
                if self.begin_section(head) {
                    self.window.consume(head.length);
                } else {
                    self.ended = true;
                }
                continue;
            }
            let taken = self.take(head);
            if let Err(fault) = taken {
                self.tally.skipped(self.window.position(), fault);
            }
            self.window.consume(head.length);
            if taken == Ok(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[inline]
    fn packet(&self) -> Packet<'_> {
        self.placed().lent(&self.window, &self.processes)
    }

    fn batch(&mut self) -> Result<Batch<'_>, Error> {
        if !self.advance()? {
            return Ok(Batch::new());
        }
        Ok(self.batch_until(Timestamp::from_nanos(i64::MAX)).0)
    }

    fn batch_until(&mut self, until: Timestamp) -> (Batch<'_>, Option<Timestamp>) {
        let mut batch = ArrayVec::<_, { limits::BATCH }>::new();
        let mut later = None;
        batch.push(self.placed());
        self.window.keep_still(true);
        // An error here only means that more must be read first.
        while !batch.is_full() && matches!(self.advance(), Ok(true)) {
            if self.time > until {
                later = Some(self.time);
                break;
            }
            batch.push(self.placed());
        }
        self.window.keep_still(false);
        (batch.into_iter().map(|placed| placed.lent(&self.window, &self.processes)).collect(), later)
    }

    fn marks(&self) -> Marks {
        let interface = self.interfaces.get(self.interface as usize);
        let options = self.window.lent(self.options.clone());
        let comments = options::options(options, self.order).filter(|(code, _)| *code == blocks::COMMENT);
        Marks {
            interface: interface.map(|interface| interface.name.clone()).unwrap_or_default(),
            snaplen: interface.map_or(0, |interface| interface.snaplen),
            lost: packet::lost(options, self.order).unwrap_or(0),
            flags: packet::flags(options, self.order).unwrap_or(0),
            comments: comments.map(|(_, comment)| String::from_utf8_lossy(comment).into_owned()).collect(),
        }
    }

    fn take_secrets(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.secrets)
    }

    fn takes_time(&self) -> bool {
        self.name.is_compressed()
    }

    fn summaries(&self) -> Vec<Summary> {
        let format = self.name.format("pcapng");
        let bytes = self.tally.bytes(&self.window, 0);
        vec![self.tally.summary(self.name.path(), &format, bytes, drops(&self.interfaces))]
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::testing::build::{Order, Pcapng};
    use crate::capture::testing::{Owned, notes, read, read_clean};
    use crate::capture::{Drops, Fault, Inside, LinkType, Note, Unit};
    use crate::seen::Timestamp;

    fn owned(nanos: i64, link_type: LinkType, data: &[u8], length: u32) -> Owned {
        Owned { nanos, link_type, data: data.to_vec(), length }
    }

    #[test]
    fn sections_of_either_order_with_interfaces_of_their_own() {
        for order in Order::BOTH {
            let other = if order == Order::Big { Order::Little } else { Order::Big };
            let bytes = Pcapng::new(order)
                .interface(1, 0, &[])
                .interface(101, 64, &[(9, &[9]), (14, &order.u64(3600))])
                .enhanced(1, 5, b"ip", 40)
                .enhanced(0, 5 << 32, b"ether", 5)
                .section(other)
                .interface(276, 0, &[(9, &[0x8a]), (14, &other.u64((-2_i64) as u64))])
                .enhanced(0, 2560, &[1; 999], 1000)
                .bytes;
            assert_eq!(
                read_clean(&bytes),
                [
                    owned(3_600_000_000_005, LinkType::RAW, b"ip", 40),
                    owned((5 << 32) * 1000, LinkType::ETHERNET, b"ether", 5),
                    owned(500_000_000, LinkType::LINUX_SLL2, &[1; 999], 1000),
                ]
            );
        }
    }

    #[test]
    fn the_old_and_the_simple_packet_block() {
        for order in Order::BOTH {
            let bytes = Pcapng::new(order)
                .interface(1, 6, &[])
                .simple(b"first", 5)
                .packet(0, 7, b"obsolete", 9)
                .simple(b"simple", 1000)
                .bytes;
            assert_eq!(
                read_clean(&bytes),
                [
                    owned(0, LinkType::ETHERNET, b"first", 5),
                    owned(7000, LinkType::ETHERNET, b"obsolete", 9),
                    owned(7000, LinkType::ETHERNET, b"simple", 1000),
                ]
            );
        }
    }

    #[test]
    fn blocks_without_packets_are_passed_over() {
        let mut file = Pcapng::new(Order::Little).interface(1, 0, &[]);
        // Name resolution, systemd journal, decryption secrets, custom and unknown blocks, then one of the greatest
        // length.
        for kind in [4, 9, 10, 0xbad, 0x7777_7777] {
            file = file.block(kind, &[0xab; 21]);
        }
        let bytes = file.block(0x1234, &vec![0; crate::limits::BLOCK - 12]).enhanced(0, 1, b"x", 1).bytes;
        assert_eq!(read_clean(&bytes), [owned(1000, LinkType::ETHERNET, b"x", 1)]);
    }

    #[test]
    fn key_logs_are_taken_once() {
        let order = Order::Little;
        let secrets = |kind: u32, log: &[u8]| [&order.u32(kind)[..], &order.u32(log.len() as u32), log].concat();
        let bytes = Pcapng::new(order)
            .interface(1, 0, &[])
            .block(10, &secrets(super::secrets::TLS_KEY_LOG, b"one"))
            .block(10, &secrets(0x57_47_4b_4c, b"WireGuard"))
            .enhanced(0, 1, b"x", 1)
            .block(10, &secrets(super::secrets::TLS_KEY_LOG, b"two\n"))
            .bytes;
        let mut source = crate::capture::read("test".as_ref(), std::io::Cursor::new(bytes)).unwrap();
        assert!(source.advance().unwrap());
        assert_eq!((source.take_secrets(), source.take_secrets()), (b"one\n".to_vec(), Vec::new()));
        assert!(!source.advance().unwrap());
        assert_eq!(source.take_secrets(), b"two\n\n");
    }

    #[test]
    fn drops_lie_between_the_statistics_that_tell_of_them() {
        let at = |time: u64| [(time >> 32) as u32, time as u32];
        let statistics = |file: Pcapng, time, dropped: u64| {
            let [high, low] = at(time).map(|half| Order::Little.u32(half));
            let count = Order::Little.u64(dropped);
            file.block(5, &[&[0; 4][..], &high, &low, &[7, 0, 8, 0], &count, &[0; 4]].concat())
        };
        let drops = |counts: &[(u64, u64)]| {
            let file = Pcapng::new(Order::Little).interface(1, 0, &[(9, &[9])]);
            read(&counts.iter().fold(file, |file, (time, dropped)| statistics(file, *time, *dropped)).bytes)
                .unwrap()
                .1
                .drops
        };
        let span = |after, until| Drops { after: Timestamp::from_nanos(after), until: Timestamp::from_nanos(until) };
        assert_eq!(drops(&[(10, 0), (20, 3), (50, 3), (60, 3), (70, 5)]), [span(10, 20), span(60, 70)]);
        assert_eq!(drops(&[(9, 3)]), [span(i64::MIN, 9)], "as dumpcap writes them: at any time");
        assert_eq!(drops(&[(0, 3)]), [span(i64::MIN, i64::MAX)]);
        assert_eq!(drops(&[(9, 0), (0, 0)]), []);
    }

    #[test]
    fn packets_tell_what_was_lost_before_them() {
        let span = |after, until| Drops { after: Timestamp::from_nanos(after), until: Timestamp::from_nanos(until) };
        let dropped = |count| Note::Dropped { count, interface: "0".to_owned() };
        for order in Order::BOTH {
            let nanos = [(9, &[9_u8][..])];
            let file = || Pcapng::new(order).interface(1, 0, &nanos);
            let summary = |file: Pcapng| read(&file.bytes).unwrap().1;
            let one = file().enhanced_after(2, 0, 5, b"a").enhanced(0, 10, b"b", 1).enhanced_after(1, 0, 20, b"c");
            let one = summary(one.enhanced_after(0, 0, 30, b"d"));
            assert_eq!(one.drops, [span(i64::MIN, 5), span(10, 20)]);
            assert_eq!(one.notes, [dropped(3)]);
            // Both counts are of the same packets.
            let counted = file().enhanced(0, 10, b"a", 1).enhanced_after(3, 0, 20, b"b");
            let counted = summary(counted.statistics(0, &[(5, &order.u64(3))]));
            assert_eq!((counted.drops, counted.notes), (vec![span(10, 20)], vec![dropped(3)]));
            // The previous packet may belong to another interface.
            let two = file().interface(1, 0, &nanos).enhanced_after(0, 1, 5, b"a").enhanced(0, 10, b"b", 1);
            assert_eq!(summary(two.enhanced_after(1, 1, 20, b"c")).drops, [span(5, 20)]);
            let old = summary(file().packet(0, 10, b"a", 1).packet_after(4, 0, 20, b"b"));
            assert_eq!((old.drops, old.notes), (vec![span(10, 20)], vec![dropped(4)]));
        }
    }

    #[test]
    fn drops_are_noted_for_each_interface() {
        for order in Order::BOTH {
            let bytes = Pcapng::new(order)
                .interface(1, 0, &[(2, b"eth\x1b0")])
                .interface(1, 0, &[])
                .interface(1, 0, &[(2, b"lo")])
                .statistics(0, &[(4, &order.u64(100)), (5, &order.u64(3))])
                .statistics(0, &[(5, &order.u64(5)), (7, &order.u64(7))])
                .statistics(1, &[(7, &order.u64(1))])
                .statistics(2, &[(5, &order.u64(0))])
                .bytes;
            let expected = [
                Note::Dropped { count: 12, interface: "eth0".to_owned() },
                Note::Dropped { count: 1, interface: "1".to_owned() },
            ];
            assert_eq!(notes(&bytes), expected);
            let another_section = [bytes.clone(), Pcapng::new(order).bytes].concat();
            assert_eq!(notes(&another_section), expected);
        }
    }

    #[test]
    fn corrupt_blocks_are_skipped_and_counted() {
        let sound = || Pcapng::new(Order::Little).interface(1, 0, &[]).enhanced(0, 1, b"one", 3);
        let end = sound().bytes.len();
        let skipped = |count, fault| Note::Skipped { count, at: end as u64, fault };
        let undescribed = sound().enhanced(1, 2, b"two", 3).enhanced(0, 3, b"three", 5).bytes;
        let (packets, summary) = read(&undescribed).unwrap();
        assert_eq!(packets.len(), 2);
        assert_eq!(summary.notes, [skipped(1, Fault::UnknownInterface)]);

        let mut many = sound();
        for _ in 0..2000 {
            many = many.enhanced(0, 2, b"longer than sent", 3);
        }
        let (packets, summary) = read(&many.enhanced(0, 3, b"three", 5).bytes).unwrap();
        assert_eq!(packets.len(), 2);
        assert_eq!(summary.notes, [skipped(2000, Fault::PacketLength)]);

        let mut differ = sound().enhanced(0, 2, b"two", 3).enhanced(0, 3, b"three", 5).bytes;
        differ[end + 8 + 23 + 1 + 12] ^= 1;
        let (packets, summary) = read(&differ).unwrap();
        assert_eq!(packets.len(), 2);
        assert_eq!(summary.notes, [skipped(1, Fault::LengthsDiffer)]);
    }

    #[test]
    fn a_corrupt_length_ends_the_file() {
        let sound = Pcapng::new(Order::Little).interface(1, 0, &[]).enhanced(0, 1, b"one", 3).bytes;
        for length in [0_u32, 8, crate::limits::BLOCK as u32 + 1, u32::MAX] {
            let bytes = [&sound[..], &6_u32.to_le_bytes(), &length.to_le_bytes(), &[0; 64]].concat();
            let (packets, summary) = read(&bytes).unwrap();
            assert_eq!(packets.len(), 1);
            assert_eq!(summary.notes, [Note::Unreadable { at: sound.len() as u64, fault: Fault::BlockLength }]);
        }
    }

    #[test]
    fn a_block_cut_off_is_noted() {
        let bytes = Pcapng::new(Order::Big).interface(1, 0, &[]).enhanced(0, 1, b"one", 3).bytes;
        let cut = bytes.len() - 5;
        let inside = Some(Inside { unit: Unit::Block, begins: 48 });
        assert_eq!(notes(&bytes[..cut]), [Note::CutOff { at: cut as u64, inside }]);
    }

    #[test]
    fn an_unknown_version_ends_the_file() {
        let mut second = Pcapng::new(Order::Little).bytes;
        second[12] = 9;
        let first = Pcapng::new(Order::Big).bytes;
        let bytes = [&*first, &second].concat();
        let summary = read(&bytes).unwrap().1;
        let at = first.len() as u64;
        assert_eq!((&*summary.notes, summary.bytes), (&[Note::Unreadable { at, fault: Fault::SectionHeader }][..], at));
    }
}
