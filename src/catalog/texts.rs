//! Texts in several languages, by name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

use foldhash::fast::FixedState;
use memchr::{memchr, memmem};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Language;

/// One text in every language that it exists in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Localized([Option<Box<str>>; Language::ALL.len()]);

impl Localized {
    /// Returns the text in a language, else in English, else an empty text.
    pub fn get(&self, language: Language) -> &str {
        self.exact(language).or_else(|| self.exact(Language::English)).unwrap_or_default()
    }

    /// Returns the text in exactly this language.
    pub fn exact(&self, language: Language) -> Option<&str> {
        self.0.get(language as usize)?.as_deref()
    }
}

/// Parses `{ en = "…", es = "…" }`, or `"…"` for a text that is the same in all languages.
impl<'de> Deserialize<'de> for Localized {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LocalizedVisitor)
    }
}

struct LocalizedVisitor;

impl<'de> Visitor<'de> for LocalizedVisitor {
    type Value = Localized;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a table of texts by language: en, es, fr, id, th, vi")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Localized, E> {
        let mut localized = Localized::default();
        if let Some(english) = localized.0.get_mut(Language::English as usize) {
            *english = Some(text.into());
        }
        Ok(localized)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Localized, A::Error> {
        let mut localized = Localized::default();
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            let known = Language::ALL.into_iter().position(|language| language.code() == key);
            let text = known.and_then(|at| localized.0.get_mut(at));
            *text.ok_or_else(|| {
                de::Error::custom(format!("`{key}` is none of the languages en, es, fr, id, th, vi"))
            })? = Some(map.next_value()?);
        }
        Ok(localized)
    }
}

/// The texts of one file, by name. Each is parsed when it is asked for first: a report needs a few dozen of hundreds.
#[derive(Debug, Default)]
pub struct Texts {
    /// The standard that the subject of the file is based on.
    pub reference: String,
    texts: HashMap<&'static str, Text, FixedState>,
}

/// A text, and the table that it is parsed from.
#[derive(Debug)]
struct Text {
    table: &'static str,
    parsed: OnceLock<Localized>,
}

/// The part of a file before its tables.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    #[serde(default)]
    reference: String,
}

impl Texts {
    /// Divides a word file into its tables: each begins with its name in brackets, alone on a line. The files are
    /// compiled in, and a test parses all of them as a whole: a fault gives empty texts, never a panic.
    pub fn parse(toml: &'static str) -> Self {
        let (head, mut rest) = before_table(toml);
        let mut texts = HashMap::default();
        while let Some((name, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let (table, next) = before_table(behind);
            texts.insert(name, Text { table, parsed: OnceLock::new() });
            rest = next;
        }
        let Head { reference } = toml::from_str(head).unwrap_or_default();
        Self { reference, texts }
    }

    /// Returns the text of that name, or an empty text.
    pub fn get(&self, name: &str, language: Language) -> &str {
        self.localized(name).map_or("", |text| text.get(language))
    }

    /// Returns the text `NAME_VARIANT`, else `NAME`.
    pub fn variant(&self, name: &str, variant: &str, language: Language) -> &str {
        let chosen = if variant.is_empty() { None } else { self.localized(&[name, "_", variant].concat()) };
        chosen.map_or_else(|| self.get(name, language), |text| text.get(language))
    }

    fn localized(&self, name: &str) -> Option<&Localized> {
        let Text { table, parsed } = self.texts.get(name)?;
        Some(parsed.get_or_init(|| toml::from_str(table).unwrap_or_default()))
    }
}

/// Splits a file where its next table begins.
fn before_table(toml: &str) -> (&str, &str) {
    if toml.starts_with('[') {
        return ("", toml);
    }
    memmem::find(toml.as_bytes(), b"\n[").and_then(|at| toml.split_at_checked(at + 1)).unwrap_or((toml, ""))
}

/// Returns the words of the reports.
pub fn words() -> &'static Texts {
    static WORDS: LazyLock<Texts> = LazyLock::new(|| Texts::parse(include_str!("words.toml")));
    &WORDS
}

/// Returns the words of `explain`, `compare` and `codes`.
pub fn reference_words() -> &'static Texts {
    static WORDS: LazyLock<Texts> = LazyLock::new(|| Texts::parse(include_str!("reference.toml")));
    &WORDS
}

