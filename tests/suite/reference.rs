//! Tests the reference: facts against the standards, comparisons in every language, registries shown by connections.
//!
//! `UPDATE=1 cargo test --test suite reference::` rewrites the snapshots, for review.

use std::path::Path;

use unicode_width::UnicodeWidthStr;
use whyclosed::catalog::close_codes::Sender;
use whyclosed::catalog::{Codes, Language, Registries, Registry, Texts, comparison, iana, reference_words};
use whyclosed::reference::{Comparison, Explanation, document};
use whyclosed::render::terminal::{Look, render};
use whyclosed::report::Report;
use whyclosed::report::document::Block;

use crate::support::{fixture, reading};

/// The code, whether it may occur in a Close frame, the side that is meant to send it, and the source: RFC 6455 §7.4.1,
/// its erratum 3227, the IANA registry.
const FACTS: [(u16, bool, Sender, &str); 19] = [
    (1000, true, Sender::Either, "RFC 6455 §7.4.1"),
    (1001, true, Sender::Either, "RFC 6455 §7.4.1"),
    (1002, true, Sender::Either, "RFC 6455 §7.4.1"),
    (1003, true, Sender::Either, "RFC 6455 §7.4.1"),
    (1004, false, Sender::Nobody, "RFC 6455 §7.4.1"),
    (1005, false, Sender::Nobody, "RFC 6455 §7.4.1"),
    (1006, false, Sender::Nobody, "RFC 6455 §7.4.1"),
    (1007, true, Sender::Either, "RFC 6455 §7.4.1"),
    (1008, true, Sender::Either, "RFC 6455 §7.4.1"),
    (1009, true, Sender::Either, "RFC 6455 §7.4.1"),
    (1010, true, Sender::Client, "RFC 6455 §7.4.1"),
    (1011, true, Sender::Either, "RFC 6455 §7.4.1, erratum 3227"),
    (1012, true, Sender::Server, "IANA registry (hybi list, msg09670)"),
    (1013, true, Sender::Server, "IANA registry (hybi list, msg09670)"),
    (1014, true, Sender::Server, "IANA registry (hybi list, msg10748)"),
    (1015, false, Sender::Nobody, "RFC 6455 §7.4.1"),
    (3000, true, Sender::Server, "IANA registry"),
    (3003, true, Sender::Server, "IANA registry"),
    (3008, true, Sender::Server, "IANA registry"),
];

/// Pairs that are often confused, each with a sentence of its own.
const CONFUSED: [(u16, u16); 21] = [
    (1000, 1001),
    (1000, 1005),
    (1000, 1006),
    (1000, 1007),
    (1001, 1006),
    (1001, 1012),
    (1002, 1003),
    (1002, 1007),
    (1003, 1007),
    (1003, 1008),
    (1005, 1006),
    (1006, 1015),
    (1007, 1008),
    (1008, 3000),
    (1008, 4401),
    (3000, 4401),
    (1009, 1008),
    (1011, 1006),
    (1011, 1013),
    (1012, 1013),
    (1014, 1011),
];

/// Comparisons with snapshots of their terminal output, each in this language and in English.
const KEPT: [(u16, u16, Language); 5] = [
    (1007, 1008, Language::Thai),
    (1002, 1007, Language::Indonesian),
    (1003, 1008, Language::Vietnamese),
    (1003, 1007, Language::Spanish),
    (1000, 1007, Language::French),
];

fn on_terminal(blocks: &[Block]) -> String {
    let mut out = Vec::new();
    render(blocks, Look { width: 80, color: false }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn explained(code: u16, language: Language) -> Explanation {
    Explanation::new(code, None, &Registries::default(), language).unwrap()
}

fn compared(a: u16, b: u16, language: Language) -> Comparison {
    Comparison::new(vec![explained(a, language), explained(b, language)], language)
}

#[test]
fn facts_are_those_of_the_standards() {
    let rows: Vec<_> = iana().rows.iter().filter(|row| row.code.is_one()).collect();
    assert_eq!(rows.len(), FACTS.len());
    for (row, (code, wire, sender, reference)) in rows.into_iter().zip(FACTS) {
        assert_eq!((row.code, row.wire, row.sender), (Codes::one(code), wire, sender));
        assert_eq!(iana().reference(row), reference, "{code}");
    }
}

#[test]
fn comparisons_look_as_kept() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/snapshots");
    let mut differences = Vec::new();
    for (a, b, own) in KEPT {
        for language in [own, Language::English] {
            let comparison = compared(a, b, language);
            let text = on_terminal(&document::comparison(&comparison, language));
            let words: &Texts = reference_words();
            // The headings of a narrow table may break, those of sections do not.
            for label in ["label_differences", "label_choose", "label_more"] {
                assert!(text.contains(words.get(label, language)), "{label} of {a}/{b}: {text}");
            }
            let plain: String = text.split_whitespace().collect();
            for label in ["label_meaning", "label_when", "label_fix"] {
                let first = words.get(label, language).split_whitespace().next().unwrap();
                assert!(plain.contains(first), "{label} of {a}/{b}: {text}");
            }
            for code in &comparison.codes {
                assert!(![&code.meaning, &code.cause, &code.fix, &code.choose].iter().any(|text| text.is_empty()));
            }
            assert!(comparison.differences.len() * comparison.choose.len() > 0);
            let path = folder.join(format!("compare_{a}_{b}.{}.txt", language.code()));
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, text).unwrap();
            } else if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                differences.push(path);
            }
        }
    }
    assert!(differences.is_empty(), "UPDATE=1 rewrites these, for review: {differences:#?}");
}

