//! The reading before the cut: which packets are fragments, which TLS sessions there are, and what the streams hold.

use std::collections::HashSet;

use super::cut::Wanted;
use super::fragmented::Fragmented;
use super::redaction::Redaction;
use crate::capture::Packet;
use crate::packet::{Decoder, Part};
use crate::side::Side;
use crate::tls::client_hello::{Random, random};

/// What is learned of the wanted connections before they are copied.
#[derive(Default)]
pub struct Survey {
    decoder: Decoder,
    parts: Vec<Part>,
    fragmented: Fragmented,
    sessions: HashSet<Random>,
    redaction: Option<Redaction>,
}

impl Survey {
    /// Of these connections; with `redact` their streams are rewritten.
    pub fn new(wanted: &Wanted, redact: bool) -> Self {
        Self { redaction: redact.then(|| Redaction::new(wanted)), ..Self::default() }
    }

    /// Takes a packet of the capture, each of them once.
    pub fn push(&mut self, packet: &Packet<'_>, wanted: &Wanted) {
        let Self { decoder, parts, fragmented, sessions, redaction } = self;
        if let Some(redaction) = redaction {
            redaction.analyse(packet);
        }
        let Some(segment) = decoder.trace(packet, parts) else { return };
        let Some((connection, side)) = wanted.find(&segment) else { return };
        let place = redaction.as_mut().and_then(|redaction| redaction.gather(&segment, connection.stream, side));
        if !parts.is_empty() {
            fragmented.add(parts, &segment, (connection.stream, side), place);
        }
        if side == Side::Client && connection.is_tls {
            sessions.extend(random(segment.payload));
        }
    }

    /// All packets have been taken.
    pub fn finish(&mut self, wanted: &Wanted) {
        if let Some(redaction) = &mut self.redaction {
            redaction.rewrite(wanted);
        }
    }

    /// The TLS sessions of the wanted connections.
    pub const fn sessions(&self) -> &HashSet<Random> {
        &self.sessions
    }

    /// Fragments that will be left out.
    pub const fn left_out(&self) -> u64 {
        self.fragmented.left_out()
    }

    /// The streams, where they are rewritten.
    pub const fn redaction(&self) -> Option<&Redaction> {
        self.redaction.as_ref()
    }

    pub(super) const fn parts(&mut self) -> (&Fragmented, Option<&mut Redaction>) {
        (&self.fragmented, self.redaction.as_mut())
    }
}
