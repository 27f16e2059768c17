//! The forms of secrets, one row for each form.

use std::sync::{LazyLock, OnceLock};

use regex::bytes::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax::Config;
use regex_automata::{MatchKind, PatternSet, meta};

use super::remarks::is_remark;
use super::secret::{Kind, Secret};
use super::unescaped::Unescaped;
use super::{assigned, encoded, names, random};

/// A form of secrets.
struct Form {
    kind: Kind,
    /// The pattern, whose group `secret` is the secret. It is sensitive to case unless it says otherwise.
    pattern: &'static str,
    /// Returns whether a match is a secret, as far as the pattern cannot express it.
    is_secret: fn(&[u8]) -> bool,
}

const fn form(kind: Kind, pattern: &'static str) -> Form {
    Form { kind, pattern, is_secret: |_| true }
}

/// The forms. If several find the same secret, the first one gives its kind. They match bytes, not characters, because
/// payloads may not be UTF-8.
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
    // Keys that their issuers mark, so that leaked ones can be found.
    form(
        Kind::Key,
        r"\b(?<secret>(?:(?:sk|pk|rk)_(?:live|test)_|sk-|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|pypi-|hf_|dop_v1_|shp(?:at|ca|pa|ss)_|ya29\.|SG\.|key-|AIza)[A-Za-z0-9_.-]{10,})",
    ),
    form(Kind::Key, r"\b(?<secret>(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16})\b"),
    form(Kind::Email, r"(?i)(?<secret>\b[a-z0-9._+'-]+(?:@|%40)(?:[a-z0-9-]+\.)+[a-z]{2,})\b"),
    // Commands: IRC; Redis, in one line or in its own protocol; IMAP; NickServ.
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
    // A header of STOMP. Its value may contain spaces.
    Form {
        kind: Kind::Value,
        pattern: r"(?m)(?:^|\n)(?:passcode|password|pass):[ ]*(?<secret>[^\r\n\x00]+)",
        is_secret: is_line,
    },
    // The payload of MQTT's CONNECT, after the variable header: an identifier, user and password (MQTT 5.0 §3.1).
    form(Kind::Value, r"(?s)\x00[\x04\x06](?:MQTT|MQIsdp).{4}(?<secret>.+)"),
    Form { kind: Kind::Card, pattern: r"\b(?<secret>[2-6](?:[ -]{0,3}[0-9]){12,18})\b", is_secret: is_card },
];

/// Returns the secrets in `text`, by form and by look. They may overlap; then the first one gives the kind.
pub fn find(text: &[u8]) -> Vec<Secret> {
    found(text, false)
}

/// Returns the same for a window on a longer text.
pub fn find_in_window(text: &[u8]) -> Vec<Secret> {
    found(text, true)
}

fn found(text: &[u8], is_window: bool) -> Vec<Secret> {
    let mut secrets = in_plain(text, is_window);
    let unescaped = Unescaped::new(text);
    if unescaped.has_escapes() {
        let places = in_plain(&unescaped.text, is_window).into_iter().map(|Secret { range, kind }| Secret {
            range: unescaped.source(range.start)..unescaped.source(range.end),
            kind,
        });
        secrets.extend(places);
    }
    secrets
}

fn in_plain(text: &[u8], is_window: bool) -> Vec<Secret> {
    let (mut secrets, mut tokens) = (Vec::new(), Vec::new());
    if may_hold(text) {
        secrets.extend(by_form(text));
        secrets.extend(assigned::find(text));
    }
    let least = if is_window { random::LEAST_AT_EDGE } else { encoded::LEAST };
    for run in random::runs(text, least) {
        secrets.extend(encoded::credentials(text, &run).map(|range| Secret { range, kind: Kind::Authorization }));
        if random::is_token(text, &run, is_window) {
            tokens.push(Secret { range: run, kind: Kind::Random });
        }
    }
    secrets.extend(tokens);
    secrets
}

/// The forms, and behind them the names that secrets are assigned to: one pass over a text's bytes tells which of them it may
/// contain. `None` if a pattern does not compile, which a test checks.
static ANY: LazyLock<Option<meta::Regex>> = LazyLock::new(|| {
    // No prefix is common to them, and the search for one takes half of the time.
    let config =
        meta::Config::new().match_kind(MatchKind::All).which_captures(WhichCaptures::None).auto_prefilter(false);
    let patterns: Vec<_> = FORMS.iter().map(pattern).chain([names::pattern()]).collect();
    meta::Builder::new().configure(config).syntax(Config::new().utf8(false)).build_many(&patterns).ok()
});

/// Returns whether a text may contain one of the forms, or a name that a secret is assigned to; nearly all contain neither.
fn may_hold(text: &[u8]) -> bool {
    ANY.as_ref().is_none_or(|any| any.is_match(text))
}

