//! The analysis: packets in, the facts of every WebSocket connection out. It uses neither a clock nor I/O: the time is
//! that of the packets.

mod flows;
mod followed;
mod item;
mod parallel;
mod part;
mod recording;
mod share;
mod streams;

use std::net::SocketAddr;
use std::sync::Arc;

use arrayvec::ArrayVec;

use self::followed::Followed;
pub use self::item::{Item, Members, Owned};
pub use self::parallel::Analysed;
pub use self::part::{Part, PartEnd};
pub(crate) use self::recording::{Chunks, Recording, Replayed};
pub use self::streams::Streams;
use crate::capture::{Packet, Source};
use crate::error::Error;
use crate::facts::Facts;
use crate::limits;
use crate::packet::{Decoder, Glance};
use crate::seen::Timestamp;
use crate::shortcuts;
use crate::sink::{Counts, Sink};
pub use crate::tls::Named;
pub use crate::tls::keylog::KeyLog;

/// The analysis of one capture. It follows every TCP connection, and hands the WebSocket connections to a [`Sink`].
#[derive(Default)]
pub struct Analyzer {
    decoder: Decoder,
    followed: Followed,
}

/// The TCP connection that a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its number, as Wireshark's `tcp.stream`.
    pub number: u32,
    /// Whether it is, or may become, a WebSocket connection.
    pub is_followed: bool,
}

impl Analyzer {
    /// Sets the servers that the user names as those of encrypted WebSockets (wss). Their TLS connections are observed to
    /// the end, and handed to [`Sink::outside`] if they are not decrypted; others only if sizes and times show a WebSocket.
    /// Has to be called before the first packet.
    pub fn name(&mut self, servers: Vec<Named>) {
        self.followed.shared.secrets.named = servers;
    }

    /// Returns an analyzer for another capture, with the same keys and named servers.
    pub fn for_another(&self) -> Self {
        let mut other = Self::default();
        other.followed.shared.secrets = self.followed.shared.secrets.for_another();
        other
    }

    /// Reads a capture to its end: pushes every packet, calls `progress` with the number of the last one now and then, and
    /// finishes. An error ends the reading; everything before it has been pushed and given to the sink nevertheless.
    pub fn read(
        &mut self,
        source: &mut dyn Source,
        sink: &mut impl Sink,
        mut progress: impl FnMut(u64),
    ) -> Result<(), Error> {
        let end = loop {
            if !shortcuts::are_taken() {
                match source.advance() {
                    Ok(true) => _ = self.push(&source.packet(), sink),
                    Ok(false) => break Ok(()),
                    Err(error) => break Err(error),
                }
                continue;
            }
            let secrets = source.take_secrets();
            if !secrets.is_empty() {
                self.push_secrets(&secrets, sink);
            }
            match source.batch() {
                Ok(packets) => {
                    let Some(last) = packets.last() else { break Ok(()) };
                    self.push_all(&packets, sink);
                    progress(last.number);
                }
                Err(error) => break Err(error),
            }
        };
        self.finish(sink);
        end
    }

