//! One TCP segment as a packet carried it (RFC 9293 §3.1).

use std::fmt;
use std::net::SocketAddr;

use super::Endpoints;
use crate::chunk::Carrier;

/// A segment, its payload lent from the packet.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The packet that carried it. What it acknowledges, in bytes of the stream, only its connection knows.
    pub carrier: Carrier,
    /// Sender and receiver.
    pub endpoints: Endpoints,
    /// Whether the lower endpoint sent it.
    pub from_low: bool,
    /// SEG.SEQ: sequence number of the first payload byte, or of the SYN.
    pub seq: u32,
    /// SEG.ACK; meaningful only with [`Flags::ACK`].
    pub ack: u32,
    /// Control bits.
    pub flags: Flags,
    /// SEG.WND, unscaled.
    pub window: u16,
    /// The payload bytes that were captured.
    pub payload: &'a [u8],
    /// Payload bytes on the wire; more than `payload.len()` where the snaplen cut the packet.
    pub payload_len: u32,
}

impl Segment<'_> {
    /// Sender.
    pub fn source(&self) -> SocketAddr {
        if self.from_low { self.endpoints.low() } else { self.endpoints.high() }
    }

    /// Whether all bytes of its payload were captured.
    #[inline]
    pub const fn is_whole(&self) -> bool {
        self.payload.len() == self.payload_len as usize
    }

    /// Receiver.
    pub fn destination(&self) -> SocketAddr {
        if self.from_low { self.endpoints.high() } else { self.endpoints.low() }
    }
}

/// The control bits of a segment, as in byte 13 of the header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// The acknowledgment field is significant.
    pub const ACK: Self = Self(0x10);

    /// Whether the segment only brings bytes and acknowledges some: of the bits above, ACK alone is set.
    #[inline]
    pub const fn is_plain(self) -> bool {
        self.0 & (Self::FIN.0 | Self::SYN.0 | Self::RST.0 | Self::ACK.0) == Self::ACK.0
    }

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for Flags {
    /// The letters of tcpdump: `S`, `F`, `R`, `P`, `.`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in [(0x02, "S"), (0x01, "F"), (0x04, "R"), (0x08, "P"), (0x10, ".")] {
            if self.0 & bit != 0 {
                f.write_str(letter)?;
            }
        }
        Ok(())
    }
}
