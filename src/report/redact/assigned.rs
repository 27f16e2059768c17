//! Secrets that are assigned to a name: `password=x`, `"password": "x y"`, `<password>x</password>`, `--password x`,
//! `('password', 'x')`, `/token/x`, `the password is x`.
//!
//! The text is read once: names are found by their stems, and a value assigned to a name is not searched again.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::names::{self, FOREIGN, STEMS};
use super::quoted::{Quote, list, skip_space};
use super::secret::{Kind, Secret};
use super::{pairs, random, remarks};

/// The maximum length of a name before its stem, and after it, in bytes.
const NAME: usize = 48;

/// The maximum length of a tag after its name, in bytes.
const TAG: usize = 512;

/// Parts of paths that may follow the name of a secret, but are not secrets.
const ACTIONS: &[&str] = &[
    "login",
    "logout",
    "refresh",
    "new",
    "create",
    "delete",
    "reset",
    "verify",
    "validate",
    "callback",
    "check",
    "status",
    "info",
    "list",
    "change",
    "forgot",
    "update",
    "renew",
    "revoke",
    "me",
    "register",
    "signup",
    "signin",
    "start",
    "end",
    "connect",
    "close",
    "open",
    "auth",
    "oauth",
    "user",
    "users",
    "v1",
    "v2",
    "api",
    "ws",
    "websocket",
    "chat",
    "index",
    "introspect",
    "config",
    "settings",
    "events",
    "stream",
    "exchange",
    "issue",
    "generate",
];

/// A name in a text.
struct Name<'t> {
    text: &'t [u8],
    range: Range<usize>,
    kind: Kind,
}

/// Returns the secrets assigned to a name in a text, in order; those of names that end in `code` come last.
pub fn find(text: &[u8]) -> Vec<Secret> {
    static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
        builder.build(STEMS.iter().chain(FOREIGN)).ok()
    });
    let Some(search) = SEARCH.as_ref() else { return Vec::new() };
    let (mut secrets, mut codes, mut seen) = (Vec::new(), Vec::new(), 0);
    for stem in search.find_iter(text).filter(|stem| stem.start() != stem.end()) {
        if stem.start() < seen {
            continue;
        }
        let range = match stem.pattern().as_usize() < STEMS.len() {
            true => name_around(text, stem.range()),
            false => stem.range(),
        };
        seen = range.end;
        let name = text.get(range.clone()).unwrap_or_default();
        let Some(kind) = names::kind(name).or((stem.pattern().as_usize() >= STEMS.len()).then_some(Kind::Value)) else {
            if names::is_code(name) {
                let code = Name { text, range, kind: Kind::Value }.assigned();
                seen = code.as_ref().map_or(seen, |code| seen.max(code.end));
                codes.extend(code);
            }
            continue;
        };
        for value in (Name { text, range, kind }).values() {
            seen = seen.max(value.end);
            secrets.push(Secret { range: value, kind });
        }
    }
    // A code is a secret beside other secrets, in a text about access codes, or by its look.
    let is_beside = !secrets.is_empty() || !codes.is_empty() && pairs::speaks_of_codes(text);
    let codes = codes.into_iter().filter(|code| {
        let code = text.get(code.clone()).unwrap_or_default();
        pairs::is_code(code, is_beside)
    });
    secrets.extend(codes.map(|range| Secret { range, kind: Kind::Value }));
    secrets
}

fn is_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-'
}

fn name_around(text: &[u8], stem: Range<usize>) -> Range<usize> {
    let before = text.get(stem.start.saturating_sub(NAME)..stem.start).unwrap_or_default();
    let behind = text.get(stem.end..text.len().min(stem.end + NAME)).unwrap_or_default();
    let start = stem.start - before.iter().rev().take_while(|byte| is_name(byte)).count();
    start..stem.end + behind.iter().take_while(|byte| is_name(byte)).count()
}

