//! Removal of secrets from a report. A placeholder with a number replaces each secret: the same number wherever the
//! value occurs.
//!
//! ```text
//! text from the wire ─ patterns (by form) · random (by look) · known (secret in another place) ─ [redacted:kind#n]
//!     window on a text ─ the same over the bytes around it
//!  the client's message ─ prompts (whether it answers a question for a secret)
//! ```
//!
//! All secrets of a capture are collected before the first line of its report is written. A live line knows only those
//! that came before it.
//!
//! A UUID is kept: it names a room, a trace or a connection, and the reader of the report needs it to find the line in
//! a log. A UUID that is a secret is in a place that is redacted whatever it contains: a query value, a cookie, an
//! assignment to `token`.

pub mod anonymize;
mod assigned;
mod encoded;
pub mod known;
mod learning;
pub mod names;
mod pairs;
pub mod patterns;
pub mod prompts;
mod quoted;
pub mod random;
mod remarks;
pub mod secret;
pub mod subprotocol;
mod unescaped;
mod window;

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::ops::Range;

use foldhash::fast::RandomState;

pub use learning::Secrets;
pub use secret::{Kind, Secret};

use self::anonymize::Anonymizer;
use crate::diagnose::{Evidence, Value};
use crate::facts::Facts;
use crate::http::Problem;
use crate::limits;
use crate::side::Side;
use crate::ws::violation::Context;

/// The privacy settings of a report: the details it may contain about whose traffic it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    /// Whether secrets are left as they are.
    pub show_secrets: bool,
    /// Whether real addresses and host names are replaced by others.
    pub anonymize: bool,
    /// The number of characters shown of the beginning of each of the last messages.
    pub previews: usize,
}

/// A replacer of secrets. A report uses a single one, because a value has the same number everywhere in it.
#[derive(Debug, Default)]
pub struct Redactor {
    /// Whether secrets are left as they are.
    shows: bool,
    /// The number of characters shown of the beginning of a message.
    previews: usize,
    anonymizer: Option<Anonymizer>,
    /// A hash of every value replaced so far, with its number: a capture may have a different one for each connection.
    numbers: HashMap<u64, u32, RandomState>,
    /// The secrets of all connections.
    secrets: Secrets,
    /// Query values, and answers to questions for secrets, of the current connection.
    learnt: Vec<Box<str>>,
    /// The header ends of the client's messages that are answers to such questions, as stream offsets.
    answers: Vec<u64>,
    /// The results for texts that many connections have in common, such as a host or a browser: the changes of `known` at
    /// that time, and the redacted text, or `None` if nothing changed.
    common: HashMap<Box<str>, (u64, Option<Box<str>>), RandomState>,
}

impl Redactor {
    /// Creates a redactor with the settings in `privacy`.
    pub fn new(privacy: Privacy) -> Self {
        let anonymizer = privacy.anonymize.then(Anonymizer::default);
        let secrets = Secrets::new(privacy);
        Self { shows: privacy.show_secrets, previews: privacy.previews, anonymizer, secrets, ..Self::default() }
    }

    /// Adds the secrets of connections.
    pub fn know(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    /// Starts the next connection: forgets what was learnt from the previous one, and learns the answers to questions
    /// for secrets in this one. The numbers of values are kept.
    pub fn next_connection(&mut self, facts: &Facts) {
        self.learnt.clear();
        let answers = if self.shows { Vec::new() } else { learning::answers(facts) };
        for header_end in &answers {
            let answer = facts.previews.get(Side::Client, *header_end).and_then(prompts::answer);
            answer.into_iter().for_each(|answer| self.learn(&String::from_utf8_lossy(answer)));
        }
        self.answers = answers;
    }

    /// Returns the beginning of a message, redacted. `header_end` is the stream offset just past its header. An answer
    /// to a question for a secret is redacted as a whole.
    pub fn preview(&mut self, side: Side, header_end: u64, message: &[u8]) -> String {
        if side == Side::Client && self.answers.contains(&header_end) {
            let mut redacted = String::new();
            // All keys typed get the same number, so that the report does not reveal which of them are equal.
            let is_key = prompts::goes_on(message) || prompts::answer(message).is_none();
            let value = if is_key { Cow::Borrowed("") } else { String::from_utf8_lossy(message) };
            self.put(Kind::Value, &value, &mut redacted);
            return redacted;
        }
        self.text(&String::from_utf8_lossy(message))
    }

    /// Returns the number of characters that may be shown of the beginning of a message.
    pub const fn previews(&self) -> usize {
        self.previews
    }

    /// Redacts any text from the wire.
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
        // A text that was kept only in part may end within a secret. It may be up to a character shorter than the
        // bound, because an incomplete character at its end is dropped.
        let is_cut = text.len() + char::MAX_LEN_UTF8 > limits::REFUSAL_BODY;
        let mut secrets = self.find_learnt(text);
        secrets.extend(match is_cut {
            true => patterns::find_in_window(text.as_bytes()),
            false if self.secrets.is_harmless(text) => Vec::new(),
            false => patterns::find(text.as_bytes()),
        });
        secrets.extend(self.secrets.known.find(text.as_bytes()));
        self.replace(text, &secret::disjoint(secrets))
    }

