//! The place of a connection among all that is known of it, if only a period was to be read.

use std::net::SocketAddr;

use serde::Serialize;

use super::Finding;
use crate::facts::{self, Facts};

/// What is known of a connection beyond the files that were read, and the sequence numbers by which its parts are recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Continuity {
    /// Whether it had begun before the packets that were read.
    pub continues_before: bool,
    /// Whether it was still open behind them.
    pub continues_after: bool,
    /// The client's first sequence number; `null` if it sent nothing.
    pub client_first_seq: Option<u32>,
    /// The sequence number behind the client's last byte, or FIN.
    pub client_next_seq: Option<u32>,
    /// The server's first sequence number.
    pub server_first_seq: Option<u32>,
    /// The sequence number behind the server's last byte, or FIN.
    pub server_next_seq: Option<u32>,
    /// The number of places at which two parts were put together without the bytes between them.
    pub joints: u32,
    /// The time of its last packet, by RFC 3339 in UTC.
    pub last: String,
}

impl Continuity {
    /// Returns that of facts, if they have one.
    pub(super) fn of(facts: &Facts) -> Option<Box<Self>> {
        let facts::Continuity { before, after, first, next, last, joints } = *facts.rare.continuity.as_deref()?;
        Some(Box::new(Self {
            continues_before: before,
            continues_after: after,
            client_first_seq: first.client,
            client_next_seq: next.client,
            server_first_seq: first.server,
            server_next_seq: next.server,
            joints,
            last: last.to_string(),
        }))
    }
}

/// Writes filters of findings that find the connection by its endpoints, as the report names them: streams of a period have
/// other numbers than those of a whole file.
pub(super) fn filter_by_endpoints<'f>((client, server): (&str, &str), findings: impl Iterator<Item = &'f mut Finding>) {
    let Some((client, server)) = client.parse::<SocketAddr>().ok().zip(server.parse::<SocketAddr>().ok()) else {
        return;
    };
    let ip = if client.is_ipv6() { "ipv6" } else { "ip" };
    let addresses = format!("{ip}.addr eq {} && {ip}.addr eq {}", client.ip(), server.ip());
    let filter = format!("{addresses} && tcp.port eq {} && tcp.port eq {}", client.port(), server.port());
    findings.for_each(|finding| finding.filter.clone_from(&filter));
}
