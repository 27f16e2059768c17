//! By what a connection shows whose close codes it uses.

use std::borrow::Cow;

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
#[derive(Clone, Debug, Default)]
pub struct Shown<'f> {
    /// The subprotocol chosen, else those offered.
    pub subprotocols: Vec<&'f str>,
    /// The Host header.
    pub host: Option<&'f str>,
    /// The request target.
    pub target: Option<&'f str>,
    /// How its last messages begin.
    pub messages: Vec<Cow<'f, str>>,
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

    /// What of it a connection shows.
    pub fn shown_by(&self, shown: &Shown<'_>) -> Vec<Mark> {
        let host = shown.host.map(without_port);
        let path = |target: &str, pattern: &Pattern| match target.split_once('?') {
            Some((path, _)) if !pattern.text.contains('?') => pattern.fits(path),
            _ => pattern.fits(target),
        };
        let any = |patterns: &[Pattern], text: &str| patterns.iter().any(|pattern| pattern.fits(text));
        let found = |mark, patterns: &[Pattern]| match mark {
            Mark::Subprotocol => shown.subprotocols.iter().any(|name| any(patterns, name)),
            Mark::Host => !patterns.is_empty() && host.is_some_and(|host| any(patterns, &host.to_ascii_lowercase())),
            Mark::Path => shown.target.is_some_and(|target| patterns.iter().any(|pattern| path(target, pattern))),
            Mark::Messages => shown.messages.iter().any(|text| any(patterns, text)),
        };
        self.patterns().into_iter().filter(|(mark, patterns)| found(*mark, patterns)).map(|(mark, _)| mark).collect()
    }
}

/// A Host header without its port; a colon within brackets belongs to an IPv6 address.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

/// A text in which `*` stands for any characters, none included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    /// What stands before the first `*`; all of it where there is none.
    begin: usize,
    /// Where what stands behind the last `*` begins; `None` where there is none.
    end: Option<usize>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        let (begin, end) = (text.find('*').unwrap_or(text.len()), text.rfind('*').map(|last| last + 1));
        Self { text, begin, end }
    }
}

impl Pattern {
    /// Whether a text is as the pattern says. Nearly none is, and shows it at one of its ends.
    fn fits(&self, text: &str) -> bool {
        let Some(end) = self.end else {
            return self.text == text;
        };
        let (begin, end) = (self.text.get(..self.begin).unwrap_or_default(), self.text.get(end..).unwrap_or_default());
        if !text.starts_with(begin) || !text.ends_with(end) || text.len() < begin.len() + end.len() {
            return false;
        }
        let mut left = text.get(begin.len()..text.len() - end.len()).unwrap_or_default();
        let between = self.text.get(self.begin + 1..self.text.len() - end.len()).unwrap_or_default();
        // Each ends at its `*`. The first place leaves most for the pieces after it.
        for piece in between.split_terminator('*') {
            match left.split_once(piece) {
                Some((_, after)) => left = after,
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
            assert_eq!(Pattern::from(pattern.to_owned()).fits(text), expected, "{pattern} {text}");
        }
        assert_eq!(without_port("[::1]:80"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("a.example:80"), "a.example");
    }
}
