//! Where the frames of the wanted connections lie, as the analyzer tells it.

use std::collections::HashMap;

use crate::event::{Event, What};
use crate::facts::Facts;
use crate::side::{PerSide, Side};
use crate::sink::Sink;
use crate::ws::Header;

/// A frame in its stream.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Its header.
    pub header: Header,
    /// Stream offset of its payload.
    pub payload: usize,
    /// The packet that completed its header.
    pub packet: u64,
}

impl Frame {
    /// Stream offset of its header.
    pub fn start(&self) -> usize {
        self.payload.saturating_sub(usize::from(self.header.size))
    }

    /// Stream offset just past its payload.
    pub fn end(&self) -> usize {
        self.payload.saturating_add(usize::try_from(self.header.length).unwrap_or(usize::MAX))
    }
}

/// Gathers frames by stream.
#[derive(Debug, Default)]
pub struct Frames {
    by_stream: HashMap<u32, PerSide<Vec<Frame>>>,
}

impl Frames {
    /// Of these streams and no other.
    pub fn new(streams: impl Iterator<Item = u32>) -> Self {
        Self { by_stream: streams.map(|stream| (stream, PerSide::default())).collect() }
    }

    /// Those of one direction of a stream.
    pub fn of(&self, stream: u32, side: Side) -> &[Frame] {
        self.by_stream.get(&stream).map_or(&[], |frames| &frames[side])
    }
}

impl Sink for Frames {
    fn connection(&mut self, _: Box<Facts>) {}

    fn event(&mut self, facts: &Facts, event: &Event<'_>) {
        if let What::Ws(frame) = event.what
            && let Some((header, header_end)) = frame.frame()
            && let Some(frames) = self.by_stream.get_mut(&facts.stream)
            && let Ok(payload) = usize::try_from(header_end)
        {
            frames[event.side].push(Frame { header: *header, payload, packet: event.carrier.seen.packet });
        }
    }
}
