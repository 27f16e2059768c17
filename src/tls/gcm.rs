//! AES-GCM (NIST SP 800-38D) over the crates `aes` and `ghash`, made for short records: all their blocks are encrypted
//! together and hashed together. With the crate `aes-gcm` they take twice as long.
//!
//! ```text
//! hashed     │ data, zeros │ ciphertext, zeros │ bits of data:8 │ bits of ciphertext:8 │
//! encrypted  │ nonce:12 │ 1:4 │ nonce:12 │ 2:4 │ nonce:12 │ 3:4 │ …
//!            = mask of the tag │ pad of the ciphertext …
//! ```

use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use hmac::digest::consts::U16;

/// Bytes of a block of AES, of a block to be hashed, and of the tag.
const BLOCK: usize = 16;

/// Ciphertexts of up to this number of blocks are short.
const SHORT: usize = 10;

/// The blocks that are encrypted at once: as many as the vector code of the crate encrypts together.
const BATCH: usize = 64;

/// The blocks that the hash processes together.
const HASHED_TOGETHER: usize = 4;

/// The prepared key of a direction.
#[derive(Clone)]
pub struct Gcm<C> {
    aes: C,
    hash: GHash,
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit> Gcm<C> {
    /// Prepares a key; `None` if it does not have the length that the cipher needs.
    pub fn new(key: &[u8]) -> Option<Self> {
        let aes = C::new_from_slice(key).ok()?;
        let mut hash_key = ghash::Key::default();
        aes.encrypt_block(&mut hash_key);
        Some(Self { aes, hash: GHash::new(&hash_key) })
    }

    /// Decrypts a ciphertext with its tag behind it into `out`. Returns the length of the plaintext; `None` if the tag does
    /// not match.
    #[inline]
    pub fn decrypt(&self, nonce: &[u8; 12], data: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
        let (text, tag) = sealed.split_last_chunk()?;
        let out = out.get_mut(..text.len())?;
        if data.len() <= BLOCK && text.len() <= SHORT * BLOCK {
            let hash = self.hash_short(data, text)?;
            self.decrypt_hashed::<{ SHORT + 1 }>(hash, nonce, text, tag, out)?;
        } else {
            let hash = self.hash(data, text);
            self.decrypt_hashed::<BATCH>(hash, nonce, text, tag, out)?;
        }
        Some(text.len())
    }

    /// Decrypts a ciphertext, `AT_ONCE` blocks together, of which the first is the mask of the tag.
    #[inline]
    fn decrypt_hashed<const AT_ONCE: usize>(
        &self,
        hash: [u8; BLOCK],
        nonce: &[u8; 12],
        text: &[u8],
        tag: &[u8; BLOCK],
        out: &mut [u8],
    ) -> Option<()> {
        let mut blocks = [[0; BLOCK]; AT_ONCE];
        let (first, rest) = text.split_at(text.len().min((AT_ONCE - 1) * BLOCK));
        let (first_out, rest_out) = out.split_at_mut_checked(first.len())?;
        let (mask, pad) = self.pads(nonce, 1, 1 + first.len().div_ceil(BLOCK), &mut blocks).split_first()?;
        if u128::from_ne_bytes(hash) ^ u128::from_ne_bytes(*mask) != u128::from_ne_bytes(*tag) {
            return None;
        }
        add(first, pad, first_out);
        let pieces = rest.chunks(AT_ONCE * BLOCK).zip(rest_out.chunks_mut(AT_ONCE * BLOCK));
        for (counter, (piece, out)) in (1..).step_by(AT_ONCE).skip(1).zip(pieces) {
            add(piece, self.pads(nonce, counter, piece.len().div_ceil(BLOCK), &mut blocks), out);
        }
        Some(())
    }

    /// Returns the first `len` pads, if there is room for so many, from a counter on.
    #[inline]
    fn pads<'b>(&self, nonce: &[u8; 12], counter: u32, len: usize, blocks: &'b mut [[u8; BLOCK]]) -> &'b [[u8; BLOCK]] {
        let mut block = [0; BLOCK];
        block.iter_mut().zip(nonce).for_each(|(to, from)| *to = *from);
        let nonce = u128::from_be_bytes(block);
        let pads = blocks.get_mut(..len).unwrap_or_default();
        for (counter, block) in (counter..).zip(&mut *pads) {
            *block = (nonce | u128::from(counter)).to_be_bytes();
        }
        self.aes.encrypt_blocks(Array::cast_slice_from_core_mut(pads));
        pads
    }

    /// Returns the hash of associated data and a ciphertext.
    fn hash(&self, data: &[u8], text: &[u8]) -> [u8; BLOCK] {
        let mut hash = self.hash.clone();
        hash.update_padded(data);
        hash.update_padded(text);
        hash.update(&[lengths(data, text).into()]);
        hash.finalize().into()
    }

    /// Returns the hash of at most a block of associated data and a short ciphertext.
    ///
    /// The message is put together, with zeros in front that make its blocks whole groups. They do not change the hash.
    #[inline]
    fn hash_short(&self, data: &[u8], text: &[u8]) -> Option<[u8; BLOCK]> {
        let mut message = [[0; BLOCK]; (SHORT + 2).next_multiple_of(HASHED_TOGETHER)];
        let blocks = (text.len().div_ceil(BLOCK) + 2).next_multiple_of(HASHED_TOGETHER);
        let (end, before) = message.split_last_mut()?;
        let (before, place) = before.split_at_mut_checked(before.len().checked_sub(text.len().div_ceil(BLOCK))?)?;
        before.last_mut()?.get_mut(..data.len())?.copy_from_slice(data);
        place.as_flattened_mut().get_mut(..text.len())?.copy_from_slice(text);
        *end = lengths(data, text);
        let mut hash = self.hash.clone();
        hash.update(Array::cast_slice_from_core(message.get(message.len().checked_sub(blocks)?..)?));
        Some(hash.finalize().into())
    }
}

