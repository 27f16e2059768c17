//! The secrets a redactor learns before anything is written: those in everything that is kept of a connection.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::known::Known;
use super::prompts::{Dialogue, asks_for_secret, question};
use super::{Kind, Privacy, Redactor, Secret, patterns, prompts, random, subprotocol};
use crate::facts::{Facts, Moment};
use crate::http::credentials::{Credentials, Place};
use crate::limits;
use crate::side::Side;

/// The minimum length, in bytes, of a query value or an answer that is searched for in other texts of its connection.
/// Shorter values are ordinary words.
const LEARNT: usize = 4;

/// Returns the header ends, as stream offsets, of the client's messages that answer the server's questions for secrets.
pub(super) fn answers(facts: &Facts) -> Vec<u64> {
    // Hardly any server asks, and checking all its messages is cheaper than sorting them.
    let asks = |message| question(message).is_some_and(|question| asks_for_secret(&question));
    if !facts.previews.of(Side::Server).any(asks) {
        return Vec::new();
    }
    let preview = |side, moment: &Moment| facts.preview(side, moment).unwrap_or_default();
    let of = |side| facts.sent[side].messages().map(move |moment| (moment.seen.packet, side, moment));
    let mut messages: Vec<_> = of(Side::Server).chain(of(Side::Client)).collect();
    messages.sort_by_key(|(packet, ..)| *packet);
    let mut dialogue = Dialogue::default();
    let mut answers = Vec::new();
    for (_, side, moment) in messages {
        let message = preview(side, moment);
        match side {
            Side::Server => dialogue.server(message),
            Side::Client if dialogue.client(message) => answers.push(moment.header_end),
            Side::Client => {}
        }
    }
    answers
}

/// The secrets of connections, which are collected before anything is written.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// True if secrets are shown, so that none is collected.
    shown: bool,
    /// Values that are secret somewhere in the capture, in any connection.
    pub(super) known: Known,
    /// Texts that many connections have in common, each with whether something in it is secret by its form or look.
    met: HashMap<Box<str>, bool, RandomState>,
}

impl Redactor {
    /// Learns the secrets and the host names of a connection. To be called before any text that may contain them is
    /// written.
    pub fn meet(&mut self, facts: &Facts) {
        self.meet_names(facts);
        self.secrets.meet(facts);
    }

    /// Returns whether host names have to be met, too, in the order of the connections.
    pub const fn wants_names(&self) -> bool {
        self.anonymizer.is_some()
    }

    /// Learns the host names of a connection.
    pub fn meet_names(&mut self, facts: &Facts) {
        if let Some(request) = &facts.handshake.request {
            self.meet_hosts(request.host.as_deref(), request.origin.as_deref());
        }
    }

    fn meet_hosts(&mut self, host: Option<&str>, origin: Option<&str>) {
        if let Some(anonymizer) = &mut self.anonymizer {
            host.into_iter().for_each(|host| drop(anonymizer.host(host)));
            origin.into_iter().for_each(|origin| drop(anonymizer.text(origin)));
        }
    }

    /// Adds a query value or an answer to those searched for in every later text of the connection, because a reason
    /// may repeat it.
    pub(super) fn learn(&mut self, value: &str) {
        let decoded = percent_decoded(value);
        for form in [Some(value), decoded.as_deref()].into_iter().flatten() {
            if form.len() >= LEARNT && self.learnt.len() < limits::HEADER_LINES {
                self.learnt.push(form.into());
            }
        }
    }

    /// Returns the places where such values occur in a text as whole words.
    pub(super) fn find_learnt(&self, text: &str) -> Vec<Secret> {
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
}

impl Secrets {
    /// Creates an empty collection, which stays empty if the privacy settings are to show secrets.
    pub fn new(privacy: Privacy) -> Self {
        Self { shown: privacy.show_secrets, ..Self::default() }
    }

    /// Creates an empty collection that can be [merged](Self::merge) with this one.
    pub fn beside(&self) -> Self {
        Self { shown: self.shown, known: self.known.like(), ..Self::default() }
    }

    /// Adds the secrets of other connections, from a collection that was created [beside](Self::beside) this one.
    pub fn merge(&mut self, other: Self) {
        self.known.merge(other.known);
        for (text, has_secrets) in other.met {
            if self.met.len() < limits::SHARED_TEXTS {
                self.met.entry(text).or_insert(has_secrets);
            }
        }
    }

    /// Returns whether it is known that a text has no secrets by its form or look.
    pub(super) fn is_harmless(&self, text: &str) -> bool {
        self.met.get(text) == Some(&false)
    }

