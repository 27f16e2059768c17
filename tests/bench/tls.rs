//! TLS 1.3 (RFC 8446) between two endpoints, and the log of their keys.
//!
//! Keys follow from their secrets as in the RFC, but the secrets themselves, the certificates, the signature and the
//! Finished messages are random: no reader of a capture can check them.

#![allow(clippy::expect_used, reason = "records, keys and labels are shorter than the limits of their algorithms")]

use crate::schedule::Capture;
use crate::tcp::Tcp;
use aes_gcm::aead::{AeadInOut, KeyInit, Tag};
use aes_gcm::{Aes128Gcm, Nonce};
use chacha20poly1305::ChaCha20Poly1305;
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt::Write as _;
use whyclosed::side::{PerSide, Side};

/// The server's port.
pub const PORT: u16 = 443;

/// The most bytes of contents in a record (RFC 8446 §5.1).
const CONTENTS: usize = 1 << 14;
const TAG: usize = 16;

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// A record with the change_cipher_spec that keeps middleboxes calm (RFC 8446 §D.4).
const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];
/// A warning, close_notify (RFC 8446 §6.1).
const CLOSE_NOTIFY: [u8; 2] = [1, 0];

/// A cipher suite.
#[derive(Clone, Copy)]
pub enum Suite {
    Aes128Gcm,
    ChaCha20Poly1305,
}

impl Suite {
    /// Returns the number in the TLS Cipher Suites registry.
    const fn id(self) -> [u8; 2] {
        match self {
            Self::Aes128Gcm => [0x13, 0x01],
            Self::ChaCha20Poly1305 => [0x13, 0x03],
        }
    }
}

/// The TLS of all connections of a capture.
pub struct Security {
    pub suite: Suite,
    /// The secrets of all connections, as an NSS key log (RFC 9850).
    pub log: String,
}

/// The keys that both sides of a connection send with.
pub struct Tls {
    halves: PerSide<Half>,
}

impl Tls {
    fn new(suite: Suite, secrets: &PerSide<Secret>) -> Self {
        let half = |side: Side| Half::new(suite, &secrets[side]);
        Self { halves: PerSide { client: half(Side::Client), server: half(Side::Server) } }
    }

    /// Returns application data in as few records as possible.
    pub fn data(&mut self, from: Side, data: &[u8]) -> Vec<u8> {
        let mut records = Vec::with_capacity(data.len() + 22 * data.len().div_ceil(CONTENTS));
        for contents in data.chunks(CONTENTS) {
            self.halves[from].seal(APPLICATION_DATA, contents, &mut records);
        }
        records
    }

    /// Returns the record with which a side announces that it sends nothing more.
    pub fn close_notify(&mut self, from: Side) -> Vec<u8> {
        self.protected(from, ALERT, &[&CLOSE_NOTIFY])
    }

    /// Returns protected records of one content type.
    fn protected(&mut self, from: Side, content_type: u8, contents: &[&[u8]]) -> Vec<u8> {
        let mut records = Vec::new();
        contents.iter().for_each(|contents| self.halves[from].seal(content_type, contents, &mut records));
        records
    }
}

/// A traffic secret.
type Secret = [u8; 32];

/// The keys of one direction.
struct Half {
    aead: Aead,
    iv: [u8; 12],
    sequence: u64,
}

enum Aead {
    Aes128Gcm(Box<Aes128Gcm>),
    ChaCha20Poly1305(Box<ChaCha20Poly1305>),
}

impl Half {
    fn new(suite: Suite, secret: &Secret) -> Self {
        let aead = match suite {
            Suite::Aes128Gcm => Aead::Aes128Gcm(Box::new(Aes128Gcm::new(&expanded::<16>(secret, "key").into()))),
            Suite::ChaCha20Poly1305 => {
                Aead::ChaCha20Poly1305(Box::new(ChaCha20Poly1305::new(&expanded::<32>(secret, "key").into())))
            }
        };
        Self { aead, iv: expanded(secret, "iv"), sequence: 0 }
    }

