//! TLS between TCP and the application: records in, the application's bytes out.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Application, Context, Layers, Security, is_http_response};
use crate::chunk::{Carrier, Chunk, Data, Place, Wire};
use crate::event::{EndKind, What};
use crate::side::Side;
use crate::sink::{Sink, TlsCounts};
use crate::tls::keylog::KeyLog;
use crate::tls::keys::{Keys, Origin};
use crate::tls::ledger::Turn;
use crate::tls::record::{Alert, is_application_data, is_client_hello};
use crate::tls::{self, Contents, Decision, Named, Outcome, Outside, Session};

/// The secrets of TLS sessions, and buffers for their records.
#[derive(Default)]
pub struct Secrets {
    keys: Keys,
    scratch: tls::Scratch,
    /// The servers that the user names as those of encrypted WebSockets.
    pub named: Vec<Named>,
    /// Passes on more key logs, once there is a TLS connection.
    ask: Option<Ask>,
    /// The sessions that are over.
    pub counts: TlsCounts,
}

/// A function that passes on key logs.
type Ask = Arc<dyn Fn(&mut dyn FnMut(&[u8])) + Send + Sync>;

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("sessions", &self.sessions()).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Returns a copy for another capture.
    pub fn for_another(&self) -> Self {
        Self { keys: self.keys.for_another(), named: self.named.clone(), ..Self::default() }
    }

    /// Returns a copy for another thread, which shares what connections show about the secrets.
    pub fn share(&self) -> Self {
        let Self { keys, named, ask, .. } = self;
        Self { keys: keys.share(), named: named.clone(), ask: ask.clone(), ..Self::default() }
    }

    /// Enters a later turn: what comes is in the order of the capture behind all that other threads do in earlier ones.
    #[inline]
    pub const fn enter(&mut self, turn: Turn) {
        self.keys.enter(turn);
    }

    /// Enters the turn in which secrets are tried again. Returns whether that is of use.
    pub fn enter_second(&mut self, turn: Turn) -> bool {
        self.keys.enter_second(turn)
    }

    /// Lets the other threads know how far this one has come.
    pub fn publish(&self) {
        self.keys.publish();
    }

    /// Reads the next bytes of a key log. Returns whether a secret was new.
    pub fn push(&mut self, log: &mut KeyLog, bytes: &[u8]) -> bool {
        let before = self.keys.generation();
        log.push(bytes, &mut |entry| self.keys.add(entry, Origin::KeyLog));
        self.keys.generation() > before
    }

    /// Adds the secrets of Decryption Secrets Blocks.
    pub fn add_block(&mut self, log: &[u8]) {
        self.keys.read(log, Origin::SecretsBlock);
    }

    /// Sets whether more secrets may come.
    pub const fn expect(&mut self, may_come: bool) {
        self.keys.set_may_grow(may_come);
    }

    /// Sets what to call for more key logs once there is a TLS connection.
    pub fn ask(&mut self, ask: Ask) {
        self.ask = Some(ask);
    }

    /// Returns whether the user names this server as one of encrypted WebSockets.
    fn names(&self, address: SocketAddr, server_name: Option<&str>) -> bool {
        self.named.iter().any(|named| named.names(address, server_name))
    }

    /// Limits the searches for sequence numbers to so many blocks of AES, for tests that read many captures.
    #[cfg(feature = "internals")]
    pub const fn limit_searches(&mut self, blocks: u64) {
        self.scratch.limit_searches(blocks, blocks);
    }

    /// Returns what is known of a session so far.
    pub(super) fn summary(&self, session: &Session) -> tls::Summary {
        session.summary(&self.keys)
    }

    /// Returns the number of sessions that secrets are known of.
    pub fn sessions(&self) -> usize {
        self.keys.sessions()
    }
}

