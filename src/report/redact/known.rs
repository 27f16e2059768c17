//! Values that are known to be secret from one place of a capture, and are searched for in all others.
//!
//! A value is found only as whole words, not within a word. Texts are therefore compared word by word. For each word of
//! a value, only a hash of the value's beginning up to that word is kept, so that neither memory nor time depends on
//! how many values begin alike.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::random::is_name;
use super::secret::{Kind, Secret};
use super::unescaped::Unescaped;
use super::{encoded, names, remarks};
use crate::limits;

/// The minimum length, in bytes, of a value that is searched for. Shorter values are ordinary words or numbers.
pub const LEAST: usize = 6;

/// The maximum number of runs in a value that is searched for. A value with more is a text.
const RUNS: usize = 64;

/// The set of known values.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The beginnings of all values, by their hashes.
    beginnings: HashMap<u64, Beginning, RandomState>,
    hasher: RandomState,
    /// The number of times that a value was added.
    changes: u64,
    is_full: bool,
}

/// A beginning of a value, up to the end of a word.
#[derive(Clone, Copy, Debug, Default)]
struct Beginning {
    /// The end of the value that ends here, if one does.
    ends: Option<End>,
}

/// The data of a value, kept at its last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    kind: Kind,
    /// The number of bytes of the value before its first word and after its last.
    around: (u8, u8),
    /// A hash of the whole value.
    whole: u32,
}

/// The class of the bytes in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// ASCII letters and digits.
    Word,
    /// Characters of other scripts.
    Foreign,
    Between,
}

impl Known {
    /// Creates the set of those secrets that can be distinguished from ordinary words; `None` if there are none.
    pub fn new(secrets: &[(Kind, Box<[u8]>)]) -> Option<Self> {
        let mut known = Self::default();
        secrets.iter().for_each(|(kind, value)| known.learn(*kind, value));
        (!known.is_empty()).then_some(known)
    }

    /// Creates an empty set that can be [merged](Self::merge) with this one.
    pub fn like(&self) -> Self {
        Self { hasher: self.hasher.clone(), ..Self::default() }
    }

    /// Adds the values of another set, which was created [like](Self::like) this one.
    pub fn merge(&mut self, other: Self) {
        self.is_full |= other.is_full;
        if self.is_empty() {
            *self = Self { is_full: self.is_full, ..other };
            return;
        }
        for (hash, Beginning { ends }) in other.beginnings {
            if self.beginnings.len() >= limits::KNOWN_SECRETS && !self.beginnings.contains_key(&hash) {
                self.is_full = true;
                return;
            }
            self.put(hash, ends);
        }
    }

    /// Returns whether no value is known.
    pub fn is_empty(&self) -> bool {
        self.beginnings.is_empty()
    }

    /// Returns a number that changes with the values: as long as it is the same, the same is found in the same text.
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// Returns whether a value was dropped because there was no room for it.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Adds a value to those searched for, also without its escapes, and with it the parts of it that are secret by
    /// themselves. Sets [`Self::is_full()`] if there is no room.
    pub fn learn(&mut self, kind: Kind, value: &[u8]) {
        let unescaped = Unescaped::new(value);
        let unquoted = value.contains(&b'\\').then(|| without_backslashes(value));
        let forms = [Some(value), unescaped.has_escapes().then_some(&*unescaped.text), unquoted.as_deref()];
        for value in forms.into_iter().flatten() {
            for (kind, part) in parts(kind, value) {
                if is_own(kind, &part) {
                    self.add(kind, &part);
                }
            }
        }
    }

    fn add(&mut self, kind: Kind, value: &[u8]) {
        let runs: Vec<_> = runs(value).collect();
        let is_word = |(class, _): &&(Class, Range<usize>)| *class != Class::Between;
        let [Some(first), Some(last)] = [runs.iter().find(is_word), runs.iter().rfind(is_word)] else { return };
        let words = first.1.start..last.1.end;
        if runs.len() > RUNS {
            return;
        }
        if self.beginnings.len() + runs.len() > limits::KNOWN_SECRETS {
            self.is_full = true;
            return;
        }
        let around = [words.start, value.len() - words.end].map(|bytes| u8::try_from(bytes).unwrap_or_default());
        let end = End { kind, around: (around[0], around[1]), whole: self.hash(0, value) as u32 };
        let mut beginning = 0;
        for (class, run) in runs.iter().filter(|(_, run)| words.start <= run.start && run.end <= words.end) {
            beginning = self.hash(beginning, value.get(run.clone()).unwrap_or_default());
            if *class != Class::Between {
                self.put(beginning, (run.end == words.end).then_some(end));
            }
        }
    }

    /// Adds a beginning, and the end of the value that ends there, if one does.
    fn put(&mut self, beginning: u64, ends: Option<End>) {
        let known = self.beginnings.entry(beginning).or_default();
        // Of values that differ only around their words, the same one is kept in whichever order they come.
        let least = known.ends.into_iter().chain(ends).min();
        if known.ends != least {
            known.ends = least;
            self.changes += 1;
        }
    }

