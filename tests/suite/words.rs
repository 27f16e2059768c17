//! Checks the word files: they are complete, well-formed, and name only values and variants that their rule declares.

use std::collections::BTreeSet;
use std::path::PathBuf;

use toml::Table;
use unicode_width::UnicodeWidthStr;
use whyclosed::catalog::close_codes::Sender;
use whyclosed::catalog::{FILES, Language, built_in, iana};
use whyclosed::diagnose::{RULES, Rule, Variant};
use whyclosed::ws::CloseCode;

/// The texts that every rule must have.
const TEXTS: [&str; 6] = ["title", "summary", "cause", "fix", "proof", "refuted"];

/// The width of the table's last column.
const TITLE_WIDTH: usize = 30;

/// The codes listed by RFC 6455 §7.4.1 and the IANA registry.
const CODES: [u16; 19] =
    [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 3000, 3003, 3008];

/// The codes of these that must not be sent (RFC 6455 §7.4.1).
const NEVER_SENT: [u16; 4] = [1004, 1005, 1006, 1015];

/// A rule with its word file.
struct Words {
    rule: &'static Rule,
    table: Table,
}

impl Words {
    fn all() -> Vec<Self> {
        RULES.iter().map(|rule| Self::of(rule)).collect()
    }

    fn of(rule: &'static Rule) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/diagnose/rules");
        let text = std::fs::read_to_string(folder.join(format!("{}.toml", rule.name)));
        let table = text.map_err(|error| error.to_string()).and_then(|text| text.parse().map_err(|e| format!("{e}")));
        Self { rule, table: table.unwrap_or_else(|error| panic!("{}: {error}", rule.name)) }
    }

    /// Returns whether every finding that uses a text has a value. The text of a variant is used by that variant; the
    /// text without a suffix also by every variant that has none of its own.
    fn always_has(&self, base: &str, variant: &str, value: &str) -> bool {
        let uses = |chosen: &&Variant| {
            let has_own = !chosen.name.is_empty() && self.table.contains_key(&format!("{base}_{}", chosen.name));
            if has_own { chosen.name == variant } else { variant.is_empty() }
        };
        let mut users = self.rule.variants.iter().filter(uses).peekable();
        let is_of_users = users.peek().is_some() && users.all(|chosen| chosen.values.contains(&value));
        self.rule.values.contains(&value) || is_of_users
    }

    /// Returns every text in every language: `cause_403`, `cause`, `403`, the sentence, and the language's code.
    fn texts(&self) -> impl Iterator<Item = (&str, &str, &str, &str, &str)> {
        let tables = self.table.iter().filter_map(|(name, value)| Some((name, value.as_table()?)));
        tables.flat_map(|(name, languages)| {
            let (base, variant) = name.split_once('_').unwrap_or((name, ""));
            languages.iter().map(move |(language, text)| {
                (name.as_str(), base, variant, text.as_str().unwrap_or_default(), language.as_str())
            })
        })
    }
}

/// Panics with all faults of all files, not only the first.
#[track_caller]
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Returns the names in braces; fails if the braces are not paired.
fn placeholders(text: &str) -> Result<Vec<&str>, &'static str> {
    let mut names = Vec::new();
    let mut pieces = text.split('{');
    if pieces.next().unwrap_or_default().contains('}') {
        return Err("} without {");
    }
    for piece in pieces {
        let (name, rest) = piece.split_once('}').ok_or("{ without }")?;
        if rest.contains('}') {
            return Err("} without {");
        }
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            return Err("no name in braces");
        }
        names.push(name);
    }
    Ok(names)
}

/// Returns a fault in the form of a text.
fn faults_of_form(text: &str) -> Option<&'static str> {
    match text {
        "" => Some("empty"),
        _ if text.trim() != text => Some("spaces around"),
        _ if text.contains("  ") => Some("two spaces"),
        _ if text.contains('\n') => Some("two lines"),
        _ => None,
    }
}

/// Returns whether a sentence begins with a value. Values are inserted as "the client", in lower case, so none may.
fn begins_a_sentence_with_a_value(text: &str) -> bool {
    text.starts_with('{') || text.contains(". {")
}

