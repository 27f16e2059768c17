//! The ways to get the keys of TLS sessions from programs.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Localized;

/// What is known about key logs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyLogs {
    /// Advice that holds for all programs.
    pub advice: Vec<Localized>,
    /// How to get a key log, by program; the last one says how to use it.
    #[serde(rename = "recipe")]
    pub recipes: Vec<Recipe>,
}

/// A way to get a key log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The programs.
    pub program: Box<str>,
    /// The command, or the line of source code.
    pub command: Box<str>,
    /// What else to know.
    pub note: Localized,
}

/// Returns what is known about key logs.
pub fn key_logs() -> &'static KeyLogs {
    static KEYS: LazyLock<KeyLogs> = LazyLock::new(|| toml::from_str(include_str!("keys.toml")).unwrap_or_default());
    &KEYS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Language;

    #[test]
    fn recipes_are_there_in_every_language() {
        let KeyLogs { advice, recipes } = key_logs();
        assert!(advice.len() > 1 && recipes.len() > 8, "the file is not read");
        let texts = || advice.iter().chain(recipes.iter().map(|recipe| &recipe.note));
        for language in Language::ALL {
            assert!(texts().all(|text| text.exact(language).is_some_and(|text| !text.is_empty())), "{language:?}");
        }
    }
}
