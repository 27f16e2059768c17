//! What both sides have agreed on, as far as their hellos say, and the keys that follow from it.

use arrayvec::ArrayVec;

use super::Half;
use crate::limits;
use crate::side::{PerSide, Side};
use crate::tls::candidate::Candidate;
use crate::tls::direction::Stage;
use crate::tls::hello::{ClientHello, Random, ServerHello};
use crate::tls::keylog::Label;
use crate::tls::keys::{Keys, Known};
use crate::tls::outside::Agreed;
use crate::tls::protection::{Block, Protection};
use crate::tls::record::Version;
use crate::tls::schedule::{KEY_BLOCK, key_block};
use crate::tls::suite::{Cipher, SUITES, Suite, SuiteId};

/// The bytes of a nonce that are in the key block, where records carry the rest (RFC 5288 §3).
const SALT: usize = 4;

/// The longest session id (RFC 5246 §7.4.1.2).
const SESSION_ID: usize = 32;

/// The secrets of a session of TLS 1.3.
const STAGES: [(Side, Stage, Label); 5] = [
    (Side::Client, Stage::Early, Label::ClientEarly),
    (Side::Client, Stage::Handshake, Label::ClientHandshake),
    (Side::Client, Stage::Data, Label::ClientTraffic),
    (Side::Server, Stage::Handshake, Label::ServerHandshake),
    (Side::Server, Stage::Data, Label::ServerTraffic),
];

type SessionId = ArrayVec<u8, SESSION_ID>;

/// The hellos of the latest handshake, and the secrets of their session.
#[derive(Debug, Default)]
pub struct Negotiation {
    pub(super) client: Option<Client>,
    pub(super) server: Option<Server>,
    /// Whether the server has asked for another ClientHello, as only TLS 1.3 does.
    is_retried: bool,
    /// The number of handshakes whose ServerHello has come. A renegotiation is another one.
    handshake: u32,
    /// The generation of the keys that were looked at.
    armed_at: u64,
    /// The client random that the secrets are logged with, if it is not that of the ClientHello: with encrypted hellos
    /// it is the inner one's (RFC 9850 §2.2), and a connection that began before the capture has none.
    logged_as: Option<Random>,
    /// The protocol that the server has chosen.
    pub(super) alpn: Option<Box<str>>,
}

/// What a ClientHello has said.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) random: Random,
    session_id: SessionId,
    pub(super) server_name: Option<Box<str>>,
    ticket: Box<[u8]>,
    pub(super) early_data: bool,
    pub(super) encrypted_hello: bool,
    offers_other_than_http1: bool,
}

/// What a ServerHello has said, or what follows from the keys of a connection that began before the capture.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) version: Version,
    random: Random,
    pub(super) suite: SuiteId,
    session_id: SessionId,
    encrypt_then_mac: bool,
    pub(super) is_resumed: bool,
}

/// Copies a text of the wire.
pub(super) fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes.get(..limits::TEXT).unwrap_or(bytes)).into()
}

fn session_id(bytes: &[u8]) -> SessionId {
    bytes.iter().copied().take(SESSION_ID).collect()
}

impl Negotiation {
    /// Takes a ClientHello.
    pub fn client_hello(&mut self, hello: &ClientHello<'_>, keys: &Keys) {
        keys.claim(&hello.random);
        self.client = Some(Client {
            random: hello.random,
            session_id: session_id(hello.session_id),
            server_name: hello.server_name.map(text),
            ticket: hello.ticket.into(),
            early_data: hello.early_data,
            encrypted_hello: hello.encrypted_hello,
            offers_other_than_http1: hello.offers_other_than_http1,
        });
    }

    /// Takes a ServerHello that is not a HelloRetryRequest.
    pub fn server_hello(&mut self, hello: &ServerHello<'_>) {
        let session_id = session_id(hello.session_id);
        let asked = self.client.as_ref().map(|client| &client.session_id);
        let is_same = !session_id.is_empty() && asked == Some(&session_id);
        self.handshake += 1;
        self.alpn = hello.alpn.map(text);
        self.server = Some(Server {
            version: hello.version,
            random: hello.random,
            suite: hello.suite,
            encrypt_then_mac: hello.encrypt_then_mac,
            is_resumed: if hello.version >= Version::TLS13 { hello.uses_psk } else { is_same },
            session_id,
        });
    }

    /// Takes a HelloRetryRequest.
    pub const fn retry(&mut self) {
        self.is_retried = true;
    }

    /// Takes the session whose secret has opened a record of a connection of TLS 1.3 without hellos.
    pub fn found(&mut self, random: Random, suite: SuiteId) {
        self.logged_as = Some(random);
        self.server.get_or_insert(Server {
            version: Version::TLS13,
            random: [0; 32],
            suite,
            session_id: SessionId::new(),
            encrypt_then_mac: false,
            is_resumed: false,
        });
    }

    /// Returns the version, once it is known.
    pub fn version(&self) -> Option<Version> {
        let retried = self.is_retried.then_some(Version::TLS13);
        self.server.as_ref().map(|server| server.version).or(retried)
    }