impl Name<'_> {
    fn rest(&self, at: usize) -> &[u8] {
        self.text.get(at..).unwrap_or_default()
    }

    fn as_bytes(&self) -> &[u8] {
        self.text.get(self.range.clone()).unwrap_or_default()
    }

    /// Returns the values assigned to the name.
    fn values(&self) -> Vec<Range<usize>> {
        let listed = self.listed();
        if !listed.is_empty() {
            return listed;
        }
        let ways = [Self::element, Self::path, Self::assigned, Self::spoken, Self::option, Self::named];
        ways.into_iter().find_map(|way| way(self)).into_iter().collect()
    }

    /// Returns the end of the quotes and brackets that enclose the name, and whether there are quotes among them.
    fn closed(&self) -> (usize, bool) {
        let enclosing = self.rest(self.range.end).iter().take(8);
        let enclosing: Vec<_> = enclosing.take_while(|byte| b"\\\"'`])".contains(byte)).collect();
        let curly = ["”", "’"].iter().find(|quote| self.rest(self.range.end).starts_with(quote.as_bytes()));
        let quoted = curly.is_some() || enclosing.iter().any(|byte| b"\"'`".contains(byte));
        (self.range.end + enclosing.len() + curly.map_or(0, |quote| quote.len()), quoted)
    }

    /// Returns the value in `name = value`, with any sign of assignment.
    fn assigned(&self) -> Option<Range<usize>> {
        let (closed, quoted) = self.closed();
        let at = skip_space(self.text, closed)?;
        let signs: [&[u8]; 7] = [b":=", b"=>", b"==", b"->", b"=", b":", b"\x1d"];
        let sign = signs.iter().find(|sign| self.rest(at).starts_with(sign))?;
        if self.rest(at).starts_with(b"::") {
            return None;
        }
        // `Authorization` and `Cookie` have patterns of their own, because their values may contain spaces.
        let is_line = matches!(self.kind, Kind::Authorization | Kind::Cookie) && !quoted;
        if is_line { None } else { self.value(at + sign.len()) }
    }

    /// Returns the value that follows white space at `at`: a string or a word.
    fn value(&self, at: usize) -> Option<Range<usize>> {
        let start = skip_space(self.text, at)?;
        let is_next_line = self.text.get(at..start)?.contains(&b'\n');
        // The first string of a list; a string of Python may have a prefix.
        let brackets = self.rest(start).iter().take(2).take_while(|byte| b"[(".contains(byte)).count();
        let prefixed =
            brackets + usize::from(matches!(self.rest(start + brackets), [b'b' | b'u' | b'r', b'"' | b'\'', ..]));
        if let Some(quote) = Quote::opening(self.rest(start + prefixed)) {
            let from = start + prefixed + quote.length;
            return self.real(from..from + quote.string(self.rest(from)));
        }
        if is_next_line || brackets > 0 {
            return None;
        }
        self.real(start..start + word(self.rest(start)))
    }

    /// Returns the value in `<name>value</name>`.
    fn element(&self) -> Option<Range<usize>> {
        let before = self.text.get(self.range.start.saturating_sub(NAME)..self.range.start)?;
        let tag = before.iter().rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b':')?;
        if before.get(tag) != Some(&b'<') {
            return None;
        }
        let attributes = self.rest(self.range.end).get(..TAG.min(self.text.len() - self.range.end))?;
        let end = attributes.iter().position(|byte| b"<>".contains(byte)).filter(|end| {
            attributes.get(*end) == Some(&b'>') && (*end == 0 || attributes.get(end - 1) != Some(&b'/'))
        })?;
        let start = self.range.end + end + 1;
        if self.rest(start).starts_with(CDATA) {
            let from = start + CDATA.len();
            let length = memchr::memmem::find(self.rest(from), b"]]>").unwrap_or(self.text.len() - from);
            return self.real(from..from + length);
        }
        let length = memchr::memchr(b'<', self.rest(start)).unwrap_or(self.text.len() - start);
        self.real(start..start + length)
    }

    /// Returns the value in `/name/value`.
    fn path(&self) -> Option<Range<usize>> {
        let is_segment = |at: Option<usize>| at.and_then(|at| self.text.get(at)) == Some(&b'/');
        if !is_segment(self.range.start.checked_sub(1)) || !is_segment(Some(self.range.end)) {
            return None;
        }
        let start = self.range.end + 1;
        let length = self
            .rest(start)
            .iter()
            .take_while(|byte| !b"/?#\"'<>&;,()[]{}\\".contains(byte) && !byte.is_ascii_whitespace());
        let value = self.real(start..start + length.count())?;
        let text = std::str::from_utf8(self.text.get(value.clone())?).ok()?.trim_end_matches(['.', ':', '!']);
        let is_action = ACTIONS.iter().any(|action| action.eq_ignore_ascii_case(text));
        let is_strong = names::is_spoken(self.as_bytes()) || self.as_bytes().to_ascii_lowercase().ends_with(b"token");
        (!is_action && (is_strong || !random::is_name(text))).then_some(value)
    }

    /// Returns the value in `the name is value`.
    fn spoken(&self) -> Option<Range<usize>> {
        let (closed, _) = self.closed();
        let rest = self.rest(closed);
        let verb = [" is now ", " is: ", " is ", " was ", " equals ", " to "]
            .iter()
            .find(|verb| rest.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb.as_bytes())))?;
        let value = self.value(closed + verb.len())?;
        let is_quoted = value.start > closed + verb.len();
        let text = self.text.get(value.clone())?.trim_ascii_end();
        let end = text.iter().rposition(|byte| !b".!?)".contains(byte))? + 1;
        let text = text.get(..end)?;
        let has_look = text.iter().any(u8::is_ascii_digit) || random::find(text).next().is_some();
        let is_plain = names::is_spoken(self.as_bytes()) && *verb != " to ";
        let is_plain = is_plain && names::kind(text).is_none();
        (is_quoted || has_look || is_plain).then_some(value.start..value.start + end)
    }

    /// Returns the value in `--name value`.
    fn option(&self) -> Option<Range<usize>> {
        let name = self.as_bytes();
        let before = self.range.start.checked_sub(1).and_then(|at| self.text.get(at));
        let is_option = name.starts_with(b"--") || name.starts_with(b"-") && before.is_none_or(u8::is_ascii_whitespace);
        let space = self.rest(self.range.end).first().is_some_and(|byte| *byte == b' ');
        let value = if is_option && space { self.value(self.range.end + 1)? } else { return None };
        (self.text.get(value.start) != Some(&b'-')).then_some(value)
    }

    /// Returns the values in `("name", "value")` or `["auth", "user", "value"]`.
    fn listed(&self) -> Vec<Range<usize>> {
        let (closed, quoted) = self.closed();
        let opens = self.range.start.checked_sub(1).and_then(|at| self.text.get(at));
        let comma = skip_space(self.text, closed).filter(|at| self.text.get(*at) == Some(&b','));
        let Some(comma) = comma.filter(|_| quoted && opens.is_some_and(|byte| b"\"'`".contains(byte))) else {
            return Vec::new();
        };
        // A string before a colon is a key: the name is the value of another key of the same object.
        let strings = list(self.text, comma + 1);
        let is_key = strings.last().is_some_and(|last| self.rest(last.end).iter().take(6).any(|byte| *byte == b':'));
        let is_field = |value: &Range<usize>| {
            let value = self.text.get(value.clone()).unwrap_or_default();
            names::kind(value).is_some() || pairs::is_field(value)
        };
        if is_key || strings.first().is_some_and(is_field) {
            return Vec::new();
        }
        strings.into_iter().filter_map(|value| self.real(value)).collect()
    }

    /// Returns the value in `"name": "password", "value": "x"`, or in a part of a multipart form.
    fn named(&self) -> Option<Range<usize>> {
        let (closed, quoted) = self.closed();
        if !quoted {
            return None;
        }
        if let Some(start) = pairs::form_field(self.text, self.range.start, closed) {
            let length = self.rest(start).iter().position(|byte| b"\r\n".contains(byte));
            return self.real(start..start + length.unwrap_or(self.text.len() - start));
        }
        let range = pairs::value_behind(self.text, self.range.start, closed)?;
        Name { text: self.text, range, kind: self.kind }.assigned()
    }

    /// Returns the range without white space at its ends; `None` if the text there is a remark and not a secret.
    fn real(&self, range: Range<usize>) -> Option<Range<usize>> {
        let value = self.text.get(range.clone())?;
        let start = range.start + (value.len() - value.trim_ascii_start().len());
        let value = value.trim_ascii();
        (!remarks::is_remark(value)).then_some(start..start + value.len())
    }
}

