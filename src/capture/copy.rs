//! Copies of whole captures, with comments on their packets.

use std::io::{self, Write};
use std::path::PathBuf;

use super::pcapng::{self, Relay, Writer};
use super::{Meter, file, open, open_files};
use crate::error::Error;

/// Returns the comments on the packet of this number. Packets are asked for in ascending order.
pub type Comments<'f, 'c> = &'f dyn Fn(u64) -> Vec<&'c str>;

/// The extent of a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// The packets.
    pub packets: u64,
    /// The bytes.
    pub bytes: u64,
    /// Comments that were left out, because their packets are in Simple Packet Blocks, which cannot hold any.
    pub unplaced: u64,
}

/// Copies the captures at `paths` to one pcapng file, with a comment on the whole of it, and comments on packets. Several
/// captures are merged, as by [`open`](super::open()).
///
/// Of one pcapng file every block is kept, whatever it holds. Of other captures, and of several, packets, interfaces and
/// TLS key logs are kept.
///
/// The outer error is that of reading, the inner one that of writing.
pub fn copy(
    paths: &[PathBuf],
    heading: &str,
    comments: Comments<'_, '_>,
    out: &mut dyn Write,
) -> Result<io::Result<Copied>, Error> {
    let files = open::files(paths)?;
    if let [one] = &*files
        && let Some(pcapng) = file::pcapng(one)?
    {
        return pcapng::copy(pcapng, heading, comments, out);
    }
    let mut source = open_files(files, &Meter::default())?;
    let mut out = match Writer::commented(out, heading) {
        Ok(writer) => Relay::new(writer),
        Err(error) => return Ok(Err(error)),
    };
    let mut packets = 0;
    while source.advance()? {
        let keys = source.take_secrets();
        let keys = String::from_utf8_lossy(&keys);
        let written = if keys.is_empty() { Ok(()) } else { out.key_log(&keys) };
        let packet = source.packet();
        let written = written.and_then(|()| out.packet(&packet, &source.marks(), &comments(packet.number)));
        if let Err(error) = written {
            return Ok(Err(error));
        }
        packets += 1;
    }
    // Keys behind the last packet.
    let keys = source.take_secrets();
    let written = if keys.is_empty() { Ok(()) } else { out.key_log(&String::from_utf8_lossy(&keys)) };
    Ok(written.map(|()| Copied { packets, bytes: out.written(), unplaced: 0 }))
}
