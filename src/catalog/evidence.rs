//! The evidence in a connection for the registry of its close codes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use memchr::memmem::Finder;
use serde::Deserialize;

/// Patterns by kind of evidence; any one of a list suffices. `*` stands for any characters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Patterns of Sec-WebSocket-Protocol.
    #[serde(default)]
    pub subprotocols: Vec<Pattern>,
    /// Patterns of the Host header, without its port.
    #[serde(default)]
    pub hosts: Vec<Pattern>,
    /// Patterns of the request target; a pattern without a query is matched against the target without its query.
    #[serde(default)]
    pub paths: Vec<Pattern>,
    /// Patterns of the beginnings of messages.
    #[serde(default)]
    pub messages: Vec<Pattern>,
}

/// The properties of a connection that are matched against evidence.
#[derive(Clone, Debug)]
pub struct Shown<'f> {
    /// The subprotocol chosen, else those offered.
    subprotocols: Vec<Text<'f>>,
    /// The Host header without its port.
    host: Option<Text<'f>>,
    /// The request target.
    target: Option<Text<'f>>,
    /// The request target up to its query.
    path: Option<Text<'f>>,
    /// The beginnings of its last messages.
    messages: Vec<Text<'f>>,
}

/// A text to be matched against patterns.
#[derive(Clone, Debug)]
struct Text<'f> {
    bytes: Cow<'f, [u8]>,
    /// The first bytes, padded with zeros: they rule out most patterns cheaply.
    head: u128,
}

impl<'f> Text<'f> {
    fn new(bytes: impl Into<Cow<'f, [u8]>>) -> Self {
        let bytes = bytes.into();
        Self { head: head(&bytes), bytes }
    }
}

/// Returns the first bytes as a number, padded with zeros.
fn head(bytes: &[u8]) -> u128 {
    let mut head = [0; size_of::<u128>()];
    head.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    u128::from_ne_bytes(head)
}

/// A kind of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The subprotocol.
    Subprotocol,
    /// The Host header.
    Host,
    /// The path.
    Path,
    /// The form of the messages.
    Messages,
}

impl Mark {
    /// All kinds, in their order.
    const ALL: [Self; 4] = [Self::Subprotocol, Self::Host, Self::Path, Self::Messages];

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Returns the name in the word files and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subprotocol => "subprotocol",
            Self::Host => "host",
            Self::Path => "path",
            Self::Messages => "messages",
        }
    }
}

impl Evidence {
    /// Returns whether there are no patterns, so that nothing can match.
    pub const fn is_empty(&self) -> bool {
        self.subprotocols.is_empty() && self.hosts.is_empty() && self.paths.is_empty() && self.messages.is_empty()
    }

    /// Returns each kind of evidence with its patterns.
    pub fn patterns(&self) -> [(Mark, &[Pattern]); 4] {
        [
            (Mark::Subprotocol, &self.subprotocols),
            (Mark::Host, &self.hosts),
            (Mark::Path, &self.paths),
            (Mark::Messages, &self.messages),
        ]
    }
}

/// The evidence of several registries by its kind, since each connection is matched against all of it.
#[derive(Clone, Debug, Default)]
pub struct Index {
    subprotocols: Entries,
    hosts: Entries,
    paths: Entries,
    /// The patterns of paths with a query.
    targets: Entries,
    messages: Entries,
    registries: usize,
}

/// Patterns by the first byte of the texts that they match. Most texts begin like no pattern at all.
#[derive(Clone, Debug, Default)]
struct Entries {
    by_first: BTreeMap<u8, Vec<Entry>>,
    /// The patterns that begin with a `*`, or are empty.
    others: Vec<Entry>,
}

impl Entries {
    fn push(&mut self, entry: Entry) {
        match entry.pattern.text.bytes().next().filter(|_| entry.pattern.begin > 0) {
            Some(first) => self.by_first.entry(first).or_default().push(entry),
            None => self.others.push(entry),
        }
    }

    /// Returns the patterns that a text matches.
    fn fitting(&self, text: &Text<'_>) -> impl Iterator<Item = &Entry> {
        let like_it = text.bytes.first().and_then(|first| self.by_first.get(first)).map_or(&[][..], Vec::as_slice);
        like_it.iter().chain(&self.others).filter(|entry| entry.fits(text))
    }
}

/// A pattern of a registry.
#[derive(Clone, Debug)]
struct Entry {
    pattern: Pattern,
    /// The position of the registry.
    registry: usize,
    /// The first bytes of a matching text, as [`head`] returns them, and a mask with ones at these bytes.
    head: (u128, u128),
}

impl Entry {
    fn new(pattern: &Pattern, registry: usize) -> Self {
        let begin = pattern.text.as_bytes().get(..pattern.begin).unwrap_or_default();
        let places = vec![u8::MAX; begin.len()];
        Self { pattern: pattern.clone(), registry, head: (head(begin), head(&places)) }
    }

    fn fits(&self, text: &Text<'_>) -> bool {
        let (head, places) = self.head;
        text.head & places == head && self.pattern.fits(&text.bytes)
    }
}

