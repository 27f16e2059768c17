//! What is known of the TLS session that carried a connection.

use serde::Serialize;

use super::redact::Redactor;
use crate::event::EndKind;
use crate::facts::Facts;
use crate::side::Side;
use crate::tls::keys::Origin;

/// The TLS session that carried a connection.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tls {
    /// The version: `TLS 1.3`. `null` if the handshake was not captured and nothing was decrypted.
    pub version: Option<String>,
    /// The cipher suite, by its name at IANA.
    pub cipher: Option<String>,
    /// The name of the server that the client asked for.
    pub sni: Option<String>,
    /// The protocol that the server chose.
    pub alpn: Option<String>,
    /// Whether the session continues an earlier one.
    pub resumed: bool,
    /// Whether the connection was decrypted.
    pub decrypted: bool,
    /// The origin of the keys: `key_log` (a file), `secrets_block` (the capture itself).
    pub keys_from: Option<&'static str>,
    /// Whether the handshake was not captured, and the keys and the sequence numbers were found by trying.
    pub found_by_search: bool,
    /// The sides that sent close_notify, in order.
    pub close_notify: Vec<Side>,
}

impl Tls {
    /// Returns the session of a connection, if it has one.
    pub fn new(facts: &Facts, redactor: &mut Redactor) -> Option<Box<Self>> {
        let session = facts.rare.session.as_deref()?;
        let notified = facts.ends.iter().filter(|end| end.kind == EndKind::CloseNotify);
        Some(Box::new(Self {
            version: session.version.map(|version| version.to_string()),
            cipher: session.suite.map(|suite| suite.to_string()),
            sni: session.server_name.as_deref().map(|name| redactor.host(name)),
            alpn: session.alpn.as_deref().map(|alpn| redactor.text(alpn)),
            resumed: session.is_resumed,
            decrypted: session.is_decrypted(),
            keys_from: session.keys_from.map(|origin| match origin {
                Origin::KeyLog => "key_log",
                Origin::SecretsBlock => "secrets_block",
            }),
            found_by_search: session.is_late,
            close_notify: notified.map(|end| end.side).collect(),
        }))
    }
}
