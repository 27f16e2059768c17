//! A writer of TLS connections: sides that protect records as the RFCs say, with keys that a key log has.

mod bench;

use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use ccm::Ccm;
use ccm::consts::{U8, U12, U16};
use chacha20poly1305::ChaCha20Poly1305;
use hmac::digest::array::Array;
use hmac::{Hmac, Mac};

pub use self::bench::{Bench, Shown};
use crate::side::Side;
use crate::tls::record::Version;
use crate::tls::schedule::{Secret, key_block};
use crate::tls::suite::{Cipher, MacHash, Suite, SuiteId};

pub const CLIENT_RANDOM: [u8; 32] = [0xC1; 32];
pub const SERVER_RANDOM: [u8; 32] = [0x5E; 32];
pub const MASTER: [u8; 48] = [0x3A; 48];

/// Content types.
pub const CHANGE: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const DATA: u8 = 23;

/// A side that protects its records.
pub struct Writer {
    suite: &'static Suite,
    version: Version,
    mac: Vec<u8>,
    key: Vec<u8>,
    iv: Vec<u8>,
    pub sequence: u64,
    pub is_mac_outside: bool,
    pub secret: Option<Secret>,
    /// Bytes of padding, in TLS 1.3.
    pub padding: usize,
}

/// Writes a record without protection.
pub fn clear(kind: u8, version: Version, fragment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(fragment.len()).unwrap();
    [&[kind][..], &version.0.to_be_bytes(), &length.to_be_bytes(), fragment].concat()
}

impl Writer {
    /// Creates a side of TLS 1.3.
    pub fn tls13(suite: &'static Suite, secret: Secret) -> Self {
        let traffic = secret.traffic(suite).unwrap();
        Self {
            suite,
            version: Version::TLS12,
            mac: Vec::new(),
            key: traffic.key().to_vec(),
            iv: traffic.iv.to_vec(),
            sequence: 0,
            is_mac_outside: false,
            secret: Some(secret),
            padding: 0,
        }
    }