/// Returns the words of the terminal view.
#[cfg(feature = "view")]
pub fn view_words() -> &'static Texts {
    static WORDS: LazyLock<Texts> = LazyLock::new(|| Texts::parse(include_str!("view.toml")));
    &WORDS
}

/// Substitutes the `{placeholders}` of a text; unknown ones stay. If a substituted quotation ends its own sentence, the
/// full stop after it is dropped: `“Try later.”`, not `“Try later.”.` Between Thai and Latin letters a space is added.
pub fn fill<'v>(template: &str, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = split_at(rest, b'{') {
        filled.push_str(before);
        match split_at(after, b'}').and_then(|(name, behind)| Some((value(name)?, behind))) {
            Some((value, behind)) => {
                if filled.ends_with(is_thai) && value.starts_with(|first: char| first.is_ascii_alphanumeric()) {
                    filled.push(' ');
                }
                filled.push_str(&value);
                let quote = behind.len() - behind.trim_start_matches(CLOSING).len();
                let (quote, behind) = behind.split_at_checked(quote).unwrap_or((behind, ""));
                filled.push_str(quote);
                rest = behind.strip_prefix('.').filter(|_| ends_a_sentence(&filled)).unwrap_or(behind);
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn is_thai(character: char) -> bool {
    ('\u{E01}'..='\u{E5B}').contains(&character)
}

/// Splits a text at the first occurrence of an ASCII character, which is dropped; `None` if it does not occur.
fn split_at(text: &str, character: u8) -> Option<(&str, &str)> {
    let at = memchr(character, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Characters that close a quotation; French has a space before the mark.
const CLOSING: [char; 4] = ['”', '»', '\u{A0}', '\u{202F}'];

/// Returns whether a text ends in a quotation that ends in a full stop, an exclamation mark or a question mark.
fn ends_a_sentence(text: &str) -> bool {
    text.ends_with(['”', '»']) && text.trim_end_matches(CLOSING).ends_with(['.', '!', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_that_of_the_whole_file() {
        let folder =
            |path: &str| std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let files = folder("src/diagnose/rules").chain(folder("src/catalog")).map(|file| file.unwrap().path());
        let mut count = 0;
        for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
            let source = &*std::fs::read_to_string(&file).unwrap().leak();
            let Ok(mut whole) = toml::from_str::<HashMap<String, Localized>>(source) else { continue };
            let texts = Texts::parse(source);
            let reference = whole.remove("reference").unwrap_or_default();
            assert_eq!(texts.reference, reference.get(Language::English), "{file:?}");
            assert_eq!(texts.texts.len(), whole.len(), "{file:?}");
            for (name, text) in &whole {
                assert_eq!(texts.localized(name), Some(text), "{file:?}");
            }
            count += whole.len();
        }
        assert!(count > 1000, "{count} texts");
    }

    #[test]
    fn placeholders_are_filled_once() {
        let value = |name: &str| (name == "a").then(|| "{b}".into());
        assert_eq!(fill("x {a} {b} {", value), "x {b} {b} {");
    }

    #[test]
    fn thai_and_latin_letters_are_apart() {
        let of = |value: &str| fill("เพราะ{why}", |_| Some(value.to_owned().into()));
        assert_eq!([of("ping"), of("ไคลเอนต์"), of("“bye”")], ["เพราะ ping", "เพราะไคลเอนต์", "เพราะ“bye”"]);
    }

    #[test]
    fn a_quotation_takes_no_second_full_stop() {
        let of = |template: &str, value: &str| fill(template, |_| Some(value.into()));
        assert_eq!(of("Reason: {reason}. Then", "“Try later.”"), "Reason: “Try later.” Then");
        assert_eq!(of("Reason: {reason}.", "“later”"), "Reason: “later”.");
        assert_eq!(of("Motif : «\u{A0}{reason}\u{A0}».", "Try later!"), "Motif : «\u{A0}Try later!\u{A0}»");
        assert_eq!(of("{value}.", "0.1."), "0.1..", "not a quotation");
        assert_eq!(of("“{value}…”.", "a"), "“a…”.", "cut short, not ended");
    }
}
