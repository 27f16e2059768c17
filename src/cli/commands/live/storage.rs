//! `--write`: all packets, or those of connections that ended abnormally.

use std::path::Path;

use whyclosed::analyzer::Stream;
use whyclosed::capture::Packet;
use whyclosed::capture::live::Feed;
use whyclosed::capture::pcapng::Description;
use whyclosed::capture::recording::{Recording, Ring};
use whyclosed::error::Error;
use whyclosed::live::{PacketBuffer, Watch};

/// The output for packets.
pub struct Storage {
    recording: Recording,
    /// Packets of connections that are not judged yet; `None` if all packets are written.
    held: Option<PacketBuffer>,
}

impl Storage {
    /// Creates the first file.
    pub fn create(
        path: &Path,
        ring: Option<Ring>,
        only_abnormal: bool,
        interfaces: Vec<Description>,
    ) -> Result<Self, Error> {
        let recording = Recording::create(path, ring, interfaces)?;
        Ok(Self { recording, held: only_abnormal.then(PacketBuffer::default) })
    }

    /// Writes, holds or drops a packet, by the stream that the analyzer assigns it to.
    pub fn packet(&mut self, interface: usize, packet: &Packet<'_>, stream: Option<Stream>) -> Result<(), Error> {
        match (&mut self.held, stream) {
            (None, _) => self.recording.packet(interface, packet)?,
            (Some(held), Some(stream)) if stream.is_followed => held.hold(stream.number, interface, packet),
            (Some(held), Some(stream)) => held.forget(stream.number),
            (Some(_), None) => {}
        }
        Ok(())
    }

    /// Writes or drops the held packets of the connections that have been judged since the last call.
    pub fn judged(&mut self, watch: &mut Watch) -> Result<(), Error> {
        let Self { recording, held: Some(held) } = self else { return Ok(()) };
        while let Some((stream, is_abnormal)) = watch.take_judged() {
            if is_abnormal {
                held.release(stream).try_for_each(|kept| recording.packet(kept.interface, &kept.packet()))?;
            } else {
                held.forget(stream);
            }
        }
        Ok(())
    }

    /// Writes the counters of the interfaces that have dropped packets between their last two readings.
    pub fn dropped(&mut self, feed: &dyn Feed) -> Result<(), Error> {
        for (number, (before, now)) in feed.statistics().into_iter().enumerate() {
            if now.dropped() > before.dropped() {
                // Both readings: they bound the time of the drops for a reader of the file.
                self.recording.statistics(number, &before)?;
                self.recording.statistics(number, &now)?;
            }
        }
        Ok(())
    }

    /// Flushes what was written to the system.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.recording.flush()
    }

    /// Writes the final counters of the interfaces, and flushes.
    pub fn finish(&mut self, feed: &dyn Feed) -> Result<(), Error> {
        for (number, (_, now)) in feed.statistics().into_iter().enumerate() {
            self.recording.statistics(number, &now)?;
        }
        self.flush()
    }

    /// Returns the number of packets that could not be held for lack of room. They may have belonged to abnormal
    /// connections.
    pub fn let_go(&self) -> u64 {
        self.held.as_ref().map_or(0, PacketBuffer::let_go)
    }
}