    /// Appends the next protected record (RFC 8446 §5.2).
    fn seal(&mut self, content_type: u8, contents: &[u8], out: &mut Vec<u8>) {
        let [high, low] = ((contents.len() + 1 + TAG) as u16).to_be_bytes();
        let header = [APPLICATION_DATA, 3, 3, high, low];
        let mut nonce = self.iv;
        nonce.iter_mut().rev().zip(self.sequence.to_le_bytes()).for_each(|(to, from)| *to ^= from);
        self.sequence += 1;
        out.extend(header);
        let start = out.len();
        out.extend_from_slice(contents);
        out.push(content_type);
        let text = &mut out[start..];
        let tag: [u8; TAG] = match &self.aead {
            Aead::Aes128Gcm(aead) => sealed(&**aead, nonce, &header, text).into(),
            Aead::ChaCha20Poly1305(aead) => sealed(&**aead, nonce, &header, text).into(),
        };
        out.extend(tag);
    }
}

/// Encrypts `text`, and returns its tag.
fn sealed<A: AeadInOut<NonceSize = aes_gcm::aead::consts::U12>>(
    aead: &A,
    nonce: [u8; 12],
    header: &[u8],
    text: &mut [u8],
) -> Tag<A> {
    aead.encrypt_inout_detached(&Nonce::from(nonce), header, text.into()).expect("a record is short")
}

/// HKDF-Expand-Label with an empty context (RFC 8446 §7.1).
fn expanded<const LEN: usize>(secret: &Secret, label: &str) -> [u8; LEN] {
    let label = format!("tls13 {label}");
    let info = [&[0, LEN as u8, label.len() as u8], label.as_bytes(), &[0]].concat();
    let mut out = [0; LEN];
    let hkdf = Hkdf::<Sha256>::from_prk(secret).expect("a secret has the length of a hash");
    hkdf.expand(&info, &mut out).expect("a key is short");
    out
}

/// Sends the handshake, and the two session tickets that servers send by default. Logs the secrets.
pub fn open(tcp: &mut Tcp, capture: &mut Capture) -> Option<Tls> {
    let suite = capture.tls.as_ref()?.suite;
    let mut secret = || random_array(capture);
    let random = secret();
    let handshake = PerSide { client: secret(), server: secret() };
    let traffic = PerSide { client: secret(), server: secret() };
    let exporter = secret();
    for (label, secret) in [
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", &handshake.client),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", &handshake.server),
        ("EXPORTER_SECRET", &exporter),
        ("CLIENT_TRAFFIC_SECRET_0", &traffic.client),
        ("SERVER_TRAFFIC_SECRET_0", &traffic.server),
    ] {
        capture.tls.as_mut()?.log_line(label, &random, secret);
    }
    let session = capture.random.bytes(32);
    let client_hello = client_hello(&random, &session, capture);
    tcp.transmit(Side::Client, &client_hello, capture);
    tcp.wait(capture.random.between(500, 20_000));

    let mut under_handshake = Tls::new(suite, &handshake);
    let flight = [
        encrypted_extensions(),
        certificates(capture),
        certificate_verify(capture),
        message(20, &capture.random.bytes(32)), // Finished
    ];
    let mut bytes = server_hello(suite, &session, capture);
    bytes.extend(CHANGE_CIPHER_SPEC);
    bytes.extend(under_handshake.protected(Side::Server, HANDSHAKE, &flight.each_ref().map(Vec::as_slice)));
    tcp.transmit(Side::Server, &bytes, capture);
    tcp.wait(capture.random.between(500, 20_000));

    let finished = message(20, &capture.random.bytes(32));
    let mut bytes = CHANGE_CIPHER_SPEC.to_vec();
    bytes.extend(under_handshake.protected(Side::Client, HANDSHAKE, &[&finished]));
    tcp.transmit(Side::Client, &bytes, capture);
    tcp.wait(capture.random.between(100, 400));

    let mut tls = Tls::new(suite, &traffic);
    let tickets = [ticket(capture), ticket(capture)];
    let bytes = tls.protected(Side::Server, HANDSHAKE, &tickets.each_ref().map(Vec::as_slice));
    tcp.transmit(Side::Server, &bytes, capture);
    tcp.wait(capture.random.between(500, 20_000));
    Some(tls)
}

impl Security {
    /// Creates the TLS of a capture without connections so far.
    pub const fn new(suite: Suite) -> Self {
        Self { suite, log: String::new() }
    }

