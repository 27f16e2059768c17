//! Reports on narrow terminals.

use std::collections::BTreeSet;
use std::process::Command;

use unicode_width::UnicodeWidthStr;

use crate::support::{PROGRAM, fixture};

fn printed(columns: usize, arguments: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(arguments).env("COLUMNS", columns.to_string()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the words of a text, without the marks between them, at which lines may break.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|character: char| !character.is_alphanumeric()).collect()
}

fn captures() -> Vec<String> {
    ["many", "invalid_utf8", "proxy_cut_haproxy", "handshake_refused_403", "many_wss_python"]
        .map(|name| fixture(name).to_str().unwrap().to_owned())
        .to_vec()
}

#[test]
fn no_word_is_broken() {
    let captures = captures();
    let reports = captures.iter().map(|capture| vec!["--all", "-v", capture]);
    let reference = [vec!["rules"], vec!["explain", "1007"], vec!["compare", "1007", "1008"]];
    for arguments in reports.chain(reference) {
        let wide = printed(1000, &arguments);
        for columns in [40, 50, 60, 70] {
            let narrow = printed(columns, &arguments);
            let broken: Vec<_> = words(&narrow).difference(&words(&wide)).copied().collect();
            assert!(broken.is_empty(), "{arguments:?} in {columns} columns: {broken:?}");
        }
    }
}

#[test]
fn lines_have_room() {
    for capture in captures() {
        for language in ["en", "es", "fr", "id", "th", "vi"] {
            for columns in [32, 40, 60] {
                let report = printed(columns, &["--all", "--lang", language, &capture]);
                // Filters and addresses are there to be copied, and are not broken.
                let is_whole =
                    |line: &&str| ["tcp.stream", "frame.number", "://"].iter().any(|part| line.contains(part));
                let long = report.lines().filter(|line| !is_whole(line)).find(|line| line.width() > columns);
                assert_eq!(long, None, "{capture} {language} in {columns} columns");
            }
        }
    }
}
