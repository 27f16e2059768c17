//! Records in CBC mode, with a MAC of their own (RFC 5246 §6.2.3.2; outside of the ciphertext, RFC 7366).
//!
//! The plaintext of a record is handed on only if its MAC is right. Constant time is of no use here: who has the keys
//! learns nothing from how long it takes.

use aes::cipher::{BlockCipherDecrypt, BlockModeDecrypt, BlockSizeUser, InnerIvInit, Iv};
use aes::{Aes128, Aes256};
use cbc::Decryptor;
use hmac::digest::array::Array;
use hmac::digest::consts::U16;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use super::protection::{Block, Opened};
use super::record::{HEADER, Header, Record, Version};
use super::suite::MacHash;

/// Bytes of a block of AES.
const BLOCK: usize = 16;

/// The keys of one direction.
#[derive(Clone)]
pub struct Cbc {
    cipher: Cipher,
    mac: Key,
    hash: MacHash,
    is_mac_outside: bool,
    /// The IV of the next record, if records do not carry their own (TLS 1.0).
    chain: Option<Chain>,
}

/// The last block of ciphertext; `None` if it is missing.
type Chain = Option<[u8; BLOCK]>;

#[derive(Clone)]
enum Cipher {
    Aes128(Aes128),
    Aes256(Aes256),
}

#[derive(Clone)]
enum Key {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
}

impl Cbc {
    /// Creates the protection of one direction. Fails if a key has the wrong length.
    pub fn new(version: Version, hash: MacHash, block: Block<'_>, is_mac_outside: bool) -> Option<Self> {
        let cipher = match block.key.len() {
            16 => Cipher::Aes128(Aes128::new_from_slice(block.key).ok()?),
            _ => Cipher::Aes256(Aes256::new_from_slice(block.key).ok()?),
        };
        let mac = match hash {
            MacHash::Sha1 => Key::Sha1(Hmac::new_from_slice(block.mac).ok()?),
            MacHash::Sha256 => Key::Sha256(Hmac::new_from_slice(block.mac).ok()?),
            MacHash::Sha384 => Key::Sha384(Hmac::new_from_slice(block.mac).ok()?),
        };
        let chain = (version < Version::TLS11).then(|| block.iv.try_into().ok());
        Some(Self { cipher, mac, hash, is_mac_outside, chain })
    }

    /// Opens a record. See [`super::protection::Protection::open`].
    pub fn open(&self, sequence: u64, record: Record<'_>, out: &mut [u8]) -> Option<Opened> {
        let Record { header, fragment } = record;
        let protected = match self.is_mac_outside {
            true => {
                let (protected, mac) = self.split_mac(fragment)?;
                let data = associated_data(sequence, header, protected.len());
                self.verify(&[&data, protected], mac)?;
                protected
            }
            false => fragment,
        };
        let (iv, text) = match self.chain {
            Some(chain) => (chain?, protected),
            None => protected.split_first_chunk::<BLOCK>().map(|(iv, text)| (*iv, text))?,
        };
        let plain = self.decrypt(&iv, text, out)?;
        let padding = *plain.last()?;
        let (plain, padded) = plain.split_at_checked(plain.len().checked_sub(usize::from(padding) + 1)?)?;
        if padded.iter().any(|byte| *byte != padding) {
            return None;
        }
        let bytes = match self.is_mac_outside {
            true => plain,
            false => {
                let (plain, mac) = self.split_mac(plain)?;
                let data = associated_data(sequence, header, plain.len());
                self.verify(&[&data, plain], mac)?;
                plain
            }
        };
        Some(Opened { content_type: header.content_type, len: bytes.len() })
    }

    /// Notes the last block of a record's ciphertext.
    pub fn pass(&mut self, record: Record<'_>) {
        if let Some(chain) = &mut self.chain {
            let mac = if self.is_mac_outside { self.hash.size() } else { 0 };
            let end = record.fragment.len().saturating_sub(mac);
            *chain = record.fragment.get(..end).and_then(|text| text.last_chunk()).copied();
        }
    }

    /// Notes that the last block is missing.
    pub fn miss(&mut self) {
        if let Some(chain) = &mut self.chain {
            *chain = None;
        }
    }

    /// Returns the bytes of a fragment that are not contents, at least.
    pub fn overhead(&self) -> usize {
        let iv = if self.chain.is_some() { 0 } else { BLOCK };
        iv + self.hash.size() + 1
    }

    fn split_mac<'b>(&self, bytes: &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
        bytes.split_at_checked(bytes.len().checked_sub(self.hash.size())?)
    }

    fn verify(&self, parts: &[&[u8]], mac: &[u8]) -> Option<()> {
        match &self.mac {
            Key::Sha1(key) => verify(key, parts, mac),
            Key::Sha256(key) => verify(key, parts, mac),
            Key::Sha384(key) => verify(key, parts, mac),
        }
    }

    fn decrypt<'s>(&self, iv: &[u8; BLOCK], text: &[u8], out: &'s mut [u8]) -> Option<&'s [u8]> {
        match &self.cipher {
            Cipher::Aes128(aes) => decrypt(aes, iv, text, out),
            Cipher::Aes256(aes) => decrypt(aes, iv, text, out),
        }
    }
}

/// Returns the data that is authenticated with a record before TLS 1.3: its sequence number, its type and version, and
/// the length of what is protected (RFC 5246 §6.2.3.3).
pub fn associated_data(sequence: u64, header: Header, len: usize) -> [u8; 8 + HEADER] {
    let [a, b, c, d, e, f, g, h] = sequence.to_be_bytes();
    let [kind, major, minor, ..] = header.bytes();
    let [high, low] = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
    [a, b, c, d, e, f, g, h, kind, major, minor, high, low]
}

fn verify<M: Mac + Clone>(key: &M, parts: &[&[u8]], mac: &[u8]) -> Option<()> {
    let mut key = key.clone();
    parts.iter().for_each(|part| key.update(part));
    key.verify_slice(mac).ok()
}

/// Decrypts whole blocks. Returns the plaintext; `None` if `text` is not made of whole blocks.
fn decrypt<'s, C>(cipher: &C, iv: &[u8; BLOCK], text: &[u8], out: &'s mut [u8]) -> Option<&'s [u8]>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let out = out.get_mut(..text.len())?;
    let (blocks, rest) = Array::slice_as_chunks(text);
    let (plain, _) = Array::slice_as_chunks_mut(out);
    if !rest.is_empty() {
        return None;
    }
    let iv: &Iv<Decryptor<&C>> = iv.into();
    Decryptor::<&C>::inner_iv_init(cipher, iv).decrypt_blocks_b2b(blocks, plain).ok()?;
    Some(out)
}
