//! Secrets that a report must not carry on: what stands in their place, and the same in every place.
//!
//! ```text
//! text from the wire ─ patterns (by form) · random (by look) · learnt (seen before) ─ [redacted:kind#n]
//! ```
//!
//! A UUID stays: it names a room, a trace, a connection, and whoever reads the report needs it to find the line in a
//! log. Where a UUID is a secret it stands in a place that is redacted for the place alone: a query value, a cookie, an
//! assignment to `token`.

pub mod anonymize;
mod assigned;
mod encoded;
mod names;
mod pairs;
pub mod patterns;
mod quoted;
pub mod random;
mod remarks;
pub mod secret;
pub mod subprotocol;
mod unescaped;

use std::collections::HashMap;
use std::net::SocketAddr;

use foldhash::fast::RandomState;

pub use secret::{Kind, Secret};

use self::anonymize::Anonymizer;
use crate::diagnose::{Evidence, Value};
use crate::http::Problem;
use crate::limits;

/// The least bytes of a query value that is looked for in other texts of its connection: shorter ones are words of
/// their own.
const LEARNT: usize = 4;

/// What a report may tell of whose traffic it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    /// Secrets are left as they are.
    pub show_secrets: bool,
    /// Other addresses and host names stand for the real ones.
    pub anonymize: bool,
    /// Characters that are told of how each of the last messages begins.
    pub previews: usize,
}

/// Replaces secrets. One for a report, for a value has the same number everywhere in it.
#[derive(Debug, Default)]
pub struct Redactor {
    /// Whether secrets are left as they are.
    shows: bool,
    /// Characters told of how a message begins.
    previews: usize,
    anonymizer: Option<Anonymizer>,
    /// Every value replaced so far.
    numbers: HashMap<Box<str>, usize, RandomState>,
    /// Query values of the connection at hand.
    learnt: Vec<Box<str>>,
    /// What became of texts that many connections have in common: a host, a browser.
    common: HashMap<Box<str>, Option<Box<str>>, RandomState>,
}

impl Redactor {
    /// One that keeps to `privacy`.
    pub fn new(privacy: Privacy) -> Self {
        let anonymizer = privacy.anonymize.then(Anonymizer::default);
        Self { shows: privacy.show_secrets, previews: privacy.previews, anonymizer, ..Self::default() }
    }

    /// Forgets what was learnt of one connection; the numbers stay.
    pub fn next_connection(&mut self) {
        self.learnt.clear();
    }

    /// Characters that may be told of how a message begins.
    pub const fn previews(&self) -> usize {
        self.previews
    }

    /// Any text from the wire.
    pub fn text(&mut self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let redacted = if self.shows { text.to_owned() } else { self.without_secrets(text) };
        match &mut self.anonymizer {
            Some(anonymizer) => anonymizer.text(&redacted),
            None => redacted,
        }
    }

    fn without_secrets(&mut self, text: &str) -> String {
        // A text that was kept only in part may end within a secret, and lacks the part of a character that it ended in.
        let is_cut = text.len() + char::MAX_LEN_UTF8 > limits::REFUSAL_BODY;
        let mut secrets = self.find_learnt(text);
        secrets.extend(match is_cut {
            true => patterns::find_in_window(text.as_bytes()),
            false => patterns::find(text.as_bytes()),
        });
        self.replace(text, &secret::disjoint(secrets))
    }

    /// The value of a Host header.
    pub fn host(&mut self, host: &str) -> String {
        match &mut self.anonymizer {
            Some(anonymizer) => anonymizer.host(host),
            None => self.common(host),
        }
    }

    /// Takes note of the names of a host and an origin, before any text is told in which they may stand.
    pub fn meet(&mut self, host: Option<&str>, origin: Option<&str>) {
        if let Some(anonymizer) = &mut self.anonymizer {
            host.into_iter().for_each(|host| drop(anonymizer.host(host)));
            origin.into_iter().for_each(|origin| drop(anonymizer.text(origin)));
        }
    }

    /// An endpoint of a connection.
    pub fn endpoint(&self, endpoint: SocketAddr) -> SocketAddr {
        self.anonymizer.as_ref().map_or(endpoint, |anonymizer| anonymizer.endpoint(endpoint))
    }

