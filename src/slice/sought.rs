//! The search for many values in texts. A value must be delimited to be found: not inside a word.
//!
//! An automaton takes more than 60 times the bytes of its values; here a value takes 34 bytes, whatever its length. A
//! value is found by its first word. For each such word, the *shapes* of its values are known: how many bytes before
//! the word they begin, and how long they are. A part of a text with one of these shapes is one of the values if it has
//! the hash of one.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;

use aho_corasick::AhoCorasick;
use foldhash::fast::RandomState;

use crate::limits;

/// The most bytes of a value before its first word.
const BEFORE: usize = u8::MAX as usize;

/// The position and length of values around a first word that they have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    /// Bytes before the word.
    before: u8,
    /// Whether these are only the first bytes of the value.
    is_cut: bool,
    /// Bytes of the value that are searched for.
    length: u32,
}

/// Values to search for, each with a number.
#[derive(Debug)]
pub struct Sought {
    hasher: RandomState,
    /// The shapes, by the hashes of their words. Further shapes of a word are at the hashes that follow its own.
    shapes: HashMap<u64, Shape, RandomState>,
    /// The numbers of the values, by their hashes.
    numbers: HashMap<u64, u32, RandomState>,
    rolling: Rolling,
    longest: usize,
    /// Values without a word, and those whose first word has too many shapes.
    odd: Vec<(Box<[u8]>, u32)>,
    odd_bytes: usize,
    search: Option<AhoCorasick>,
}

impl Sought {
    /// Creates an empty set. Of values longer than `longest`, the first bytes are searched for.
    pub fn new(longest: usize) -> Self {
        let hasher = RandomState::default();
        Self {
            rolling: Rolling::new(hasher.hash_one(longest), longest),
            hasher,
            shapes: HashMap::default(),
            numbers: HashMap::default(),
            longest,
            odd: Vec::new(),
            odd_bytes: 0,
            search: None,
        }
    }

    /// Adds a value. Returns `false` if there is no room for it. A value that was added before keeps its number.
    pub fn add(&mut self, value: &[u8], number: u32) -> bool {
        let sought = value.get(..self.longest).unwrap_or(value);
        let first = words(sought).next().filter(|word| word.start <= BEFORE);
        let shape = |word: &Range<usize>| Shape {
            before: u8::try_from(word.start).unwrap_or(u8::MAX),
            is_cut: sought.len() < value.len(),
            length: u32::try_from(sought.len()).unwrap_or(u32::MAX),
        };
        let key = first.and_then(|word| self.key(sought.get(word.clone())?, shape(&word)));
        let hash = self.rolling.hash(sought);
        match key {
            Some((key, shape)) => drop(self.shapes.insert(key, shape)),
            None if self.numbers.contains_key(&hash) => {}
            None => {
                self.odd_bytes += sought.len();
                if self.odd_bytes > limits::ODD_SECRETS {
                    return false;
                }
                self.odd.push((sought.into(), number));
            }
        }
        self.numbers.entry(hash).or_insert(number);
        true
    }

    /// Completes the set. Must be called after the last value has been added.
    pub fn finish(&mut self) {
        self.search = AhoCorasick::builder().dense_depth(1).build(self.odd.iter().map(|(value, _)| value)).ok();
    }

    /// Returns the key at which a shape of a word is, or can be, stored; `None` if the word has too many shapes.
    fn key(&self, word: &[u8], shape: Shape) -> Option<(u64, Shape)> {
        let first = self.hasher.hash_one(word);
        let keys = (0..limits::SOUGHT_LENGTHS as u64).map(|number| first.wrapping_add(number));
        let mut fitting = keys.filter(|key| self.shapes.get(key).is_none_or(|known| *known == shape));
        fitting.next().map(|key| (key, shape))
    }

    /// Calls `found` with the number and the range of each value that occurs in a text, delimited. The range of a value
    /// that was cut extends to the end of the text.
    pub fn find(&self, text: &[u8], mut found: impl FnMut(u32, Range<usize>)) {
        let is_word = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let mut hashes = None;
        for word in words(text).filter(|_| !self.shapes.is_empty()) {
            let mut key = self.hasher.hash_one(text.get(word.clone()).unwrap_or_default());
            while let Some(shape) = self.shapes.get(&key) {
                key = key.wrapping_add(1);
                let Some(start) = word.start.checked_sub(usize::from(shape.before)) else { continue };
                let end = start + shape.length as usize;
                if end > text.len() || is_word(start.checked_sub(1)) || !shape.is_cut && is_word(Some(end)) {
                    continue;
                }
                let hashes = hashes.get_or_insert_with(|| self.rolling.hashes(text));
                if let Some(number) = self.numbers.get(&self.rolling.between(hashes, start..end)) {
                    found(*number, start..if shape.is_cut { text.len() } else { end });
                }
            }
        }
        for odd in self.search.iter().flat_map(|search| search.find_overlapping_iter(text)) {
            let range = odd.range();
            if let Some((_, number)) = self.odd.get(odd.pattern().as_usize())
                && !is_word(range.start.checked_sub(1))
                && !is_word(Some(range.end))
            {
                found(*number, range);
            }
        }
    }
}

