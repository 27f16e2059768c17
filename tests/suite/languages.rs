//! Checks that every text exists in all six languages, names the same values in each, and is not left in English; and
//! that no report contains English text from elsewhere.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use flate2::write::GzEncoder;
use toml::{Table, Value};
use unicode_width::UnicodeWidthStr;
use whyclosed::capture::Note;
use whyclosed::catalog::{Language, Registries, built_in, iana};
use whyclosed::diagnose::RULES;
use whyclosed::reference::{Comparison, Explanation, Listing, Rules, document, rules};
use whyclosed::report::Report;
use whyclosed::report::document::{self as report_document, Block, Item, Table as DocumentTable};
use whyclosed::report::phrase;
use whyclosed::report::selection::Selection;

use crate::support::{below_fixtures, reading};

/// The width of a table cell for a text, and of labels beside their texts.
const CELL: usize = 26;

/// Texts that are the same in English and another language: names and shared words.
const SHARED: &str = include_str!("languages_shared.txt");

/// One text in its languages, and its place.
struct Text {
    at: String,
    languages: Table,
}

impl Text {
    fn of(&self, language: Language) -> &str {
        self.languages.get(language.code()).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Returns every text of every word file.
fn texts() -> Vec<Text> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for folder in ["catalog", "catalog/close_codes", "diagnose", "diagnose/rules"] {
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

/// Collects texts: a table with the key `en` is a text; other tables are searched.
fn collect(at: &str, value: &Value, found: &mut Vec<Text>) {
    match value {
        Value::Table(table) if table.contains_key("en") => {
            found.push(Text { at: at.to_owned(), languages: table.clone() });
        }
        Value::Table(table) => table.iter().for_each(|(key, value)| collect(&format!("{at}: {key}"), value, found)),
        Value::Array(rows) => rows.iter().for_each(|row| {
            let code = row.get("code").or(row.get("id")).map(|code| format!("{code:?}")).unwrap_or_default();
            collect(&format!("{at} {code}"), row, found);
        }),
        _ => {}
    }
}

/// Panics with all faults, not only the first.
#[track_caller]
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Returns every language but English.
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

/// Returns the values that a text names, each as often as it occurs. Some languages contract a side with a preposition:
/// "du client".
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

/// Codes, status numbers and sections must be the same in every language.
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

/// English words that do not exist in the other languages.
const ENGLISH: [&str; 12] =
    ["the", "of", "and", "with", "which", "that", "this", "was", "were", "because", "without", "from"];

/// Returns an English word in a text of another language. Text in code, braces or quotation marks is quoted and
/// therefore ignored, and so are the ids of rules and addresses of pages.
fn english_word(text: &str) -> Option<&'static str> {
    let prose = text.split(['{', '}', '`', '“', '”', '«', '»']).step_by(2).collect::<String>().to_lowercase();
    let prose = prose.split_whitespace().filter(|word| !word.contains('_') && !word.contains("://"));
    let words: Vec<_> = prose.flat_map(|word| word.split(|c: char| !c.is_alphabetic())).collect();
    ENGLISH.into_iter().find(|word| words.contains(word))
}

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
            if let Some(word) = english_word(given) {
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

fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(below_fixtures(path)).unwrap()
}

/// Returns capture files with one flaw each, for every kind of note that a file can cause.
fn flawed() -> Vec<(&'static str, Vec<u8>)> {
    let (pcapng, pcap) = (fixture("invalid_utf8/capture.pcapng"), fixture("big_endian/capture.pcap"));
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let zipped = gzip(&pcapng);
    let statistics = [&[0; 12][..], &[5, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0], &[0; 4]].concat();
    let packet_of_no_interface = [&[9, 0, 0, 0][..], &[0; 16]].concat();
    let packet_too_long = [&[0; 12][..], &[99, 0, 0, 0], &[99, 0, 0, 0]].concat();
    let block =
        |kind: u8, body: &[u8], length: u8| [&[kind, 0, 0, 0, length, 0, 0, 0][..], body, &[length, 0, 0, 0]].concat();
    let sound = |kind: u8, body: &[u8]| block(kind, body, body.len() as u8 + 12);
    let mut lengths_differ = sound(4, &[0; 4]);
    *lengths_differ.last_mut().unwrap() = 1;
    let mut version = pcapng.clone();
    version[12] = 9;
    let after = |tail: &[u8]| [&*pcapng, tail].concat();
    vec![
        ("cut in a record", pcap[..pcap.len() - 1].to_vec()),
        ("cut in a block", pcapng[..pcapng.len() - 1].to_vec()),
        ("gzip cut", zipped[..zipped.len() - 20].to_vec()),
        ("gzip corrupt", [&*zipped, &[0xff; 40]].concat()),
        ("record", [&*pcap, &[0xff; 16]].concat()),
        ("block length", after(&block(4, &[0; 4], 7))),
        ("section header", after(&version)),
        ("lengths differ", after(&lengths_differ)),
        ("too short", after(&sound(1, &[0; 4]))),
        ("unknown interface", after(&sound(6, &packet_of_no_interface))),
        ("packet length", after(&sound(6, &packet_too_long))),
        ("skipped twice", after(&[sound(1, &[0; 4]), sound(1, &[0; 4])].concat())),
        ("drops", after(&sound(5, &statistics))),
    ]
}

#[test]
fn notes_on_files_follow_the_language() {
    let (folder, mut faults) = (tempfile::tempdir().unwrap(), Vec::new());
    for (flaw, bytes) in flawed() {
        let path = folder.path().join("capture");
        std::fs::write(&path, bytes).unwrap();
        let of = |language| Report::new(reading::material(&path).unwrap(), language).captures.remove(0).notes;
        let english = of(Language::English);
        assert_eq!(english.len(), 1, "{flaw}: {english:?}");
        for language in others() {
            let notes = of(language);
            faults.extend(left_in_english(&english[0], &notes[0]).map(|fault| format!("{flaw}: {fault}")));
        }
    }
    // Notes that no small file causes.
    let many = [Note::LeftOut { count: 1 }, Note::LeftOut { count: 7 }, Note::LetGo { count: 1, kept: 9 }];
    for note in many {
        let english = phrase::note(&note, Language::English);
        faults.extend(others().filter_map(|language| left_in_english(&english, &phrase::note(&note, language))));
    }
    none(faults);
}

fn left_in_english(english: &str, given: &str) -> Option<String> {
    if given == english || given.is_empty() {
        return Some(format!("{given:?} is the English text"));
    }
    english_word(given).map(|word| format!("the English word {word:?}: {given}"))
}

/// Checks the report on every fixture, in every language. Text sent by the peers of the fixtures is quoted.
#[test]
fn no_report_has_english_words_in_another_language() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = std::fs::read_dir(folder).unwrap().filter_map(|entry| std::fs::read_dir(entry.unwrap().path()).ok());
    let files = folders.flat_map(|files| files.map(|file| file.unwrap().path()));
    let captures: Vec<_> =
        files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("capture.pcap")).collect();
    assert!(captures.len() > 100, "only {}", captures.len());
    let (all, mut faults) = (Selection { all: true, ..Selection::default() }, BTreeSet::new());
    for capture in captures {
        for language in others() {
            let report = Report::new(reading::material(&capture).unwrap(), language);
            for text in said(&report_document::document(&report, &all, true, language)) {
                let text = without_names(text);
                if let Some(word) = english_word(&text) {
                    faults.insert(format!("{} in {}: {word:?}: {text}", capture.display(), language.code()));
                }
            }
        }
    }
    none(faults.into_iter().collect());
}

