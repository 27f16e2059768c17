//! The pass over the captures before the cut, which finds the fragments, the TLS sessions and the contents of the
//! streams.

use std::collections::HashSet;
use std::io;

use super::blotter::Remember;
use super::counting::Counting;
use super::cut::Wanted;
use super::fragmented::Fragmented;
use super::located::Located;
use super::messages::Read;
use super::redaction::Redaction;
use crate::capture::Packet;
use crate::packet::{Decoder, Part};
use crate::report::Numbering;
use crate::side::Side;
use crate::tls::hello::{Random, random_of};

/// Facts about the wanted connections that are needed before their packets are copied.
#[derive(Default)]
pub struct Survey {
    decoder: Decoder,
    parts: Vec<Part>,
    fragmented: Fragmented,
    sessions: HashSet<Random>,
    redaction: Option<Redaction>,
    counting: Option<Counting>,
}

impl Survey {
    /// Creates a survey of these connections. If their frames are `located`, their streams are rewritten.
    pub fn new(wanted: &Wanted, located: Option<Located>) -> Self {
        Self { redaction: located.map(|located| Redaction::new(wanted, located)), ..Self::default() }
    }

    /// Also finds the numbers that these packets, and all connections, get in the slice.
    pub fn counting(self, packets: Vec<u64>) -> Self {
        Self { counting: Some(Counting::new(packets)), ..self }
    }

    /// Takes the next packet of the capture. Must be called once for each.
    pub fn push(&mut self, packet: &Packet<'_>, wanted: &Wanted) {
        let Self { decoder, parts, fragmented, sessions, redaction, counting } = self;
        if let Some(redaction) = redaction {
            redaction.locate(packet.number);
        }
        let segment = decoder.trace(packet, parts);
        let found = segment.and_then(|segment| Some((wanted.find(&segment)?, segment)));
        if let Some(counting) = counting {
            counting.packet(packet.number, found.is_some() && parts.is_empty());
        }
        let Some((half @ (at, side), segment)) = found else { return };
        if let (Some(counting), Some(connection)) = (counting, wanted.connections().get(at)) {
            counting.segment(connection.id.stream, &segment);
        }
        let place = redaction.as_mut().and_then(|redaction| redaction.gather(&segment, half));
        if !parts.is_empty() {
            fragmented.add(parts, &segment, half, place);
        }
        // A redacted slice contains no keys.
        let is_tls = redaction.is_none() && wanted.connections().get(at).is_some_and(|connection| connection.is_tls);
        if side == Side::Client && is_tls {
            sessions.extend(random_of(segment.payload));
        }
    }

    /// Rewrites the streams, if they are to be rewritten. Must be called after the last packet. Fails if the positions
    /// of the frames could not be read.
    pub fn finish(&mut self, wanted: &Wanted) -> io::Result<()> {
        self.fragmented.finish();
        self.redaction.as_mut().map_or(Ok(()), |redaction| redaction.rewrite(wanted))
    }

    /// Calls `read` with the readable bytes of the streams, and `remember`, if given, with their secrets. Does nothing
    /// if no frames are located. Must be called after the last packet, instead of [`Self::finish`]. Fails if the
    /// positions of the frames could not be read.
    pub fn read(
        &mut self,
        wanted: &Wanted,
        remember: Option<&mut Remember<'_>>,
        read: &mut Read<'_>,
    ) -> io::Result<()> {
        self.redaction.as_mut().map_or(Ok(()), |redaction| redaction.read(wanted, remember, read))
    }

    /// Returns the numbers that were to be found: those of packets, and of all connections. Must be called once, after
    /// [`Self::finish`].
    pub fn numbering(&mut self, wanted: &Wanted) -> Numbering {
        let connections = wanted.connections().iter().map(|connection| connection.id).collect();
        let counting = self.counting.take().unwrap_or_default();
        Numbering { connections, ..counting.finish(&self.fragmented) }
    }

    /// Returns the TLS sessions of the wanted connections; none if streams are rewritten.
    pub const fn sessions(&self) -> &HashSet<Random> {
        &self.sessions
    }

    /// Returns the number of fragments that will be left out.
    pub const fn left_out(&self) -> u64 {
        self.fragmented.left_out()
    }

    /// Returns the streams, if they are rewritten.
    pub const fn redaction(&self) -> Option<&Redaction> {
        self.redaction.as_ref()
    }

    pub(super) const fn parts(&mut self) -> (&Fragmented, Option<&mut Redaction>) {
        (&self.fragmented, self.redaction.as_mut())
    }
}
