//! Poly1305 (RFC 8439 §2.5), in arithmetic on 64 bits.
//!
//! The crate `poly1305` first computes powers of each message's key for its vector code, which takes more than a
//! microsecond. A record has at most 16 KiB: this code is ten times as fast with 100 bytes, and not slower with 16 KiB.
//!
//! ```text
//! tag = ((b₁·rⁿ + b₂·rⁿ⁻¹ + … + bₙ·r) mod (2¹³⁰ − 5) + s) mod 2¹²⁸
//! ```
//!
//! Each b is 2¹²⁸ plus a block of 16 bytes, read as a little-endian number; r and s are the halves of the key.

/// Bytes of a block, and of the tag.
pub const BLOCK: usize = 16;

/// The bits of r that may be set (RFC 8439 §2.5.1). Without the others, no sum of products overflows.
const CLAMP: u128 = 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff;

/// A hash in progress.
pub struct Poly1305 {
    r: [u64; 2],
    s: u128,
    /// The lowest 128 bits of the sum.
    low: u128,
    /// The bits above. The sum is reduced only so far that these are at most 5.
    high: u64,
}

impl Poly1305 {
    /// Begins a hash with its key, which is good for one message.
    #[inline]
    pub const fn new(r: [u8; BLOCK], s: [u8; BLOCK]) -> Self {
        let r = limbs(u128::from_le_bytes(r) & CLAMP);
        Self { r, s: u128::from_le_bytes(s), low: 0, high: 0 }
    }

    /// Adds bytes, and zeros up to the next whole block.
    #[inline]
    pub fn update_padded(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        blocks.iter().for_each(|block| self.update(*block));
        if !rest.is_empty() {
            let mut block = [0; BLOCK];
            block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.update(block);
        }
    }

    /// Adds a block, and multiplies by r.
    ///
    /// ```text
    ///        high  low₁  low₀
    ///    ×          r₁    r₀
    /// ────────────────────────
    ///   t₃    t₂    t₁    t₀    = k·2¹³⁰ + the lowest 130 bits; modulo 2¹³⁰ − 5, k·2¹³⁰ is 5·k
    /// ```
    #[inline]
    pub const fn update(&mut self, block: [u8; BLOCK]) {
        let (low, carry) = self.low.overflowing_add(u128::from_le_bytes(block));
        let high = self.high + 1 + carry as u64;
        let ([low0, low1], [r0, r1]) = (limbs(low), self.r);

        let at0 = product(low0, r0);
        let at1 = product(low0, r1) + product(low1, r0);
        let at2 = product(low1, r1) + product(high, r0);
        let [t0, carry] = limbs(at0);
        let [t1, carry] = limbs(at1 + carry as u128);
        let [t2, carry] = limbs(at2 + carry as u128);
        let t3 = high * r1 + carry;

        let four_k = joined(t2 & !3, t3);
        let (low, carry) = joined(t0, t1).overflowing_add(four_k);
        let (low, another) = low.overflowing_add(four_k >> 2);
        self.low = low;
        self.high = (t2 & 3) + carry as u64 + another as u64;
    }

    /// Returns the tag.
    #[inline]
    pub const fn finalize(self) -> [u8; BLOCK] {
        // If 5 more reach 2¹³⁰, the sum is 2¹³⁰ − 5 or more. Its remainder then has the lowest bits of that.
        let (reduced, carry) = self.low.overflowing_add(5);
        let sum = if self.high + carry as u64 >= 4 { reduced } else { self.low };
        sum.wrapping_add(self.s).to_le_bytes()
    }
}

const fn limbs(number: u128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

const fn joined(low: u64, high: u64) -> u128 {
    low as u128 | (high as u128) << 64
}

const fn product(a: u64, b: u64) -> u128 {
    a as u128 * b as u128
}

#[cfg(test)]
mod tests {
    use poly1305::universal_hash::KeyInit;
    use proptest::prelude::*;

    use super::*;

    fn tag(key: [u8; 32], message: &[u8]) -> [u8; BLOCK] {
        let (r, s) = (key.first_chunk().unwrap(), key.last_chunk().unwrap());
        let mut hash = Poly1305::new(*r, *s);
        hash.update_padded(message);
        hash.finalize()
    }

    fn by_the_crate(key: [u8; 32], message: &[u8]) -> [u8; BLOCK] {
        let mut padded = message.to_vec();
        padded.resize(message.len().next_multiple_of(BLOCK), 0);
        poly1305::Poly1305::new(&key.into()).compute_unpadded(&padded).into()
    }

    /// Numbers whose sums and products carry as far as they can.
    fn block() -> impl Strategy<Value = [u8; BLOCK]> {
        prop_oneof![
            any::<[u8; BLOCK]>(),
            (0..16_u128).prop_map(|n| n.to_le_bytes()),
            (0..16_u128).prop_map(|n| (u128::MAX - n).to_le_bytes()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]
        #[test]
        fn tags_are_those_of_the_crate(
            r in block(),
            s in block(),
            blocks in prop::collection::vec(block(), 0..14),
            rest in prop::collection::vec(any::<u8>(), 0..16),
        ) {
            let key: [u8; 32] = [r, s].concat().try_into().unwrap();
            let message = [blocks.concat(), rest].concat();
            prop_assert_eq!(tag(key, &message), by_the_crate(key, &message));
        }
    }

    /// Sums from 2¹³⁰ − 6, the last one that is reduced, to 2¹³⁰ − 2, the largest that two blocks make where r is 1.
    #[test]
    fn sums_are_reduced_fully() {
        let mut one = [0; 32];
        one[0] = 1;
        for lowest in 0xFB..=0xFF {
            let mut message = [0xFF; 2 * BLOCK];
            message[0] = lowest;
            assert_eq!(tag(one, &message), by_the_crate(one, &message), "{lowest:#X}");
        }
    }
}
