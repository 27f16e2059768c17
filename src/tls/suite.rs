//! The cipher suites that can be decrypted (the TLS Cipher Suites registry), as a table.

use std::fmt;

/// A cipher suite that can be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its number in the registry.
    pub id: SuiteId,
    /// Its name in the registry.
    pub name: &'static str,
    /// The cipher of its records.
    pub cipher: Cipher,
    /// The hash of its key schedule in TLS 1.2 and 1.3.
    pub hash: Hash,
}

/// The number of a cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct SuiteId(pub u16);

/// The cipher of records, and their MAC if the cipher does not authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// AES-128 in Galois/Counter mode.
    Aes128Gcm,
    /// AES-256 in Galois/Counter mode.
    Aes256Gcm,
    /// AES-128 in CCM mode, with a tag of 16 bytes.
    Aes128Ccm,
    /// AES-256 in CCM mode, with a tag of 16 bytes.
    Aes256Ccm,
    /// AES-128 in CCM mode, with a tag of 8 bytes.
    Aes128Ccm8,
    /// AES-256 in CCM mode, with a tag of 8 bytes.
    Aes256Ccm8,
    /// ChaCha20 with Poly1305.
    ChaCha20Poly1305,
    /// AES-128 in CBC mode, with an HMAC.
    Aes128Cbc(MacHash),
    /// AES-256 in CBC mode, with an HMAC.
    Aes256Cbc(MacHash),
}

/// The hash of a record's HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacHash {
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
}

/// The hash of a key schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl MacHash {
    /// Returns the number of bytes of a MAC, and of its key.
    pub const fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

impl Hash {
    /// Returns the number of bytes of a hash, and of a traffic secret.
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

impl Cipher {
    /// Returns the number of bytes of a key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ccm | Self::Aes128Ccm8 | Self::Aes128Cbc(_) => 16,
            Self::Aes256Gcm | Self::Aes256Ccm | Self::Aes256Ccm8 | Self::ChaCha20Poly1305 | Self::Aes256Cbc(_) => 32,
        }
    }

    /// Returns the hash of the records' HMAC; `None` if the cipher authenticates.
    pub const fn mac(self) -> Option<MacHash> {
        match self {
            Self::Aes128Cbc(hash) | Self::Aes256Cbc(hash) => Some(hash),
            _ => None,
        }
    }

    /// Returns the number of bytes of an authenticating cipher's tag.
    pub const fn tag_len(self) -> usize {
        match self {
            Self::Aes128Ccm8 | Self::Aes256Ccm8 => 8,
            _ => 16,
        }
    }
}

impl Suite {
    /// Returns the number of bytes that a record has beyond its contents; `None` with block ciphers, whose padding varies.
    pub const fn overhead(&self) -> Option<u16> {
        /// The type of the contents (RFC 8446 §5.2).
        const TYPE: u16 = 1;
        /// The part of the nonce that records before TLS 1.3 carry (RFC 5288 §3).
        const NONCE: u16 = 8;
        let tag = self.cipher.tag_len() as u16;
        match self.cipher {
            Aes128Cbc(_) | Aes256Cbc(_) => None,
            _ if self.id.is_tls13() => Some(TYPE + tag),
            ChaCha20Poly1305 => Some(tag),
            _ => Some(NONCE + tag),
        }
    }

    /// Returns the length of the record with the Finished of TLS 1.3, which contains a hash.
    pub fn finished(&self) -> Option<u16> {
        /// The type of the message, and its length.
        const MESSAGE: u16 = 4;
        self.overhead().filter(|_| self.id.is_tls13()).map(|overhead| MESSAGE + self.hash.size() as u16 + overhead)
    }
}

impl SuiteId {
    /// TLS_AES_128_GCM_SHA256
    pub const TLS_AES_128_GCM_SHA256: Self = Self(0x1301);
    /// TLS_AES_256_GCM_SHA384
    pub const TLS_AES_256_GCM_SHA384: Self = Self(0x1302);
    /// TLS_CHACHA20_POLY1305_SHA256
    pub const TLS_CHACHA20_POLY1305_SHA256: Self = Self(0x1303);

    /// Returns the suite, if it can be decrypted.
    pub fn suite(self) -> Option<&'static Suite> {
        SUITES.binary_search_by_key(&self, |suite| suite.id).ok().and_then(|at| SUITES.get(at))
    }

    /// Returns whether it is a suite of TLS 1.3.
    pub const fn is_tls13(self) -> bool {
        self.0 >> 8 == 0x13
    }
}