    /// Creates both sides of an older version.
    pub fn both(suite: &'static Suite, version: Version, is_mac_outside: bool) -> [Self; 2] {
        let (mac, key) = (suite.cipher.mac().map_or(0, MacHash::size), suite.cipher.key_len());
        let iv = match (suite.cipher, version) {
            (Cipher::ChaCha20Poly1305, _) => 12,
            (Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_), Version::TLS10) => 16,
            (Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_), _) => 0,
            _ => 4,
        };
        let mut block = vec![0; 2 * (mac + key + iv)];
        let master = Secret::new(&MASTER).unwrap();
        key_block(version, suite.hash, &master, &CLIENT_RANDOM, &SERVER_RANDOM, &mut block);
        [0, 1].map(|half| {
            let part = |from: usize, len: usize| block[from + half * len..from + (half + 1) * len].to_vec();
            Self {
                suite,
                version,
                mac: part(0, mac),
                key: part(2 * mac, key),
                iv: part(2 * (mac + key), iv),
                sequence: 0,
                is_mac_outside,
                secret: None,
                padding: 0,
            }
        })
    }

    /// Creates a side of TLS 1.2 with a key and a part of the nonce.
    pub fn with_keys(suite: &'static Suite, (key, iv): (Vec<u8>, Vec<u8>)) -> Self {
        let [client, _] = Self::both(suite, Version::TLS12, false);
        Self { key, iv, ..client }
    }

    /// Changes to the keys after a KeyUpdate.
    pub fn update(&mut self) {
        *self = Self::tls13(self.suite, self.secret.unwrap().next(self.suite.hash).unwrap());
    }

    /// Protects contents.
    pub fn seal(&mut self, kind: u8, contents: &[u8]) -> Vec<u8> {
        let sequence = self.sequence;
        self.sequence += 1;
        if self.suite.cipher.mac().is_some() {
            return self.seal_cbc(sequence, kind, contents);
        }
        if self.suite.id.is_tls13() {
            let inner = [contents, &[kind], &vec![0; self.padding]].concat();
            let length = u16::try_from(inner.len() + self.suite.cipher.tag_len()).unwrap();
            let header = [&[DATA, 3, 3][..], &length.to_be_bytes()].concat();
            let nonce = self.nonce(sequence);
            return [&header[..], &self.encrypt(&nonce, &header, &inner)].concat();
        }
        let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
        let data = [&sequence.to_be_bytes()[..], &[kind], &self.version.0.to_be_bytes(), &length].concat();
        // Senders may begin to count anywhere.
        let explicit = (sequence + 7).to_be_bytes();
        let fragment = match self.iv.len() {
            4 => {
                let nonce = [&self.iv[..], &explicit].concat();
                [&explicit[..], &self.encrypt(&nonce, &data, contents)].concat()
            }
            _ => self.encrypt(&self.nonce(sequence), &data, contents),
        };
        clear(kind, self.version, &fragment)
    }

    fn nonce(&self, sequence: u64) -> Vec<u8> {
        let sequence = [&[0; 4][..], &sequence.to_be_bytes()].concat();
        self.iv.iter().zip(&sequence).map(|(one, other)| one ^ other).collect()
    }

    fn encrypt(&self, nonce: &[u8], data: &[u8], plain: &[u8]) -> Vec<u8> {
        fn with<A: AeadInOut + KeyInit>(key: &[u8], nonce: &[u8], data: &[u8], plain: &[u8]) -> Vec<u8> {
            let mut text = plain.to_vec();
            let nonce = Nonce::<A>::try_from(nonce).unwrap();
            let aead = A::new_from_slice(key).unwrap();
            let tag = aead.encrypt_inout_detached(&nonce, data, text.as_mut_slice().into()).unwrap();
            text.extend_from_slice(&tag);
            text
        }
        let seal = match self.suite.cipher {
            Cipher::Aes128Gcm => with::<Aes128Gcm>,
            Cipher::Aes256Gcm => with::<Aes256Gcm>,
            Cipher::Aes128Ccm => with::<Ccm<aes::Aes128, U16, U12>>,
            Cipher::Aes256Ccm => with::<Ccm<aes::Aes256, U16, U12>>,
            Cipher::Aes128Ccm8 => with::<Ccm<aes::Aes128, U8, U12>>,
            Cipher::Aes256Ccm8 => with::<Ccm<aes::Aes256, U8, U12>>,
            Cipher::ChaCha20Poly1305 => with::<ChaCha20Poly1305>,
            Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_) => unreachable!("not an AEAD"),
        };
        seal(&self.key, nonce, data, plain)
    }

    fn mac(&self, parts: &[&[u8]]) -> Vec<u8> {
        fn with<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
            let mut mac = <M as KeyInit>::new_from_slice(key).unwrap();
            parts.iter().for_each(|part| mac.update(part));
            mac.finalize().into_bytes().to_vec()
        }
        match self.suite.cipher.mac().unwrap() {
            MacHash::Sha1 => with::<Hmac<sha1::Sha1>>(&self.mac, parts),
            MacHash::Sha256 => with::<Hmac<sha2::Sha256>>(&self.mac, parts),
            MacHash::Sha384 => with::<Hmac<sha2::Sha384>>(&self.mac, parts),
        }
    }

    fn seal_cbc(&mut self, sequence: u64, kind: u8, contents: &[u8]) -> Vec<u8> {
        let data = |len: usize| {
            let length = u16::try_from(len).unwrap().to_be_bytes();
            [&sequence.to_be_bytes()[..], &[kind], &self.version.0.to_be_bytes(), &length].concat()
        };
        let mut plain = contents.to_vec();
        if !self.is_mac_outside {
            plain.extend(self.mac(&[&data(contents.len()), contents]));
        }
        // One block more than is needed, every other time.
        let padding = 15 - plain.len() % 16 + 16 * usize::try_from(sequence % 2).unwrap();
        plain.extend(vec![u8::try_from(padding).unwrap(); padding + 1]);
        let chained = self.version == Version::TLS10;
        let iv = if chained { self.iv.clone() } else { vec![sequence as u8 ^ 0xA5; 16] };
        let (blocks, _) = Array::slice_as_chunks_mut(&mut plain);
        match self.key.len() {
            16 => cbc::Encryptor::<aes::Aes128>::new_from_slices(&self.key, &iv).unwrap().encrypt_blocks(blocks),
            _ => cbc::Encryptor::<aes::Aes256>::new_from_slices(&self.key, &iv).unwrap().encrypt_blocks(blocks),
        }
        let mut fragment = if chained { plain } else { [iv, plain].concat() };
        if chained {
            self.iv = fragment.last_chunk::<16>().unwrap().to_vec();
        }
        if self.is_mac_outside {
            fragment.extend(self.mac(&[&data(fragment.len()), &fragment]));
        }
        clear(kind, self.version, &fragment)
    }
}

/// Writes a handshake message.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &u32::try_from(body.len()).unwrap().to_be_bytes()[1..], body].concat()
}

fn extensions(all: &[(u16, &[u8])]) -> Vec<u8> {
    let each = all.iter().map(|(kind, data)| {
        [&kind.to_be_bytes()[..], &u16::try_from(data.len()).unwrap().to_be_bytes(), data].concat()
    });
    let all = each.collect::<Vec<_>>().concat();
    [&u16::try_from(all.len()).unwrap().to_be_bytes()[..], &all].concat()
}

