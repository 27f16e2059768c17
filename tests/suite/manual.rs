//! The manual pages.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{PROGRAM, tools};

/// Writes all pages to a folder. Returns it, and their names.
fn pages() -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new(PROGRAM).args(["man", "--dir"]).arg(folder.path()).status().unwrap().success());
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    (folder, names)
}

/// Returns the commands that the help lists.
fn commands() -> Vec<String> {
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.split_once("\nCommands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    // Continuation lines of a description are indented further, so their first word is empty.
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !["", "help"].contains(name)).map(str::to_owned).collect()
}

/// Returns a page as it is read on a terminal of 80 columns.
fn read(path: &Path) -> String {
    let mut man = Command::new("man");
    man.env("MANWIDTH", "80").env("MAN_KEEP_FORMATTING", "").env("LC_ALL", "C.UTF-8").arg("-l").arg(path);
    let output = man.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    // Overstruck characters are bold or underlined.
    text.split('\u{8}').fold(String::new(), |mut text, part| {
        if !text.is_empty() {
            text.pop();
        }
        text + part
    })
}

#[test]
fn every_command_has_a_page() {
    let (folder, names) = pages();
    let mut expected: Vec<_> = commands().iter().map(|name| format!("whyclosed-{name}.1")).collect();
    expected.push("whyclosed.1".to_owned());
    expected.sort();
    assert_eq!(names, expected);
    for command in commands() {
        let printed = Command::new(PROGRAM).args(["man", &command]).output().unwrap().stdout;
        assert!(printed == fs::read(folder.path().join(format!("whyclosed-{command}.1"))).unwrap(), "{command}");
    }
    let unknown = Command::new(PROGRAM).args(["man", "lvie"]).output().unwrap();
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(unknown.status.code() == Some(2) && said.contains("did you mean `live`?"), "{said}");
}

#[test]
fn groff_has_no_objection() {
    if tools::missing(&["groff"]) {
        return;
    }
    let (folder, names) = pages();
    for name in names {
        let mut groff = Command::new("groff");
        let output = groff.args(["-man", "-Tutf8", "-ww", "-z"]).arg(folder.path().join(&name)).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success() && said.is_empty(), "{name}: {}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn pages_have_their_sections_within_80_columns() {
    if tools::missing(&["man"]) {
        return;
    }
    let (folder, names) = pages();
    for name in names {
        let page = read(&folder.path().join(&name));
        let has = |section: &str| page.lines().any(|line| line == section);
        let is_program = name == "whyclosed.1";
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"] {
            assert!(has(section), "{name}: {section}");
        }
        for section in ["COMMANDS", "ENVIRONMENT", "FILES"] {
            assert_eq!(has(section), is_program, "{name}: {section}");
        }
        let has_examples = is_program || ["whyclosed-live.1", "whyclosed-run.1"].contains(&&*name);
        assert_eq!(has("EXAMPLES"), has_examples, "{name}");
        let long = page.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{name}");
        assert!(!page.contains("why\u{2010}"), "{name}: a name is hyphenated");
    }
    let page = read(&folder.path().join("whyclosed.1"));
    for text in ["config.toml", "codes.d", "NO_COLOR", "whyclosed-live(1)", "whyclosed explain 1007"] {
        assert!(page.contains(text), "{text}");
    }
}