    /// Learns the secrets of a connection.
    pub fn meet(&mut self, facts: &Facts) {
        if self.shown {
            return;
        }
        let (request, response) = (facts.handshake.request.as_deref(), facts.handshake.response.as_deref());
        let of_request = request.and_then(|request| request.credentials.as_deref());
        let of_response = response.and_then(|response| response.credentials.as_deref());
        [of_request, of_response].into_iter().flatten().for_each(|credentials| self.meet_credentials(credentials));
        if let Some(request) = request {
            self.meet_target(&request.target);
            let common = [&request.host, &request.origin, &request.user_agent];
            common.into_iter().flatten().for_each(|text| self.meet_common(text));
        }
        if let Some(response) = response {
            response.server.iter().for_each(|server| self.meet_common(server));
            response.subprotocol.iter().for_each(|chosen| self.meet_subprotocols(chosen));
            if let Some(details) = &response.details {
                self.meet_common(&details.reason);
                details.location.iter().for_each(|location| self.meet_common(location));
                self.meet_text(&details.body);
            }
        }
        facts.closes.iter().for_each(|close| self.meet_common(&close.reason));
        for message in facts.previews.iter() {
            self.meet_text(message);
        }
        for header_end in answers(facts) {
            let answer = facts.previews.get(Side::Client, header_end).and_then(prompts::answer);
            answer.into_iter().for_each(|answer| self.known.learn(Kind::Value, answer));
        }
    }

    /// Learns the secrets of a text that many connections have in common, once for each text.
    fn meet_common(&mut self, text: &str) {
        if text.is_empty() || self.met.contains_key(text) {
            return;
        }
        let has_secrets = self.meet_text(text.as_bytes());
        if self.met.len() < limits::SHARED_TEXTS {
            self.met.insert(text.into(), has_secrets);
        }
    }

    /// Learns the secrets in a text. Returns whether there are any.
    fn meet_text(&mut self, text: &[u8]) -> bool {
        let secrets = patterns::find(text);
        for Secret { range, kind } in &secrets {
            self.known.learn(*kind, text.get(range.clone()).unwrap_or_default());
        }
        !secrets.is_empty()
    }

    fn meet_target(&mut self, target: &str) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        self.meet_common(path);
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some((_, value)) => self.known.learn(Kind::Query, value.as_bytes()),
                None if !random::is_name(pair) => self.known.learn(Kind::Query, pair.as_bytes()),
                None => {}
            }
        }
    }

    fn meet_credentials(&mut self, credentials: &Credentials) {
        for (place, value) in credentials.iter() {
            match place {
                Place::Cookie => self.known.learn(Kind::Cookie, value),
                Place::Authorization => self.known.learn(Kind::Authorization, value),
                Place::Key => self.known.learn(Kind::Value, value),
                Place::Subprotocols => self.meet_subprotocols(&String::from_utf8_lossy(value)),
            }
        }
    }

    fn meet_subprotocols(&mut self, list: &str) {
        for (token, _) in subprotocol::tokens(list).filter(|(_, is_name)| !is_name) {
            self.known.learn(Kind::Subprotocol, token.as_bytes());
        }
    }
}

/// Returns a text with its percent-encoding decoded (RFC 3986 §2.1); `None` if it has none, if an escape is invalid, or
/// if the result is not UTF-8.
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
    use crate::http::Request;
    use crate::report::redact::Privacy;
    use crate::seen::Seen;
    use crate::side::PerSide;

    /// Returns a connection with a secret in its query, which is the same for each fourth.
    fn connection(at: u32) -> Box<Facts> {
        let address = "10.0.0.1:80".parse().unwrap();
        let mut facts = Facts::new(at, PerSide { client: address, server: address }, Seen::default());
        let (secret, name) = (at / 4 * 7919, at % 5);
        let target = format!("/room{name}?token=k{secret:07}").into();
        facts.handshake.ask(Box::new(Request { target, host: Some("a.example".into()), ..Request::default() }));
        Box::new(facts)
    }

    #[test]
    fn shares_learn_what_one_collection_does() {
        let all: Vec<_> = (0..5000).map(connection).collect();
        let after = |shares: usize| {
            let mut secrets = Secrets::default();
            // Later connections are met first.
            for share in (0..shares).rev() {
                let mut of_share = secrets.beside();
                all.iter().skip(share).step_by(shares).for_each(|facts| of_share.meet(facts));
                secrets.merge(of_share);
            }
            let mut redactor = Redactor::default();
            redactor.know(secrets);
            let texts = (0..5000).map(|at| format!("no k{:07} here", at * 7919));
            texts.map(|text| redactor.text(&text)).collect::<Vec<_>>()
        };
        let one = after(1);
        assert_eq!(one.iter().filter(|text| text.contains("[redacted:")).count(), 1250);
        for shares in [2, 3, 8, 100] {
            assert_eq!(after(shares), one, "{shares} shares");
        }
    }

    #[test]
    fn the_kind_of_a_value_does_not_depend_on_the_order() {
        let kinds = [Kind::Random, Kind::Cookie, Kind::Query];
        let found = |order: [usize; 3]| {
            let mut redactor = Redactor::default();
            order.iter().for_each(|at| redactor.secrets.known.learn(kinds[*at], b"aB3dE5gH7jK9"));
            redactor.text("the value aB3dE5gH7jK9 again")
        };
        assert!([[0, 1, 2], [2, 1, 0], [1, 0, 2]].map(found).iter().all(|text| text.contains("[redacted:cookie#1]")));
    }

    #[test]
    fn nothing_is_secret_if_secrets_are_shown() {
        let mut secrets = Secrets::new(Privacy { show_secrets: true, ..Privacy::default() });
        (0..10).for_each(|at| secrets.meet(&connection(at)));
        assert!(secrets.known.is_empty() && secrets.beside().shown);
    }
}
