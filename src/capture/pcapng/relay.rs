//! Packets of another capture, written with the interfaces they came from.

use std::collections::HashMap;
use std::io::{self, Write};

use foldhash::fast::RandomState;

use super::{Description, Writer};
use crate::capture::{LinkType, Marks, Packet};
use crate::limits;

/// A writer of packets of other captures. Each interface is described before its first packet.
#[derive(Debug)]
pub struct Relay<W> {
    out: Writer<W>,
    /// The numbers of the interfaces in this section, by link type, snaplen and name.
    interfaces: HashMap<(LinkType, u32, String), u32, RandomState>,
}

impl<W: Write> Relay<W> {
    /// Creates a relay that continues a file.
    pub fn new(out: Writer<W>) -> Self {
        Self { out, interfaces: HashMap::default() }
    }

    /// Writes a packet with its marks: its interface, its flags, the packets lost before it, and its comments, followed by
    /// these.
    pub fn packet(&mut self, packet: &Packet<'_>, marks: &Marks, comments: &[&str]) -> io::Result<()> {
        let interface = self.interface(packet.link_type, marks)?;
        let comments: Vec<_> = marks.comments.iter().map(String::as_str).chain(comments.iter().copied()).collect();
        self.out.flagged_packet(interface, packet, (marks.lost, marks.flags), &comments)
    }

    /// Writes lines of a TLS key log, which apply to the packets after it.
    pub fn key_log(&mut self, lines: &str) -> io::Result<()> {
        self.out.key_log(lines)
    }

    /// Returns the number of bytes written so far.
    pub const fn written(&self) -> u64 {
        self.out.written()
    }

    /// Returns the number of a packet's interface.
    fn interface(&mut self, link_type: LinkType, marks: &Marks) -> io::Result<u32> {
        let key = (link_type, marks.snaplen, marks.interface.clone());
        if let Some(known) = self.interfaces.get(&key) {
            return Ok(*known);
        }
        if self.interfaces.len() == limits::INTERFACES {
            // A section cannot hold more.
            self.interfaces.clear();
            self.out.section()?;
        }
        let description =
            Description { link_type, snaplen: marks.snaplen, name: marks.interface.clone(), filter: String::new() };
        let interface = self.out.interface(&description)?;
        self.interfaces.insert(key, interface);
        Ok(interface)
    }
}