    /// Returns the places where known values occur in a text as whole words, in order. Of several values at one place
    /// the longest is returned.
    pub fn find(&self, text: &[u8]) -> Vec<Secret> {
        let mut secrets = Vec::new();
        if self.is_empty() || text.len() < LEAST {
            return secrets;
        }
        let mut behind = 0;
        // Checked first, because hardly any word begins a value.
        let begins = |word| self.beginnings.contains_key(&self.hash(0, word));
        for (class, first) in runs(text) {
            if class != Class::Between
                && first.start >= behind
                && text.get(first.clone()).is_some_and(begins)
                && let Some((end, words)) = self.longest(text, first.start)
            {
                let range = self.around(text, end, words);
                behind = range.end;
                secrets.push(Secret { range, kind: end.kind });
            }
        }
        secrets
    }

    /// Returns the longest value whose first word begins at `start`, and the range from its first word to its last.
    fn longest(&self, text: &[u8], start: usize) -> Option<(End, Range<usize>)> {
        let (mut beginning, mut longest) = (0, None);
        let rest = text.get(start..)?;
        for (class, run) in runs(rest).take(RUNS) {
            beginning = self.hash(beginning, rest.get(run.clone())?);
            if class != Class::Between {
                let Some(known) = self.beginnings.get(&beginning) else { break };
                longest = known.ends.map(|end| (end, start..start + run.end)).or(longest);
            }
        }
        longest
    }

    /// Returns the range of a value whose words were found. It includes the bytes of the value before and after its
    /// words if the text has these, too.
    fn around(&self, text: &[u8], end: End, words: Range<usize>) -> Range<usize> {
        let (before, behind) = end.around;
        let start = words.start.checked_sub(usize::from(before));
        let whole = start.map(|start| start..words.end + usize::from(behind));
        let stands =
            |range: &Range<usize>| text.get(range.clone()).is_some_and(|value| self.hash(0, value) as u32 == end.whole);
        whole.filter(stands).unwrap_or(words)
    }

    fn hash(&self, before: u64, run: &[u8]) -> u64 {
        self.hasher.hash_one((before, run))
    }
}

/// Returns a JSON string without the backslashes before quotes, slashes and backslashes.
fn without_backslashes(value: &[u8]) -> Vec<u8> {
    let (mut plain, mut rest) = (Vec::with_capacity(value.len()), value);
    while let [first, behind @ ..] = rest {
        rest = match behind {
            [next @ (b'"' | b'\\' | b'/'), behind @ ..] if *first == b'\\' => {
                plain.push(*next);
                behind
            }
            _ => {
                plain.push(*first);
                behind
            }
        };
    }
    plain
}

/// Returns the parts of a secret that are secret by themselves, each with its kind. For most kinds the whole secret is
/// one of them.
fn parts(kind: Kind, value: &[u8]) -> Vec<(Kind, Cow<'_, [u8]>)> {
    let behind = |byte: u8, part: &'_ [u8]| memchr::memchr(byte, part).map(|at| at + 1);
    let all = || (kind, Cow::Borrowed(value));
    match kind {
        Kind::Cookie => {
            let pair = |pair: &[u8]| {
                let (name, value) = pair.split_at_checked(behind(b'=', pair)?)?;
                // The name decides, whatever the value looks like: a cookie named `session` is a secret.
                let is_named = names::kind(name).is_some();
                Some((if is_named { Kind::Value } else { kind }, Cow::Owned(value.trim_ascii().to_vec())))
            };
            value.split(|byte| *byte == b';').map(|it| pair(it).unwrap_or((kind, Cow::Owned(it.to_vec())))).collect()
        }
        Kind::Userinfo => {
            let password = behind(b':', value).and_then(|at| value.get(at..));
            password.map(|password| (kind, Cow::Borrowed(password))).into_iter().chain([all()]).collect()
        }
        Kind::Authorization => {
            let credentials = behind(b' ', value).and_then(|at| value.get(at..)).map_or(value, <[u8]>::trim_ascii);
            let pair = encoded::plain(credentials);
            let password = pair.and_then(|pair| Some((kind, Cow::Owned(pair.get(behind(b':', &pair)?..)?.to_vec()))));
            password.into_iter().chain([(kind, Cow::Borrowed(credentials)), all()]).collect()
        }
        _ if value.contains(&0) => strings(value).into_iter().map(|string| (kind, Cow::Borrowed(string))).collect(),
        _ => vec![all()],
    }
}

/// Returns the strings of a binary value. Each is preceded by its length in two bytes, as in MQTT's CONNECT.
fn strings(value: &[u8]) -> Vec<&[u8]> {
    let (mut strings, mut rest) = (Vec::new(), value);
    while let [high, low, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let string = behind.get(..length).filter(|string| length > 0 && !string.iter().any(u8::is_ascii_control));
        strings.extend(string);
        rest = rest.get(string.map_or(1, |string| 2 + string.len())..).unwrap_or_default();
    }
    strings
}