impl Index {
    /// Creates the index of registries, in their order.
    pub fn new<'e>(registries: impl Iterator<Item = &'e Evidence>) -> Self {
        let mut index = Self::default();
        for evidence in registries {
            for (mark, patterns) in evidence.patterns() {
                for pattern in patterns {
                    let entries = match mark {
                        Mark::Subprotocol => &mut index.subprotocols,
                        Mark::Host => &mut index.hosts,
                        Mark::Path if pattern.text.contains('?') => &mut index.targets,
                        Mark::Path => &mut index.paths,
                        Mark::Messages => &mut index.messages,
                    };
                    entries.push(Entry::new(pattern, index.registries));
                }
            }
            index.registries += 1;
        }
        index
    }

    /// Returns the position of the registry with most kinds of evidence in a connection, and these kinds. The first of
    /// equals is returned, `None` without any evidence.
    pub fn shown_by(&self, shown: &Shown<'_>) -> Option<(usize, Vec<Mark>)> {
        // One bit for each mark.
        let mut found = vec![0_u8; self.registries];
        let mut hold = |mark: Mark, entries: &Entries, texts: &[Text<'_>]| {
            for entry in texts.iter().flat_map(|text| entries.fitting(text)) {
                if let Some(found) = found.get_mut(entry.registry) {
                    *found |= mark.bit();
                }
            }
        };
        hold(Mark::Subprotocol, &self.subprotocols, &shown.subprotocols);
        hold(Mark::Host, &self.hosts, shown.host.as_slice());
        hold(Mark::Path, &self.paths, shown.path.as_slice());
        hold(Mark::Path, &self.targets, shown.target.as_slice());
        hold(Mark::Messages, &self.messages, &shown.messages);
        let most = found.iter().map(|marks| marks.count_ones()).max().filter(|most| *most > 0)?;
        let (first, marks) = found.iter().enumerate().find(|(_, marks)| marks.count_ones() == most)?;
        Some((first, Mark::ALL.into_iter().filter(|mark| marks & mark.bit() != 0).collect()))
    }
}

impl<'f> Shown<'f> {
    /// Collects the evidence in these messages, and in a request with this Host and this target.
    pub fn new(
        subprotocols: Vec<&'f str>,
        host: Option<&str>,
        target: Option<&'f str>,
        messages: Vec<&'f [u8]>,
    ) -> Self {
        let path = target.map(|target| target.split_once('?').map_or(target, |(path, _)| path));
        Self {
            subprotocols: subprotocols.into_iter().map(|name| Text::new(name.as_bytes())).collect(),
            // Host names are case-insensitive.
            host: host.map(|host| Text::new(without_port(host).to_ascii_lowercase().into_bytes())),
            target: target.map(|target| Text::new(target.as_bytes())),
            path: path.map(|path| Text::new(path.as_bytes())),
            messages: messages.into_iter().map(Text::new).collect(),
        }
    }
}

/// Returns a Host header without its port; a colon within brackets belongs to an IPv6 address.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

/// A text in which `*` stands for any characters, including none. It is split once, because each connection is matched
/// against hundreds of patterns.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    /// The text as written.
    pub text: String,
    /// The length of the part before the first `*`, or of the whole text if there is none.
    begin: usize,
    /// The part after the first `*`; `None` if there is none.
    rest: Option<Rest>,
}

/// The part of a pattern after the first `*`.
#[derive(Clone, Debug)]
struct Rest {
    /// The pieces that are followed by a `*`.
    pieces: Vec<Finder<'static>>,
    /// The offset of the part after the last `*`.
    end: usize,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        let begin = text.find('*').unwrap_or(text.len());
        let rest = text.split_once('*').map(|(_, rest)| {
            let (pieces, end) = rest.rsplit_once('*').unwrap_or(("", rest));
            let pieces = pieces.split('*').filter(|piece| !piece.is_empty());
            Rest { pieces: pieces.map(|piece| Finder::new(piece).into_owned()).collect(), end: text.len() - end.len() }
        });
        Self { text, begin, rest }
    }
}

impl Pattern {
    /// Returns whether the whole text matches the pattern.
    fn fits(&self, text: &[u8]) -> bool {
        let pattern = self.text.as_bytes();
        let Some(Rest { pieces, end }) = &self.rest else {
            return pattern == text;
        };
        let (begin, end) = (pattern.get(..self.begin).unwrap_or_default(), pattern.get(*end..).unwrap_or_default());
        let Some(mut left) = text.strip_prefix(begin).and_then(|text| text.strip_suffix(end)) else {
            return false;
        };
        // The first match leaves most of the text for the later pieces.
        for piece in pieces {
            match piece.find(left).and_then(|place| left.get(place + piece.needle().len()..)) {
                Some(after) => left = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("*.discord.gg", "gateway.discord.gg", true),
            ("*.discord.gg", "discord.gg", false),
            ("/api/*/pods/*/exec", "/api/v1/pods/web/exec", true),
            ("/api/*/pods/*/exec", "/api/v1/pods/web/execute", false),
            ("*aa", "aaa", true),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(Pattern::from(pattern.to_owned()).fits(text.as_bytes()), expected, "{pattern} {text}");
        }
        assert_eq!(without_port("[::1]:80"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("a.example:80"), "a.example");
    }
}