#[test]
fn every_rule_has_its_words() {
    let mut faults = Vec::new();
    for words in Words::all() {
        for name in TEXTS {
            let english = words.table.get(name).and_then(|text| text.get("en")).and_then(|text| text.as_str());
            if english.is_none() {
                faults.push(format!("{}: no {name}", words.rule.name));
            }
        }
        let reference = words.table.get("reference").and_then(|reference| reference.as_str()).unwrap_or_default();
        if !reference.starts_with("RFC ") || !reference.contains(" §") {
            faults.push(format!("{}: reference {reference:?}", words.rule.name));
        }
    }
    none(faults);
}

#[test]
fn every_word_file_has_its_rule() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/diagnose/rules");
    let files: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    let rules: BTreeSet<_> = RULES.iter().map(|rule| rule.name.to_owned()).collect();
    assert_eq!(files, rules);
}

#[test]
fn texts_are_in_form() {
    let mut faults = Vec::new();
    for words in Words::all() {
        for (name, base, _, text, language) in words.texts() {
            let at = format!("{}.{name}.{language}", words.rule.name);
            // Thai has no full stops and no upper case.
            let (has_stops, has_cases) = (language != "th", language != "th");
            faults.extend(faults_of_form(text).map(|fault| format!("{at}: {fault}")));
            let fault = match base {
                "title" if text.width() > TITLE_WIDTH => "too wide",
                "title" if text.contains('{') => "a value in a title",
                "title" | "summary" if text.ends_with('.') => "a full stop at the end",
                // A summary follows a colon.
                "summary" if text.starts_with(char::is_uppercase) => "begins in upper case",
                "summary" if text.contains(". ") => "more than one sentence",
                "cause" | "fix" | "proof" | "refuted" if text.ends_with('.') != has_stops => {
                    "a full stop at the end is missing, or too much"
                }
                "cause" | "fix" | "proof" | "refuted" if has_cases && !text.starts_with(char::is_uppercase) => {
                    "begins in lower case"
                }
                "cause" | "fix" if has_cases && begins_a_sentence_with_a_value(text) => {
                    "a sentence begins with a value"
                }
                "title" | "summary" | "cause" | "fix" | "proof" | "refuted" => continue,
                _ => "no such text",
            };
            faults.push(format!("{at}: {fault}: {text}"));
        }
    }
    none(faults);
}

#[test]
fn placeholders_name_what_every_finding_has() {
    let mut faults = Vec::new();
    for words in Words::all() {
        for (name, base, variant, text, language) in words.texts() {
            let at = format!("{}.{name}.{language}", words.rule.name);
            let names = placeholders(text).unwrap_or_else(|fault| {
                faults.push(format!("{at}: {fault}: {text}"));
                Vec::new()
            });
            for value in names {
                // Contracted with a preposition, as in "du client".
                let value = value.strip_prefix("of_").or(value.strip_prefix("to_")).unwrap_or(value);
                if !words.always_has(base, variant, value) {
                    faults.push(format!("{at}: {{{value}}} is not a value of every finding with this text"));
                }
                if matches!(base, "proof" | "refuted") {
                    faults.push(format!("{at}: says {{{value}}}, but is said of the rule, not of a connection"));
                }
            }
        }
    }
    none(faults);
}

/// A text for a variant that the rule does not declare is never read; a variant without texts changes nothing.
#[test]
fn variants_are_declared_and_have_texts() {
    let mut faults = Vec::new();
    for words in Words::all() {
        let with_texts: BTreeSet<_> = words.texts().map(|(_, _, variant, ..)| variant).collect();
        let declared: BTreeSet<_> = words.rule.variants.iter().map(|variant| variant.name).collect();
        assert_eq!(declared.len(), words.rule.variants.len(), "{}: a variant twice", words.rule.name);
        // The texts without a suffix describe the rule, whether or not a finding chooses them.
        let different = with_texts.symmetric_difference(&declared).filter(|variant| !variant.is_empty());
        faults.extend(different.map(|variant| match declared.contains(variant) {
            true => format!("{}: the variant {variant:?} has no text", words.rule.name),
            false => format!("{}: the variant {variant:?} is not declared", words.rule.name),
        }));
    }
    none(faults);
}