    /// A capture's path: the folders in it tell whose it is.
    pub fn path(&self, path: String) -> String {
        let name = || std::path::Path::new(&path).file_name()?.to_str().map(str::to_owned);
        self.anonymizer.as_ref().and_then(|_| name()).unwrap_or(path)
    }

    /// The values behind a sentence.
    pub fn evidence(&mut self, evidence: &[Evidence]) -> Vec<Evidence> {
        let mut value = |value: &Value| match value {
            Value::Wire(text) => Value::Wire(self.text(text)),
            Value::Hex(bytes) => Value::Hex(self.window(bytes)),
            Value::Excerpt(bytes) => Value::Wire(self.excerpt(bytes)),
            Value::Problem(problem) => Value::Problem(self.problem(problem)),
            Value::Endpoint(endpoint) => Value::Endpoint(self.endpoint(*endpoint)),
            other => other.clone(),
        };
        evidence.iter().map(|Evidence { name, value: it }| Evidence { name, value: value(it) }).collect()
    }

    /// A text that many connections have in common.
    pub fn common(&mut self, text: &str) -> String {
        // Names met later change what becomes of it.
        if self.anonymizer.is_some() {
            return self.text(text);
        }
        match self.common.get(text) {
            Some(known) => known.as_deref().unwrap_or(text).to_owned(),
            None => {
                let redacted = self.text(text);
                if self.common.len() < limits::SHARED_TEXTS {
                    let changed = (redacted != text).then(|| redacted.as_str().into());
                    self.common.insert(text.into(), changed);
                }
                redacted
            }
        }
    }

    /// A request target: the values of its query go, their names stay.
    pub fn target(&mut self, target: &str) -> String {
        let Some((path, query)) = target.split_once('?').filter(|_| !self.shows) else {
            return self.text(target);
        };
        let mut redacted = self.text(path);
        for (at, pair) in query.split('&').enumerate() {
            redacted.push(if at == 0 { '?' } else { '&' });
            match pair.split_once('=') {
                Some((name, "")) => redacted.extend([&*self.common(name), "="]),
                Some((name, value)) => {
                    redacted.extend([&*self.common(name), "="]);
                    self.learn(value);
                    self.put(Kind::Query, value, &mut redacted);
                }
                // A value without a name.
                None if !pair.is_empty() && !random::is_name(pair) => self.put(Kind::Query, pair, &mut redacted),
                None => redacted.push_str(pair),
            }
        }
        redacted
    }

    /// A list of subprotocols: names stay, what is passed for one goes.
    pub fn subprotocols(&mut self, list: &str) -> String {
        if self.shows {
            return list.to_owned();
        }
        let mut redacted = String::with_capacity(list.len());
        for (token, is_name) in subprotocol::tokens(list) {
            match is_name {
                true => redacted.push_str(token),
                false => self.put(Kind::Subprotocol, token, &mut redacted),
            }
        }
        redacted
    }

    /// What is wrong with an opening handshake: the texts in it are the peer's.
    pub fn problem(&mut self, problem: &Problem) -> Problem {
        match problem {
            Problem::Extension(extension) => Problem::Extension(self.text(extension).into()),
            Problem::ExtensionParameter(parameter) => Problem::ExtensionParameter(self.text(parameter).into()),
            Problem::Subprotocol(subprotocol) => Problem::Subprotocol(self.subprotocols(subprotocol).into()),
            other => other.clone(),
        }
    }

    /// Bytes of a payload, `None` for each that belongs to a secret. They are a window on a longer text: a run that
    /// touches its edge may go on beyond it.
    fn window(&self, bytes: &[Option<u8>]) -> Vec<Option<u8>> {
        let plain: Vec<_> = bytes.iter().map(|byte| byte.unwrap_or_default()).collect();
        let secrets = if self.shows { Vec::new() } else { patterns::find_in_window(&plain) };
        let is_secret = |at: &usize| secrets.iter().any(|secret| secret.range.contains(at));
        bytes.iter().enumerate().map(|(at, byte)| byte.filter(|_| !is_secret(&at))).collect()
    }