    /// Processes the next packets. The state of their connections is prefetched, a batch of [`limits::BATCH`] at a
    /// time.
    pub fn push_all(&mut self, packets: &[Packet<'_>], sink: &mut impl Sink) {
        let meet = |followed: &mut Followed, at: usize, sink: &mut _| {
            packets.get(at).into_iter().for_each(|packet| followed.meet(packet, sink));
        };
        self.push_each(packets, |_| true, meet, sink);
    }

    /// Processes packets. For the packet with an index, `is_own` returns whether it is known to be no segment of another
    /// share, and `meet` meets it, and those between it and the one before it.
    #[inline]
    fn push_each<S: Sink>(
        &mut self,
        packets: &[Packet<'_>],
        is_own: impl Fn(usize) -> bool,
        mut meet: impl FnMut(&mut Followed, usize, &mut S),
        sink: &mut S,
    ) {
        let mut from = 0;
        while let Some(rest) = packets.get(from..).filter(|rest| !rest.is_empty()) {
            let mut glances = ArrayVec::<_, { limits::BATCH }>::new();
            let (some, _) = rest.split_at(rest.len().min(limits::BATCH));
            self.decoder.glance_all(some, &mut glances);
            self.followed.pass_over_others(&mut glances, |at| is_own(from + at));
            let hints = self.followed.lookup_batch(&glances);
            let count = glances.len();
            for (((glance, hint), packet), at) in glances.iter_mut().zip(hints).zip(some).zip(from..) {
                // Before the packet is processed, so that a `tick` with its time would have changed nothing.
                meet(&mut self.followed, at, sink);
                match glance {
                    Glance::Segment(segment) => {
                        self.followed.push(segment, hint, sink);
                        if let Some(process) = packet.process {
                            self.followed.attribute(segment, process);
                        }
                    }
                    Glance::NoSegment => {}
                    Glance::General => {
                        self.push_met(packet, sink);
                    }
                }
            }
            from += count;
        }
    }

    /// Processes the next packet. Returns the TCP connection it belongs to, or `None` if it carries no segment.
    pub fn push(&mut self, packet: &Packet<'_>, sink: &mut impl Sink) -> Option<Stream> {
        self.followed.meet(packet, sink);
        self.push_met(packet, sink)
    }

    /// Processes a packet that has been met.
    fn push_met(&mut self, packet: &Packet<'_>, sink: &mut impl Sink) -> Option<Stream> {
        let mut segment = self.decoder.decode(packet).filter(|segment| self.followed.owns(segment))?;
        let hints = self.followed.hint(&segment);
        let stream = self.followed.push(&mut segment, hints, sink);
        if let Some(process) = packet.process {
            self.followed.attribute(&segment, process);
        }
        stream
    }

    /// Advances the time to `now` without a packet. Connections that ended long enough before `now` are handed to the
    /// sink.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl Sink) {
        self.followed.expire(now, sink);
    }

    /// Takes the next bytes of a TLS key log, cut anywhere. What has waited for its keys is read.
    pub fn push_keys(&mut self, log: &mut KeyLog, bytes: &[u8], sink: &mut impl Sink) {
        if self.followed.shared.secrets.push(log, bytes) {
            self.followed.retry(sink);
        }
    }

    /// Takes the contents of Decryption Secrets Blocks. What has waited for its keys is read.
    pub fn push_secrets(&mut self, secrets: &[u8], sink: &mut impl Sink) {
        self.followed.shared.secrets.add_block(secrets);
        self.followed.retry(sink);
    }

    /// Sets whether more keys may come: then TLS records wait for them, within [`limits::TLS_WAITING`].
    pub const fn expect_keys(&mut self, may_come: bool) {
        self.followed.shared.secrets.expect(may_come);
    }

    /// Sets what to call for more keys once the first TLS connection is met: it passes on a key log, cut anywhere. A
    /// capture without TLS then costs nothing. Each of several threads calls it.
    pub fn ask_for_keys(&mut self, ask: impl Fn(&mut dyn FnMut(&[u8])) + Send + Sync + 'static) {
        self.followed.shared.secrets.ask(Arc::new(ask));
    }

    /// Limits the searches for sequence numbers to so many blocks of AES, for tests that read many captures.
    #[cfg(feature = "internals")]
    pub const fn limit_searches(&mut self, blocks: u64) {
        self.followed.shared.secrets.limit_searches(blocks);
    }

    /// Returns the number of TLS sessions that keys are known for.
    pub fn sessions_with_keys(&self) -> usize {
        self.followed.shared.secrets.sessions()
    }

    /// Ends the capture: hands every connection that is left to the sink, in the order of the stream numbers. Has to be
    /// called after the last packet.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.followed.finish(sink);
    }

    /// Returns the facts so far of the connection between two endpoints, as if the capture ended here; `None` once they
    /// have been handed to the sink, or if the connection is not one to report. Those of an HTTP/2 stream are asked for by
    /// its number.
    pub fn facts_between(&self, one: SocketAddr, other: SocketAddr, http2_stream: Option<u32>) -> Option<Box<Facts>> {
        self.followed.facts_between(one, other, http2_stream)
    }

    /// Returns the counts that a report gives beside its connections, as of now.
    pub const fn counts(&self) -> Counts {
        self.followed.counts()
    }

    /// Returns the packet decoder, which counts what it could not decode.
    pub const fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}
