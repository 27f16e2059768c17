//! The messages of the handshake: what each changes in the session.

use super::State;
use super::negotiation::text;
use crate::side::Side;
use crate::tls::hello::{client_hello, encrypted_extensions, server_hello, session_ticket};
use crate::tls::keys::Keys;
use crate::tls::messages::MessageType;
use crate::tls::record::Version;

impl State {
    /// Processes the contents of a record of the handshake.
    pub(super) fn handshake(&mut self, side: Side, contents: &[u8], keys: &mut Keys) {
        self.unsettle();
        let mut messages = std::mem::take(&mut self.halves[side].messages);
        messages.push(contents, &mut |kind, body| self.message(kind, body, keys));
        self.halves[side].messages = messages;
    }

    fn message(&mut self, kind: MessageType, body: &[u8], keys: &mut Keys) {
        let is_tls13 = self.negotiation.version() == Some(Version::TLS13);
        match kind {
            MessageType::CLIENT_HELLO => {
                let Some(hello) = client_hello(body) else { return };
                self.negotiation.client_hello(&hello, keys);
                if hello.early_data {
                    self.early.announce();
                }
            }
            MessageType::SERVER_HELLO => {
                let Some(hello) = server_hello(body) else { return };
                if hello.is_retry() {
                    self.negotiation.retry();
                    self.early.decide(false);
                } else {
                    self.negotiation.server_hello(&hello);
                    if hello.version < Version::TLS13 {
                        self.early.decide(false);
                    }
                    self.negotiation.disarm();
                    self.negotiation.arm(keys, &mut self.halves);
                }
            }
            MessageType::ENCRYPTED_EXTENSIONS if is_tls13 => {
                let said = encrypted_extensions(body);
                self.negotiation.alpn = said.alpn.map(text);
                self.early.decide(said.early_data);
            }
            MessageType::NEW_SESSION_TICKET if !is_tls13 => {
                self.ticket = session_ticket(body).filter(|ticket| !ticket.is_empty()).map(Into::into);
                self.remember_ticket(keys);
            }
            _ => {}
        }
    }

    /// Remembers the session's secret by the ticket that the server has given, once both are known.
    pub(super) fn remember_ticket(&mut self, keys: &mut Keys) {
        if self.ticket.is_some()
            && let Some(known) = self.halves.server.direction.known()
        {
            let ticket = self.ticket.take();
            self.negotiation.remember(known, ticket.as_deref(), keys);
        }
    }
}
