//! The processes that packets belong to: comments and flags in their options, and the process blocks of macOS, to which
//! options refer.

use super::block::Endianness;
use super::blocks::COMMENT;
use super::interface::Interface;
use super::options::{number, options};
use super::packet::EPB_FLAGS;
use super::process::process_event;
use crate::capture::LinkType;
use crate::capture::attribution::{Attribution, Found, Known, pktap};
use crate::limits;

/// The option of macOS that holds the index of a packet's process block in its section.
const EPB_PROCESS: u16 = 0x8001;

/// The processes of a file.
#[derive(Debug, Default)]
pub(super) struct Processes {
    known: Known,
    /// The process blocks of the section: each a number and a name.
    blocks: Vec<(u32, Box<str>)>,
}

impl Processes {
    /// Forgets the process blocks of the section before.
    pub(super) fn begin_section(&mut self) {
        self.blocks.clear();
    }

    /// Takes the body of a process block; blocks beyond [`limits::PROCESSES`] are not kept.
    pub(super) fn block(&mut self, body: &[u8], order: Endianness) {
        let Ok((_, (pid, name))) = process_event(body, order) else { return };
        if self.blocks.len() < limits::PROCESSES {
            let end = name.floor_char_boundary(limits::PROCESS_NAME);
            self.blocks.push((pid, name.get(..end).unwrap_or_default().into()));
        }
    }

    /// Returns the index of the process of a packet with these options; `None` if it is not named.
    pub(super) fn of_packet(&mut self, of_packet: &[u8], order: Endianness, interface: &Interface) -> Option<u32> {
        let Self { known, blocks } = self;
        let mut found = Found::default();
        for (code, value) in options(of_packet, order) {
            match code {
                COMMENT => found.comment(str::from_utf8(value).unwrap_or_default()),
                EPB_FLAGS => found.flags(number(value, order)?),
                EPB_PROCESS => {
                    if let Some((pid, name)) = blocks.get(number(value, order)? as usize) {
                        found.process(name, *pid);
                    }
                }
                _ => {}
            }
        }
        found.is_some().then(|| known.index(&found, &interface.name)).flatten()
    }

    /// Returns the index of the process in a packet's PKTAP header; `None` for packets of other link types.
    pub(super) fn in_header(&mut self, packet: &[u8], interface: &Interface) -> Option<u32> {
        let found = (interface.link_type == LinkType::PKTAP).then(|| pktap(packet)).flatten()?;
        self.known.index(&found, &interface.name)
    }

    /// Returns the process at an index.
    pub(super) fn get(&self, at: u32) -> Option<&Attribution> {
        self.known.get(at)
    }
}