impl Layers {
    /// Routes a chunk of the TCP stream.
    pub(super) fn tcp_chunk<S: Sink>(
        &mut self,
        side: Side,
        chunk: Chunk<'_>,
        secrets: &mut Secrets,
        context: &mut Context<'_, S>,
    ) {
        if matches!(self.security, Security::None) {
            match self.begins_tls(side, chunk.data) {
                false => {
                    self.look(side, chunk, secrets);
                    return self.chunk(side, chunk, context);
                }
                true => self.secure(side, chunk.place.carrier, secrets),
            }
        }
        self.look(side, chunk, secrets);
        if let Data::Bytes(bytes) = chunk.data
            && side == Side::Server
            && is_http_response(bytes)
        {
            self.leave();
            return self.tell(side, chunk.place.carrier, What::NotTls { first: bytes }, context);
        }
        self.with_session(secrets, context, |session, keys, scratch, out| {
            session.push(side, chunk, keys, scratch, &mut |side, event| out(side, event));
        });
        if let Security::Tls(session) = &self.security
            && session.is_unreadable(&secrets.keys)
        {
            self.facts.rare.session = Some(Box::new(session.summary(&secrets.keys)));
            self.count_session(secrets);
            // Its records still show when and how it ends.
            let outside = self.outside.take().filter(|outside| outside.is_established() && outside.is_possible());
            self.leave();
            self.outside = outside;
        }
    }