    fn log_line(&mut self, label: &str, random: &[u8], secret: &[u8]) {
        self.log.push_str(label);
        for bytes in [random, secret] {
            self.log.push(' ');
            // Writing to a string cannot fail.
            bytes.iter().for_each(|byte| _ = write!(self.log, "{byte:02x}"));
        }
        self.log.push('\n');
    }
}

/// Returns the record with a ClientHello.
fn client_hello(random: &[u8], session: &[u8], capture: &mut Capture) -> Vec<u8> {
    let name = vector16(&[&[0][..], &vector16(b"chat.example.test")].concat());
    let share = [&[0, 0x1D][..], &vector16(&capture.random.bytes(32))].concat();
    let extensions = [
        extension(0, &name),                                                   // server_name
        extension(10, &vector16(&[0, 0x1D, 0, 0x17, 0, 0x18])),                // supported_groups: x25519, P-256, P-384
        extension(13, &vector16(&[4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6])), // signature_algorithms
        extension(16, &vector16(&vector8(b"http/1.1"))),                       // ALPN
        extension(43, &vector8(&[3, 4])),                                      // supported_versions
        extension(45, &vector8(&[1])),                                         // psk_key_exchange_modes
        extension(51, &vector16(&share)),                                      // key_share
    ]
    .concat();
    let suites = vector16(&[0x13, 0x01, 0x13, 0x03, 0x13, 0x02]);
    let body = [&[3, 3], random, &vector8(session), &suites, &vector8(&[0]), &vector16(&extensions)].concat();
    // The version of a ClientHello's record (RFC 8446 §5.1).
    [&[HANDSHAKE, 3, 1][..], &vector16(&message(1, &body))].concat()
}

/// Returns the record with a ServerHello.
fn server_hello(suite: Suite, session: &[u8], capture: &mut Capture) -> Vec<u8> {
    let share = [&[0, 0x1D][..], &vector16(&capture.random.bytes(32))].concat();
    let extensions = [extension(43, &[3, 4]), extension(51, &share)].concat();
    let random: Secret = random_array(capture);
    let body = [&[3, 3], &random[..], &vector8(session), &suite.id(), &[0], &vector16(&extensions)].concat();
    [&[HANDSHAKE, 3, 3][..], &vector16(&message(2, &body))].concat()
}

fn encrypted_extensions() -> Vec<u8> {
    message(8, &vector16(&extension(16, &vector16(&vector8(b"http/1.1")))))
}

/// Returns a Certificate message of the size that a public authority's chain of two has.
fn certificates(capture: &mut Capture) -> Vec<u8> {
    let mut list = Vec::new();
    for len in [1_016_u16, 1_286] {
        // An ASN.1 SEQUENCE of an OCTET STRING: no certificate, but sound, so that other tools read on.
        let string = [&[0x04, 0x82], &len.to_be_bytes()[..], &capture.random.bytes(usize::from(len))].concat();
        let certificate = [&[0x30, 0x82], &(len + 4).to_be_bytes()[..], &string].concat();
        list.extend(vector24(&certificate));
        list.extend([0, 0]); // no extensions
    }
    message(11, &[&[0][..], &vector24(&list)].concat())
}

/// Returns a CertificateVerify message with a signature of the size of ECDSA on P-256.
fn certificate_verify(capture: &mut Capture) -> Vec<u8> {
    message(15, &[&[4, 3][..], &vector16(&capture.random.bytes(71))].concat())
}

/// Returns a NewSessionTicket message.
fn ticket(capture: &mut Capture) -> Vec<u8> {
    let lifetime_and_age = [&7_200_u32.to_be_bytes()[..], &capture.random.bytes(4)].concat();
    let (nonce, ticket) = (vector8(&capture.random.bytes(8)), vector16(&capture.random.bytes(192)));
    message(4, &[&lifetime_and_age[..], &nonce, &ticket, &vector16(&[])].concat())
}

/// Returns a handshake message.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &vector24(body)].concat()
}

fn extension(number: u8, body: &[u8]) -> Vec<u8> {
    [&[0, number][..], &vector16(body)].concat()
}

/// Return bytes with their number before them (RFC 8446 §3.4).
fn vector8(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

fn vector24(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
}

fn random_array(capture: &mut Capture) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&capture.random.bytes(32));
    bytes
}
