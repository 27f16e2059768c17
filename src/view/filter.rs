//! The language of the filter: `code:1006 rule:idle* side:server host:*.example.com path~chat life>30s conf:high bad`, and any
//! other words as text.
//!
//! A connection is shown if every term fits it. `!` before a term turns it round, and quotation marks keep spaces:
//! `!code:1000 "going away"`.

use std::ops::RangeInclusive;
use std::time::Duration;

use memchr::memmem::Finder;

use crate::diagnose::{Confidence, RULES};
use crate::ending::Kind;
use crate::report::Connection;
use crate::report::selection::{Selection, fits, lifetime};
use crate::side::Side;

/// What connections are filtered by. By default, all are shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    terms: Vec<Term>,
}

/// A term that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The term as typed.
    pub term: String,
    /// A term of the same kind that is understood.
    pub example: &'static str,
}

#[derive(Clone, Debug)]
struct Term {
    is_negated: bool,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    /// A text in lower case, anywhere.
    Text(Box<Finder<'static>>),
    /// The code; no ranges stand for none.
    Code(Vec<RangeInclusive<u16>>),
    Rule(String),
    Side(Option<Side>),
    /// A host or a path, as the options of reports select them.
    Selected(Box<Selection>),
    HostHas(String),
    PathHas(String),
    LongerThan(Duration),
    ShorterThan(Duration),
    Confidence(Confidence),
    Bad,
    Good,
    Open,
}

impl Filter {
    /// Parses a filter: the terms that are understood, and the first one that is not.
    pub(super) fn parse(text: &str) -> (Self, Option<Fault>) {
        let (mut terms, mut fault) = (Vec::new(), None);
        for word in words(text) {
            match Term::parse(&word) {
                Ok(term) => terms.push(term),
                Err(other) => fault = fault.or(Some(other)),
            }
        }
        (Self { terms }, fault)
    }

    /// Returns whether every connection is shown.
    pub(super) const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Returns whether texts are looked for.
    pub(super) fn has_texts(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::Text(_)))
    }

    /// Returns whether a connection is shown; `text` is its [`searched`] text, which is needed only if the filter
    /// [has texts](Self::has_texts).
    pub(super) fn fits(&self, connection: &Connection, text: &str) -> bool {
        self.terms.iter().all(|term| term.test.fits(connection, text) != term.is_negated)
    }
}

/// Appends everything of a connection that free text is looked for in, in lower case, one a line.
pub(super) fn searched(connection: &Connection, all: &mut String) {
    let Connection { client, server, handshake, verdict, .. } = connection;
    let optional = [&handshake.target, &handshake.host, &handshake.user_agent, &handshake.server];
    let texts = optional.into_iter().flatten().map(String::as_str);
    let given = [&**client, server, &verdict.title, &verdict.summary, verdict.rule.name];
    for text in given.into_iter().chain(texts).chain(connection.reason()) {
        let start = all.len();
        if text.is_ascii() {
            all.push_str(text);
            all.get_mut(start..).into_iter().for_each(str::make_ascii_lowercase);
        } else {
            all.push_str(&text.to_lowercase());
        }
        all.push('\n');
    }
}

/// Splits a text at its spaces, but for those in quotation marks, which are removed.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    for character in text.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(character),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

impl Term {
    fn parse(word: &str) -> Result<Self, Fault> {
        let (is_negated, bare) = match word.strip_prefix('!') {
            Some(bare) if !bare.is_empty() => (true, bare),
            _ => (false, word),
        };
        let test = Test::parse(bare).map_err(|example| Fault { term: word.to_owned(), example })?;
        Ok(Self { is_negated, test })
    }
}

