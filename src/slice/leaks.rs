//! Which secrets of a capture still stand in something that was made of it.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;

use super::suspects::{Suspect, suspects};
use super::views::{decoded, from_base64, from_hex};
use crate::report::redact::Kind;

/// The least bytes of a value that is looked for: shorter ones stand everywhere by accident.
pub const LEAST: usize = 4;

/// A secret that still stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// What it is.
    pub kind: Kind,
    /// The secret.
    pub value: Box<[u8]>,
    /// The form in which it stands.
    pub form: Form,
    /// How often.
    pub count: usize,
    /// Whether it surely is one; of others the reader must judge.
    pub is_sure: bool,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As it was.
    Plain,
    /// With the escapes of URLs, JSON or HTML.
    Escaped,
    /// In hexadecimal, with or without spaces.
    Hexadecimal,
    /// In base64, of any alphabet and alignment.
    Base64,
}

/// The secrets of a capture, as far as two independent searches tell: that of the redactor, and one by wider forms.
pub struct Secrets {
    all: BTreeMap<Vec<u8>, Suspect>,
    /// Those that are surely secret.
    sure: usize,
    /// Values too short to look for.
    short: usize,
    search: Option<AhoCorasick>,
}

impl Secrets {
    /// Those that were `found`, and what of `plain`, all that can be read of the capture, may be one.
    pub fn new(found: &[(Kind, Box<[u8]>)], plain: &[u8]) -> Self {
        let mut all = suspects(plain);
        let known: BTreeMap<&[u8], Kind> = found.iter().rev().map(|(kind, value)| (&**value, *kind)).collect();
        let short = known.keys().filter(|value| value.len() < LEAST).count();
        for (value, kind) in known.into_iter().filter(|(value, _)| value.len() >= LEAST) {
            all.insert(value.to_vec(), Suspect { kind, is_sure: true });
        }
        let sure = all.values().filter(|suspect| suspect.is_sure).count() + short;
        let search = AhoCorasick::builder().build(all.keys()).ok();
        Self { all, sure, short, search }
    }

    /// How many are surely secret, and how many of these are too short to look for.
    pub const fn counts(&self) -> (usize, usize) {
        (self.sure, self.short)
    }

    /// Those that stand in `output`, surest first.
    pub fn leaks(&self, output: &[u8]) -> Vec<Leak> {
        let (hex, base64) = (from_hex(output), from_base64(output));
        let plain = decoded(output);
        let views = [
            // Strings in strings, and those in an encoding.
            (Form::Escaped, decoded(&plain)),
            (Form::Escaped, plain),
            (Form::Hexadecimal, decoded(&hex)),
            (Form::Hexadecimal, hex),
            (Form::Base64, decoded(&base64)),
            (Form::Base64, base64),
        ];
        let mut counts: BTreeMap<(usize, Form), usize> = BTreeMap::new();
        for (form, view) in
            std::iter::once((Form::Plain, output)).chain(views.iter().map(|(form, view)| (*form, &**view)))
        {
            for (value, count) in self.count(view) {
                let most = counts.entry((value, form)).or_default();
                *most = count.max(*most);
            }
        }
        let all: Vec<_> = self.all.iter().collect();
        let plain: Vec<_> = counts.keys().filter(|(_, form)| *form == Form::Plain).map(|(at, _)| *at).collect();
        // Without escapes, what has none stands there once more.
        counts.retain(|(at, form), _| *form != Form::Escaped || plain.binary_search(at).is_err());
        let mut leaks: Vec<_> = counts
            .into_iter()
            .filter_map(|((at, form), count)| {
                let (value, suspect) = all.get(at)?;
                let Suspect { kind, is_sure } = **suspect;
                Some(Leak { kind, value: value.as_slice().into(), form, count, is_sure })
            })
            .collect();
        leaks.sort_by_key(|leak| !leak.is_sure);
        leaks
    }
}

impl Secrets {
    /// How often each of them stands in a text by itself.
    fn count(&self, text: &[u8]) -> BTreeMap<usize, usize> {
        let mut counts = BTreeMap::new();
        for found in self.search.iter().flat_map(|search| search.find_overlapping_iter(text)) {
            if stands_alone(text, found.range()) {
                *counts.entry(found.pattern().as_usize()).or_default() += 1;
            }
        }
        counts
    }
}

/// Whether a value stands there by itself, not within a word.
fn stands_alone(text: &[u8], range: std::ops::Range<usize>) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    !is_word(before) && !is_word(text.get(range.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_in_every_form() {
        let found = [(Kind::Query, Box::from(&b"a\"b<c>"[..])), (Kind::Cookie, Box::from(&b"abc"[..]))];
        let secrets = Secrets::new(&found, b"");
        let forms = |output: &str| secrets.leaks(output.as_bytes()).iter().map(|leak| leak.form).collect::<Vec<_>>();
        assert_eq!(forms("x=a\"b<c>;"), [Form::Plain]);
        assert_eq!(forms(r#"{"x":"a\"b<c>"}"#), [Form::Escaped]);
        assert_eq!(forms("a&quot;b&lt;c&gt;"), [Form::Escaped]);
        assert_eq!(forms("a%22b%3Cc%3e"), [Form::Escaped]);
        assert_eq!(forms("61 22 62 3c 63 3e"), [Form::Hexadecimal]);
        assert_eq!(forms("IGEiYjxjPiA="), [Form::Base64]);
        assert_eq!(forms("xa\"b<c>"), []);
        assert_eq!(secrets.counts(), (2, 1));
    }
}
