//! The traffic in the captures, and how much of it was read. A report without connections means no more than that.

use serde::Serialize;

use super::Material;
use crate::capture::Summary;
use crate::packet::Skipped;

/// The traffic in the captures, and how much of it could be read.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Read {
    /// Packets.
    pub packets: u64,
    /// Packets that could not be decoded, and in which TCP may have been missed.
    pub undecoded_packets: u64,
    /// TCP connections.
    pub tcp_connections: u64,
    /// HTTP/1 connections without an attempt at a WebSocket, in the clear or decrypted.
    pub http: u64,
    /// HTTP/2 connections, in the clear or decrypted. They are not read.
    pub http2: u64,
    /// TLS connections with encrypted data.
    pub tls: u64,
    /// Those of them that were decrypted.
    pub decrypted: u64,
    /// QUIC packets, by UDP port 443. They are not read.
    pub quic_packets: u64,
    /// Says whether all of it was read: only then does a report without connections mean that there was no WebSocket.
    pub complete: bool,
}

impl Read {
    pub(super) fn new(material: &Material) -> Self {
        let Material { captures, unread: unreadable, facts, counts, skipped, .. } = material;
        let packets = |wanted: fn(&Skipped) -> bool| {
            skipped.iter().filter(|(kind, _)| wanted(kind)).map(|(_, count)| count).sum()
        };
        let (undecoded_packets, quic_packets) = (packets(Skipped::is_fault), packets(|kind| *kind == Skipped::Quic));
        let unread = undecoded_packets + quic_packets + counts.http2 + counts.tls.unread() + counts.unrecognised;
        Self {
            packets: captures.iter().map(|capture| capture.packets).sum(),
            undecoded_packets,
            tcp_connections: counts.tcp_streams,
            http: counts.http,
            http2: counts.http2,
            tls: counts.tls.decrypted + counts.tls.unread(),
            decrypted: counts.tls.decrypted,
            quic_packets,
            complete: unread + counts.given_up + facts.lost() == 0
                && unreadable.is_empty()
                && captures.iter().all(is_whole),
        }
    }
}

/// Returns whether nothing stands in the way of reading a capture to its end, as far as its packets were captured.
fn is_whole(capture: &Summary) -> bool {
    capture.damage().is_none() && capture.drops.is_empty()
}
