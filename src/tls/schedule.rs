//! Keys from secrets: the pseudorandom functions of TLS 1.0 to 1.2 (RFC 2246 §5, RFC 5246 §5), and the key schedule of
//! TLS 1.3 (RFC 8446 §7).

use std::fmt;

use hkdf::Hkdf;
use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use super::hello::Random;
use super::record::Version;
use super::suite::{Hash, Suite};

/// Bytes of the longest secret: a master secret, or a traffic secret of SHA-384.
pub const SECRET: usize = 48;

/// Bytes of the longest key block: two keys each of HMAC-SHA384 and AES-256, and two IVs.
pub const KEY_BLOCK: usize = 2 * (48 + 32 + 16);

/// A master secret, or a traffic secret of TLS 1.3.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    bytes: [u8; SECRET],
    len: u8,
}

/// The key and the IV of one direction in TLS 1.3.
pub struct Traffic {
    key: [u8; 32],
    key_len: usize,
    /// The IV, which the sequence number is added to.
    pub iv: [u8; 12],
}

impl Secret {
    /// Copies a secret; `None` if it is too long, or nothing but zeros.
    pub fn new(secret: &[u8]) -> Option<Self> {
        let mut bytes = [0; SECRET];
        bytes.get_mut(..secret.len())?.copy_from_slice(secret);
        (bytes != [0; SECRET]).then_some(Self { bytes, len: u8::try_from(secret.len()).ok()? })
    }

    /// Returns its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Returns the secret that replaces it with a KeyUpdate (RFC 8446 §7.2); `None` if it does not have the length of
    /// the hash.
    pub fn next(&self, hash: Hash) -> Option<Self> {
        let mut next = Self { bytes: [0; SECRET], len: self.len };
        expand_label(hash, self, "traffic upd", next.bytes.get_mut(..hash.size())?)?;
        Some(next)
    }

    /// Returns the keys of its direction in TLS 1.3; `None` if it does not have the length of the suite's hash.
    pub fn traffic(&self, suite: &Suite) -> Option<Traffic> {
        let mut traffic = Traffic { key: [0; 32], key_len: suite.cipher.key_len(), iv: [0; 12] };
        expand_label(suite.hash, self, "key", traffic.key.get_mut(..traffic.key_len)?)?;
        expand_label(suite.hash, self, "iv", &mut traffic.iv)?;
        Some(traffic)
    }
}

impl fmt::Debug for Secret {
    /// Writes the length only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.len)
    }
}

impl fmt::Debug for Traffic {
    /// Writes nothing of the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traffic")
    }
}

impl Traffic {
    /// Returns the key.
    pub fn key(&self) -> &[u8] {
        self.key.get(..self.key_len).unwrap_or_default()
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446 §7.1). Fails if the secret does not have the length of the hash.
fn expand_label(hash: Hash, secret: &Secret, label: &str, out: &mut [u8]) -> Option<()> {
    if secret.bytes().len() != hash.size() {
        return None;
    }
    const PREFIX: &str = "tls13 ";
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    let label_len = [u8::try_from(PREFIX.len() + label.len()).ok()?];
    let info: [&[u8]; 5] = [&length, &label_len, PREFIX.as_bytes(), label.as_bytes(), &[0]];
    match hash {
        Hash::Sha256 => Hkdf::<Sha256>::from_prk(secret.bytes()).ok()?.expand_multi_info(&info, out).ok(),
        Hash::Sha384 => Hkdf::<Sha384>::from_prk(secret.bytes()).ok()?.expand_multi_info(&info, out).ok(),
    }
}

/// Fills `out` with the key block of a session: the MAC keys, keys and IVs of client and server (RFC 5246 §6.3).
pub fn key_block(
    version: Version,
    hash: Hash,
    master: &Secret,
    client_random: &Random,
    server_random: &Random,
    out: &mut [u8],
) {
    prf(version, hash, master.bytes(), &[b"key expansion", server_random, client_random], out);
}

/// The PRF of a version. `seed` begins with the label.
fn prf(version: Version, hash: Hash, secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    out.fill(0);
    match (version >= Version::TLS12, hash) {
        (true, Hash::Sha256) => add_p_hash::<Sha256>(secret, seed, out),
        (true, Hash::Sha384) => add_p_hash::<Sha384>(secret, seed, out),
        (false, _) => {
            // Both halves contain the middle byte of a secret with an odd length.
            let half = secret.len().div_ceil(2);
            add_p_hash::<Md5>(secret.get(..half).unwrap_or_default(), seed, out);
            add_p_hash::<Sha1>(secret.get(secret.len() - half..).unwrap_or_default(), seed, out);
        }
    }
}

/// P_hash (RFC 5246 §5), added to `out` by exclusive or.
fn add_p_hash<D: EagerHash>(secret: &[u8], seed: &[&[u8]], out: &mut [u8])
where
    Hmac<D>: KeyInit + Mac + Clone,
{
    let Ok(keyed) = <Hmac<D> as KeyInit>::new_from_slice(secret) else { return };
    let with_seed = |mut hmac: Hmac<D>| {
        seed.iter().for_each(|part| Mac::update(&mut hmac, part));
        hmac.finalize().into_bytes()
    };
    let mut a = with_seed(keyed.clone());
    let mut rest = out;
    while !rest.is_empty() {
        let mut hmac = keyed.clone();
        Mac::update(&mut hmac, &a);
        let block = with_seed(hmac);
        let (now, later) = rest.split_at_mut(rest.len().min(block.len()));
        now.iter_mut().zip(&block).for_each(|(to, from)| *to ^= from);
        rest = later;
        let mut hmac = keyed.clone();
        Mac::update(&mut hmac, &a);
        a = hmac.finalize().into_bytes();
    }
}