fn lengths(data: &[u8], text: &[u8]) -> [u8; BLOCK] {
    let bits = |bytes: &[u8]| 8 * bytes.len() as u128;
    (bits(data) << 64 | bits(text)).to_be_bytes()
}

/// Adds pads to bytes.
#[inline]
fn add(bytes: &[u8], pads: &[[u8; BLOCK]], out: &mut [u8]) {
    let bytes = bytes.iter().zip(pads.as_flattened());
    out.iter_mut().zip(bytes).for_each(|(out, (byte, pad))| *out = byte ^ pad);
}

#[cfg(test)]
mod tests {
    use aes::{Aes128, Aes256};
    use aes_gcm::AesGcm;
    use aes_gcm::aead::AeadInOut;
    use aes_gcm::aead::inout::InOutBuf;
    use hmac::digest::consts::U12;
    use proptest::prelude::*;

    use super::*;

    /// Lengths around those where another path or another batch begins.
    fn plain() -> impl Strategy<Value = Vec<u8>> {
        let around = |len: usize| len.saturating_sub(18)..len + 18;
        prop_oneof![
            around(0),
            0..SHORT * BLOCK,
            around(SHORT * BLOCK),
            around(BATCH * BLOCK),
            around(2 * BATCH * BLOCK)
        ]
        .prop_flat_map(|len| prop::collection::vec(any::<u8>(), len))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]
        #[test]
        fn texts_are_decrypted_as_by_the_crate(
            key in any::<[u8; 32]>(),
            nonce in any::<[u8; 12]>(),
            data in prop::collection::vec(any::<u8>(), 0..20),
            plain in plain(),
            flipped in any::<prop::sample::Index>(),
        ) {
            decrypts::<Aes128>(&key[..16], nonce, &data, &plain, flipped)?;
            decrypts::<Aes256>(&key, nonce, &data, &plain, flipped)?;
        }
    }

    fn decrypts<C>(
        key: &[u8],
        nonce: [u8; 12],
        data: &[u8],
        plain: &[u8],
        flipped: prop::sample::Index,
    ) -> Result<(), TestCaseError>
    where
        C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
    {
        let mut text = vec![0; plain.len()];
        let buffer = InOutBuf::new(plain, &mut text).unwrap();
        let theirs = AesGcm::<C, U12>::new_from_slice(key).unwrap();
        let tag = theirs.encrypt_inout_detached(&nonce.into(), data, buffer).unwrap();
        let mut sealed = [text, tag.to_vec()].concat();

        let ours = Gcm::<C>::new(key).unwrap();
        let open = |data: &[u8], sealed: &[u8]| {
            let mut out = vec![0; plain.len()];
            ours.decrypt(&nonce, data, sealed, &mut out).map(|_| out)
        };
        prop_assert!(open(data, &sealed).as_deref() == Some(plain));
        prop_assert_eq!(open(&[data, &[1]].concat(), &sealed), None);
        let at = flipped.index(sealed.len());
        sealed[at] ^= 1;
        prop_assert_eq!(open(data, &sealed), None);
        Ok(())
    }
}