impl fmt::Display for SuiteId {
    /// Writes the registry's name, or the number of a suite that is not in the table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.suite() {
            Some(suite) => f.write_str(suite.name),
            None => write!(f, "0x{:04X}", self.0),
        }
    }
}

const fn of(id: u16, name: &'static str, cipher: Cipher, hash: Hash) -> Suite {
    Suite { id: SuiteId(id), name, cipher, hash }
}

use Cipher::{
    Aes128Cbc, Aes128Ccm, Aes128Ccm8, Aes128Gcm, Aes256Cbc, Aes256Ccm, Aes256Ccm8, Aes256Gcm, ChaCha20Poly1305,
};
use Hash::{Sha256, Sha384};

const AES_128_CBC_SHA: Cipher = Aes128Cbc(MacHash::Sha1);
const AES_256_CBC_SHA: Cipher = Aes256Cbc(MacHash::Sha1);
const AES_128_CBC_SHA256: Cipher = Aes128Cbc(MacHash::Sha256);
const AES_256_CBC_SHA256: Cipher = Aes256Cbc(MacHash::Sha256);
const AES_256_CBC_SHA384: Cipher = Aes256Cbc(MacHash::Sha384);

/// The suites, by number.
#[rustfmt::skip]
pub const SUITES: &[Suite] = &[
    of(0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0x0030, "TLS_DH_DSS_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0x0031, "TLS_DH_RSA_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0x0036, "TLS_DH_DSS_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0x0037, "TLS_DH_RSA_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0x003A, "TLS_DH_anon_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256", AES_256_CBC_SHA256, Sha256),
    of(0x003E, "TLS_DH_DSS_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0x003F, "TLS_DH_RSA_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0x0068, "TLS_DH_DSS_WITH_AES_256_CBC_SHA256", AES_256_CBC_SHA256, Sha256),
    of(0x0069, "TLS_DH_RSA_WITH_AES_256_CBC_SHA256", AES_256_CBC_SHA256, Sha256),
    of(0x006A, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256", AES_256_CBC_SHA256, Sha256),
    of(0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", AES_256_CBC_SHA256, Sha256),
    of(0x006C, "TLS_DH_anon_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0x006D, "TLS_DH_anon_WITH_AES_256_CBC_SHA256", AES_256_CBC_SHA256, Sha256),
    of(0x008C, "TLS_PSK_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0x008D, "TLS_PSK_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0x0090, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0x0091, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0x0094, "TLS_RSA_PSK_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0x0095, "TLS_RSA_PSK_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x00A0, "TLS_DH_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x00A1, "TLS_DH_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x00A2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x00A3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x00A4, "TLS_DH_DSS_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x00A5, "TLS_DH_DSS_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x00A6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x00A7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x00A8, "TLS_PSK_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x00A9, "TLS_PSK_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x00AA, "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x00AB, "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x00AC, "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x00AD, "TLS_RSA_PSK_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x00AE, "TLS_PSK_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0x00AF, "TLS_PSK_WITH_AES_256_CBC_SHA384", AES_256_CBC_SHA384, Sha384),
    of(0x00B2, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0x00B3, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA384", AES_256_CBC_SHA384, Sha384),
    of(0x00B6, "TLS_RSA_PSK_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0x00B7, "TLS_RSA_PSK_WITH_AES_256_CBC_SHA384", AES_256_CBC_SHA384, Sha384),
    of(0x1301, "TLS_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0x1302, "TLS_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0x1303, "TLS_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    of(0x1304, "TLS_AES_128_CCM_SHA256", Aes128Ccm, Sha256),
    of(0x1305, "TLS_AES_128_CCM_8_SHA256", Aes128Ccm8, Sha256),
    of(0xC004, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0xC005, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0xC00E, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0xC00F, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0xC018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0xC019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0xC01D, "TLS_SRP_SHA_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0xC01E, "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0xC01F, "TLS_SRP_SHA_DSS_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0xC020, "TLS_SRP_SHA_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0xC021, "TLS_SRP_SHA_RSA_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0xC022, "TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", AES_256_CBC_SHA384, Sha384),
    of(0xC025, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0xC026, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384", AES_256_CBC_SHA384, Sha384),
    of(0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", AES_256_CBC_SHA384, Sha384),
    of(0xC029, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0xC02A, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384", AES_256_CBC_SHA384, Sha384),
    of(0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0xC02D, "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0xC02E, "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0xC031, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0xC032, "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0xC035, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", AES_128_CBC_SHA, Sha256),
    of(0xC036, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA", AES_256_CBC_SHA, Sha256),
    of(0xC037, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", AES_128_CBC_SHA256, Sha256),
    of(0xC038, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384", AES_256_CBC_SHA384, Sha384),
    of(0xC09C, "TLS_RSA_WITH_AES_128_CCM", Aes128Ccm, Sha256),
    of(0xC09D, "TLS_RSA_WITH_AES_256_CCM", Aes256Ccm, Sha256),
    of(0xC09E, "TLS_DHE_RSA_WITH_AES_128_CCM", Aes128Ccm, Sha256),
    of(0xC09F, "TLS_DHE_RSA_WITH_AES_256_CCM", Aes256Ccm, Sha256),
    of(0xC0A0, "TLS_RSA_WITH_AES_128_CCM_8", Aes128Ccm8, Sha256),
    of(0xC0A1, "TLS_RSA_WITH_AES_256_CCM_8", Aes256Ccm8, Sha256),
    of(0xC0A2, "TLS_DHE_RSA_WITH_AES_128_CCM_8", Aes128Ccm8, Sha256),
    of(0xC0A3, "TLS_DHE_RSA_WITH_AES_256_CCM_8", Aes256Ccm8, Sha256),
    of(0xC0A4, "TLS_PSK_WITH_AES_128_CCM", Aes128Ccm, Sha256),
    of(0xC0A5, "TLS_PSK_WITH_AES_256_CCM", Aes256Ccm, Sha256),
    of(0xC0A6, "TLS_DHE_PSK_WITH_AES_128_CCM", Aes128Ccm, Sha256),
    of(0xC0A7, "TLS_DHE_PSK_WITH_AES_256_CCM", Aes256Ccm, Sha256),
    of(0xC0A8, "TLS_PSK_WITH_AES_128_CCM_8", Aes128Ccm8, Sha256),
    of(0xC0A9, "TLS_PSK_WITH_AES_256_CCM_8", Aes256Ccm8, Sha256),
    of(0xC0AA, "TLS_PSK_DHE_WITH_AES_128_CCM_8", Aes128Ccm8, Sha256),
    of(0xC0AB, "TLS_PSK_DHE_WITH_AES_256_CCM_8", Aes256Ccm8, Sha256),
    of(0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", Aes128Ccm, Sha256),
    of(0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", Aes256Ccm, Sha256),
    of(0xC0AE, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", Aes128Ccm8, Sha256),
    of(0xC0AF, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", Aes256Ccm8, Sha256),
    of(0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    of(0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    of(0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    of(0xCCAB, "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    of(0xCCAC, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    of(0xCCAD, "TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    of(0xCCAE, "TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    of(0xD001, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    of(0xD002, "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    of(0xD003, "TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256", Aes128Ccm8, Sha256),
    of(0xD005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256", Aes128Ccm, Sha256),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_found_by_number() {
        assert!(SUITES.is_sorted_by_key(|suite| suite.id));
        for suite in SUITES {
            assert_eq!(suite.id.suite(), Some(suite));
            assert_eq!(suite.id.is_tls13(), !suite.name.contains("_WITH_"), "{}", suite.name);
        }
        assert_eq!(SuiteId(0xC02F).to_string(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(SuiteId(0x0005).to_string(), "0x0005", "RC4");
    }

    #[test]
    fn names_and_ciphers_agree() {
        for Suite { name, cipher, hash, .. } in SUITES {
            assert_eq!(cipher.key_len() == 16, name.contains("AES_128"), "{name}");
            assert_eq!(cipher.mac().is_some(), name.contains("CBC"), "{name}");
            assert_eq!(cipher.tag_len() == 8, name.contains("CCM_8"), "{name}");
            assert_eq!(*hash == Sha384, name.ends_with("SHA384"), "{name}");
        }
    }

    #[test]
    fn suites_that_authenticate_have_records_of_exact_sizes() {
        let overhead = |id| SuiteId(id).suite().and_then(Suite::overhead);
        assert_eq!([0x1301, 0x1302, 0x1303, 0x1305].map(overhead), [Some(17), Some(17), Some(17), Some(9)]);
        // ECDHE-ECDSA with AES-128 in GCM, CCM, CCM-8 and CBC, and with ChaCha20.
        let before = [0xC02B, 0xC0AC, 0xC0AE, 0xC023, 0xCCA9].map(overhead);
        assert_eq!(before, [Some(24), Some(24), Some(16), None, Some(16)]);
        let finished = |id| SuiteId(id).suite().and_then(Suite::finished);
        assert_eq!([0x1301, 0x1302, 0xC02B].map(finished), [Some(53), Some(69), None]);
    }
}