/// Removes the names of applications' codes, which are in the language of their registries.
fn without_names(text: String) -> String {
    static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let rows = built_in().flat_map(|registry| registry.rows.iter());
        rows.map(|row| row.name.get(Language::English)).filter(|name| english_word(name).is_some()).collect()
    });
    NAMES.iter().fold(text, |text, name| text.replace(name, ""))
}

/// Returns every text of a document.
fn said(document: &[Block]) -> Vec<String> {
    let of_table = |table: &DocumentTable| -> Vec<_> {
        table.header.iter().chain(table.rows.iter().flat_map(|row| &row.cells)).cloned().collect()
    };
    let of_items =
        |items: &[Item]| -> Vec<_> { items.iter().flat_map(|item| [item.label.clone(), item.text.clone()]).collect() };
    let of = |block: &Block| match block {
        Block::Headline(text) | Block::Captured(text) | Block::Numbers(text) | Block::Remark(text) => {
            vec![text.clone()]
        }
        Block::Causes(table) | Block::Table(table) => of_table(table),
        Block::Section(title, items) => [vec![title.clone()], of_items(items)].concat(),
        Block::Annex(annex) => {
            let texts = vec![annex.title.clone(), annex.remark.clone()];
            [texts, of_table(&annex.table), of_items(&annex.items)].concat()
        }
    };
    document.iter().flat_map(of).collect()
}

/// Checks the output of `explain`, `compare`, `codes` and `rules`.
#[test]
fn no_reference_has_english_words_in_another_language() {
    let registries = Registries::default();
    let mut faults = BTreeSet::new();
    for language in others() {
        let explained: Vec<_> = [iana()]
            .into_iter()
            .chain(built_in())
            .flat_map(|registry| registry.rows.iter().map(move |row| (registry, row.code)))
            .flat_map(|(registry, codes)| Explanation::all(codes, Some(registry), &registries, language))
            .collect();
        assert!(explained.len() > 150, "only {}", explained.len());
        let mut texts = said(&document::explanations(&explained, language));
        for pair in explained.windows(2) {
            texts.extend(said(&document::comparison(&Comparison::new(pair.to_vec(), language), language)));
        }
        let all: Vec<_> = [iana()].into_iter().chain(built_in()).collect();
        texts.extend(said(&document::listing(&Listing::new(&all, &registries, language), language)));
        let named = RULES.iter().map(|rule| Rules::named(rule.name, language).unwrap());
        for rules in named.chain([Rules::all(language)]) {
            texts.extend(said(&rules::document(&rules, language)));
        }
        let english = texts.into_iter().map(without_names).filter_map(|text| Some((english_word(&text)?, text)));
        faults.extend(english.map(|(word, text)| format!("{}: {word:?}: {text}", language.code())));
    }
    none(faults.into_iter().collect());
}
