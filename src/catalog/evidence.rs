//! By what a connection shows whose close codes it uses.

use memchr::memmem::Finder;
use serde::Deserialize;

/// What fits: any one of each list. `*` stands for any characters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Of Sec-WebSocket-Protocol.
    #[serde(default)]
    pub subprotocols: Vec<Pattern>,
    /// Of the Host header, without its port.
    #[serde(default)]
    pub hosts: Vec<Pattern>,
    /// Of the request target; up to its query where the pattern has none.
    #[serde(default)]
    pub paths: Vec<Pattern>,
    /// How messages begin.
    #[serde(default)]
    pub messages: Vec<Pattern>,
}

/// What a connection shows of itself.
#[derive(Clone, Debug)]
pub struct Shown<'f> {
    /// The subprotocol chosen, else those offered.
    subprotocols: Vec<&'f str>,
    /// The Host header without its port, in small letters.
    host: Option<String>,
    /// The request target.
    target: Option<&'f str>,
    /// The request target up to its query.
    path: Option<&'f str>,
    /// How its last messages begin.
    messages: Vec<&'f [u8]>,
    /// The bytes that begin them: most patterns fit none already by their first.
    first_bytes: [bool; 256],
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
    /// All of them, in their order.
    const ALL: [Self; 4] = [Self::Subprotocol, Self::Host, Self::Path, Self::Messages];

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Its name in the word files and in JSON.
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
    /// Whether nothing could ever fit.
    pub const fn is_empty(&self) -> bool {
        self.subprotocols.is_empty() && self.hosts.is_empty() && self.paths.is_empty() && self.messages.is_empty()
    }

    /// Each kind of evidence, and its patterns.
    pub fn patterns(&self) -> [(Mark, &[Pattern]); 4] {
        [
            (Mark::Subprotocol, &self.subprotocols),
            (Mark::Host, &self.hosts),
            (Mark::Path, &self.paths),
            (Mark::Messages, &self.messages),
        ]
    }
}

/// The evidence of several registries in one list, for each connection is held against all of it.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// With the kind of evidence that it is, and its registry's position.
    patterns: Vec<(Pattern, Mark, usize)>,
    registries: usize,
}

impl Index {
    /// Of registries in their order.
    pub fn new<'e>(registries: impl Iterator<Item = &'e Evidence>) -> Self {
        let mut index = Self::default();
        for evidence in registries {
            for (mark, patterns) in evidence.patterns() {
                index.patterns.extend(patterns.iter().map(|pattern| (pattern.clone(), mark, index.registries)));
            }
            index.registries += 1;
        }
        index
    }

    /// The position of the first registry of which a connection shows most, and what it shows.
    pub fn shown_by(&self, shown: &Shown<'_>) -> Option<(usize, Vec<Mark>)> {
        // A bit for each mark.
        let mut found = vec![0_u8; self.registries];
        for (pattern, mark, registry) in &self.patterns {
            if shown.fits(pattern, *mark)
                && let Some(found) = found.get_mut(*registry)
            {
                *found |= mark.bit();
            }
        }
        let most = found.iter().map(|marks| marks.count_ones()).max().filter(|most| *most > 0)?;
        let (first, marks) = found.iter().enumerate().find(|(_, marks)| marks.count_ones() == most)?;
        Some((first, Mark::ALL.into_iter().filter(|mark| marks & mark.bit() != 0).collect()))
    }
}

impl<'f> Shown<'f> {
    /// What these messages show, and a request of this Host and this target.
    pub fn new(
        subprotocols: Vec<&'f str>,
        host: Option<&str>,
        target: Option<&'f str>,
        messages: Vec<&'f [u8]>,
    ) -> Self {
        let path = target.map(|target| target.split_once('?').map_or(target, |(path, _)| path));
        let host = host.map(|host| without_port(host).to_ascii_lowercase());
        let mut first_bytes = [false; 256];
        for byte in messages.iter().filter_map(|message| message.first()) {
            if let Some(is_first) = first_bytes.get_mut(usize::from(*byte)) {
                *is_first = true;
            }
        }
        Self { subprotocols, host, target, path, messages, first_bytes }
    }

    fn fits(&self, pattern: &Pattern, mark: Mark) -> bool {
        let fits = |text: &str| pattern.fits(text.as_bytes());
        match mark {
            Mark::Subprotocol => self.subprotocols.iter().any(|name| fits(name)),
            Mark::Host => self.host.as_deref().is_some_and(fits),
            Mark::Path if pattern.text.contains('?') => self.target.is_some_and(fits),
            Mark::Path => self.path.is_some_and(fits),
            Mark::Messages => {
                pattern.may_begin_with(&self.first_bytes) && self.messages.iter().any(|text| pattern.fits(text))
            }
        }
    }
}

/// A Host header without its port; a colon within brackets belongs to an IPv6 address.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

/// A text in which `*` stands for any characters, none included. Taken apart once: each connection is held against
/// hundreds of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    /// What stands before the first `*`; all of it where there is none.
    begin: usize,
    /// What stands behind the first `*`; `None` where there is none.
    rest: Option<Rest>,
}

/// What follows the first `*` of a pattern.
#[derive(Clone, Debug)]
struct Rest {
    /// Each ends at its `*`.
    pieces: Vec<Finder<'static>>,
    /// Where what stands behind the last `*` begins.
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
    /// Whether a text may fit that begins with one of these bytes.
    fn may_begin_with(&self, bytes: &[bool; 256]) -> bool {
        let first = self.text.as_bytes().first().filter(|_| self.begin > 0);
        first.is_none_or(|first| bytes.get(usize::from(*first)) == Some(&true))
    }

    /// Whether a text is as the pattern says. Nearly none is, and shows it at one of its ends.
    fn fits(&self, text: &[u8]) -> bool {
        let pattern = self.text.as_bytes();
        let Some(Rest { pieces, end }) = &self.rest else {
            return pattern == text;
        };
        let (begin, end) = (pattern.get(..self.begin).unwrap_or_default(), pattern.get(*end..).unwrap_or_default());
        let Some(mut left) = text.strip_prefix(begin).and_then(|text| text.strip_suffix(end)) else {
            return false;
        };
        // The first place leaves most for the pieces after it.
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
