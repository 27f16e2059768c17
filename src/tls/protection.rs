//! The protection of records: opens one record with known keys and a known sequence number.
//!
//! ```text
//! TLS 1.3, AEAD      │ header:5 │ ciphertext of (content, type:1, zeros) │ tag │
//! TLS 1.2, AEAD      │ header:5 │ nonce:8, not with ChaCha20 │ ciphertext │ tag │
//! CBC                │ header:5 │ IV:16, not in 1.0 │ ciphertext of (content, MAC, padding) │
//! CBC, MAC outside   │ header:5 │ IV:16, not in 1.0 │ ciphertext of (content, padding) │ MAC │
//! ```

use aes::{Aes128Enc, Aes256Enc};
use ccm::aead::inout::InOutBuf;
use ccm::aead::{AeadInOut, Nonce, Tag};
use ccm::consts::{U8, U12, U16};
use ccm::{Ccm, KeyInit};
use hmac::digest::typenum::Unsigned;

use super::cbc::{self, Cbc};
use super::chacha::ChaCha20Poly1305;
use super::gcm::Gcm;
use super::record::{ContentType, Record, Version};
use super::schedule::Traffic;
use super::suite::{Cipher, Suite};
use crate::prefetch::Lines;

/// Bytes of the nonce that a record of TLS 1.2 carries.
const EXPLICIT: usize = 8;

/// The keys of one direction.
#[derive(Clone, Debug)]
pub struct Protection {
    keys: Keys,
    /// The IV, or the part of the nonce that records do not carry.
    iv: [u8; 12],
    form: Form,
}

/// Where the nonce of a record comes from, and what is authenticated with its ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// TLS 1.3: the sequence number is added to the IV; the header is authenticated.
    Tls13,
    /// TLS 1.2: the record carries 8 of the nonce's bytes; the sequence number is authenticated.
    Explicit,
    /// ChaCha20 in TLS 1.2: the sequence number is added to the IV, and authenticated.
    Implicit,
}

/// The modes of AES that authenticate only ever encrypt blocks: without the keys for decrypting them, these are half as
/// large.
#[derive(Clone)]
enum Keys {
    Aes128Gcm(Box<Lines<Gcm<Aes128Enc>>>),
    Aes256Gcm(Box<Lines<Gcm<Aes256Enc>>>),
    Aes128Ccm(Box<Lines<Ccm<Aes128Enc, U16, U12>>>),
    Aes256Ccm(Box<Lines<Ccm<Aes256Enc, U16, U12>>>),
    Aes128Ccm8(Box<Lines<Ccm<Aes128Enc, U8, U12>>>),
    Aes256Ccm8(Box<Lines<Ccm<Aes256Enc, U8, U12>>>),
    ChaCha20Poly1305(ChaCha20Poly1305),
    Cbc(Box<Cbc>),
}

/// The contents of a record that has been authenticated: the first bytes of the buffer that it was opened into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The type of the contents; zero if a record of TLS 1.3 has none.
    pub content_type: ContentType,
    /// The number of bytes.
    pub len: usize,
}

/// The keys of one direction before TLS 1.3, as parts of the key block.
#[derive(Clone, Copy, Debug)]
pub struct Block<'k> {
    /// The key of the MAC; empty with a cipher that authenticates.
    pub mac: &'k [u8],
    /// The key.
    pub key: &'k [u8],
    /// The IV, or as much of the nonce as is not in the records.
    pub iv: &'k [u8],
}

impl std::fmt::Debug for Keys {
    /// Writes nothing of the keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Protection {
    /// Creates the protection of TLS 1.3.
    pub fn tls13(suite: &Suite, traffic: &Traffic) -> Option<Self> {
        Some(Self { keys: aead(suite.cipher, traffic.key())?, iv: traffic.iv, form: Form::Tls13 })
    }

    /// Creates the protection of an older version. `is_mac_outside` if encrypt-then-MAC was negotiated (RFC 7366).
    /// Fails if a key does not have the length that the suite needs.
    pub fn before_tls13(suite: &Suite, version: Version, block: Block<'_>, is_mac_outside: bool) -> Option<Self> {
        let mut iv = [0; 12];
        if let Some(hash) = suite.cipher.mac() {
            let keys = Keys::Cbc(Box::new(Cbc::new(version, hash, block, is_mac_outside)?));
            return Some(Self { keys, iv, form: Form::Explicit });
        }
        iv.get_mut(..block.iv.len())?.copy_from_slice(block.iv);
        let form = if suite.cipher == Cipher::ChaCha20Poly1305 { Form::Implicit } else { Form::Explicit };
        Some(Self { keys: aead(suite.cipher, block.key)?, iv, form })
    }

    /// Prefetches the keys of a cipher that authenticates.
    #[inline]
    pub fn prefetch(&self) {
        match &self.keys {
            Keys::Aes128Gcm(aead) => aead.prefetch(),
            Keys::Aes256Gcm(aead) => aead.prefetch(),
            Keys::Aes128Ccm(aead) => aead.prefetch(),
            Keys::Aes256Ccm(aead) => aead.prefetch(),
            Keys::Aes128Ccm8(aead) => aead.prefetch(),
            Keys::Aes256Ccm8(aead) => aead.prefetch(),
            Keys::ChaCha20Poly1305(_) | Keys::Cbc(_) => {}
        }
    }

