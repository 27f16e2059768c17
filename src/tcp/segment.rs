//! One TCP segment as a packet carried it (RFC 9293 §3.1).

use std::fmt;
use std::net::SocketAddr;

use super::Endpoints;
use crate::chunk::Carrier;

/// A segment, with its payload borrowed from the packet.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The packet that carried it. The number of bytes that it acknowledges is filled in by its connection.
    pub carrier: Carrier,
    /// The sender and the receiver.
    pub endpoints: Endpoints,
    /// Whether the lower endpoint sent it.
    pub from_low: bool,
    /// SEG.SEQ: the sequence number of the first payload byte, or of the SYN.
    pub seq: u32,
    /// SEG.ACK; meaningful only with [`Flags::ACK`].
    pub ack: u32,
    /// Control bits.
    pub flags: Flags,
    /// SEG.WND, unscaled.
    pub window: u16,
    /// The payload bytes that were captured.
    pub payload: &'a [u8],
    /// Payload bytes on the wire; more than `payload.len()` if the snaplen cut the packet.
    pub payload_len: u32,
}

impl Segment<'_> {
    /// Returns the sender.
    pub fn source(&self) -> SocketAddr {
        if self.from_low { self.endpoints.low() } else { self.endpoints.high() }
    }

    /// Returns whether all bytes of its payload were captured.
    #[inline]
    pub const fn is_whole(&self) -> bool {
        self.payload.len() == self.payload_len as usize
    }

    /// Returns the receiver.
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

    /// Returns whether the segment only carries bytes and an acknowledgement: of the bits above, only ACK is set.
    #[inline]
    pub const fn is_plain(self) -> bool {
        self.0 & (Self::FIN.0 | Self::SYN.0 | Self::RST.0 | Self::ACK.0) == Self::ACK.0
    }

    /// Returns whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for Flags {
    /// Writes the letters of tcpdump: `S`, `F`, `R`, `P`, `.`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in [(0x02, "S"), (0x01, "F"), (0x04, "R"), (0x08, "P"), (0x10, ".")] {
            if self.0 & bit != 0 {
                f.write_str(letter)?;
            }
        }
        Ok(())
    }
}
