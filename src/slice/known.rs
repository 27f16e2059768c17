//! Values that are known to be secret from one place of a capture, and are looked for in all others.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::report::redact::random::is_name;
use crate::report::redact::{Kind, Secret};

/// The least bytes of a value that is looked for: shorter ones are words or numbers of their own.
const LEAST: usize = 6;

/// Known values.
#[derive(Debug)]
pub struct Known(AhoCorasick);

impl Known {
    /// Those of these secrets that are no words of their own, as the values of many queries are; `None` without any.
    pub fn new(secrets: &[(Kind, Box<[u8]>)]) -> Option<Self> {
        let is_own = |kind: Kind, value: &[u8]| match kind {
            Kind::Query => !std::str::from_utf8(value).is_ok_and(is_name),
            Kind::Email => false,
            _ => true,
        };
        let own = secrets.iter().filter(|(kind, value)| value.len() >= LEAST && is_own(*kind, value));
        let values: BTreeSet<&[u8]> = own.map(|(_, value)| &**value).collect();
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&values).ok()?;
        (!values.is_empty()).then_some(Self(search))
    }

    /// Where they stand in a text by themselves.
    pub fn find(&self, text: &[u8]) -> Vec<Secret> {
        let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let found = self.0.find_iter(text).map(|found| found.range());
        let alone = found.filter(|range| {
            let before = range.start.checked_sub(1).and_then(|at| text.get(at));
            !is_word(before) && !is_word(text.get(range.end))
        });
        alone.map(|range| Secret { range, kind: Kind::Value }).collect()
    }
}
