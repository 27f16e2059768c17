//! The streams of the wanted connections and the positions of their frames, as far as there is room for them.

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
    /// Its captured bytes.
    pub stream: Stream,
    /// The positions of its frames.
    pub frames: Frames,
    /// Whether there was no room for some of its bytes.
    lacks: bool,
}

impl Half {
    /// Ends the direction. Returns whether there was no room for all of it. Bytes from the first frame without room on
    /// are dropped, because they cannot be interpreted.
    pub fn settle(&mut self) -> bool {
        if let Some(end) = self.frames.end() {
            self.stream.truncate(end);
        }
        self.lacks || self.frames.end().is_some()
    }
}

/// The captured bytes and frames of the wanted connections.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The connections in the order of the wanted ones. If several have the same stream, the first one holds everything
    /// of it.
    halves: Vec<PerSide<Half>>,
    by_stream: HashMap<u32, u32, RandomState>,
    room: Room,
}

impl Gathered {
    /// Creates an empty collection for these connections.
    pub fn new(wanted: &Wanted) -> Self {
        let halves = wanted.connections().iter().map(|_| PerSide::default()).collect();
        Self { halves, by_stream: wanted.by_stream().clone(), room: Room::default() }
    }

    /// Adds bytes of a direction at an offset of its stream.
    pub fn push(&mut self, (at, side): (usize, Side), offset: usize, bytes: &[u8]) {
        if let Some(halves) = self.halves.get_mut(at) {
            let half = &mut halves[side];
            half.lacks |= !half.stream.push(offset, bytes, &mut self.room);
        }
    }

    /// Adds the next frame of a direction, if its connection is wanted.
    pub fn locate(&mut self, found: &Found) {
        let at = self.by_stream.get(&found.stream).map(|at| *at as usize);
        if let Some(halves) = at.and_then(|at| self.halves.get_mut(at)) {
            halves[found.side].frames.push(found.frame, &mut self.room);
        }
    }

    /// Returns both directions of a connection.
    pub fn halves(&mut self, at: usize) -> Option<&mut PerSide<Half>> {
        self.halves.get_mut(at)
    }

    /// Returns a range of a direction, with zeros where no bytes are known.
    pub fn copy(&self, (at, side): (usize, Side), range: Range<usize>) -> Option<Vec<u8>> {
        Some(self.halves.get(at)?[side].stream.copy(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Id;
    use crate::slice::cut::Origin;
    use crate::slice::frames::Frame;
    use crate::ws::frame::header;

    #[test]
    fn a_hundred_thousand_small_connections_fit() {
        const COUNT: u32 = 100_000;
        let mut wanted = Wanted::default();
        for stream in 0..COUNT {
            let [_, network, host, port] = stream.to_be_bytes();
            let client = ([10, 1, network, host], 10_000 + u16::from(port)).into();
            let addresses = PerSide { client, server: ([10, 0, 0, 2], 80).into() };
            let compression = PerSide { client: None, server: None };
            let id = Id { stream, http2_stream: 0, attempt: 0 };
            wanted.add(Origin { id, addresses, packets: (1, 1), is_tls: false, is_http2: false, compression });
        }
        let (mut gathered, heads) = (Gathered::new(&wanted), [(Side::Client, 400), (Side::Server, 200)]);
        let close = b"\x88\x02\x03\xe9";
        let (_, of_close) = header(close).unwrap();
        for stream in 0..COUNT {
            for (side, length) in heads {
                gathered.push((stream as usize, side), 0, &vec![b'x'; length]);
                gathered.push((stream as usize, side), length, close);
                let frame = Frame::new(&of_close, length as u32 + 2, 1);
                gathered.locate(&Found { stream, side, frame });
            }
        }
        for at in 0..COUNT as usize {
            let PerSide { client, server } = gathered.halves(at).unwrap();
            assert!(!client.settle() && !server.settle(), "{at}");
            assert_eq!((client.frames.len(), client.stream.end()), (1, 404));
        }
    }
}
