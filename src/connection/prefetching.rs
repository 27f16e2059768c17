//! The steps in which the state of a connection is prefetched, for a batch of segments at a time.

use super::{Application, Connection, Http2, Layers, Security};
use crate::prefetch::prefetch;
use crate::side::Side;
use crate::tls::direction::Direction;

impl Connection {
    /// Prefetches what processing a segment needs: the first step.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.layers);
        prefetch(&self.layers.client_is_low);
        self.tcp.prefetch();
    }

    /// Prefetches for a segment with a payload: the second step, by pointers that the first one has brought into the
    /// cache.
    #[inline]
    pub fn prefetch_layers(&self, from_low: bool) {
        self.layers.prefetch_frames(self.side(from_low));
    }

    /// Returns the streams of HTTP/2, unless TLS hides their frames.
    #[inline]
    fn streams(&self) -> Option<&Http2> {
        match (&self.layers.application, &self.layers.security) {
            (Application::Http2(http2), Security::None) => Some(http2),
            _ => None,
        }
    }

    /// Prefetches what a segment of HTTP/2 needs: the second step. Returns whether it is one whose frames can be read.
    #[inline]
    pub fn prefetch_http2(&self) -> bool {
        self.streams().is_some_and(|http2| {
            http2.prefetch();
            true
        })
    }

    /// Prefetches what finds the channel of a segment of HTTP/2: the third step.
    #[inline]
    pub fn prefetch_channels(&self) {
        self.streams().into_iter().for_each(Http2::prefetch_channels);
    }

    /// Prefetches the channel that a segment of HTTP/2 begins with: the fourth step.
    #[inline]
    pub fn prefetch_channel(&self, payload: &[u8]) {
        if let Some(channel) = self.streams().and_then(|http2| http2.next_channel(payload)) {
            channel.prefetch();
            prefetch(channel.layers());
        }
    }

    /// Prefetches what the frames of that channel need: the fifth step.
    #[inline]
    pub fn prefetch_channel_layers(&self, from_low: bool, payload: &[u8]) {
        if let Some(channel) = self.streams().and_then(|http2| http2.next_channel(payload)) {
            channel.layers().prefetch_frames(self.side(from_low));
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

impl Layers {
    /// Prefetches what the frames of a side need.
    #[inline]
    fn prefetch_frames(&self, side: Side) {
        self.facts.sent[side].prefetch();
        if let Application::WebSocket(decoders) = &self.application {
            decoders[side].prefetch();
        }
    }
}
