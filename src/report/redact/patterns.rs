//! The forms of secrets: one row a form.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};

use super::random;
use super::secret::{Kind, Secret};

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
    // Names under which secrets are assigned, also as a JSON member or behind `X-`.
    Form {
        kind: Kind::Value,
        pattern: r#"(?i)(?:passw(?:or)?d|passwort|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|session[_-]?id|session|sessid|\bsid|ticket|signature|\bsig|credentials?|\bauth|\bjwt|\botp|\bpin)["']?(?:\s*=\s*|\s*:\s*)["']?(?<secret>[^\s"',;&<>{}\[\]]+)"#,
        is_secret: is_no_remark,
    },
    form(Kind::Query, r#"[?&][^\s=&?#"'<>]+=(?<secret>[^\s&#"'<>]+)"#),
    // Keys whose issuers mark them, so that they are found where they should not be.
    form(
        Kind::Key,
        r"\b(?<secret>(?:(?:sk|pk|rk)_(?:live|test)_|sk-|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|pypi-|hf_|dop_v1_|shp(?:at|ca|pa|ss)_|ya29\.|SG\.|key-|AIza)[A-Za-z0-9_.-]{10,})",
    ),
    form(Kind::Key, r"\b(?<secret>(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16})\b"),
    form(Kind::Email, r"(?i)(?<secret>\b[a-z0-9._+'-]+(?:@|%40)(?:[a-z0-9-]+\.)+[a-z]{2,})\b"),
    Form { kind: Kind::Card, pattern: r"\b(?<secret>[2-6](?:[ -]{0,3}[0-9]){12,18})\b", is_secret: is_card },
];

/// What the forms and the look of `text` tell to be secret, those before that name it first. They may overlap.
pub fn find(text: &[u8]) -> Vec<Secret> {
    let text = &*unescaped(text);
    let mut secrets = by_form(text);
    secrets.extend(random::find(text).map(|range| Secret { range, kind: Kind::Random }));
    secrets
}

/// The same in a window on a longer text.
pub fn find_in_window(text: &[u8]) -> Vec<Secret> {
    let text = &*unescaped(text);
    let mut secrets = by_form(text);
    secrets.extend(random::find_in_window(text).map(|range| Secret { range, kind: Kind::Random }));
    secrets
}

/// The text with what separates words in it (RFC 3986 §2.1), every byte in its place: `%20` is three spaces, `%3A` two and
/// a colon.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    const SEPARATORS: &[u8] = b" \"'&:;=?";
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut plain = text.to_vec();
    for at in 0..plain.len() {
        let Some(escape) = plain.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<3>()) else {
            break;
        };
        let [percent, high, low] = escape.map(char::from);
        let byte = high.to_digit(16).zip(low.to_digit(16)).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
        if let Some(byte) = byte.filter(|byte| percent == '%' && SEPARATORS.contains(byte)) {
            *escape = [b' ', b' ', byte];
        }
    }
    Cow::Owned(plain)
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

/// `token: expired`, `password=required` tell what is wrong with it. Nobody's password may be one of these.
fn is_no_remark(secret: &[u8]) -> bool {
    const REMARKS: &[&str] = &[
        "expired",
        "invalid",
        "missing",
        "required",
        "rejected",
        "failed",
        "failure",
        "denied",
        "revoked",
        "unknown",
        "none",
        "null",
        "true",
        "false",
        "empty",
        "error",
        "closed",
        "timeout",
        "not",
        "no",
        "is",
        "unauthorized",
        "ok",
    ];
    let word = secret.strip_suffix(b".").unwrap_or(secret).to_ascii_lowercase();
    !REMARKS.iter().any(|remark| remark.as_bytes() == word) && !secret.starts_with(b"[redacted:")
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
