//! The row of a connection, whether it could be read or is seen from outside.

use std::borrow::Cow;

use crate::ending;
use crate::report::{Connection, Continuity, Encrypted, Files, Finding, Handshake};
use crate::side::Side;

/// A connection, as a row is made of it.
pub struct Row<'r> {
    /// The name of the sensor.
    pub(super) sensor: Option<&'r str>,
    /// The name of the code that the connection was closed with.
    pub(super) code_name: Option<Cow<'r, str>>,
    /// The connection; `None` if it is seen from outside.
    pub(super) inside: Option<&'r Connection>,
    /// The connection that could not be decrypted.
    pub(super) outside: Option<&'r Encrypted>,
    pub(super) common: Common<'r>,
}

/// The properties that a connection has whether it could be read or not.
pub(super) struct Common<'r> {
    pub files: &'r Files,
    pub tcp_stream: u32,
    pub client: &'r str,
    pub server: &'r str,
    pub community_id: &'r str,
    pub opened: &'r str,
    pub ended: Option<&'r str>,
    pub lifetime: f64,
    pub ending: ending::Kind,
    pub closed_by: Option<Side>,
    pub verdict: &'r Finding,
    pub findings: &'r [Finding],
    pub visibility: &'r [&'static str],
    pub continuity: Option<&'r Continuity>,
}

impl<'r> Row<'r> {
    /// Creates the row of a connection, whose code has no name.
    pub fn inside(connection: &'r Connection, sensor: Option<&'r str>) -> Self {
        let common = Common {
            files: &connection.files,
            tcp_stream: connection.tcp_stream,
            client: &connection.client,
            server: &connection.server,
            community_id: &connection.community_id,
            opened: &connection.opened,
            ended: connection.ended.as_deref(),
            lifetime: connection.lifetime,
            ending: connection.ending,
            closed_by: connection.closed_by,
            verdict: &connection.verdict,
            findings: &connection.findings,
            visibility: &connection.visibility,
            continuity: connection.continuity.as_deref(),
        };
        Self { sensor, code_name: None, inside: Some(connection), outside: None, common }
    }

    /// Creates the row of a connection that could not be decrypted.
    pub fn outside(encrypted: &'r Encrypted, sensor: Option<&'r str>) -> Self {
        let common = Common {
            files: &encrypted.files,
            tcp_stream: encrypted.tcp_stream,
            client: &encrypted.client,
            server: &encrypted.server,
            community_id: &encrypted.community_id,
            opened: &encrypted.opened,
            ended: encrypted.ended.as_deref(),
            lifetime: encrypted.lifetime,
            ending: encrypted.ending,
            closed_by: encrypted.closed_by,
            verdict: &encrypted.verdict,
            findings: &encrypted.findings,
            visibility: &encrypted.visibility,
            continuity: encrypted.continuity.as_deref(),
        };
        Self { sensor, code_name: None, inside: None, outside: Some(encrypted), common }
    }

    /// Names the code that the connection was closed with.
    pub fn with_code_name(self, code_name: Option<Cow<'r, str>>) -> Self {
        Self { code_name, ..self }
    }

    /// Returns the opening handshake, if it could be read.
    pub(super) fn handshake(&self) -> Option<&'r Handshake> {
        self.inside.map(|connection| &*connection.handshake)
    }

    /// Returns the payload that a side sent, or the plaintext of its TLS records.
    pub(super) fn payload_bytes(&self, side: Side) -> Option<u64> {
        let inside = self.inside.map(|connection| connection.traffic[side].payload_bytes);
        inside.or_else(|| Some(self.outside?.records[side].bytes))
    }
}
