//! Texts in several languages, by name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Language;

/// One text, by language code.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Localized(BTreeMap<String, String>);

impl Localized {
    /// The text in a language, else in English, else nothing.
    pub fn get(&self, language: Language) -> &str {
        let text = self.0.get(language.code()).or_else(|| self.0.get(Language::English.code()));
        text.map_or("", String::as_str)
    }
}

/// The texts of one file, by name.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Texts {
    /// The standard that the file's subject rests on.
    #[serde(default)]
    pub reference: String,
    #[serde(flatten)]
    texts: BTreeMap<String, Localized>,
}

impl Texts {
    /// Reads a word file. The files are compiled in, and a test reads them all: a fault gives empty texts, never a panic.
    pub fn parse(toml: &str) -> Self {
        toml::from_str(toml).unwrap_or_default()
    }

    /// The text of that name.
    pub fn get(&self, name: &str, language: Language) -> &str {
        self.texts.get(name).map_or("", |text| text.get(language))
    }

    /// The text `NAME_VARIANT`, else `NAME`.
    pub fn variant(&self, name: &str, variant: &str, language: Language) -> &str {
        let chosen = if variant.is_empty() { None } else { self.texts.get(&format!("{name}_{variant}")) };
        chosen.map_or_else(|| self.get(name, language), |text| text.get(language))
    }
}

/// The words of the reports.
pub fn words() -> &'static Texts {
    static WORDS: LazyLock<Texts> = LazyLock::new(|| Texts::parse(include_str!("words.toml")));
    &WORDS
}

/// Puts values into the `{placeholders}` of a text; an unknown one stays.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}').and_then(|(name, behind)| Some((value(name)?, behind))) {
            Some((value, behind)) => {
                filled.push_str(&value);
                rest = behind;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        let value = |name: &str| (name == "a").then(|| "{b}".to_owned());
        assert_eq!(fill("x {a} {b} {", value), "x {b} {b} {");
    }
}
