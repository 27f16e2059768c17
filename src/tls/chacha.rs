//! ChaCha20-Poly1305 (RFC 8439 §2.8) over the crate `chacha20`.
//!
//! ```text
//! keystream  │ key of Poly1305:32 │ unused:32 │ pad of the ciphertext … │
//! hashed     │ data, zeros │ ciphertext, zeros │ length of data:8 │ length of ciphertext:8 │
//! ```

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

use super::poly1305::{BLOCK, Poly1305};

/// Bytes of a key.
const KEY: usize = 32;

/// Bytes of the keystream that the vector code of the crate computes together. They are the key of Poly1305 and the pad of
/// most records of WebSockets.
const TOGETHER: usize = 256;

/// The key of a direction.
#[derive(Clone)]
pub struct ChaCha20Poly1305 {
    key: [u8; KEY],
}

impl ChaCha20Poly1305 {
    /// Creates the cipher; `None` if the key does not have 32 bytes.
    pub fn new(key: &[u8]) -> Option<Self> {
        key.try_into().ok().map(|key| Self { key })
    }

    /// Decrypts a ciphertext with its tag behind it into `out`. Returns the length of the plaintext; `None` if the tag does
    /// not match.
    #[inline]
    pub fn decrypt(&self, nonce: &[u8; 12], data: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
        let (text, tag) = sealed.split_last_chunk()?;
        let out = out.get_mut(..text.len())?;
        let mut cipher = ChaCha20::new(&self.key.into(), nonce.into());
        let mut keystream = [[0; BLOCK]; TOGETHER / BLOCK];
        cipher.apply_keystream(keystream.as_flattened_mut());
        let [r, s, _, _, pad @ ..] = &keystream;

        let mut hash = Poly1305::new(*r, *s);
        hash.update_padded(data);
        hash.update_padded(text);
        let lengths = data.len() as u128 | (text.len() as u128) << 64;
        hash.update(lengths.to_le_bytes());
        if hash.finalize() != *tag {
            return None;
        }
        let pad = pad.as_flattened();
        let (first, rest) = text.split_at(text.len().min(pad.len()));
        let (first_out, rest_out) = out.split_at_mut_checked(first.len())?;
        first_out.iter_mut().zip(first.iter().zip(pad)).for_each(|(out, (text, pad))| *out = text ^ pad);
        cipher.try_apply_keystream_b2b(rest, rest_out).ok()?;
        Some(text.len())
    }
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::aead::inout::InOutBuf;
    use chacha20poly1305::{AeadInOut, KeyInit};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]
        #[test]
        fn texts_are_decrypted_as_by_the_crate(
            key in any::<[u8; KEY]>(),
            nonce in any::<[u8; 12]>(),
            data in prop::collection::vec(any::<u8>(), 0..20),
            plain in prop::collection::vec(any::<u8>(), 0..3 * TOGETHER),
            flipped in any::<prop::sample::Index>(),
        ) {
            let mut text = vec![0; plain.len()];
            let buffer = InOutBuf::new(&plain, &mut text).unwrap();
            let cipher = chacha20poly1305::ChaCha20Poly1305::new(&key.into());
            let tag = cipher.encrypt_inout_detached(&nonce.into(), &data, buffer).unwrap();
            let mut sealed = [text, tag.to_vec()].concat();

            let ours = ChaCha20Poly1305::new(&key).unwrap();
            let open = |data: &[u8], sealed: &[u8]| {
                let mut out = vec![0; plain.len()];
                ours.decrypt(&nonce, data, sealed, &mut out).map(|_| out)
            };
            prop_assert!(open(&data, &sealed).as_ref() == Some(&plain));
            prop_assert_eq!(open(&[data.as_slice(), &[1]].concat(), &sealed), None);
            let at = flipped.index(sealed.len());
            sealed[at] ^= 1;
            prop_assert_eq!(open(&data, &sealed), None);
        }
    }
}