/// Returns the runs of letters and digits.
fn words(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.iter().position(u8::is_ascii_alphanumeric)?;
        let length = text.get(start..)?.iter().position(|byte| !byte.is_ascii_alphanumeric());
        from = length.map_or(text.len(), |length| start + length);
        Some(start..from)
    })
}

/// A hash from which that of every part of a text can be computed (Karp, Rabin 1987): the bytes are the digits of a
/// number modulo a prime.
#[derive(Debug)]
struct Rolling {
    base: u64,
    /// The powers of the base.
    powers: Vec<u64>,
}

/// 2^61 − 1.
const PRIME: u64 = (1 << 61) - 1;

impl Rolling {
    fn new(seed: u64, longest: usize) -> Self {
        let base = seed % (PRIME - 512) + 512;
        let powers = std::iter::successors(Some(1), |power| Some(product(*power, base))).take(longest + 1).collect();
        Self { base, powers }
    }

    fn next(&self, hash: u64, byte: u8) -> u64 {
        (product(hash, self.base) + u64::from(byte) + 1) % PRIME
    }

    fn hash(&self, value: &[u8]) -> u64 {
        value.iter().fold(0, |hash, byte| self.next(hash, *byte))
    }

    /// Returns the hashes of all beginnings of a text, the empty one first.
    fn hashes(&self, text: &[u8]) -> Vec<u64> {
        let further = text.iter().scan(0, |hash, byte| {
            *hash = self.next(*hash, *byte);
            Some(*hash)
        });
        std::iter::once(0).chain(further).collect()
    }

    /// Returns the hash of a part of the text with these `hashes`.
    fn between(&self, hashes: &[u64], part: Range<usize>) -> u64 {
        let of = |at: usize| hashes.get(at).copied().unwrap_or_default();
        let power = self.powers.get(part.len()).copied().unwrap_or_default();
        (of(part.end) + PRIME - product(of(part.start), power)) % PRIME
    }
}

fn product(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn found(sought: &Sought, text: &[u8]) -> BTreeSet<(u32, usize, usize)> {
        let mut all = BTreeSet::new();
        sought.find(text, |number, range| {
            all.insert((number, range.start, range.end));
        });
        all
    }

    /// Generates texts of few different characters, so that values often occur in them.
    fn text(most: usize) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop::sample::select(&b"ab1 -\xe4"[..]), 1..most)
    }

    proptest! {
        #[test]
        fn values_are_found_where_they_stand_by_themselves(values in proptest::collection::vec(text(6), 1..30), text in text(60)) {
            let values: Vec<_> = values.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
            let mut sought = Sought::new(100);
            for (number, value) in (0..).zip(&values) {
                assert!(sought.add(value, number) && sought.add(value, 1000));
            }
            sought.finish();
            assert_eq!(sought.numbers.len(), values.len());
            let is_word = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
            let mut expected = BTreeSet::new();
            for (number, value) in (0..).zip(&values) {
                for (start, part) in text.windows(value.len()).enumerate() {
                    let end = start + part.len();
                    if part == value && !is_word(start.checked_sub(1)) && !is_word(Some(end)) {
                        expected.insert((number, start, end));
                    }
                }
            }
            prop_assert_eq!(found(&sought, &text), expected);
        }
    }

    #[test]
    fn of_a_long_value_the_first_bytes_are_looked_for() {
        let mut sought = Sought::new(6);
        assert!(sought.add(b"zorvak-moon", 3));
        assert_eq!(found(&sought, b"a zorvak-sun b"), [(3, 2, 14)].into());
        assert_eq!(found(&sought, b"a zorva"), [].into());
    }

    #[test]
    fn odd_values_and_lengths_are_bounded() {
        let mut sought = Sought::new(100_000);
        // Values beyond the number of lengths that are tried are held like those without a word, up to a bound in
        // bytes.
        let value = |length: usize| [b"word ", &*vec![b'-'; length]].concat();
        let fits: Vec<_> = (0..2000).map(|length| sought.add(&value(length), length as u32)).collect();
        let count = fits.iter().filter(|fits| **fits).count();
        assert!((limits::SOUGHT_LENGTHS..500).contains(&count), "{count}");
        sought.finish();
        for length in [3, limits::SOUGHT_LENGTHS + 3] {
            assert!(found(&sought, &value(length)).iter().any(|(number, ..)| *number == length as u32), "{length}");
        }
    }
}
