//! The steps in which the state of a connection is prefetched, for a batch of segments at a time.

use super::{Application, Connection, Security};
use crate::prefetch::prefetch;
use crate::tls::direction::Direction;

impl Connection {
    /// Prefetches what processing a segment needs: the first step.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.layers);
        prefetch(&self.client_is_low);
        self.tcp.prefetch();
    }

    /// Prefetches for a segment with a payload: the second step, by pointers that the first one has brought into the
    /// cache.
    #[inline]
    pub fn prefetch_layers(&self, from_low: bool) {
        let side = self.side(from_low);
        self.layers.facts.sent[side].prefetch();
        if let Application::WebSocket(decoders) = &self.layers.application {
            decoders[side].prefetch();
        }
    }

    /// Prefetches the session for a segment with a payload that TLS carries: the second step. Returns the direction whose
    /// keys the segment needs, and which more steps prefetch.
    #[inline]
    pub fn prefetch_security(&self, from_low: bool) -> Option<&Direction> {
        match &self.layers.security {
            Security::Tls(session) => {
                let side = self.side(from_low);
                session.prefetch(side);
                Some(session.direction(side))
            }
            Security::None => None,
        }
    }

    /// Prefetches for a segment with a payload: the third step.
    #[inline]
    pub fn prefetch_moments(&self, from_low: bool) {
        self.layers.facts.sent[self.side(from_low)].prefetch_moments();
    }
}
