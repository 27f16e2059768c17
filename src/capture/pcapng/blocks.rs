//! The bytes of the blocks that [`Writer`](super::Writer) writes, little-endian (draft-ietf-opsawg-pcapng §4).
//!
//! ```text
//! type:4  length:4  body  [padding to 4]  length:4
//! ```

use super::block::kind;
use super::description::{IF_NAME, IF_TSRESOL};
use super::packet::{EPB_DROPCOUNT, EPB_FLAGS};
use super::secrets::TLS_KEY_LOG;
use super::statistics::{ISB_IFDROP, ISB_OSDROP};
use crate::capture::{LinkType, Packet};
use crate::seen::Timestamp;

pub(super) const COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_FILTER: u16 = 11;
const ISB_ENDTIME: u16 = 3;
const ISB_IFRECV: u16 = 4;

/// The resolution of timestamps: nanoseconds, 10⁻⁹.
const NANOSECONDS: u8 = 9;

/// The description of an interface in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The link type of its packets.
    pub link_type: LinkType,
    /// Bytes kept of each packet; 0 for all.
    pub snaplen: u32,
    /// The system's name for it; empty if unknown.
    pub name: String,
    /// The capture filter; empty if there was none.
    pub filter: String,
}

/// The counters of an interface at a point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The time of counting.
    pub time: Timestamp,
    /// Packets that passed the filter.
    pub received: u64,
    /// Packets that the interface or its driver dropped.
    pub dropped_by_interface: u64,
    /// Packets that the system dropped because it had no room.
    pub dropped_by_system: u64,
}

impl Statistics {
    /// Returns the number of packets dropped by either.
    pub const fn dropped(&self) -> u64 {
        self.dropped_by_interface.saturating_add(self.dropped_by_system)
    }
}

/// Appends a Section Header Block, with its section length unspecified.
pub(super) fn section_header(application: &str, comment: &str, out: &mut Vec<u8>) {
    block(kind::SECTION_HEADER, out, |out| {
        out.extend(0x1a2b_3c4d_u32.to_le_bytes());
        out.extend([1, 0, 0, 0]);
        out.extend([0xff; 8]);
        if !comment.is_empty() {
            option(COMMENT, comment.as_bytes(), out);
        }
        option(SHB_USERAPPL, application.as_bytes(), out);
        end_of_options(out);
    });
}

/// Appends an Interface Description Block.
pub(super) fn interface(description: &Description, out: &mut Vec<u8>) {
    block(kind::INTERFACE_DESCRIPTION, out, |out| {
        out.extend(description.link_type.0.to_le_bytes());
        out.extend([0; 2]);
        out.extend(description.snaplen.to_le_bytes());
        if !description.name.is_empty() {
            option(IF_NAME, description.name.as_bytes(), out);
        }
        option(IF_TSRESOL, &[NANOSECONDS], out);
        if !description.filter.is_empty() {
            // 0 stands for a libpcap filter as text.
            option(IF_FILTER, &[&[0], description.filter.as_bytes()].concat(), out);
        }
        end_of_options(out);
    });
}

/// Appends an Enhanced Packet Block.
pub(super) fn packet(
    interface: u32,
    packet: &Packet<'_>,
    (lost, flags): (u64, u32),
    comments: &[&str],
    out: &mut Vec<u8>,
) {
    block(kind::ENHANCED_PACKET, out, |out| {
        out.extend(interface.to_le_bytes());
        time(packet.time, out);
        out.extend(u32::try_from(packet.data.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(packet.length.to_le_bytes());
        padded(packet.data, out);
        comments.iter().for_each(|comment| option(COMMENT, comment.as_bytes(), out));
        if flags > 0 {
            option(EPB_FLAGS, &flags.to_le_bytes(), out);
        }
        if lost > 0 {
            option(EPB_DROPCOUNT, &lost.to_le_bytes(), out);
        }
        if !comments.is_empty() || lost > 0 || flags > 0 {
            end_of_options(out);
        }
    });
}

/// Appends a Decryption Secrets Block with lines of a TLS key log.
pub(super) fn key_log(lines: &str, out: &mut Vec<u8>) {
    block(kind::DECRYPTION_SECRETS, out, |out| {
        out.extend(TLS_KEY_LOG.to_le_bytes());
        out.extend(u32::try_from(lines.len()).unwrap_or(u32::MAX).to_le_bytes());
        padded(lines.as_bytes(), out);
    });
}

/// Appends an Interface Statistics Block.
pub(super) fn statistics(interface: u32, statistics: &Statistics, out: &mut Vec<u8>) {
    block(kind::INTERFACE_STATISTICS, out, |out| {
        out.extend(interface.to_le_bytes());
        time(statistics.time, out);
        let mut end = Vec::new();
        time(statistics.time, &mut end);
        option(ISB_ENDTIME, &end, out);
        option(ISB_IFRECV, &statistics.received.to_le_bytes(), out);
        option(ISB_IFDROP, &statistics.dropped_by_interface.to_le_bytes(), out);
        option(ISB_OSDROP, &statistics.dropped_by_system.to_le_bytes(), out);
        end_of_options(out);
    });
}

/// Appends a time, the upper half first in either byte order. Times before 1970 are written as 1970.
fn time(time: Timestamp, out: &mut Vec<u8>) {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(0);
    out.extend(((nanos >> 32) as u32).to_le_bytes());
    out.extend((nanos as u32).to_le_bytes());
}

fn block(kind: u32, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    body(out);
    let length = u32::try_from(out.len() - start + 4).unwrap_or(u32::MAX).to_le_bytes();
    if let Some(field) = out.get_mut(start + 4..start + 8) {
        field.copy_from_slice(&length);
    }
    out.extend(length);
}

fn padded(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(bytes);
    out.extend(std::iter::repeat_n(0, bytes.len().wrapping_neg() % 4));
}

/// Appends an option. Its value is cut off after 65,535 bytes.
fn option(code: u16, value: &[u8], out: &mut Vec<u8>) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    out.extend(code.to_le_bytes());
    out.extend((value.len() as u16).to_le_bytes());
    padded(value, out);
}

fn end_of_options(out: &mut Vec<u8>) {
    out.extend([0; 4]);
}
