//! The forms of secrets: one row a form.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};

use super::remarks::is_remark;
use super::secret::{Kind, Secret};
use super::unescaped::Unescaped;
use super::{assigned, encoded, random};

/// A form.
struct Form {
    kind: Kind,
    /// Its group `secret` is the secret. Case matters only where the pattern says so.
    pattern: &'static str,
    /// What the pattern cannot say: whether the secret, by itself, is one.
    is_secret: fn(&[u8]) -> bool,
}

const fn form(kind: Kind, pattern: &'static str) -> Form {
    Form { kind, pattern, is_secret: |_| true }
}

/// In the order in which they name what several of them find. Bytes, not characters: payloads may be no UTF-8.
static FORMS: &[Form] = &[
    form(Kind::Userinfo, r#"(?i)[a-z][a-z0-9+.-]*://(?<secret>[^\s/?#"'<>]+)@"#),
    form(Kind::Key, r"(?s)(?<secret>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z))"),
    form(Kind::Cookie, r#"(?i)\b(?:set-)?cookie2?["']?\s*[:=]\s*["']?(?<secret>[^\s=;"']+=[^\r\n"']*)"#),
    form(Kind::Authorization, r#"(?i)\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?<secret>[^\r\n"']+)"#),
    Form {
        kind: Kind::Authorization,
        pattern: r"(?i)\b(?:bearer|basic|digest|negotiate|apikey)[ +]+(?<secret>[a-z0-9._~+/=-]{6,})",
        is_secret: is_no_word,
    },
    form(Kind::Subprotocol, r"(?i)\bsec-websocket-protocol\s*:\s*(?<secret>[^\r\n]+)"),
    form(Kind::Jwt, r"(?<secret>\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*)"),
    form(Kind::Query, r#"[?&][^\s=&?#"'<>]+=(?<secret>[^\s&#"'<>]+)"#),
    // Keys whose issuers mark them, so that they are found where they should not be.
    form(
        Kind::Key,
        r"\b(?<secret>(?:(?:sk|pk|rk)_(?:live|test)_|sk-|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|pypi-|hf_|dop_v1_|shp(?:at|ca|pa|ss)_|ya29\.|SG\.|key-|AIza)[A-Za-z0-9_.-]{10,})",
    ),
    form(Kind::Key, r"\b(?<secret>(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16})\b"),
    form(Kind::Email, r"(?i)(?<secret>\b[a-z0-9._+'-]+(?:@|%40)(?:[a-z0-9-]+\.)+[a-z]{2,})\b"),
    // Commands: IRC and Redis, in one line or in its own protocol; IMAP, NickServ.
    Form {
        kind: Kind::Value,
        pattern: r#"(?m)(?:^|["'\[\x00-\x1f])(?:PASS|AUTH|AUTHENTICATE|OPER [^\s"']+|[A-Za-z0-9]+ LOGIN [^\s"']+) +:?(?<secret>[^\r\n\x00"']+)"#,
        is_secret: is_argument,
    },
    Form {
        kind: Kind::Value,
        pattern: r#"(?im)(?:^|["'\[])auth +(?:[^\s"']+ +)?(?<secret>[^\s"']+)(?:["'\r\]]|$)"#,
        is_secret: is_no_word,
    },
    form(Kind::Value, r"(?i)\$4\r?\nauth\r?\n(?:\$[0-9]+\r?\n[^\r\n]*\r?\n)?\$[0-9]+\r?\n(?<secret>[^\r\n]+)"),
    Form {
        kind: Kind::Value,
        pattern: r"(?i)nickserv[^\r\n:]{0,64}:? *(?:identify|register) +(?<secret>[^\r\n]+)",
        is_secret: is_argument,
    },
    // A header of STOMP, whose values may hold spaces.
    Form {
        kind: Kind::Value,
        pattern: r"(?m)(?:^|\n)(?:passcode|password|pass):[ ]*(?<secret>[^\r\n\x00]+)",
        is_secret: is_line,
    },
    // What follows the variable header of MQTT's CONNECT: an identifier, user and password (MQTT 5.0 §3.1).
    form(Kind::Value, r"(?s)\x00[\x04\x06](?:MQTT|MQIsdp).{4}(?<secret>.+)"),
    Form { kind: Kind::Card, pattern: r"\b(?<secret>[2-6](?:[ -]{0,3}[0-9]){12,18})\b", is_secret: is_card },
];

/// What the forms and the look of `text` tell to be secret, those before that name it first. They may overlap.
pub fn find(text: &[u8]) -> Vec<Secret> {
    found(text, |text| random::find(text).collect())
}

/// The same in a window on a longer text.
pub fn find_in_window(text: &[u8]) -> Vec<Secret> {
    found(text, |text| random::find_in_window(text).collect())
}

fn found(text: &[u8], random: impl Fn(&[u8]) -> Vec<Range<usize>>) -> Vec<Secret> {
    let mut secrets = in_plain(text, &random);
    let unescaped = Unescaped::new(text);
    if unescaped.has_escapes() {
        let places = in_plain(&unescaped.text, &random).into_iter().map(|Secret { range, kind }| Secret {
            range: unescaped.source(range.start)..unescaped.source(range.end),
            kind,
        });
        secrets.extend(places);
    }
    secrets
}

fn in_plain(text: &[u8], random: impl Fn(&[u8]) -> Vec<Range<usize>>) -> Vec<Secret> {
    let mut secrets = by_form(text);
    secrets.extend(assigned::find(text));
    secrets.extend(encoded::find(text).map(|range| Secret { range, kind: Kind::Authorization }));
    secrets.extend(random(text).into_iter().map(|range| Secret { range, kind: Kind::Random }));
    secrets
}

fn by_form(text: &[u8]) -> Vec<Secret> {
    static SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| RegexSet::new(FORMS.iter().map(pattern)).ok());
    // A test compiles every pattern.
    static EACH: LazyLock<Vec<Option<Regex>>> =
        LazyLock::new(|| FORMS.iter().map(|form| Regex::new(&pattern(form)).ok()).collect());
    // Nearly no text has any.
    let Some(set) = SET.as_ref().filter(|set| set.is_match(text)) else {
        return Vec::new();
    };
    let fitting = set.matches(text).into_iter().filter_map(|at| Some((FORMS.get(at)?, EACH.get(at)?.as_ref()?)));
    let secrets = fitting.flat_map(|(form, regex)| {
        let found = regex.captures_iter(text).filter_map(|captures| captures.name("secret"));
        let real = found.filter(|secret| (form.is_secret)(secret.as_bytes()));
        real.map(|secret| Secret { range: secret.range(), kind: form.kind })
    });
    secrets.collect()
}

fn pattern(form: &Form) -> String {
    format!("(?-u){}", form.pattern)
}

/// `Bearer authentication`, `basic functionality` name no credentials.
fn is_no_word(secret: &[u8]) -> bool {
    let behind_first = secret.get(1..).unwrap_or_default();
    let mixed = behind_first.iter().any(u8::is_ascii_uppercase) && secret.iter().any(u8::is_ascii_lowercase);
    mixed || secret.iter().any(|byte| byte.is_ascii_digit() || b"=_+/~".contains(byte))
}

/// `AUTH FAILED`, `PASS src/app.test.js` name no credentials.
fn is_argument(secret: &[u8]) -> bool {
    let is_file = secret.contains(&b'/') && secret.contains(&b'.');
    !is_file && !is_remark(secret)
}

/// A sentence is none.
fn is_line(secret: &[u8]) -> bool {
    !is_remark(secret) && secret.split(|byte| *byte == b' ').count() <= 6
}

/// The check digit fits (ISO/IEC 7812-1 annex B), and there are 13 to 19 digits.
fn is_card(secret: &[u8]) -> bool {
    let digits: Vec<u32> =
        secret.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0')).collect();
    let doubled = |(at, digit): (usize, &u32)| match at % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    };
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_names_its_secret() {
        for form in FORMS {
            let regex = Regex::new(&pattern(form)).unwrap();
            assert!(regex.capture_names().any(|name| name == Some("secret")), "{}", form.pattern);
        }
        assert!(!by_form(b"a@example.com").is_empty());
    }

    #[test]
    fn a_card_has_its_check_digit() {
        assert!(is_card(b"4111 1111 1111 1111") && is_card(b"378282246310005"));
        assert!(!is_card(b"4111111111111112") && !is_card(b"411111111111"));
    }
}