    /// Redacts the value of a Host header.
    pub fn host(&mut self, host: &str) -> String {
        match &mut self.anonymizer {
            Some(anonymizer) => anonymizer.host(host),
            None => self.common(host),
        }
    }

    /// Returns an endpoint of a connection, anonymized if the settings say so.
    pub fn endpoint(&self, endpoint: SocketAddr) -> SocketAddr {
        self.anonymizer.as_ref().map_or(endpoint, |anonymizer| anonymizer.endpoint(endpoint))
    }

    /// Returns a capture's path. Anonymized, it is only the file name, because the folders reveal whose capture it is.
    pub fn path(&self, path: String) -> String {
        let name = || std::path::Path::new(&path).file_name()?.to_str().map(str::to_owned);
        self.anonymizer.as_ref().and_then(|_| name()).unwrap_or(path)
    }

    /// Redacts the values behind a sentence.
    pub fn evidence(&mut self, evidence: &[Evidence]) -> Vec<Evidence> {
        let mut value = |value: &Value| match value {
            Value::Wire(text) => Value::Wire(self.text(text)),
            Value::Window(context) => Value::Hex { bytes: self.window(context), fault: context.fault() },
            Value::Excerpt(context) => Value::Wire(self.excerpt(context)),
            Value::Problem(problem) => Value::Problem(self.problem(problem)),
            Value::Endpoint(endpoint) => Value::Endpoint(self.endpoint(*endpoint)),
            other => other.clone(),
        };
        evidence.iter().map(|Evidence { name, value: it }| Evidence { name, value: value(it) }).collect()
    }

    /// Redacts a text that many connections have in common, and caches the result.
    pub fn common(&mut self, text: &str) -> String {
        // Not cached: host names met later change the result.
        if self.anonymizer.is_some() {
            return self.text(text);
        }
        match self.common.get(text) {
            Some((known, redacted)) if *known == self.secrets.known.changes() => {
                redacted.as_deref().unwrap_or(text).to_owned()
            }
            _ => {
                let redacted = self.text(text);
                if self.common.len() < limits::SHARED_TEXTS || self.common.contains_key(text) {
                    let changed = (redacted != text).then(|| redacted.as_str().into());
                    self.common.insert(text.into(), (self.secrets.known.changes(), changed));
                }
                redacted
            }
        }
    }

    /// Redacts a request target. The values of its query are replaced, their names are kept.
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

    /// Redacts a list of subprotocols. Names are kept, credentials passed in place of a name are replaced.
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

    /// Redacts a problem of an opening handshake, since it may contain texts of the peer.
    pub fn problem(&mut self, problem: &Problem) -> Problem {
        match problem {
            Problem::Extension(extension) => Problem::Extension(self.text(extension).into()),
            Problem::ExtensionParameter(parameter) => Problem::ExtensionParameter(self.text(parameter).into()),
            Problem::Subprotocol(subprotocol) => Problem::Subprotocol(self.subprotocols(subprotocol).into()),
            other => other.clone(),
        }
    }

