//! The processes that a capture has named so far: each is kept once, however many packets it has.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{Attribution, Direction, End, Process, comments, end};
use crate::limits;

/// What a packet says of its process.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::capture) struct Found<'c> {
    pub(super) name: &'c str,
    pub(super) pid: Option<u32>,
    pub(super) container: Option<&'c str>,
    pub(super) pod: Option<&'c str>,
    pub(super) namespace: Option<&'c str>,
    /// The direction of the packet.
    pub(super) direction: Option<Direction>,
    /// The direction in which the connection was opened.
    pub(super) of_connection: Option<Direction>,
}

impl<'c> Found<'c> {
    /// Sets the process that a block names.
    pub(in crate::capture) const fn process(&mut self, name: &'c str, pid: u32) {
        (self.name, self.pid) = (name, Some(pid));
    }

    /// Adds what a comment says; most comments say nothing.
    pub(in crate::capture) fn comment(&mut self, comment: &'c str) {
        comments::comment(comment, self);
    }

    /// Sets the direction from the flags of an Enhanced Packet Block: 1 in, 2 out.
    pub(in crate::capture) const fn flags(&mut self, flags: u32) {
        self.direction = match flags & 3 {
            1 => Some(Direction::Inbound),
            2 => Some(Direction::Outbound),
            _ => None,
        };
    }

    /// Returns whether a process, a container or a pod was named.
    pub(in crate::capture) const fn is_some(&self) -> bool {
        !self.name.is_empty() || self.pid.is_some() || self.container.is_some() || self.pod.is_some()
    }

    /// Returns the end at which the process is.
    fn end(&self, interface: &str) -> End {
        match self.of_connection {
            Some(Direction::Outbound) => End::Client,
            Some(Direction::Inbound) => End::Server,
            None => end(self.direction, self.container.is_some() || self.pod.is_some(), interface),
        }
    }

    /// Returns its names, cut off to the bytes that are kept.
    fn names(&self) -> [Option<&'c str>; 4] {
        let name = Some(self.name).filter(|name| !name.is_empty());
        [name, self.container, self.pod, self.namespace].map(|name| name.map(shortened))
    }
}

fn shortened(name: &str) -> &str {
    name.get(..name.floor_char_boundary(limits::PROCESS_NAME)).unwrap_or(name)
}

/// The processes of a capture, at most [`limits::PROCESSES`]; those of further ones are not named.
#[derive(Debug, Default)]
pub(in crate::capture) struct Known {
    attributions: Vec<Attribution>,
    by_names: HashTable<u32>,
    hasher: RandomState,
}

impl Known {
    /// Returns the index of what was found on a packet of this interface; `None` if there is no room for it.
    pub(in crate::capture) fn index(&mut self, found: &Found<'_>, interface: &str) -> Option<u32> {
        let Self { attributions, by_names, hasher } = self;
        let (names, pid, end) = (found.names(), found.pid, found.end(interface));
        let is_same = |at: &u32| {
            attributions
                .get(*at as usize)
                .is_some_and(|known| (names_of(&known.process), known.process.pid, known.end) == (names, pid, end))
        };
        let hash = hasher.hash_one((names, pid, end));
        if let Some(at) = by_names.find(hash, is_same) {
            return Some(*at);
        }
        let at = u32::try_from(attributions.len()).ok().filter(|_| attributions.len() < limits::PROCESSES)?;
        let [name, container, pod, namespace] = names.map(|name| name.map(Box::from));
        let process = Arc::new(Process { name: name.unwrap_or_default(), pid, container, pod, namespace });
        attributions.push(Attribution { process, end });
        let hash_of = |at: &u32| {
            let known = attributions.get(*at as usize);
            known.map_or(0, |known| hasher.hash_one((names_of(&known.process), known.process.pid, known.end)))
        };
        by_names.insert_unique(hash, at, hash_of);
        Some(at)
    }

    /// Returns the attribution at an index.
    pub(in crate::capture) fn get(&self, at: u32) -> Option<&Attribution> {
        self.attributions.get(at as usize)
    }
}

fn names_of(process: &Process) -> [Option<&str>; 4] {
    let Process { name, container, pod, namespace, .. } = process;
    let name = Some(&**name).filter(|name| !name.is_empty());
    [name, container.as_deref(), pod.as_deref(), namespace.as_deref()]
}