const CDATA: &[u8] = b"<![CDATA[";

/// Returns the length in bytes of the word that `text` begins with.
fn word(text: &[u8]) -> usize {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte < b' ' || b"\"',;&<>{}[]".contains(byte);
    let slash =
        |(at, byte): (usize, &u8)| *byte == b'\\' && matches!(text.get(at + 1), Some(b'"' | b'\'' | b'\\') | None);
    let end = text.iter().enumerate().find(|(at, byte)| ends(byte) || slash((*at, byte)));
    end.map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text.as_bytes()).into_iter().map(|secret| &text[secret.range]).collect()
    }

    #[test]
    fn every_way_to_assign_is_known() {
        for (text, secret) in [
            (r#"{"password":"x y, z"}"#, "x y, z"),
            (r#"["{\"password\":\"x y\"}"]"#, "x y"),
            (r#""{\"a\":\"{\\\"token\\\":\\\"x y\\\"}\"}""#, "x y"),
            ("<ns:password type='t'>x y</ns:password>", "x y"),
            ("<user password='x y'/>", "x y"),
            ("<secret><![CDATA[x<y]]></secret>", "x<y"),
            ("the password is swordfish.", "swordfish"),
            ("password => x1", "x1"),
            ("run --password x1 now", "x1"),
            ("('password', 'x y')", "x y"),
            ("user[password]=x1&a=b", "x1"),
            ("密码:x1", "x1"),
            ("GET /token/x1/chat", "x1"),
            (r#"{"name":"password","value":"x y"}"#, "x y"),
            ("form-data; name=\"pin\"\r\n\r\nx y\r\n--", "x y"),
            (r#"{"type":"otp","code":"123456"}"#, "123456"),
        ] {
            assert_eq!(found(text), [secret], "{text}");
        }
        assert_eq!(found(r#"["auth","alice","x y"]"#), ["alice", "x y"]);
        for text in [
            "password is required",
            "the token is not valid",
            r#"{"token":null,"code":1008}"#,
            r#"["username","password","email"]"#,
            "GET /auth/login and /session/new",
            r#"{"errors":{"password":"is too short"}}"#,
            "error code: 4001",
            "Token::new",
            "token, please",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