/// Returns whether a value can be searched for in any text: it is long enough, and it is not a word or name that occurs
/// in harmless texts. A value in a query or a cookie is mostly a word or name, so one that looks like that is not
/// searched for. A password may look like one, so only common words are excluded.
pub fn is_own(kind: Kind, value: &[u8]) -> bool {
    let is_plain = || std::str::from_utf8(value).is_ok_and(is_name);
    value.len() >= LEAST
        && String::from_utf8_lossy(value).contains(char::is_alphanumeric)
        && match kind {
            Kind::Email => false,
            Kind::Query | Kind::Cookie => !is_plain(),
            _ => !remarks::is_common(value),
        }
}

/// Returns the runs of bytes of one class in a text, each with its class and range.
fn runs(text: &[u8]) -> impl Iterator<Item = (Class, Range<usize>)> {
    let class = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() => Class::Word,
        0x80.. => Class::Foreign,
        _ => Class::Between,
    };
    let mut end = 0;
    text.chunk_by(move |a, b| class(a) == class(b)).map(move |run| {
        end += run.len();
        (run.first().map_or(Class::Between, class), end - run.len()..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(known: &[(Kind, &str)], text: &'t str) -> Vec<&'t str> {
        let mut all = Known::default();
        known.iter().for_each(|(kind, value)| all.learn(*kind, value.as_bytes()));
        all.find(text.as_bytes()).into_iter().map(|secret| &text[secret.range]).collect()
    }

    #[test]
    fn a_value_that_begins_another_is_a_change() {
        let mut known = Known::default();
        known.learn(Kind::Value, b"zorvak-moon two");
        let before = known.changes();
        known.learn(Kind::Value, b"zorvak-moon two");
        assert_eq!(known.changes(), before, "nothing new");
        known.learn(Kind::Value, b"zorvak-moon");
        assert_ne!(known.changes(), before, "all of its words were known as the beginning of the first");
    }

    #[test]
    fn values_are_found_where_they_stand_by_themselves() {
        let known = [(Kind::Value, "zorvak-moon"), (Kind::Value, "zorvak-moon two"), (Kind::Value, "$ecret!1(")];
        assert_eq!(found(&known, "we saw zorvak-moon, zorvak-moon two"), ["zorvak-moon", "zorvak-moon two"]);
        assert_eq!(found(&known, "$ecret!1( ecret!1"), ["$ecret!1(", "ecret!1"]);
        assert_eq!(found(&known, "xzorvak-moon zorvak-moons zorvak moon zorvak-"), [""; 0]);
        assert_eq!(found(&[(Kind::Value, "пароль"), (Kind::Query, "blue%20moon9")], "пароль, blue moon9").len(), 2);
        assert_eq!(found(&[(Kind::Query, "Zk3bQ9xT")], "令牌Zk3bQ9xT无效"), ["Zk3bQ9xT"]);
        assert_eq!(found(&[(Kind::Cookie, "theme=dark; sid=Zk3bQ9xT")], "dark Zk3bQ9xT"), ["Zk3bQ9xT"]);
        assert_eq!(found(&[(Kind::Userinfo, "ana:zorvak9")], "ana said zorvak9"), ["zorvak9"]);
        let connect = (Kind::Value, "<\0\x05ana-1\0\x06zorvak\0\x31zorvakmoonzorvakmoonzorvakmoonzorvakmoonzorvakmo9");
        assert_eq!(found(&[connect], "zorvak: no").len(), 1);
        assert_eq!(found(&[connect], "zorvakmoonzorvakmoonzorvakmoonzorvakmoonzorvakmo9").len(), 1);
        assert_eq!(found(&[(Kind::Authorization, "Bearer Zk3bQ9xT")], "no Zk3bQ9xT"), ["Zk3bQ9xT"]);
        assert_eq!(found(&[(Kind::Authorization, "Basic YW5hOnpvcnZhaw==")], "no zorvak"), ["zorvak"]);
        assert_eq!(found(&[(Kind::Value, r#"zor\"vak moon"#)], "no zor\"vak moon"), ["zor\"vak moon"]);
        assert_eq!(found(&[(Kind::Cookie, "sid=zorvakmoon; lang=english")], "zorvakmoon english"), ["zorvakmoon"]);
    }

    #[test]
    fn values_beyond_the_bound_are_not_forgotten_in_silence() {
        let mut known = Known::default();
        let mut learn = |number: usize| {
            known.learn(Kind::Value, format!("zorvak{number:07}").as_bytes());
            known.is_full()
        };
        assert!(!(0..limits::KNOWN_SECRETS).any(&mut learn));
        assert!(learn(limits::KNOWN_SECRETS));
    }

    #[test]
    fn words_are_no_values() {
        for (kind, value) in [
            (Kind::Query, "lobby-blue"),
            (Kind::Cookie, "lang=english"),
            (Kind::Value, "connection closed"),
            (Kind::Value, "short"),
            (Kind::Email, "ana@example.com"),
            (Kind::Subprotocol, "\u{202e}\u{202e}\u{202e}"),
        ] {
            assert_eq!(found(&[(kind, value)], value), [""; 0], "{value}");
        }
    }
}