    /// Opens a record into `out`. Returns its contents; `None` if the record does not authenticate with this sequence
    /// number. Nothing in `out` may be used then.
    pub fn open(&self, sequence: u64, record: Record<'_>, out: &mut [u8]) -> Option<Opened> {
        let Record { header, mut fragment } = record;
        if let Keys::Cbc(cbc) = &self.keys {
            return cbc.open(sequence, record, out);
        }
        let mut nonce = self.iv;
        if self.form == Form::Explicit {
            let (explicit, rest) = fragment.split_first_chunk::<EXPLICIT>()?;
            nonce.last_chunk_mut::<EXPLICIT>()?.copy_from_slice(explicit);
            fragment = rest;
        } else {
            add(&mut nonce, sequence);
        }
        if self.form == Form::Tls13 {
            let len = self.decrypt(&nonce, &header.bytes(), fragment, out)?;
            return Some(inner(out.get(..len)?));
        }
        let plain = fragment.len().checked_sub(self.tag_len())?;
        let data = cbc::associated_data(sequence, header, plain);
        let len = self.decrypt(&nonce, &data, fragment, out)?;
        Some(Opened { content_type: header.content_type, len })
    }

    /// Notes that a record has passed, opened or not: in TLS 1.0 its last block is the next one's IV.
    #[inline]
    pub fn pass(&mut self, record: Record<'_>) {
        if let Keys::Cbc(cbc) = &mut self.keys {
            cbc.pass(record);
        }
    }

    /// Forgets the records that have passed, because some are missing.
    pub fn miss(&mut self) {
        if let Keys::Cbc(cbc) = &mut self.keys {
            cbc.miss();
        }
    }

    /// Returns the nonce that a record of TLS 1.2 carries, which most senders count; `None` if it carries none.
    pub fn explicit_nonce(&self, record: Record<'_>) -> Option<u64> {
        let carries = self.form == Form::Explicit && !matches!(self.keys, Keys::Cbc(_));
        let nonce = record.fragment.first_chunk::<EXPLICIT>()?;
        carries.then(|| u64::from_be_bytes(*nonce))
    }

    /// Returns the bytes of a record on the wire that are not contents, at least.
    pub fn overhead(&self) -> u64 {
        let around = match (&self.keys, self.form) {
            (Keys::Cbc(cbc), _) => cbc.overhead(),
            (_, Form::Tls13) => self.tag_len() + 1,
            (_, Form::Explicit) => self.tag_len() + EXPLICIT,
            (_, Form::Implicit) => self.tag_len(),
        };
        super::record::HEADER as u64 + around as u64
    }

    const fn tag_len(&self) -> usize {
        match &self.keys {
            Keys::Aes128Ccm8(_) | Keys::Aes256Ccm8(_) => 8,
            _ => 16,
        }
    }

    fn decrypt(&self, nonce: &[u8; 12], data: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
        match &self.keys {
            Keys::Aes128Gcm(gcm) => gcm.decrypt(nonce, data, sealed, out),
            Keys::Aes256Gcm(gcm) => gcm.decrypt(nonce, data, sealed, out),
            Keys::Aes128Ccm(aead) => decrypt(aead, nonce, data, sealed, out),
            Keys::Aes256Ccm(aead) => decrypt(aead, nonce, data, sealed, out),
            Keys::Aes128Ccm8(aead) => decrypt(aead, nonce, data, sealed, out),
            Keys::Aes256Ccm8(aead) => decrypt(aead, nonce, data, sealed, out),
            Keys::ChaCha20Poly1305(chacha) => chacha.decrypt(nonce, data, sealed, out),
            Keys::Cbc(_) => None,
        }
    }
}

/// Adds a sequence number to an IV (RFC 8446 §5.3).
pub fn add(iv: &mut [u8; 12], sequence: u64) {
    iv.iter_mut().rev().zip(sequence.to_le_bytes()).for_each(|(to, from)| *to ^= from);
}

/// Separates the contents of a record of TLS 1.3 from their type and the padding behind it: the type is the last byte
/// that is not zero (RFC 8446 §5.4).
fn inner(plain: &[u8]) -> Opened {
    let len = plain.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    Opened { content_type: ContentType(plain.get(len).copied().unwrap_or(0)), len }
}

fn aead(cipher: Cipher, key: &[u8]) -> Option<Keys> {
    Some(match cipher {
        Cipher::Aes128Gcm => Keys::Aes128Gcm(Box::new(Lines::new(Gcm::new(key)?))),
        Cipher::Aes256Gcm => Keys::Aes256Gcm(Box::new(Lines::new(Gcm::new(key)?))),
        Cipher::Aes128Ccm => Keys::Aes128Ccm(keyed(key)?),
        Cipher::Aes256Ccm => Keys::Aes256Ccm(keyed(key)?),
        Cipher::Aes128Ccm8 => Keys::Aes128Ccm8(keyed(key)?),
        Cipher::Aes256Ccm8 => Keys::Aes256Ccm8(keyed(key)?),
        Cipher::ChaCha20Poly1305 => Keys::ChaCha20Poly1305(ChaCha20Poly1305::new(key)?),
        Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_) => return None,
    })
}

fn keyed<A: KeyInit>(key: &[u8]) -> Option<Box<Lines<A>>> {
    A::new_from_slice(key).ok().map(|aead| Box::new(Lines::new(aead)))
}

/// Decrypts a ciphertext with its tag behind it. Returns the length of the plaintext.
fn decrypt<A: AeadInOut>(aead: &Lines<A>, nonce: &[u8], data: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
    let (text, tag) = sealed.split_at_checked(sealed.len().checked_sub(A::TagSize::USIZE)?)?;
    let (nonce, tag) = (Nonce::<A>::try_from(nonce).ok()?, Tag::<A>::try_from(tag).ok()?);
    let buffer = InOutBuf::new(text, out.get_mut(..text.len())?).ok()?;
    aead.decrypt_inout_detached(&nonce, data, buffer, &tag).ok()?;
    Some(text.len())
}