    /// Fast path: emits what the whole records that `bytes` begin with contain, as long as they are data of a WebSocket.
    /// Returns the rest, and its place.
    pub(super) fn data<'c, S: Sink>(
        &mut self,
        side: Side,
        mut place: Place<'c>,
        mut bytes: &'c [u8],
        secrets: &mut Secrets,
        context: &mut Context<'_, S>,
    ) -> Chunk<'c> {
        while self.outside.is_none()
            && matches!(self.application, Application::WebSocket(_))
            && let Security::Tls(session) = &mut self.security
            && let Some(Contents { used, offset, len }) = session.data(side, bytes, &mut secrets.scratch)
        {
            bytes = bytes.get(used..).unwrap_or_default();
            place = place.after(used);
            let of_contents = Place { carrier: place.carrier, offset, wire: Wire::record(place.needed()) };
            self.messages(side, of_contents, secrets.scratch.contents(len), context);
        }
        Chunk { place, data: Data::Bytes(bytes) }
    }

    /// Looks at the records of a session that has not been decrypted.
    fn look(&mut self, side: Side, chunk: Chunk<'_>, secrets: &Secrets) {
        let Some(outside) = &mut self.outside else { return };
        if let Security::Tls(session) = &self.security {
            if session.is_decrypted() {
                self.outside = None;
                return;
            }
            if outside.is_greeting()
                && let Some(agreed) = session.agreed()
            {
                let server = self.facts.addresses().server;
                outside.agree(agreed, secrets.names(server, agreed.server_name));
            }
        }
        outside.push(side, chunk);
        if !outside.is_possible() {
            self.outside = None;
        }
    }

    /// Returns whether TLS begins with these bytes: with a ClientHello, at the beginning or in a tunnel of HTTP, or in
    /// the middle.
    fn begins_tls(&self, side: Side, data: Data<'_>) -> bool {
        let Data::Bytes(bytes) = data else {
            return false;
        };
        match &self.application {
            Application::Unknown if side == Side::Client && is_client_hello(bytes) => true,
            // Odds of 1 in 19 million for random bytes, and no frame begins like this.
            Application::Unknown => self.began_before && is_application_data(bytes),
            Application::Http(exchange) => side == Side::Client && exchange.begins_tunnel() && is_client_hello(bytes),
            Application::Probe(probe) => probe.knows_nothing() && is_application_data(bytes),
            _ => false,
        }
    }

    /// Begins to read TLS.
    fn secure(&mut self, side: Side, carrier: &Carrier, secrets: &mut Secrets) {
        if side == Side::Client && !self.began_before {
            self.facts.rare.client_hello = Some(carrier.seen);
        }
        if let Some(ask) = secrets.ask.take() {
            let mut log = KeyLog::default();
            ask(&mut |bytes| log.push(bytes, &mut |entry| secrets.keys.add(entry, Origin::SecretsBlock)));
        }
        self.security = Security::Tls(Box::default());
        self.application = Application::Unknown;
        self.outside = match self.facts.rare.client_hello {
            Some(_) => Some(Box::default()),
            None => self.join_outside(carrier, secrets),
        };
    }

    /// Returns the view of a connection that began before the capture, if the user names its server. Only the ports may say
    /// which side that is.
    fn join_outside(&mut self, carrier: &Carrier, secrets: &Secrets) -> Option<Box<Outside>> {
        let is_named = secrets.names(self.facts.addresses().server, None);
        is_named.then(|| Box::new(Outside::begun_before(carrier)))
    }

    /// Ends a side of the session, whose last segment is that of `carrier`.
    pub(super) fn end_session<S: Sink>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        secrets: &mut Secrets,
        context: &mut Context<'_, S>,
    ) {
        self.with_session(secrets, context, |session, keys, scratch, out| {
            session.end(side, carrier, keys, scratch, &mut |side, event| out(side, event));
        });
    }

    /// Reads the records that have waited for keys.
    pub(super) fn retry<S: Sink>(&mut self, secrets: &mut Secrets, context: &mut Context<'_, S>) {
        self.with_session(secrets, context, |session, keys, scratch, out| {
            session.retry(keys, scratch, &mut |side, event| out(side, event));
        });
    }

    /// Ends the session, because the connection is over.
    pub(super) fn finish_session<S: Sink>(&mut self, secrets: &mut Secrets, context: &mut Context<'_, S>) {
        self.retry(secrets, context);
        if let Security::Tls(session) = &self.security {
            self.facts.rare.session = Some(Box::new(session.summary(&secrets.keys)));
        }
        self.count_session(secrets);
    }

    /// Counts the session, if there is one: its connection is not followed any further.
    pub(super) fn count_session(&self, secrets: &mut Secrets) {
        if let Security::Tls(session) = &self.security {
            secrets.counts.count(&session.summary(&secrets.keys));
        }
    }

    /// Lets the session work, and routes what it shows. Does nothing without a session.
    fn with_session<S: Sink>(
        &mut self,
        secrets: &mut Secrets,
        context: &mut Context<'_, S>,
        work: impl FnOnce(&mut Session, &mut Keys, &mut tls::Scratch, &mut dyn FnMut(Side, tls::Event<'_>)),
    ) {
        let Security::Tls(mut session) = std::mem::replace(&mut self.security, Security::None) else {
            return;
        };
        let mut is_left = false;
        work(&mut session, &mut secrets.keys, &mut secrets.scratch, &mut |side, event| {
            if !is_left {
                is_left = self.secured(side, event, context);
            }
        });
        if !is_left {
            self.security = Security::Tls(session);
        }
    }

    /// Routes an event of the session. Returns whether the connection is not read any further.
    fn secured<S: Sink>(&mut self, side: Side, event: tls::Event<'_>, context: &mut Context<'_, S>) -> bool {
        match event {
            tls::Event::Data(chunk) => match (&self.application, chunk.data) {
                (Application::WebSocket(_), Data::Bytes(bytes)) => self.messages(side, chunk.place, bytes, context),
                _ => self.chunk(side, chunk, context),
            },
            tls::Event::Alert { alert, carrier, end, .. } if self.is_read() => {
                self.end_frames(side, true, context);
                let kind = if alert == Alert::CLOSE_NOTIFY { EndKind::CloseNotify } else { EndKind::Alert(alert) };
                self.end(side, carrier, kind, end, context);
            }
            tls::Event::Alert { .. } => {}
            tls::Event::Decided(Decision { outcome: Outcome::Established, carrier, .. }) => {
                if let Some(outside) = &mut self.outside {
                    outside.establish(&carrier);
                }
            }
            tls::Event::Decided(Decision { outcome, side, carrier }) => {
                self.leave();
                self.tell(side, &carrier, What::Tls(outcome), context);
                return true;
            }
        }
        false
    }

    /// Returns whether bytes of the application have come.
    const fn is_read(&self) -> bool {
        !matches!(self.application, Application::Unknown)
    }
}
