//! UTF-8 validation over the pieces of a message (RFC 6455 §8.1): a code point may be cut by a fragment, a frame, or a
//! segment.

use simdutf8::compat;

use super::violation::{Context, Tail};

/// A validator for the text of one message, as its bytes come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Text {
    /// The beginning of a code point whose end has not come yet: at most 3 bytes.
    tail: [u8; 3],
    tail_len: u8,
    /// Bytes validated, the tail not counted.
    valid: u64,
    /// The last bytes that came, the tail among them.
    last: Tail,
}

/// The place where a text stops being UTF-8, with the bytes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The place.
    pub place: Place,
    /// The message's bytes up to the one that proves it. The one at fault is the first bad byte.
    pub context: Context,
}

/// The place where a text stops being UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Position in the message of the first byte that is not part of a valid code point, as Rust's `valid_up_to` and
    /// Python's `position`.
    pub offset: u64,
    /// The byte at `offset`.
    pub byte: u8,
    /// Position of the byte that proves it: the same, or that of the byte that should have continued the code point;
    /// the message's length if the message ends within a code point.
    pub proof: u64,
}

impl Text {
    /// Validates the next bytes of the message. Fails as soon as a byte proves that it is not UTF-8.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Invalid> {
        let before = self.valid + u64::from(self.tail_len);
        let result = self.validate(bytes).map_err(|place| {
            let end = place.proof.saturating_add(1);
            let len = usize::try_from(end.saturating_sub(before)).unwrap_or(bytes.len());
            let mut last = self.last;
            last.push(bytes.get(..len).unwrap_or(bytes));
            Invalid { place, context: last.context(end, place.offset) }
        });
        self.last.push(bytes);
        result
    }

    fn validate(&mut self, mut bytes: &[u8]) -> Result<(), Place> {
        while self.tail_len > 0 {
            let Some((&next, rest)) = bytes.split_first() else {
                return Ok(());
            };
            let mut code_point = [0; 4];
            let len = usize::from(self.tail_len);
            for (to, from) in code_point.iter_mut().zip(self.tail.iter().take(len).chain([&next])) {
                *to = *from;
            }
            match compat::from_utf8(code_point.get(..=len).unwrap_or_default()) {
                Ok(_) => {
                    self.valid += u64::from(self.tail_len) + 1;
                    self.tail_len = 0;
                }
                Err(error) if error.error_len().is_none() => {
                    if let Some(slot) = self.tail.get_mut(len) {
                        *slot = next;
                    }
                    self.tail_len += 1;
                }
                Err(_) => return Err(self.cut_off_by(u64::from(self.tail_len))),
            }
            bytes = rest;
        }
        let Err(error) = compat::from_utf8(bytes) else {
            self.valid += bytes.len() as u64;
            return Ok(());
        };
        self.valid += error.valid_up_to() as u64;
        let rest = bytes.get(error.valid_up_to()..).unwrap_or_default();
        match error.error_len() {
            None => {
                for (to, from) in self.tail.iter_mut().zip(rest) {
                    *to = *from;
                }
                self.tail_len = rest.len().min(3) as u8;
                Ok(())
            }
            // `error_len` counts the bytes that belong together; the byte after them does not fit. A lone byte either
            // can never begin a code point, or is followed by one that cannot continue it.
            Some(len) => {
                let byte = rest.first().copied().unwrap_or_default();
                let proof = if (0xC2..=0xF4).contains(&byte) { len as u64 } else { 0 };
                Err(Place { offset: self.valid, byte, proof: self.valid + proof })
            }
        }
    }

    /// Ends the message. Fails if it ends within a code point.
    pub fn finish(&self) -> Result<(), Invalid> {
        if self.tail_len == 0 {
            return Ok(());
        }
        let place = self.cut_off_by(u64::from(self.tail_len));
        Err(Invalid { place, context: self.last.context(place.proof, place.offset) })
    }

    /// Returns the place of the code point begun in the tail, which the byte at distance `behind` from its first does
    /// not continue.
    const fn cut_off_by(&self, behind: u64) -> Place {
        let [byte, ..] = self.tail;
        Place { offset: self.valid, byte, proof: self.valid + behind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Validates with the standard library, one byte more at a time, to find the byte at which it first objects.
    fn by_the_standard_library(bytes: &[u8]) -> Result<(), Invalid> {
        let invalid = |error: std::str::Utf8Error, proof| {
            let offset = error.valid_up_to();
            let text = &bytes[..bytes.len().min(proof + 1)];
            let mut last = Tail::default();
            last.push(text);
            let place = Place { offset: offset as u64, byte: bytes[offset], proof: proof as u64 };
            Err(Invalid { place, context: last.context(text.len() as u64, place.offset) })
        };
        for end in 1..=bytes.len() {
            match std::str::from_utf8(&bytes[..end]) {
                Err(error) if error.error_len().is_some() => return invalid(error, end - 1),
                _ => {}
            }
        }
        std::str::from_utf8(bytes).map(|_| ()).or_else(|error| invalid(error, bytes.len()))
    }

    fn in_pieces(bytes: &[u8], cuts: &[usize]) -> Result<(), Invalid> {
        let mut text = Text::default();
        let mut rest = bytes;
        for cut in cuts {
            let (piece, tail) = rest.split_at((*cut).min(rest.len()));
            text.push(piece)?;
            rest = tail;
        }
        text.push(rest)?;
        text.finish()
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(
            bytes in proptest::collection::vec(prop_oneof![
                any::<u8>(), Just(0xE2), Just(0x82), Just(0xAC), Just(0xF0), Just(0x9F), Just(0xED), Just(0xA0), Just(0x41),
            ], 0..12),
            cuts in proptest::collection::vec(0usize..4, 0..6),
        ) {
            prop_assert_eq!(in_pieces(&bytes, &cuts), by_the_standard_library(&bytes));
        }

        #[test]
        fn the_byte_at_fault_is_the_one_behind_the_valid_text(
            valid in "[a-zé€😀]{0,80}",
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0xE2), Just(0x82), Just(0xF0)], 1..8),
            cuts in proptest::collection::vec(0usize..40, 0..6),
        ) {
            let bytes = [valid.as_bytes(), &bytes].concat();
            if let (Err(error), Err(invalid)) = (std::str::from_utf8(&bytes), in_pieces(&bytes, &cuts)) {
                let at = invalid.context.fault().expect("it is shown");
                let (before, from) = invalid.context.bytes().split_at(at);
                prop_assert!(bytes[..error.valid_up_to()].ends_with(before));
                prop_assert!(bytes[error.valid_up_to()..].starts_with(from));
            }
        }
    }

    #[test]
    fn valid_text_in_every_cut() {
        let text = "สวัสดี, Việt Nam, ça va, 😀".as_bytes();
        for cut in 0..text.len() {
            assert_eq!(in_pieces(text, &[cut]), Ok(()));
        }
    }
}
