//! The table between the work items of an archive and `whyclosed fleet`: a row for each connection that an item has seen as a
//! whole, for each part of another one, and for its files.

use std::net::SocketAddr;

use super::Kind::{Binary, Bool, Int32, Int64, Text, Time};
use super::{Cell, Column, Table};
use crate::facts::Continuity;
use crate::seen::Timestamp;
use crate::side::PerSide;

/// The table of members.
pub enum Members {}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'r> {
    /// The name of the sensor.
    pub sensor: Option<&'r str>,
    /// `connection`, `part` or `coverage`.
    pub kind: &'static str,
    /// The endpoints.
    pub ends: Option<PerSide<SocketAddr>>,
    /// The Community ID.
    pub community_id: Option<&'r str>,
    /// The time of the first packet.
    pub first: Option<Timestamp>,
    /// The time of the last packet.
    pub last: Option<Timestamp>,
    /// The place among all that is known of the connection.
    pub continuity: Continuity,
    /// The encoded facts.
    pub facts: &'r [u8],
}

type Of = Column<Members>;

impl Table for Members {
    type Row<'r> = Row<'r>;

    const NAME: &'static str = "members";

    const ABOUT: &'static str =
        "What one work item has seen, for `whyclosed fleet`. It contains secrets and payloads, as the capture does.";

    const COLUMNS: &'static [Of] = &[
        Of::new("sensor", Text, "The name given with --sensor.", |row| row.sensor.into()).or_null(),
        Of::new(
            "kind",
            Text,
            "connection: seen from its beginning to its end. part: begun before the item, or open behind it. coverage: the \
             item's files; each item has one such row, which `fleet` needs before the item's others.",
            |row| row.kind.into(),
        ),
        Of::new("community_id", Text, "The Community ID; null for a coverage.", |row| row.community_id.into())
            .or_null(),
        Of::new("client_ip", Text, "The client's address, as far as the item shows which end that is.", |row| {
            row.end(|ends| ends.client).map(|end| end.ip().to_string()).into()
        })
        .or_null(),
        Of::new("client_port", Int32, "The client's port.", |row| {
            row.end(|ends| ends.client).map(|end| end.port()).into()
        })
        .or_null(),
        Of::new("server_ip", Text, "The server's address.", |row| {
            row.end(|ends| ends.server).map(|end| end.ip().to_string()).into()
        })
        .or_null(),
        Of::new("server_port", Int32, "The server's port.", |row| {
            row.end(|ends| ends.server).map(|end| end.port()).into()
        })
        .or_null(),
        Of::new("first", Time, "The time of its first packet; of a coverage, the beginning of the item.", |row| {
            row.first.into()
        })
        .or_null(),
        Of::new("first_ns", Int64, "The same in nanoseconds since 1970.", |row| {
            row.first.map(Timestamp::as_nanos).into()
        })
        .or_null(),
        Of::new("last", Time, "The time of its last packet.", |row| row.last.into()).or_null(),
        Of::new("last_ns", Int64, "The same in nanoseconds since 1970.", |row| {
            row.last.map(Timestamp::as_nanos).into()
        })
        .or_null(),
        Of::new("continues_before", Bool, "Whether it had begun before the item.", |row| row.continuity.before.into()),
        Of::new("continues_after", Bool, "Whether it was still open behind the item.", |row| {
            row.continuity.after.into()
        }),
        Of::new("client_first_seq", Int64, "The client's first sequence number.", |row| {
            row.continuity.first.client.into()
        })
        .or_null(),
        Of::new("client_next_seq", Int64, "The sequence number behind the client's last byte, or FIN.", |row| {
            row.continuity.next.client.into()
        })
        .or_null(),
        Of::new("server_first_seq", Int64, "The server's first sequence number.", |row| {
            row.continuity.first.server.into()
        })
        .or_null(),
        Of::new("server_next_seq", Int64, "The sequence number behind the server's last byte, or FIN.", |row| {
            row.continuity.next.server.into()
        })
        .or_null(),
        Of::new(
            "facts",
            Binary,
            "Everything that is known of it, in a form of whyclosed's own, with a version.",
            |row| Cell::Bytes(row.facts),
        ),
    ];
}

impl Row<'_> {
    fn end(&self, of: fn(PerSide<SocketAddr>) -> SocketAddr) -> Option<SocketAddr> {
        self.ends.map(of)
    }
}
