//! Every text exists in all six languages, names the same values in each, and is none that was left in English.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use unicode_width::UnicodeWidthStr;
use whyclosed::catalog::Language;

/// Columns that a cell of a table has for a text, and that labels have beside their texts.
const CELL: usize = 26;

/// Texts that some languages write as English does: names, and words that they share.
const SHARED: &str = include_str!("languages_shared.txt");

/// One text: where it stands, and its languages.
struct Text {
    at: String,
    languages: Table,
}

impl Text {
    fn of(&self, language: Language) -> &str {
        self.languages.get(language.code()).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Every text of every word file.
fn texts() -> Vec<Text> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for folder in ["catalog", "catalog/close_codes", "diagnose/rules"] {
        let mut files: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        for file in files {
            let table: Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
            collect(&name(&root, &file), &Value::Table(table), &mut found);
        }
    }
    assert!(found.len() > 800, "only {} texts", found.len());
    found
}

fn name(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap().display().to_string()
}

/// A table with English in it is a text; all others are looked into.
fn collect(at: &str, value: &Value, found: &mut Vec<Text>) {
    match value {
        Value::Table(table) if table.contains_key("en") => {
            found.push(Text { at: at.to_owned(), languages: table.clone() });
        }
        Value::Table(table) => table.iter().for_each(|(key, value)| collect(&format!("{at}: {key}"), value, found)),
        Value::Array(rows) => rows.iter().for_each(|row| {
            let code = row.get("code").map(|code| format!("{code:?}")).unwrap_or_default();
            collect(&format!("{at} {code}"), row, found);
        }),
        _ => {}
    }
}

/// All that is wrong, not only the first.
#[track_caller]
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Every language but English.
fn others() -> impl Iterator<Item = Language> {
    Language::ALL.into_iter().filter(|language| *language != Language::English)
}

#[test]
fn every_text_has_all_six_languages() {
    let mut faults = Vec::new();
    for text in texts() {
        let lacks: Vec<_> = others().filter(|language| text.of(*language).is_empty()).map(Language::code).collect();
        if !lacks.is_empty() {
            faults.push(format!("{} lacks {}: {}", text.at, lacks.join(", "), text.of(Language::English)));
        }
        let known: BTreeSet<_> = Language::ALL.into_iter().map(Language::code).collect();
        faults.extend(
            text.languages.keys().filter(|key| !known.contains(&***key)).map(|key| format!("{}: {key}?", text.at)),
        );
    }
    none(faults);
}

/// The values that a text names, each as often as it does. A side may be drawn together with a preposition: "du client".
fn values(text: &str) -> Vec<&str> {
    let names = text.split('{').skip(1).filter_map(|piece| piece.split_once('}')).map(|(name, _)| name);
    let mut names: Vec<_> =
        names.map(|name| name.strip_prefix("of_").or(name.strip_prefix("to_")).unwrap_or(name)).collect();
    names.sort_unstable();
    names
}

#[test]
fn every_language_names_the_same_values() {
    let mut faults = Vec::new();
    for text in texts() {
        let expected = values(text.of(Language::English));
        for language in others().filter(|language| !text.of(*language).is_empty()) {
            let given = values(text.of(language));
            if given != expected {
                faults.push(format!("{} in {}: {given:?}, not {expected:?}", text.at, language.code()));
            }
        }
    }
    none(faults);
}

/// Codes, status numbers and sections are the same in every language.
#[test]
fn every_language_names_the_same_numbers() {
    let numbers = |text: &str| -> BTreeSet<String> {
        let joined = text.replace(['.', ',', '\u{202F}', ' '], " ");
        let digits = joined.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() > 2);
        digits.map(str::to_owned).collect()
    };
    let mut faults = Vec::new();
    for text in texts() {
        let expected = numbers(text.of(Language::English));
        for language in others().filter(|language| !text.of(*language).is_empty()) {
            let given = numbers(text.of(language));
            if given != expected {
                faults.push(format!("{} in {}: {given:?}, not {expected:?}", text.at, language.code()));
            }
        }
    }
    none(faults);
}

/// Words that none of the other languages has.
const ENGLISH: [&str; 12] =
    ["the", "of", "and", "with", "which", "that", "this", "was", "were", "because", "without", "from"];

#[test]
fn no_text_is_left_in_english() {
    let shared: BTreeSet<_> = SHARED.lines().collect();
    let mut faults = Vec::new();
    for text in texts() {
        let english = text.of(Language::English);
        for language in others() {
            let given = text.of(language);
            let has_words = english.split(['{', '}']).step_by(2).any(|piece| piece.contains(char::is_alphabetic));
            if given == english && has_words && !shared.contains(english) {
                faults.push(format!("{} in {} is the English text: {english}", text.at, language.code()));
            }
            // What stands in code, braces or quotation marks is quoted.
            let prose = given.split(['{', '}', '`', '“', '”', '«', '»']).step_by(2).collect::<String>().to_lowercase();
            let words: Vec<_> = prose.split(|c: char| !c.is_alphabetic()).collect();
            if let Some(word) = ENGLISH.iter().find(|word| words.contains(word)) {
                faults.push(format!("{} in {} has the English word {word:?}: {given}", text.at, language.code()));
            }
        }
    }
    none(faults);
}

#[test]
fn cells_have_room_for_their_texts() {
    let mut faults = Vec::new();
    for text in texts() {
        let Some((_, name)) = text.at.rsplit_once(": ") else { continue };
        let is_cell = ["cell_", "column_", "label_", "sender_"].iter().any(|prefix| name.starts_with(prefix));
        for language in Language::ALL.into_iter().filter(|_| is_cell && name != "label_choose") {
            let width = text.of(language).width();
            if width > CELL + 8 || (name.starts_with("cell_") && width > CELL) {
                faults.push(format!("{} in {}: {width} columns: {}", text.at, language.code(), text.of(language)));
            }
        }
    }
    none(faults);
}
