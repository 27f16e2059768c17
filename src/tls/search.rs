//! The search for the sequence number of a record, behind a gap or in the middle of a connection.
//!
//! A record does not carry its sequence number; only the right one authenticates it. With AES-GCM in TLS 1.3 the number is
//! in the nonce alone, so that the tag of a record is one hash of it plus one block of AES that depends on the number:
//!
//! ```text
//! tag = GHASH(header, ciphertext) ⊕ AES(iv ⊕ number ‖ 1)
//! ```
//!
//! The hash is computed once, and each number costs a block of AES. With other ciphers each costs a whole decryption.

use aes::cipher::{Block, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes256};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use hmac::digest::consts::U16;

use super::protection::{Opened, Protection, add};
use super::record::Record;
use super::schedule::Traffic;
use super::suite::{Cipher, Suite};

/// Numbers that are tried at once.
const BATCH: usize = 64;

/// Bytes of the tag.
const TAG: usize = 16;

/// The work of a decryption, measured in blocks of AES: about 1.6 µs of 7 ns each for the shortest record.
const OPENING: u64 = 200;

/// The work of preparing the keys of a candidate.
const PREPARING: u64 = 300;

/// A range of sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first one.
    pub first: u64,
    /// The last one.
    pub last: u64,
}

/// The keys of one direction that are tried.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'k> {
    /// The keys.
    pub protection: &'k Protection,
    /// The suite, and the raw keys if it is one of TLS 1.3.
    pub tls13: Option<(&'k Suite, &'k Traffic)>,
}

/// Searches for the sequence number of a record, and opens it into `out`. Takes the work from what is `left`, and gives
/// up when nothing is left.
pub fn find(keys: Keys<'_>, record: Record<'_>, range: Range, left: &mut u64, out: &mut [u8]) -> Option<(u64, Opened)> {
    match keys.tls13.map(|(suite, traffic)| (suite.cipher, traffic)) {
        Some((Cipher::Aes128Gcm, traffic)) => {
            let found = probe::<Aes128>(traffic, record, range, left)?;
            Some((found, keys.protection.open(found, record, out)?))
        }
        Some((Cipher::Aes256Gcm, traffic)) => {
            let found = probe::<Aes256>(traffic, record, range, left)?;
            Some((found, keys.protection.open(found, record, out)?))
        }
        _ => one_by_one(keys.protection, record, range, left, out),
    }
}

/// Takes work from what is left. Returns `None` if nothing is.
fn spend(left: &mut u64, work: u64) -> Option<()> {
    let has_left = *left > 0;
    *left = left.saturating_sub(work);
    has_left.then_some(())
}

fn one_by_one(
    protection: &Protection,
    record: Record<'_>,
    range: Range,
    left: &mut u64,
    out: &mut [u8],
) -> Option<(u64, Opened)> {
    let work = OPENING + record.fragment.len() as u64 / 8;
    (range.first..=range.last).find_map(|sequence| {
        // Once there is no work left, all others are passed over.
        spend(left, work)?;
        protection.open(sequence, record, out).map(|opened| (sequence, opened))
    })
}

fn probe<C>(traffic: &Traffic, record: Record<'_>, range: Range, left: &mut u64) -> Option<u64>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    spend(left, PREPARING + record.fragment.len() as u64 / 16)?;
    let (text, tag) = record.fragment.split_at_checked(record.fragment.len().checked_sub(TAG)?)?;
    let aes = C::new_from_slice(traffic.key()).ok()?;
    let mut wanted = hash(&aes, &record.header.bytes(), text);
    wanted.iter_mut().zip(tag).for_each(|(to, from)| *to ^= from);
    let mut blocks = [Block::<C>::default(); BATCH];
    let mut first = range.first;
    while first <= range.last {
        spend(left, BATCH as u64)?;
        for (sequence, block) in (first..).zip(&mut blocks) {
            let mut nonce = traffic.iv;
            add(&mut nonce, sequence);
            *block = counter(&nonce).into();
        }
        aes.encrypt_blocks(&mut blocks);
        let found = (first..=range.last).zip(&blocks).find(|(_, block)| block.as_slice() == wanted);
        if let Some((sequence, _)) = found {
            return Some(sequence);
        }
        first = first.checked_add(BATCH as u64)?;
    }
    None
}

/// Returns the block whose encryption hides the hash (NIST SP 800-38D §7.1).
fn counter(nonce: &[u8; 12]) -> [u8; 16] {
    let mut block = [0; 16];
    block.iter_mut().zip(nonce).for_each(|(to, from)| *to = *from);
    block[15] = 1;
    block
}

/// Returns the hash of a header and a ciphertext.
fn hash<C>(aes: &C, header: &[u8], text: &[u8]) -> [u8; TAG]
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut key = ghash::Key::default();
    aes.encrypt_block(&mut key);
    let mut hash = GHash::new(&key);
    hash.update_padded(header);
    hash.update_padded(text);
    let mut lengths = ghash::Block::default();
    let bits = |bytes: &[u8]| (8 * bytes.len() as u64).to_be_bytes();
    let both = bits(header).into_iter().chain(bits(text));
    lengths.iter_mut().zip(both).for_each(|(to, from)| *to = from);
    hash.update(&[lengths]);
    hash.finalize().into()
}