/// Writes a ClientHello. `more` are further extensions.
pub fn client_hello(random: [u8; 32], session_id: &[u8], more: &[(u16, &[u8])]) -> Vec<u8> {
    let base: [(u16, &[u8]); 2] = [(0, &[0, 6, 0, 0, 3, b'a', b'.', b'b']), (43, &[4, 3, 4, 3, 3])];
    let extensions = extensions(&[&base[..], more].concat());
    let id_len = [u8::try_from(session_id.len()).unwrap()];
    message(1, &[&[3, 3][..], &random, &id_len, session_id, &[0, 2, 0x13, 1, 1, 0], &extensions].concat())
}

/// Writes a ServerHello.
pub fn server_hello(suite: SuiteId, version: Version, session_id: &[u8], more: &[(u16, &[u8])]) -> Vec<u8> {
    let chosen = version.0.to_be_bytes();
    let versions: [(u16, &[u8]); 1] = [(43, &chosen)];
    let is_tls13 = version == Version::TLS13;
    let extensions = extensions(&[if is_tls13 { &versions[..] } else { &[] }, more].concat());
    let legacy = if is_tls13 { Version::TLS12 } else { version }.0.to_be_bytes();
    let id_len = [u8::try_from(session_id.len()).unwrap()];
    let suite = suite.0.to_be_bytes();
    message(2, &[&legacy[..], &SERVER_RANDOM, &id_len, session_id, &suite, &[0], &extensions].concat())
}

/// Writes bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A traffic secret of TLS 1.3.
pub fn secret(suite: &Suite, byte: u8) -> Secret {
    Secret::new(&vec![byte; suite.hash.size()]).unwrap()
}

/// The lines of a key log for a session of TLS 1.3, whose secrets consist of the bytes from `first` on.
pub fn log13(suite: &Suite, random: [u8; 32], first: u8) -> String {
    [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
    ]
    .iter()
    .zip(first..)
    .map(|(label, byte)| format!("{label} {} {}\n", hex(&random), hex(secret(suite, byte).bytes())))
    .collect()
}

/// The line of a key log for a session before TLS 1.3.
pub fn log12(random: [u8; 32]) -> String {
    format!("CLIENT_RANDOM {} {}\n", hex(&random), hex(&MASTER))
}

/// Records of both sides, in the order in which they are sent.
pub type Records = Vec<(Side, Vec<u8>)>;

/// Writes the handshake of TLS 1.3, with the secrets of [`log13`]. Returns its records, and both sides behind it.
pub fn handshake13(suite: &'static Suite, random: [u8; 32], first: u8) -> (Records, [Writer; 2]) {
    let mut client = Writer::tls13(suite, secret(suite, first));
    let mut server = Writer::tls13(suite, secret(suite, first + 1));
    let extensions = message(8, &[0, 9, 0, 16, 0, 5, 0, 3, 2, b'h', b'2']);
    let certificate = message(11, &[0x55; 700]);
    let records = vec![
        (Side::Client, clear(HANDSHAKE, Version::TLS10, &client_hello(random, &[9; 32], &[]))),
        (Side::Server, clear(HANDSHAKE, Version::TLS12, &server_hello(suite.id, Version::TLS13, &[9; 32], &[]))),
        (Side::Server, clear(CHANGE, Version::TLS12, &[1])),
        // One message in two records, and two in one.
        (Side::Server, server.seal(HANDSHAKE, &extensions[..5])),
        (Side::Server, server.seal(HANDSHAKE, &[&extensions[5..], &certificate].concat())),
        (Side::Server, server.seal(HANDSHAKE, &message(20, &[1; 32]))),
        (Side::Client, clear(CHANGE, Version::TLS12, &[1])),
        (Side::Client, client.seal(HANDSHAKE, &message(20, &[2; 32]))),
    ];
    let writers = [2, 3].map(|more| Writer::tls13(suite, secret(suite, first + more)));
    (records, writers)
}

/// Writes the handshake of an older version. Returns its records, and both sides behind it.
pub fn handshake12(suite: &'static Suite, version: Version, is_mac_outside: bool) -> (Records, [Writer; 2]) {
    let outside: [(u16, &[u8]); 1] = [(22, &[])];
    let more = if is_mac_outside { &outside[..] } else { &[] };
    let [mut client, mut server] = Writer::both(suite, version, is_mac_outside);
    let hello = server_hello(suite.id, version, &[], more);
    let records = vec![
        (Side::Client, clear(HANDSHAKE, Version::TLS10, &client_hello(CLIENT_RANDOM, &[], more))),
        (Side::Server, clear(HANDSHAKE, version, &[hello, message(11, &[0x55; 700]), message(14, &[])].concat())),
        (Side::Client, clear(HANDSHAKE, version, &message(16, &[4; 66]))),
        (Side::Client, clear(CHANGE, version, &[1])),
        (Side::Client, client.seal(HANDSHAKE, &message(20, &[2; 12]))),
        (Side::Server, clear(CHANGE, version, &[1])),
        (Side::Server, server.seal(HANDSHAKE, &message(20, &[1; 12]))),
    ];
    (records, [client, server])
}