/// Reports group connections by rule and fix, and give the cause once. So if causes differ, fixes must.
#[test]
fn causes_differ_only_where_fixes_do() {
    let mut faults = Vec::new();
    for words in Words::all() {
        for (name, base, variant, text, _) in words.texts() {
            if base == "cause" && !variant.is_empty() && !words.table.contains_key(&format!("fix_{variant}")) {
                faults.push(format!("{}.{name}: without fix_{variant}", words.rule.name));
            }
            if base == "cause" && text.contains('{') {
                faults.push(format!("{}.{name}: has values, but stands for several connections", words.rule.name));
            }
        }
    }
    none(faults);
}

/// Titles identify rules in the table.
#[test]
fn titles_are_unique() {
    let rules = Words::all();
    let titles = rules.iter().flat_map(|words| words.texts().filter(|text| text.1 == "title"));
    let mut unique = BTreeSet::new();
    let twice: Vec<_> = titles.filter(|text| !unique.insert((text.4, text.3))).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// Returns every row of IANA's registry.
fn iana_rows() -> impl Iterator<Item = &'static whyclosed::catalog::Row> {
    iana().rows.iter()
}

#[test]
fn the_catalogue_is_complete() {
    let listed: Vec<_> = iana_rows().filter(|row| row.code.is_one()).map(|row| row.code.first).collect();
    assert_eq!(listed, CODES);
    for row in iana_rows().filter(|row| row.code.is_one()) {
        assert_eq!(row.wire, !NEVER_SENT.contains(&row.code.first), "{}", row.code);
    }
    // The ranges are contiguous, so every code has one.
    let ranges: Vec<_> = iana_rows().filter(|row| !row.code.is_one()).collect();
    let bounds: Vec<_> = ranges.iter().map(|row| (row.code.first, row.code.last)).collect();
    assert_eq!(bounds, [(0, 999), (1000, 2999), (3000, 3999), (4000, 4999), (5000, u16::MAX)]);
    assert_eq!(ranges.iter().map(|row| row.wire).collect::<Vec<_>>(), [false, false, true, true, false]);
}

/// Every built-in registry can be parsed, and has everything that a row needs.
#[test]
fn the_registries_are_in_form() {
    let mut faults = Vec::new();
    assert!(FILES.len() >= 20, "only {} registries", FILES.len());
    for (file, registry) in FILES.iter().zip(built_in()) {
        if registry.rows.is_empty() || registry.evidence.is_empty() || !registry.source.starts_with("https://") {
            faults.push(format!("{file}: no rows, no evidence or no source"));
        }
    }
    let ids: BTreeSet<_> = built_in().map(|registry| &registry.id).collect();
    assert_eq!(ids.len(), FILES.len(), "{ids:?}");
    for registry in built_in().chain([iana()]) {
        for row in registry.rows.iter() {
            let at = format!("{} {}", registry.id, row.code);
            if (row.sender == Sender::Nobody) == row.wire {
                faults.push(format!("{at}: wire = {}, but sender {:?}", row.wire, row.sender));
            }
            if registry.rows.iter().filter(|other| other.code == row.code).count() > 1 {
                faults.push(format!("{at}: twice"));
            }
            let english = Language::English;
            for text in [row.meaning.get(english), row.cause(english), row.fix(english)] {
                faults.extend(faults_of_form(text).map(|fault| format!("{at}: {fault}: {text}")));
                if !text.ends_with('.') || text.contains(['{', '}']) {
                    faults.push(format!("{at}: {text:?}"));
                }
            }
        }
    }
    none(faults);
}

#[test]
fn every_file_of_codes_has_its_registry() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/catalog/close_codes");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .filter(|file| file != "iana" && file != "kinds")
        .collect();
    files.sort();
    assert_eq!(files, FILES);
}

/// The registry and the decoder agree on every possible code.
#[test]
fn the_catalogue_agrees_with_the_decoder() {
    for code in 0..=u16::MAX {
        let row = iana().row(code).unwrap_or_else(|| panic!("nothing about {code}"));
        assert_eq!(row.wire, CloseCode(code).may_be_sent(), "{code}");
    }
}
