//! Packets in, the facts of every WebSocket connection out. No clock, no I/O: time enters with the packets.

mod flows;
mod followed;

use std::net::SocketAddr;

use arrayvec::ArrayVec;

use self::followed::Followed;
use crate::capture::{Packet, Source};
use crate::error::Error;
use crate::facts::Facts;
use crate::limits;
use crate::packet::{Decoder, Glance};
use crate::seen::Timestamp;
use crate::sink::{Counts, Sink};

/// Follows every TCP connection of a capture.
#[derive(Default)]
pub struct Analyzer {
    decoder: Decoder,
    followed: Followed,
}

/// The TCP connection that a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// As Wireshark numbers `tcp.stream`.
    pub number: u32,
    /// Whether it is, or may become, a WebSocket connection.
    pub is_followed: bool,
}

impl Analyzer {
    /// Reads a capture to its end: pushes every packet, calls `progress` with each batch once it has been pushed, and
    /// finishes. An error ends the reading; everything before it has been pushed and given to the sink nevertheless.
    pub fn read(
        &mut self,
        source: &mut dyn Source,
        sink: &mut impl Sink,
        mut progress: impl FnMut(&[Packet<'_>]),
    ) -> Result<(), Error> {
        let end = loop {
            match source.batch() {
                Ok(packets) if packets.is_empty() => break Ok(()),
                Ok(packets) => {
                    self.push_all(&packets, sink);
                    progress(&packets);
                }
                Err(error) => break Err(error),
            }
        };
        self.finish(sink);
        end
    }

    /// Takes the next packets. What they are about is asked of the memory before it is needed.
    pub fn push_all(&mut self, packets: &[Packet<'_>], sink: &mut impl Sink) {
        let mut rest = packets;
        while !rest.is_empty() {
            let mut glances = ArrayVec::<_, { limits::BATCH }>::new();
            let (packets, _) = rest.split_at(rest.len().min(limits::BATCH));
            self.decoder.glance_at(packets, &mut glances);
            rest = rest.get(glances.len()..).unwrap_or_default();
            let hints = self.followed.lookup_batch(&glances);
            for ((glance, hint), packet) in glances.iter_mut().zip(hints).zip(packets) {
                match glance {
                    Glance::Segment(segment) => {
                        self.followed.expire(packet.time, sink);
                        self.followed.push(segment, hint, sink);
                    }
                    Glance::NoSegment => self.followed.expire(packet.time, sink),
                    Glance::General => {
                        self.push(packet, sink);
                    }
                }
            }
        }
    }

    /// Takes the next packet. The TCP connection that it belongs to; `None` for a packet without a segment.
    pub fn push(&mut self, packet: &Packet<'_>, sink: &mut impl Sink) -> Option<Stream> {
        // Before the packet is looked at, so that a `tick` of its time would have changed nothing.
        self.followed.expire(packet.time, sink);
        let mut segment = self.decoder.decode(packet)?;
        let hints = self.followed.hint(&segment);
        self.followed.push(&mut segment, hints, sink)
    }

    /// Time has passed without a packet.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl Sink) {
        self.followed.expire(now, sink);
    }

    /// The capture is over.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.followed.finish(sink);
    }

    /// The facts so far of the connection between two endpoints, as if the capture ended here; `None` once it has been given
    /// to the sink, or if it is none to report.
    pub fn facts_between(&self, one: SocketAddr, other: SocketAddr) -> Option<Box<Facts>> {
        self.followed.facts_between(one, other)
    }

    /// Counts of what is no WebSocket connection.
    pub const fn counts(&self) -> Counts {
        self.followed.counts()
    }

    /// The packets' decoder, which knows what it could not decode.
    pub const fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}