#[test]
fn confused_pairs_have_sentences_of_their_own() {
    for (a, b) in CONFUSED {
        assert!(comparison(a, b).is_some(), "{a}/{b}");
        assert_eq!(
            compared(a, b, Language::English).differences[0],
            comparison(a, b).unwrap().difference.get(Language::English)
        );
    }
}

/// The sentences composed for any pair must follow from its rows.
#[test]
fn composed_differences_are_true() {
    let codes: Vec<_> = FACTS.iter().map(|fact| fact.0).chain([42, 2000, 3999, 4242, 5000]).collect();
    for a in &codes {
        for b in codes.iter().filter(|b| *b != a) {
            let comparison = compared(*a, *b, Language::English);
            assert!(!comparison.differences.is_empty(), "{a}/{b}");
            for (own, other) in
                [(&comparison.codes[0], &comparison.codes[1]), (&comparison.codes[1], &comparison.codes[0])]
            {
                let claim = format!("{} may be sent in a Close frame; {} must never be sent.", own.code, other.code);
                let is_said = comparison.differences.contains(&claim);
                assert_eq!(is_said, own.wire && !other.wire, "{a}/{b}: {:?}", comparison.differences);
            }
        }
    }
}

#[test]
fn no_line_is_too_wide_in_any_language() {
    for language in Language::ALL {
        for (code, ..) in FACTS {
            let text = on_terminal(&document::explanations(&[explained(code, language)], language));
            // Texts to be copied are not broken.
            for line in text.lines().filter(|line| !line.contains("https://")) {
                assert!(line.width() <= 80, "{language:?} {code}: {line}");
                // Vowels and tones belong to the letter before, the repetition sign to the word before.
                let is_mark = |c: char| matches!(c, '\u{E31}' | '\u{E34}'..='\u{E3A}' | '\u{E46}'..='\u{E4E}');
                assert!(!line.trim_start().starts_with(is_mark), "{line}");
            }
        }
    }
}

/// Returns the registry and the name of a code in a fixture's report.
fn named(fixture_name: &str, code: u16, own: Vec<Registry>) -> (Option<String>, String) {
    let mut material = reading::material(&fixture(fixture_name)).unwrap();
    material.registries = Registries::new(own);
    let report = Report::new(material, Language::English);
    let row = report.codes.iter().find(|row| row.code == code).unwrap();
    (row.registry.clone(), row.name.clone())
}

#[test]
fn a_code_means_what_its_connection_shows() {
    let of = |fixture, code| named(fixture, code, Vec::new());
    let expected = |registry: Option<&str>, name: &str| (registry.map(str::to_owned), name.to_owned());
    assert_eq!(of("same_code_4400_graphql", 4400), expected(Some("graphql-ws"), "Bad request"));
    assert_eq!(of("same_code_4400_unknown", 4400), expected(None, "Application code"));
    assert_eq!(of("same_code_3000_sockjs", 3000), expected(Some("sockjs"), "Go away!"));
    assert_eq!(of("same_code_3000_iana", 3000), expected(Some("iana"), "Unauthorized"));
}

const TEAM: &str = r#"
name = "Card tables"
[evidence]
paths = ["/lobby"]
subprotocols = ["graphql-transport-ws"]
[[code]]
code = 4400
name = "Table closed"
meaning = "The last player left the table."
"#;

