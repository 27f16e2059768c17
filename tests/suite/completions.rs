//! The completions, each tried in its shell.

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use tempfile::TempDir;

use crate::support::{PROGRAM, tools};

/// Returns a folder with a few files and a link to the program, and the program's folder as the first of the search path.
fn place() -> (TempDir, std::ffi::OsString) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["trace.pcapng", "trail.pcap", "keys.log", "my file.pcap"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    // Named as a command is.
    fs::create_dir(folder.path().join("live")).unwrap();
    fs::create_dir(folder.path().join("bin")).unwrap();
    std::os::unix::fs::symlink(PROGRAM, folder.path().join("bin/whyclosed")).unwrap();
    let own = Path::new(PROGRAM).parent().unwrap().to_owned();
    let searched = env::var_os("PATH").unwrap_or_default();
    let path = [own].into_iter().chain(env::split_paths(&searched));
    (folder, env::join_paths(path).unwrap())
}

/// Returns the lines of an output. Anything on standard error is a fault.
#[track_caller]
fn lines(output: &Output) -> Vec<String> {
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}

/// Returns a command line after a function of readline has been called at its end.
fn by_readline(function: &str, line: &str) -> String {
    let (folder, path) = place();
    let mut bash = Command::new("bash");
    bash.args(["--norc", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/completions/bash.sh"), function, line])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("HOME", folder.path())
        .env("INPUTRC", "/dev/null");
    lines(&bash.output().unwrap()).concat()
}

fn of_bash(line: &str) -> Vec<String> {
    let completed = by_readline("insert-completions", line);
    // Readline takes what is behind these for a word.
    let word = line.rfind([' ', '=']).map_or(0, |at| at + 1);
    completed[word..].split_whitespace().map(str::to_owned).collect()
}

fn of_fish(line: &str) -> Vec<String> {
    let (folder, path) = place();
    let mut fish = Command::new("fish");
    fish.args(["--no-config", "-c", "whyclosed completions fish | source; complete -C $argv[1]", line])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path());
    let described = lines(&fish.output().unwrap());
    described.iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

fn of_zsh(line: &str) -> Vec<String> {
    let (folder, path) = place();
    let script = Command::new(PROGRAM).args(["completions", "zsh"]).output().unwrap().stdout;
    fs::create_dir(folder.path().join(".zsh")).unwrap();
    fs::write(folder.path().join(".zsh/_whyclosed"), script).unwrap();
    let mut zsh = Command::new("zsh");
    zsh.args(["-f", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/completions/zsh.zsh")]);
    zsh.arg(folder.path().join(".zsh")).arg(line);
    zsh.current_dir(folder.path())
        .env("PATH", path)
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path())
        .env("TERM", "dumb");
    lines(&zsh.output().unwrap())
}

/// Words of a command line, what has to be proposed for the last one, and what must not be.
type Case = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    (&[""], &["live", "explain", "slice", "trace.pcapng"], &["--all", "-q"]),
    (&["verify"], &["verify-redaction"], &["live"]),
    (&["--reported"], &["--reported-code"], &["--redact", "trace.pcapng"]),
    (&["--format", ""], &["terminal", "ndjson", "html"], &["trace.pcapng"]),
    (&["--lang", "e"], &["en", "es"], &["fr", "keys.log"]),
    (&["--rule", "idle_"], &["idle_timeout"], &["invalid_utf8"]),
    (&["--code", "100"], &["1000", "1006"], &["1011", "4401"]),
    (&["--fail-on", "un"], &["unread"], &["abnormal"]),
    (&["--keylog", "k"], &["keys.log"], &["trace.pcapng"]),
    (&["-q", "tra"], &["trace.pcapng", "trail.pcap"], &["keys.log"]),
    (&["explain", "--registry", "graphql"], &["graphql-ws"], &["discord_voice"]),
    (&["explain", "440"], &["4400", "4401"], &["1000", "trace.pcapng"]),
    (&["rules", "proxy"], &["proxy_cut"], &["idle_timeout"]),
    (&["slice", "--with"], &["--with-legs", "--with-keys"], &["--format"]),
    (&["help", "sli"], &["slice"], &["trace.pcapng"]),
    (&["completions", "z"], &["zsh"], &["bash"]),
    (&["--fail-on", "abnormal,101"], &["abnormal,1011"], &["1011", "abnormal,1000"]),
];

/// Cases with a value behind `=`. Bash proposes only what is behind it, since readline takes it for a word.
const ASSIGNED: &[Case] = &[
    (&["--lang=e"], &["--lang=en", "--lang=es"], &["--lang=fr"]),
    (&["--output=tra"], &["--output=trace.pcapng", "--output=trail.pcap"], &["--output=keys.log"]),
    (&["explain", "--registry="], &["--registry=graphql-ws", "--registry=iana"], &["--registry"]),
];

/// Command lines with words that the shell expands only when it runs them, and the end of a proposal for the last word.
const UNEXPANDED: &[(&str, &str)] = &[
    ("whyclosed ~/tra", "trail.pcap"),
    ("whyclosed $HOME/tra", "trail.pcap"),
    ("whyclosed \"$HOME/trail", "trail.pcap"),
    ("whyclosed my\\ f", "file.pcap"),
    ("whyclosed 'my f", "file.pcap"),
    ("whyclosed --output=~/tra", "trail.pcap"),
    ("~/bin/whyclosed expl", "explain"),
    ("~/bin/whyclosed --keylog k", "keys.log"),
];

#[track_caller]
fn check_unexpanded(shell: &str, propose: impl Fn(&str) -> Vec<String>) {
    for (line, end) in UNEXPANDED {
        let proposed = propose(line);
        let fits = |word: &String| word.trim_end_matches(['"', '\'']).ends_with(end);
        assert!(proposed.iter().any(fits), "{shell}, {line}: {proposed:?}");
    }
}

#[track_caller]
fn check(shell: &str, propose: impl Fn(&str) -> Vec<String>, cases: &[Case], begin: fn(&str) -> &str) {
    for (words, wanted, unwanted) in cases {
        let proposed = propose(&format!("whyclosed {}", words.join(" ")));
        let has = |word: &&&str| proposed.iter().any(|proposed| proposed == begin(word));
        let lacking: Vec<_> = wanted.iter().filter(|word| !has(word)).collect();
        assert!(lacking.is_empty(), "{shell} {words:?} lacks {lacking:?}: {proposed:?}");
        let wrong: Vec<_> = unwanted.iter().filter(|word| has(word)).collect();
        assert!(wrong.is_empty(), "{shell} {words:?} proposes {wrong:?}: {proposed:?}");
    }
}

#[test]
fn in_bash() {
    if tools::missing(&["bash"]) {
        return;
    }
    check("bash", of_bash, CASES, |word| word);
    check("bash", of_bash, ASSIGNED, |word| word.split_once('=').map_or(word, |(_, value)| value));
    check_unexpanded("bash", of_bash);
}

/// Bash leaves files to readline, which knows what it has to quote, and what must not be quoted.
#[test]
fn bash_completes_files_as_readline_does() {
    if tools::missing(&["bash"]) {
        return;
    }
    for (typed, completed) in [
        ("whyclosed trac", "whyclosed trace.pcapng "),
        ("whyclosed \"$HOME/trac", "whyclosed \"$HOME/trace.pcapng\" "),
        ("whyclosed ~/trac", "whyclosed ~/trace.pcapng "),
        ("whyclosed my", "whyclosed my\\ file.pcap "),
        ("whyclosed -q --output='my", "whyclosed -q --output='my file.pcap' "),
        ("whyclosed -omy", "whyclosed -omy\\ file.pcap "),
        // A command, though there is a folder of its name.
        ("whyclosed liv", "whyclosed live "),
        ("whyclosed --output=li", "whyclosed --output=live/"),
        // No file is a format.
        ("whyclosed --format tra", "whyclosed --format tra"),
    ] {
        assert_eq!(by_readline("complete", typed), completed, "{typed}");
    }
}

#[test]
fn in_fish() {
    if tools::missing(&["fish"]) {
        return;
    }
    check("fish", of_fish, CASES, |word| word);
    check("fish", of_fish, ASSIGNED, |word| word);
    check_unexpanded("fish", of_fish);
}

#[test]
fn in_zsh() {
    if tools::missing(&["zsh"]) {
        return;
    }
    check("zsh", of_zsh, CASES, |word| word);
    // Zsh takes off what it has recognised before it completes a file.
    check("zsh", of_zsh, &[ASSIGNED[0], ASSIGNED[2]], |word| word);
    check("zsh", of_zsh, &[ASSIGNED[1]], |word| word.split_once('=').map_or(word, |(_, value)| value));
    check_unexpanded("zsh", of_zsh);
}

/// The interfaces are those of the machine now, and a machine without libpcap has no error on its terminal.
#[cfg(all(feature = "live", target_os = "linux"))]
#[test]
fn interfaces_of_this_machine() {
    if tools::missing(&["libpcap", "bash", "fish", "zsh"]) {
        return;
    }
    let up: Vec<_> = fs::read_dir("/sys/class/net").unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(up.iter().any(|name| name == "lo"), "{up:?}");
    for propose in [of_bash, of_fish, of_zsh] {
        let proposed = propose("whyclosed live -i ");
        assert!(["lo", "any"].iter().all(|name| proposed.iter().any(|proposed| proposed == name)), "{proposed:?}");
        assert!(proposed.iter().all(|name| name == "any" || up.iter().any(|up| **up == **name)), "{proposed:?}");
    }
}

#[test]
fn without_the_program_nothing_is_said() {
    if tools::missing(&["bash"]) {
        return;
    }
    let script = Command::new(PROGRAM).args(["completions", "bash"]).output().unwrap().stdout;
    let call = "COMP_WORDS=(gone ''); COMP_CWORD=1; _whyclosed /gone/whyclosed '' gone; echo \"${#COMPREPLY[@]}\"";
    let script = format!("{}\n{call}", String::from_utf8(script).unwrap());
    assert_eq!(lines(&Command::new("bash").args(["--norc", "-c", &script]).output().unwrap()), ["0"]);
}

/// Options whose values are known, in every command that has them.
#[cfg(feature = "live")]
const KNOWN: &str = "--against --bundle --code --codes --color --fail-on --flavor --format --interface --keylog --lang --output \
    --registry --reported-code --rule --sort --time --until --write --write-only";

#[cfg(feature = "live")]
#[test]
fn every_option_of_known_values_proposes_them() {
    let proposed = |words: &[&str]| {
        let mut program = Command::new(PROGRAM);
        let output = program.args(["completions", "bash", "--", "whyclosed"]).args(words).output().unwrap();
        lines(&output).iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut known = std::collections::BTreeSet::new();
    for command in ["", "live", "slice", "explain", "compare", "codes", "rules", "verify-redaction", "interfaces"] {
        let command: Vec<_> = Some(command).into_iter().filter(|command| !command.is_empty()).collect();
        let options = proposed(&[&command[..], &["--"]].concat());
        // Of reports, it takes a time.
        let is_known = |option: &str| {
            KNOWN.split(' ').any(|known| known == option) && (option != "--until" || !command.is_empty())
        };
        for option in options.into_iter().filter(|option| is_known(option)) {
            let values = proposed(&[&command[..], &[&format!("{option}=")]].concat());
            assert!(!values.is_empty(), "{command:?} {option}");
            known.insert(option);
        }
    }
    assert_eq!(Vec::from_iter(known).join(" "), KNOWN);
}
