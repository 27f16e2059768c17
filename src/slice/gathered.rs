//! The streams of the wanted connections and where their frames lie, as many as there is room for.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::cut::Wanted;
use super::frames::Frames;
use super::located::Found;
use super::room::Room;
use super::streams::Stream;
use crate::side::{PerSide, Side};

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Half {
    /// Its bytes.
    pub stream: Stream,
    /// Where its frames lie.
    pub frames: Frames,
    /// Whether there was no room for some of its bytes.
    lacks: bool,
}

impl Half {
    /// Whether there was no room for all of it. What lies behind the last frame that is known can't be understood: it goes.
    pub fn settle(&mut self) -> bool {
        if let Some(end) = self.frames.end() {
            self.stream.truncate(end);
        }
        self.lacks || self.frames.end().is_some()
    }
}

/// What was captured of the wanted connections.
#[derive(Debug, Default)]
pub struct Gathered {
    /// In the order of the wanted connections, of which the first of a stream has all that is of it.
    halves: Vec<PerSide<Half>>,
    by_stream: HashMap<u32, u32, RandomState>,
    room: Room,
}

impl Gathered {
    /// Nothing yet of these connections.
    pub fn new(wanted: &Wanted) -> Self {
        let halves = wanted.connections().iter().map(|_| PerSide::default()).collect();
        Self { halves, by_stream: wanted.by_stream().clone(), room: Room::default() }
    }

    /// Takes bytes of a direction, which lie at an offset of its stream.
    pub fn push(&mut self, (at, side): (usize, Side), offset: usize, bytes: &[u8]) {
        if let Some(halves) = self.halves.get_mut(at) {
            let half = &mut halves[side];
            half.lacks |= !half.stream.push(offset, bytes, &mut self.room);
        }
    }

    /// Takes the next frame of a direction, if its connection is wanted.
    pub fn locate(&mut self, found: &Found) {
        let at = self.by_stream.get(&found.stream).map(|at| *at as usize);
        if let Some(halves) = at.and_then(|at| self.halves.get_mut(at)) {
            halves[found.side].frames.push(found.frame, &mut self.room);
        }
    }

    /// Both directions of a connection.
    pub fn halves(&mut self, at: usize) -> Option<&mut PerSide<Half>> {
        self.halves.get_mut(at)
    }

    /// A range of a direction; zeros where no bytes are known.
    pub fn copy(&self, (at, side): (usize, Side), range: Range<usize>) -> Option<Vec<u8>> {
        Some(self.halves.get(at)?[side].stream.copy(range))
    }
}