impl Test {
    /// Parses a term; the error is an example of how to write one.
    fn parse(term: &str) -> Result<Self, &'static str> {
        let split = term.find([':', '~', '>', '<', '=']).and_then(|at| term.split_at_checked(at));
        let Some((name, rest)) = split else {
            return Ok(match term {
                "bad" => Self::Bad,
                "good" => Self::Good,
                "open" => Self::Open,
                _ => Self::text(term),
            });
        };
        let (sign, value) = rest.split_at_checked(1).unwrap_or((rest, ""));
        let equal = matches!(sign, ":" | "=");
        let lower = || value.to_lowercase();
        match name {
            "code" if equal => codes(value).ok_or("code:1006").map(Self::Code),
            "rule" if equal && RULES.iter().any(|rule| fits(value, rule.name)) => Ok(Self::Rule(value.to_owned())),
            "rule" => Err("rule:idle*"),
            "side" if equal => match value {
                "client" => Ok(Self::Side(Some(Side::Client))),
                "server" => Ok(Self::Side(Some(Side::Server))),
                "nobody" => Ok(Self::Side(None)),
                _ => Err("side:server"),
            },
            "conf" if equal => match value {
                "certain" => Ok(Self::Confidence(Confidence::Certain)),
                "high" => Ok(Self::Confidence(Confidence::High)),
                "medium" => Ok(Self::Confidence(Confidence::Medium)),
                "low" => Ok(Self::Confidence(Confidence::Low)),
                _ => Err("conf:certain"),
            },
            "host" | "path" if value.is_empty() => Err(if name == "host" { "host:*.com" } else { "path~chat" }),
            "host" if equal => Ok(selected(Selection { hosts: vec![value.to_owned()], ..Selection::default() })),
            "path" if equal => Ok(selected(Selection { paths: vec![value.to_owned()], ..Selection::default() })),
            "host" if sign == "~" => Ok(Self::HostHas(lower())),
            "path" if sign == "~" => Ok(Self::PathHas(lower())),
            "life" => match (sign, lifetime(value)) {
                (">", Ok(time)) => Ok(Self::LongerThan(time)),
                ("<", Ok(time)) => Ok(Self::ShorterThan(time)),
                _ => Err("life>30s"),
            },
            "code" => Err("code:1006"),
            "side" => Err("side:server"),
            "conf" => Err("conf:certain"),
            "host" => Err("host:*.com"),
            "path" => Err("path~chat"),
            // An address, or any other text.
            _ => Ok(Self::text(term)),
        }
    }

    fn text(term: &str) -> Self {
        Self::Text(Box::new(Finder::new(&term.to_lowercase()).into_owned()))
    }

    fn fits(&self, connection: &Connection, text: &str) -> bool {
        let has = |value: Option<&str>, part: &str| value.is_some_and(|value| value.to_lowercase().contains(part));
        let is_longer = |time: &Duration| connection.lifetime > time.as_secs_f64();
        match self {
            Self::Text(part) => part.find(text.as_bytes()).is_some(),
            Self::Code(ranges) => match connection.code() {
                Some(code) => ranges.iter().any(|range| range.contains(&code)),
                None => ranges.is_empty(),
            },
            Self::Rule(pattern) => fits(pattern, connection.verdict.rule.name),
            Self::Side(side) => connection.closed_by == *side,
            Self::Selected(selection) => selection.matches(connection),
            Self::HostHas(part) => {
                let sni = connection.tls.as_ref().and_then(|tls| tls.sni.as_deref());
                [connection.handshake.host.as_deref(), sni, Some(&*connection.server)]
                    .iter()
                    .any(|name| has(*name, part))
            }
            Self::PathHas(part) => has(connection.handshake.path.as_deref(), part),
            Self::LongerThan(time) => is_longer(time),
            Self::ShorterThan(time) => connection.lifetime < time.as_secs_f64(),
            Self::Confidence(confidence) => connection.verdict.confidence == *confidence,
            Self::Bad => connection.is_abnormal(),
            Self::Good => connection.is_normal(),
            Self::Open => connection.ending == Kind::Open,
        }
    }
}

fn selected(selection: Selection) -> Test {
    Test::Selected(Box::new(selection))
}

/// Parses `1006`, `1001,1006`, `4000-4999` or `none`.
fn codes(text: &str) -> Option<Vec<RangeInclusive<u16>>> {
    if text == "none" {
        return Some(Vec::new());
    }
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    text.split(',').map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_spaces_outside_of_quotation_marks() {
        assert_eq!(words(r#"  code:1006 "going away"  path~"a b" "#), ["code:1006", "going away", "path~a b"]);
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn what_is_not_understood_is_named_with_an_example() {
        for (text, example) in [
            ("code:", "code:1006"),
            ("code:99999", "code:1006"),
            ("code>1000", "code:1006"),
            ("rule:nonsense", "rule:idle*"),
            ("side:us", "side:server"),
            ("host:", "host:*.com"),
            ("path:", "path~chat"),
            ("life:30s", "life>30s"),
            ("life>30", "life>30s"),
            ("conf:sure", "conf:certain"),
            ("!code:x", "code:1006"),
        ] {
            let (filter, fault) = Filter::parse(&format!("bad {text} 10.0.0.1"));
            assert_eq!(fault, Some(Fault { term: text.to_owned(), example }));
            assert_eq!(filter.terms.len(), 2, "the others count");
        }
    }

    #[test]
    fn everything_else_is_text() {
        for text in ["", "10.0.0.1:80", "[::1]:80", "a=b", "token:abc", "!", "good bad open", "code:none life<5m"] {
            assert_eq!(Filter::parse(text).1, None, "{text}");
        }
        assert!(Filter::parse("10.0.0.1:80").0.has_texts());
        assert!(!Filter::parse("bad").0.has_texts());
    }
}