    /// Returns the suite, if it is known and can be decrypted.
    pub fn suite(&self) -> Option<&'static Suite> {
        let server = self.server.as_ref()?;
        let is_known = server.version >= Version::TLS10 && server.version <= Version::TLS13;
        let suite = server.suite.suite().filter(|_| is_known)?;
        (suite.id.is_tls13() == (server.version == Version::TLS13)).then_some(suite)
    }

    /// Returns what both sides have agreed on in the clear, once both hellos have come.
    pub fn agreed(&self) -> Option<Agreed<'_>> {
        let (client, server) = (self.client.as_ref()?, self.server.as_ref()?);
        Some(Agreed {
            is_tls13: server.version >= Version::TLS13,
            suite: self.suite(),
            server_name: client.server_name.as_deref(),
            offers_other_than_http1: client.offers_other_than_http1,
        })
    }

    /// Returns the number of the latest handshake.
    pub const fn handshake(&self) -> u32 {
        self.handshake
    }

    /// Returns the client random that the secrets are logged with.
    pub fn random(&self) -> Option<Random> {
        self.logged_as.or(self.client.as_ref().map(|client| client.random))
    }

    /// Derives the keys of both sides from the secrets known, unless that has been done since the last secret came.
    pub fn arm(&mut self, keys: &Keys, halves: &mut PerSide<Half>) {
        // Nearly every record is done here, and needs no memory of the halves.
        if self.armed_at == keys.generation().saturating_add(1) {
            return;
        }
        let is_armed = Side::BOTH.iter().all(|side| halves[*side].direction.reads_data(self.handshake));
        let Some(suite) = self.suite().filter(|_| !is_armed) else { return };
        // Zero stands for never.
        self.armed_at = keys.generation().saturating_add(1);
        if suite.id.is_tls13() {
            self.arm_tls13(suite, keys, halves);
        } else {
            self.arm_before_tls13(suite, keys, halves);
        }
    }

    /// Expects the secrets of the client's session with every suite that they fit, because the ServerHello, which names
    /// the suite, is missing.
    pub fn arm_without_server(&self, keys: &Keys, halves: &mut PerSide<Half>) {
        let suites = || SUITES.iter().filter(|suite| suite.id.is_tls13());
        for (side, stage, label) in STAGES.into_iter().filter(|(_, stage, _)| *stage != Stage::Early) {
            let Some(random) = self.random() else { return };
            let known = keys.values(&random, label).take(limits::TLS_CANDIDATES);
            let each = known.flat_map(|known| suites().filter_map(move |suite| Candidate::tls13(suite, known)));
            halves[side].direction.expect(self.handshake, stage, each.collect());
        }
    }

    /// Derives the keys again at the next occasion.
    pub const fn disarm(&mut self) {
        self.armed_at = 0;
    }

    fn arm_tls13(&self, suite: &'static Suite, keys: &Keys, halves: &mut PerSide<Half>) {
        let Some(random) = self.random() else { return };
        for (side, stage, label) in STAGES {
            if stage == Stage::Early && !self.client.as_ref().is_some_and(|client| client.early_data) {
                continue;
            }
            let known = keys.values(&random, label).take(limits::TLS_CANDIDATES);
            let candidates = known.filter_map(|known| Candidate::tls13(suite, known)).collect();
            halves[side].direction.expect(self.handshake, stage, candidates);
        }
    }

    fn arm_before_tls13(&self, suite: &'static Suite, keys: &Keys, halves: &mut PerSide<Half>) {
        let (Some(client), Some(server)) = (&self.client, &self.server) else { return };
        let logged = keys.values(&client.random, Label::Master).take(limits::TLS_CANDIDATES);
        let mut known: ArrayVec<_, { limits::TLS_CANDIDATES }> = logged.collect();
        if known.is_empty() {
            known.extend([keys.by_id(&server.session_id), keys.by_ticket(&client.ticket)].into_iter().flatten());
        }
        let mut candidates: PerSide<Vec<Candidate>> = PerSide::default();
        for known in known {
            let Some(PerSide { client, server }) = directions(suite, known, client, server) else { continue };
            candidates.client.push(client);
            candidates.server.push(server);
        }
        let PerSide { client, server } = candidates;
        halves.client.direction.expect(self.handshake, Stage::Data, client);
        halves.server.direction.expect(self.handshake, Stage::Data, server);
    }

    /// Remembers the names that the session can be resumed by, now that its secret is known.
    pub fn remember(&self, known: Known, ticket: Option<&[u8]>, keys: &Keys) {
        let Some(server) = self.server.as_ref().filter(|server| server.version < Version::TLS13) else { return };
        keys.can_resume_id(&server.session_id, known);
        keys.can_resume_ticket(ticket.unwrap_or_default(), known);
    }
}

/// Derives the keys of both directions before TLS 1.3 (RFC 5246 §6.3).
fn directions(suite: &'static Suite, known: Known, client: &Client, server: &Server) -> Option<PerSide<Candidate>> {
    let (mac, key) = (suite.cipher.mac().map_or(0, |hash| hash.size()), suite.cipher.key_len());
    let iv = match suite.cipher {
        Cipher::ChaCha20Poly1305 => 12,
        Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_) if server.version < Version::TLS11 => 16,
        Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_) => 0,
        _ => SALT,
    };
    let mut block = [0; KEY_BLOCK];
    let block = block.get_mut(..2 * (mac + key + iv))?;
    key_block(server.version, suite.hash, &known.secret, &client.random, &server.random, block);
    let (macs, rest) = block.split_at_checked(2 * mac)?;
    let (keys, ivs) = rest.split_at_checked(2 * key)?;
    let of = |half: usize| {
        let block = Block {
            mac: macs.get(half * mac..(half + 1) * mac)?,
            key: keys.get(half * key..(half + 1) * key)?,
            iv: ivs.get(half * iv..(half + 1) * iv)?,
        };
        let protection = Protection::before_tls13(suite, server.version, block, server.encrypt_then_mac)?;
        Some(Candidate::before_tls13(suite, protection, known))
    };
    Some(PerSide { client: of(0)?, server: of(1)? })
}