#[test]
fn a_users_own_file_comes_first() {
    for fixture in ["same_code_4400_unknown", "same_code_4400_graphql"] {
        let own = Registry::parse(TEAM, "team").unwrap();
        assert_eq!(named(fixture, 4400, vec![own]), (Some("team".to_owned()), "Table closed".to_owned()));
    }
}

#[test]
fn faults_of_a_users_file_tell_line_and_field() {
    for (wrong, right, expected) in [
        ("code = 4400", "cod = 4400", "line 7, `cod`: unknown field `cod`"),
        (
            "code = 4400",
            "code = \"many\"",
            "line 7, `code`: invalid value: string \"many\", expected a code such as 4401",
        ),
        ("code = 4400", "code = 70000", "line 7, `code`: 70000 is not a close code"),
        ("code = 4400", "code = 99", "line 7, `code`: 99 is outside 1000–4999"),
        ("name = \"Table closed\"", "", "line 6, `[[code]]`: missing field `name`"),
        ("paths = [\"/lobby\"]\nsubprotocols = [\"graphql-transport-ws\"]", "", "line 3, `[evidence]`: give `hosts`"),
        ("meaning = ", "meaning.pt = ", "line 9, `meaning.pt`: `pt` is none of the languages"),
        ("name = \"Card tables\"", "name = \"Card", "line 2, `name`: invalid basic string"),
    ] {
        let fault = Registry::parse(&TEAM.replace(wrong, right), "team").unwrap_err().to_string();
        assert!(fault.starts_with(expected), "{fault}");
    }
}

fn program() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("whyclosed").unwrap();
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "XDG_CONFIG_HOME", "COLUMNS"] {
        command.env_remove(name);
    }
    command.env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

fn said(command: &mut assert_cmd::Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

#[test]
fn the_template_can_be_read() {
    let registry = Registry::parse(&said(program().args(["codes", "--template"])), "template").unwrap();
    assert_eq!(registry.rows.len(), 3);
    assert_eq!(registry.row(4150).unwrap().name.get(Language::Thai), "Try later");
}

#[test]
fn files_of_the_configuration_are_read() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("config/whyclosed/codes.d");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("team.toml"), TEAM).unwrap();
    let configured = || {
        let mut command = program();
        command.env("XDG_CONFIG_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("config"));
        command
    };
    assert!(
        said(configured().args(["explain", "4400", "--registry", "team"])).contains("The last player left the table.")
    );
    assert!(said(configured().arg(fixture("same_code_4400_unknown"))).contains("4400 Table closed"));
    let broken = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken.toml");
    std::fs::write(&broken, "name = 7\n").unwrap();
    let complaint = program().args(["codes", "--codes"]).arg(&broken).assert().code(2).get_output().stderr.clone();
    let complaint = String::from_utf8(complaint).unwrap();
    assert!(complaint.contains("broken.toml: line 1, `name`: invalid type: integer `7`"), "{complaint}");
}

#[test]
fn the_language_is_asked_for_or_that_of_the_locale() {
    let heading = |command: &mut assert_cmd::Command| said(command.args(["explain", "1007"]));
    assert!(heading(&mut program()).contains("Meaning"));
    assert!(said(program().args(["explain", "--lang", "vi", "1007"])).contains("Ý nghĩa"));
    assert!(heading(program().env("LANG", "es_MX.UTF-8")).contains("Significado"));
    assert!(heading(program().env("LANG", "es_MX.UTF-8").env("LC_ALL", "th_TH.UTF-8")).contains("ความหมาย"));
    assert!(heading(program().env("LANG", "fr_FR.UTF-8").env("LC_ALL", "C")).contains("Meaning"));
    assert!(heading(program().env("LANG", "de_DE.UTF-8")).contains("How to fix"));
}

#[test]
fn codes_are_explained_and_compared_in_every_format() {
    for format in ["terminal", "markdown", "json"] {
        for arguments in
            [vec!["explain", "1000-1003", "policy violation"], vec!["compare", "1007", "1008"], vec!["codes", "--all"]]
        {
            let text = said(program().args(&arguments).args(["--format", format]));
            assert!(text.contains("100"), "{arguments:?} {format}");
            if format == "json" {
                serde_json::from_str::<serde_json::Value>(&text).unwrap();
            }
        }
    }
    program().args(["explain", "nonsense"]).assert().code(2);
    program().args(["explain", "4401", "--registry", "nonsense"]).assert().code(2);
    assert!(said(program().args(["explain", "4401"])).contains("GraphQL over WebSocket (graphql-ws): Unauthorized"));
    assert!(said(program().args(["explain", "4401", "--registry", "graphql-ws"])).contains("connection_ack"));
}
