//! The numbers of TCP connections, without anything else that is known of them.

use super::flows::{Flow, Flows};
use crate::tcp::Segment;

/// Numbers the TCP connections of a capture, as Wireshark's `tcp.stream`.
#[derive(Default)]
pub struct Streams {
    flows: Flows,
    count: u32,
}

impl Streams {
    /// Returns the number of the connection that the next segment belongs to.
    pub fn number(&mut self, segment: &Segment<'_>) -> u32 {
        let (streams, time) = (&mut self.count, segment.carrier.seen.time);
        let Some((_, flow, base)) = self.flows.entry(segment.endpoints, None, || Flow::new(streams, time)) else {
            return u32::MAX;
        };
        if flow.is_reused_by(segment, *base) {
            *flow = flow.reused_by(segment, *base, &mut self.count, time);
        }
        flow.note(segment, base);
        flow.stream
    }
}