    /// Returns the shown bytes of a payload, with `None` for each that belongs to a secret.
    fn window(&self, context: &Context) -> Vec<Option<u8>> {
        let secrets = self.find_around(context);
        let is_secret = |at: &usize| secrets.iter().any(|secret| secret.range.contains(at));
        let places = context.shown().zip(context.bytes());
        places.map(|(at, byte)| Some(*byte).filter(|_| !is_secret(&at))).collect()
    }

    /// Returns the shown piece of a payload as text, redacted.
    fn excerpt(&mut self, context: &Context) -> String {
        let (secrets, text, shown) = (self.find_around(context), context.text(), context.shown());
        let piece = |range: Range<usize>| String::from_utf8_lossy(text.get(range).unwrap_or_default());
        let (mut redacted, mut from) = (String::new(), shown.start);
        for secret in secrets.iter().filter(|secret| secret.range.start < shown.end && shown.start < secret.range.end) {
            redacted.push_str(&piece(from..secret.range.start.max(from)));
            self.put(secret.kind, &piece(secret.range.clone()), &mut redacted);
            from = secret.range.end.min(shown.end);
        }
        redacted.push_str(&piece(from..shown.end));
        redacted
    }

    /// Returns the secrets in the shown bytes and the text around them, in order and without overlaps.
    fn find_around(&self, context: &Context) -> Vec<Secret> {
        if self.shows {
            return Vec::new();
        }
        let mut secrets = window::find(context);
        secrets.extend(self.secrets.known.find(context.text()));
        let mut start = 0;
        for chunk in context.text().utf8_chunks() {
            let learnt = self.find_learnt(chunk.valid()).into_iter();
            secrets.extend(
                learnt.map(|Secret { range, kind }| Secret { range: start + range.start..start + range.end, kind }),
            );
            start += chunk.valid().len() + chunk.invalid().len();
        }
        secret::disjoint(secrets)
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

    /// Appends the placeholder of a value to `out`.
    fn put(&mut self, kind: Kind, value: &str, out: &mut String) {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
        let hash = self.numbers.hasher().hash_one(value);
        let number = *self.numbers.entry(hash).or_insert(next);
        out.extend(["[redacted:", kind.name(), "#", &number.to_string(), "]"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::Seen;
    use crate::side::PerSide;

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
        let ends = "10.0.0.1:80".parse().unwrap();
        redactor.next_connection(&Facts::new(0, PerSide { client: ends, server: ends }, Seen::default()));
        assert_eq!(redactor.text("a blue moon9"), "a blue moon9");
    }

    #[test]
    fn bytes_of_a_secret_are_not_shown() {
        let shown = |bytes: &[u8]| {
            let shown = Redactor::default().window(&Context::beginning(bytes));
            String::from_utf8_lossy(&shown.iter().map(|byte| byte.unwrap_or(b'.')).collect::<Vec<_>>()).into_owned()
        };
        assert_eq!(shown(b"the cafe\"}"), "the cafe\"}");
        assert_eq!(shown(b"4111111111111111"), ".".repeat(16));
        assert_eq!(shown(b"a \"pwd\":\"xyz\""), "a \"pwd\":\"...\"");
    }

    #[test]
    fn a_window_hides_query_values_of_its_connection() {
        let mut redactor = Redactor::default();
        redactor.target("/?room=lobby");
        let shown = |redactor: &Redactor| redactor.window(&Context::beginning(b"in lobby \xff"));
        assert_eq!(shown(&redactor).iter().filter(|byte| byte.is_none()).count(), 5);
        redactor.learnt.clear();
        assert_eq!(shown(&redactor).iter().filter(|byte| byte.is_none()).count(), 0);
    }

    #[test]
    fn a_piece_of_a_payload_begins_and_ends_in_its_text() {
        let excerpt = |before: &[u8], text: &[u8]| Redactor::default().excerpt(&Context::going_on(before, text, true));
        assert_eq!(excerpt(b"{\"city\":\"Cura\xc3\xa7", b"ao\"}"), "ao\"}");
        assert_eq!(excerpt(b"{\"password\":\"Cura\xc3\xa7", b"ao\"}"), "[redacted:value#1]\"}");
        assert_eq!(excerpt(b"{\"user\":", b"1,\"password\":\"zorvak moon"), "1,\"password\":\"[redacted:value#1]");
    }
}
