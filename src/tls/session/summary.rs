//! What is known of a session at the end: how it was protected, and whether it could be decrypted.

use super::State;
use crate::side::Side;
use crate::tls::keys::{Keys, Origin};
use crate::tls::record::Version;
use crate::tls::suite::SuiteId;

/// A session.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// The version that was negotiated.
    pub version: Option<Version>,
    /// The cipher suite that was negotiated.
    pub suite: Option<SuiteId>,
    /// The name of the server that the client asked for (SNI). An encrypted hello hides the true one.
    pub server_name: Option<Box<str>>,
    /// The protocol that the server chose (ALPN).
    pub alpn: Option<Box<str>>,
    /// Whether the session continues an earlier one.
    pub is_resumed: bool,
    /// Whether the client may have sent an encrypted hello. Some clients always send random bytes in its place.
    pub encrypted_hello: bool,
    /// Where the secrets came from that decrypted it.
    pub keys_from: Option<Origin>,
    /// The records whose sequence number had to be searched for, because others are missing before them.
    pub searched: u64,
    /// Whether the connection had begun before the capture, and its secret and sequence numbers were searched for.
    pub is_late: bool,
    /// Whether the secrets show that client and server are the other way round.
    pub sides_are_swapped: bool,
    /// The reason why nothing could be decrypted, if there was anything to decrypt.
    pub obstacle: Option<Obstacle>,
}

/// A reason why nothing of a session could be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Obstacle {
    /// There are no keys at all.
    NoKeys,
    /// The handshake is not in the capture, and no secret fits.
    HandshakeNotCaptured,
    /// There are keys, but only of other sessions.
    OtherSessions,
    /// The keys of the session are not those of its data: a key log that is incomplete.
    IncompleteKeys,
    /// The version or the cipher suite cannot be decrypted.
    Unsupported,
    /// There are keys of the session, and no record authenticates with them.
    NothingAuthenticated,
}

impl Summary {
    /// Returns whether anything was decrypted.
    pub const fn is_decrypted(&self) -> bool {
        self.keys_from.is_some()
    }
}

impl State {
    pub(super) fn summary(&self, keys: &Keys) -> Summary {
        let (client, server) = (self.negotiation.client.as_ref(), self.negotiation.server.as_ref());
        Summary {
            version: self.negotiation.version(),
            suite: server.map(|server| server.suite),
            server_name: client.and_then(|client| client.server_name.clone()),
            alpn: self.negotiation.alpn.clone(),
            is_resumed: server.is_some_and(|server| server.is_resumed),
            encrypted_hello: client.is_some_and(|client| client.encrypted_hello),
            keys_from: self.keys_from,
            searched: self.searched,
            is_late: self.is_late,
            sides_are_swapped: self.sides_are_swapped,
            obstacle: self.obstacle(keys),
        }
    }

    fn obstacle(&self, keys: &Keys) -> Option<Obstacle> {
        let was_protected = Side::BOTH.iter().any(|side| self.halves[*side].protected > 0);
        if self.keys_from.is_some() || !was_protected {
            return None;
        }
        let is_supported = self.negotiation.suite().is_some() || self.negotiation.server.is_none();
        Some(match self.negotiation.random() {
            _ if !is_supported => Obstacle::Unsupported,
            _ if keys.is_empty() => Obstacle::NoKeys,
            None => Obstacle::HandshakeNotCaptured,
            Some(_) if self.negotiation.server.is_none() => Obstacle::HandshakeNotCaptured,
            Some(_) if self.negotiation_has_keys() => Obstacle::NothingAuthenticated,
            Some(random) if keys.has(&random) => Obstacle::IncompleteKeys,
            Some(_) => Obstacle::OtherSessions,
        })
    }

    fn negotiation_has_keys(&self) -> bool {
        let handshake = self.negotiation.handshake();
        Side::BOTH.iter().any(|side| self.halves[*side].direction.has_data_keys(handshake))
    }
}
