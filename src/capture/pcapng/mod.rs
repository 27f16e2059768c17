//! Reader of pcapng files: sections of either byte order, interfaces of different kinds.

mod block;
mod clock;
mod interface;
mod options;
mod packet;

use std::ops::Range;

use block::{Head, SHORTEST, kind};
use interface::Interface;
use nom::number::Endianness;

use super::file::Name;
use super::tally::Tally;
use super::window::Window;
use super::{LinkType, Packet, Source, Summary};
use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

pub(super) use block::is_pcapng;

/// A pcapng file being read.
pub(super) struct Pcapng {
    window: Window,
    name: Name,
    tally: Tally,
    /// Of the section.
    order: Endianness,
    /// Of the section.
    interfaces: Vec<Interface>,
    time: Timestamp,
    link_type: LinkType,
    length: u32,
    data: Range<usize>,
    ended: bool,
}

impl Pcapng {
    /// Begins before the first section header, which [`is_pcapng`] has recognised.
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
            ended: false,
        }
    }

    #[inline]
    fn hold(&mut self, wanted: usize) -> Result<bool, Error> {
        self.window.hold(wanted).map_err(|error| self.name.read_error(&self.window, error))
    }

    /// Holds the next block whole; `None` at the end, or where a corrupt length makes it the end.
    #[inline]
    fn block(&mut self) -> Result<Option<Head>, Error> {
        if !self.hold(SHORTEST)? {
            self.tally.ended(&self.window, "block");
            return Ok(None);
        }
        let Ok((_, head)) = block::head(self.window.held(), self.order) else {
            self.tally.corrupt(&self.window, "the length of the block there is corrupt");
            return Ok(None);
        };
        if !self.hold(head.length)? {
            self.tally.ended(&self.window, "block");
            return Ok(None);
        }
        Ok(Some(head))
    }

    /// Takes the block that is held and passes over it. Whether it was a packet, or what is wrong with it.
    #[inline]
    fn take(&mut self, head: Head) -> Result<bool, &'static str> {
        let block = self.window.held().get(..head.length).unwrap_or_default();
        let (_, body) = block::body(block, head.order).map_err(|_| "its two lengths differ")?;
        let parsed = match head.kind {
            kind::ENHANCED_PACKET => packet::enhanced(body, self.order),
            kind::PACKET => packet::obsolete(body, self.order),
            kind::SIMPLE_PACKET => {
                let snaplen = self.interfaces.first().map_or(0, |interface| interface.snaplen);
                packet::simple(body, self.order, snaplen)
            }
            kind::INTERFACE_DESCRIPTION => {
                let (_, interface) = interface::description(body, self.order).map_err(|_| "it is too short")?;
                if self.interfaces.len() == limits::INTERFACES {
                    return Err("the section has too many interfaces");
                }
                self.interfaces.push(interface);
                return Ok(false);
            }
            kind::INTERFACE_STATISTICS => {
                let (_, (id, dropped)) = interface::statistics(body, self.order).map_err(|_| "it is too short")?;
                let interface = self.interfaces.get_mut(id as usize).ok_or("its interface is not described")?;
                interface.dropped = interface.dropped.max(dropped);
                return Ok(false);
            }
            _ => return Ok(false),
        };
        let (rest, packet) = parsed.map_err(|_| "the lengths of its packet cannot be true")?;
        let interface = self.interfaces.get(packet.interface as usize).ok_or("its interface is not described")?;
        // A packet without a time is taken to follow close on the one before.
        self.time = packet.time.map_or(self.time, |units| interface.clock.time(units));
        self.link_type = interface.link_type;
        self.length = packet.length;
        self.data = self.window.place(head.before(rest), packet.captured as usize);
        self.tally.packet(self.time);
        Ok(true)
    }

    /// Begins a section; `false` if it is of an unknown version.
    fn begin_section(&mut self, head: Head) -> bool {
        self.end_section();
        let block = self.window.held().get(..head.length).unwrap_or_default();
        self.order = head.order;
        let known =
            block::body(block, head.order).is_ok_and(|(_, body)| block::section_header(body, head.order).is_ok());
        if !known {
            self.tally.corrupt(&self.window, "the section header there is corrupt or of an unknown version");
        }
        known
    }

    /// Forgets the section's interfaces, but not what they dropped.
    fn end_section(&mut self) {
        let interfaces = std::mem::take(&mut self.interfaces);
        drops(&interfaces).for_each(|note| self.tally.note(note));
    }
}

/// A note for each interface that missed packets.
fn drops(interfaces: &[Interface]) -> impl Iterator<Item = String> {
    interfaces.iter().enumerate().filter(|(_, interface)| interface.dropped > 0).map(|(id, interface)| {
        let (count, name) = (interface.dropped, &interface.name);
        let name = if name.is_empty() { &id.to_string() } else { name };
        let packets = if count == 1 { "packet was" } else { "packets were" };
        format!("{count} {packets} dropped while capturing on interface {name}")
    })
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
                self.ended = !self.begin_section(head);
                self.window.consume(head.length);
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
        Packet {
            number: self.tally.packets,
            time: self.time,
            link_type: self.link_type,
            data: self.window.lent(self.data.clone()),
            length: self.length,
        }
    }

    fn summaries(&self) -> Vec<Summary> {
        let format = self.name.format("pcapng");
        vec![self.tally.summary(self.name.path(), &format, self.window.read(), drops(&self.interfaces))]
    }
}