    /// A piece of a payload as text.
    fn excerpt(&mut self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        if self.shows {
            return text.into_owned();
        }
        let mut secrets = self.find_learnt(&text);
        secrets.extend(patterns::find_in_window(text.as_bytes()));
        self.replace(&text, &secret::disjoint(secrets))
    }

    /// Looks for a query value in every later text of the connection: a reason may repeat it.
    fn learn(&mut self, value: &str) {
        let decoded = percent_decoded(value);
        for form in [Some(value), decoded.as_deref()].into_iter().flatten() {
            if form.len() >= LEARNT && self.learnt.len() < limits::HEADER_LINES {
                self.learnt.push(form.into());
            }
        }
    }

    fn find_learnt(&self, text: &str) -> Vec<Secret> {
        let mut secrets = Vec::new();
        let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
        for value in &self.learnt {
            for (start, _) in text.match_indices(&**value) {
                let end = start + value.len();
                let before = text.get(..start).and_then(|before| before.chars().next_back());
                let behind = text.get(end..).and_then(|behind| behind.chars().next());
                if !is_word(before) && !is_word(behind) {
                    secrets.push(Secret { range: start..end, kind: Kind::Query });
                }
            }
        }
        secrets
    }

    fn replace(&mut self, text: &str, secrets: &[Secret]) -> String {
        let (mut redacted, mut from) = (String::with_capacity(text.len()), 0);
        for secret in secrets {
            redacted.push_str(text.get(from..secret.range.start).unwrap_or_default());
            self.put(secret.kind, text.get(secret.range.clone()).unwrap_or_default(), &mut redacted);
            from = secret.range.end;
        }
        redacted.push_str(text.get(from..).unwrap_or_default());
        redacted
    }

    /// Writes what stands for a value.
    fn put(&mut self, kind: Kind, value: &str, out: &mut String) {
        let next = self.numbers.len() + 1;
        let number = *self.numbers.entry(value.into()).or_insert(next);
        out.extend(["[redacted:", kind.name(), "#", &number.to_string(), "]"]);
    }
}

/// The text that `%XX` stand for (RFC 3986 §2.1), if it is another one and is UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let (first, rest) = text.split_once('%')?;
    let mut decoded = first.as_bytes().to_vec();
    for piece in rest.split('%') {
        decoded.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
        decoded.extend_from_slice(piece.get(2..)?.as_bytes());
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_values_go() {
        let mut redactor = Redactor::default();
        assert_eq!(
            redactor.target("/room/42?token=abc&user=eve&flag&empty=&again=abc"),
            "/room/42?token=[redacted:query#1]&user=[redacted:query#2]&flag&empty=&again=[redacted:query#1]"
        );
        assert_eq!(redactor.target("/room/42"), "/room/42");
        assert_eq!(redactor.target("/?hunter2"), "/?[redacted:query#3]");
        assert_eq!(Redactor::new(Privacy { show_secrets: true, ..Privacy::default() }).target("/?a=b"), "/?a=b");
    }

    #[test]
    fn a_value_keeps_its_number_whatever_it_is_called() {
        let mut redactor = Redactor::default();
        redactor.target("/?token=blue%20moon9");
        assert_eq!(redactor.text("no such token: blue moon9!"), "no such token: [redacted:query#2]!");
        assert_eq!(redactor.text("secret=blue%20moon9"), "secret=[redacted:query#1]");
        redactor.next_connection();
        assert_eq!(redactor.text("a blue moon9"), "a blue moon9");
    }

    #[test]
    fn bytes_of_a_secret_are_not_shown() {
        let shown = |bytes: &[u8]| {
            let window: Vec<_> = bytes.iter().copied().map(Some).collect();
            let shown = Redactor::default().window(&window);
            String::from_utf8_lossy(&shown.iter().map(|byte| byte.unwrap_or(b'.')).collect::<Vec<_>>()).into_owned()
        };
        assert_eq!(shown(b"the cafe\"}"), "the cafe\"}");
        assert_eq!(shown(b"4111111111111111"), ".".repeat(16));
        assert_eq!(shown(b"a \"pwd\":\"xyz\""), "a \"pwd\":\"...\"");
    }
}