fn by_form(text: &[u8]) -> Vec<Secret> {
    static EACH: [OnceLock<Option<Regex>>; FORMS.len()] = [const { OnceLock::new() }; FORMS.len()];
    let Some(any) = ANY.as_ref() else {
        return Vec::new();
    };
    let mut fitting = PatternSet::new(any.pattern_len());
    any.which_overlapping_matches(&text.into(), &mut fitting);
    let fitting = fitting.iter().filter_map(|at| {
        let (form, regex) = (FORMS.get(at.as_usize())?, EACH.get(at.as_usize())?);
        Some((form, regex.get_or_init(|| Regex::new(&pattern(form)).ok()).as_ref()?))
    });
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

/// Returns whether a match is not an ordinary word, unlike those in `Bearer authentication` and `basic functionality`.
fn is_no_word(secret: &[u8]) -> bool {
    let behind_first = secret.get(1..).unwrap_or_default();
    let mixed = behind_first.iter().any(u8::is_ascii_uppercase) && secret.iter().any(u8::is_ascii_lowercase);
    mixed || secret.iter().any(|byte| byte.is_ascii_digit() || b"=_+/~".contains(byte))
}

/// Returns whether a match is neither a remark nor a file, unlike those in `AUTH FAILED` and `PASS src/app.test.js`.
fn is_argument(secret: &[u8]) -> bool {
    let is_file = secret.contains(&b'/') && secret.contains(&b'.');
    !is_file && !is_remark(secret)
}

/// Returns whether a match is neither a remark nor a sentence, which has more than six words.
fn is_line(secret: &[u8]) -> bool {
    !is_remark(secret) && secret.split(|byte| *byte == b' ').count() <= 6
}

/// Returns whether a match has 13 to 19 digits and a correct check digit (ISO/IEC 7812-1 annex B).
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
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    const CORPUS: [&str; 2] = [
        include_str!("../../../tests/suite/corpus/secrets.txt"),
        include_str!("../../../tests/suite/corpus/harmless.txt"),
    ];

    /// Text between names and values, and around them.
    const SIGNS: &[&str] =
        &["=", ": ", "\":\"", " is ", "<", ">", "/", " ", "\n", "--", "\\\"", ",", "'", "@", "?", "&", "://", "\0"];

    /// Returns the texts of the corpus, without the marks around secrets.
    fn corpus() -> Vec<String> {
        let lines = CORPUS.into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#'));
        lines.map(|line| line.rsplit('\t').next().unwrap_or_default().replace(['«', '»'], "")).collect()
    }

    /// Returns the same as [`in_plain`], but tries every form and every run whatever the text.
    fn by_all(text: &[u8], is_window: bool) -> Vec<Secret> {
        static EACH: LazyLock<Vec<Regex>> =
            LazyLock::new(|| FORMS.iter().map(|form| Regex::new(&pattern(form)).unwrap()).collect());
        let mut all = Vec::new();
        for (form, regex) in FORMS.iter().zip(&*EACH) {
            let secrets = regex.captures_iter(text).map(|captures| captures.name("secret").unwrap());
            let real = secrets.filter(|secret| (form.is_secret)(secret.as_bytes()));
            all.extend(real.map(|secret| Secret { range: secret.range(), kind: form.kind }));
        }
        all.extend(assigned::find(text));
        let credentials = random::runs(text, 1).filter_map(|run| encoded::credentials(text, &run));
        all.extend(credentials.map(|range| Secret { range, kind: Kind::Authorization }));
        let tokens = random::runs(text, 1).filter(|run| random::is_token(text, run, is_window));
        all.extend(tokens.map(|range| Secret { range, kind: Kind::Random }));
        all
    }

    fn in_any_case(text: String, upper: u64) -> String {
        let cased = |(at, letter): (usize, char)| match upper >> (at % 64) & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter,
        };
        text.chars().enumerate().map(cased).collect()
    }

    /// Generates pieces of secrets, and of texts that only look like secrets.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let corpus = prop::sample::select(corpus());
        let part = (corpus.clone(), any::<prop::sample::Index>(), any::<prop::sample::Index>());
        let part = part.prop_map(|(text, one, other)| {
            let [one, other] = [one, other].map(|at| at.index(text.len() + 1));
            text.into_bytes()[one.min(other)..one.max(other)].to_vec()
        });
        let names: Vec<_> = names::STEMS.iter().chain(names::FOREIGN).map(|name| (*name).to_owned()).collect();
        let name = (prop::sample::select(names), any::<u64>()).prop_map(|(name, upper)| in_any_case(name, upper));
        prop_oneof![
            2 => corpus.prop_map(String::into_bytes),
            3 => part,
            3 => name.prop_map(String::into_bytes),
            4 => prop::sample::select(SIGNS).prop_map(|sign| sign.as_bytes().to_vec()),
            1 => "[a-z]{1,4}:[a-z0-9]{1,4}".prop_map(|pair| STANDARD_NO_PAD.encode(pair).into_bytes()),
            2 => "[A-Za-z0-9+/=_-]{1,24}".prop_map(String::into_bytes),
            1 => "([0-9][ -]{0,4}){1,20}".prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..6),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]

        #[test]
        fn what_is_ruled_out_at_once_holds_nothing(
            pieces in prop::collection::vec(piece(), 0..6),
            is_window in any::<bool>(),
        ) {
            let text = pieces.concat();
            prop_assert_eq!(in_plain(&text, is_window), by_all(&text, is_window));
        }
    }

    #[test]
    fn nothing_of_the_corpus_is_ruled_out_that_holds_a_secret() {
        for text in corpus() {
            let names = names::STEMS.iter().chain(names::FOREIGN).map(|name| format!("{name}{text}"));
            for text in names.chain([text.clone()]) {
                assert_eq!(in_plain(text.as_bytes(), false), by_all(text.as_bytes(), false), "{text}");
                assert_eq!(in_plain(text.as_bytes(), true), by_all(text.as_bytes(), true), "{text}");
            }
        }
    }

    #[test]
    fn every_pattern_compiles_and_names_its_secret() {
        for form in FORMS {
            let regex = Regex::new(&pattern(form)).unwrap();
            assert!(regex.capture_names().any(|name| name == Some("secret")), "{}", form.pattern);
        }
        assert!(!by_form(b"a@example.com").is_empty());
        assert!(may_hold(b"a@example.com") && may_hold(b"password") && !may_hold(b"nothing of either"));
    }

    #[test]
    fn a_card_has_its_check_digit() {
        assert!(is_card(b"4111 1111 1111 1111") && is_card(b"378282246310005"));
        assert!(!is_card(b"4111111111111112") && !is_card(b"411111111111"));
    }
}
