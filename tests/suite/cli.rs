//! Runs the program as a user does.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use assert_cmd::Command;
use serde_json::Value;

use crate::support::{PROGRAM, contract, fixture, scripted, tools};

const ESC: char = '\x1b';

fn fixture_bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// Returns a capture that ended with 1007.
fn abnormal() -> PathBuf {
    fixture("invalid_utf8")
}

fn normal() -> PathBuf {
    fixture("closed_normally")
}

/// Runs the program with arguments that are paths or texts.
macro_rules! run {
    ($($argument:expr),* $(,)?) => { command().$(arg($argument)).*.output().unwrap() };
}

/// Returns the program, without the environment variables that affect its report.
fn command() -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("COLUMNS");
    command
}

fn out(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

#[track_caller]
fn is_report(output: &Output) -> &str {
    // With -v, it also reports what its sandbox denies: see tests/suite/sandbox.rs.
    let said: Vec<_> = err(output).lines().filter(|line| !line.to_lowercase().contains("sandbox: ")).collect();
    assert_eq!((output.status.code(), said), (Some(0), Vec::new()));
    out(output)
}

/// Asserts exit code 2, no report, and a single line of error that contains `what`.
#[track_caller]
fn is_complaint(output: &Output, what: impl AsRef<Path>) {
    let what = what.as_ref().to_str().unwrap();
    assert_eq!((output.status.code(), out(output)), (Some(2), ""));
    assert!(err(output).starts_with("whyclosed: ") && err(output).contains(what), "{what}: {}", err(output));
    assert_eq!(err(output).lines().count(), 1, "{}", err(output));
}

fn json(output: &Output) -> Value {
    let report = serde_json::from_str(is_report(output)).unwrap();
    assert_eq!(contract::breaches(&report), [""; 0]);
    report
}

fn count(report: &Value) -> usize {
    report["connections"].as_array().unwrap().len()
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn help_version_and_mistakes() {
    is_complaint(&command().output().unwrap(), "the file is empty");
    assert_eq!(is_report(&run!("help")), is_report(&run!("--help")));
    assert!(is_report(&run!("help", "slice")).contains("--with-legs"));
    is_complaint(&run!("slcie"), "did you mean `slice`?");
    is_complaint(&run!("-q", "rules"), "a command comes before its options: `whyclosed rules …`");
    is_complaint(&run!("rules", "idle_timeot"), "did you mean `idle_timeout`?");
    is_complaint(&run!("explain", "4401", "--registry", "graphl-ws"), "did you mean `graphql-ws`?");
    assert!(is_report(&run!("--help")).contains("Exit codes:"));
    assert_eq!(is_report(&run!("--version")), concat!("whyclosed ", env!("CARGO_PKG_VERSION"), "\n"));
    for arguments in [["--fail-on", "99999"], ["--color", "mauve"], ["--connection", "x"], ["-q", "-v"]] {
        let mistake = command().args(arguments).arg(normal()).output().unwrap();
        assert_eq!((mistake.status.code(), out(&mistake)), (Some(2), ""), "{arguments:?}");
        assert!(err(&mistake).contains(arguments[0].trim_matches('-')), "{}", err(&mistake));
    }
}

/// The format follows the name of the file, and `-` is standard output.
#[test]
fn outputs_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (name, begins) in [
        ("report.md", "**The server"),
        ("report.html", "<!DOCTYPE html>"),
        ("report.JSON", "{"),
        ("report.ndjson", "{\"id\":1,"),
        ("report.csv", "id,"),
        ("report.txt", "The server"),
    ] {
        let path = folder.path().join(name);
        assert_eq!(is_report(&run!(abnormal(), "-o", &path)), "");
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.starts_with(begins), "{name}: {written}");
    }
    let path = folder.path().join("table.csv");
    assert_eq!(is_report(&run!(abnormal(), "--format", "json", "-o", &path)), "");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with('{'), "what is asked for is written");
    assert_eq!(is_report(&run!(abnormal(), "-o", "-")), is_report(&run!(abnormal())));
}

#[cfg(not(feature = "arrow"))]
#[test]
fn a_program_without_arrow_says_so() {
    for arguments in [&["--format", "arrow"][..], &["-o", "a.parquet"], &["--files", "--format", "arrow"]] {
        is_complaint(&command().args(arguments).arg(normal()).output().unwrap(), "--features arrow");
    }
    assert!(is_report(&run!("schema", "--format", "parquet")).contains("| `close_code` | INT32 | yes | "));
}

#[test]
fn standard_input_needs_no_dash() {
    let piped = command().arg("-q").write_stdin(std::fs::read(abnormal()).unwrap()).output().unwrap();
    assert_eq!(is_report(&piped), is_report(&run!("-q", abnormal())));
}

#[test]
fn a_capture() {
    let report = run!(abnormal());
    for what in ["1007", "packet 10", "not UTF-8", "tcp.stream eq 0"] {
        assert!(is_report(&report).contains(what), "{what}: {}", out(&report));
    }
}

#[test]
fn what_is_no_capture() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let text = file("notes.txt", b"GET / HTTP/1.1\r\n\x1b[31m");
    is_complaint(&run!(&text), &text);
    let empty = file("empty.pcap", b"");
    is_complaint(&run!(&empty), &empty);
    let missing = folder.path().join("missing.pcap");
    is_complaint(&run!(&missing), &missing);
    let hostile = file("\x1b[31mred\n.pcap", b"");
    is_complaint(&run!(&hostile), "[31mred\\n.pcap");
    let nothing = folder.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    is_complaint(&run!(&nothing), &nothing);
    is_complaint(&command().arg("-").write_stdin("hello").output().unwrap(), "-: ");
    is_complaint(&command().arg("-").write_stdin("").output().unwrap(), "-: ");
    assert!(!err(&run!(&hostile)).contains(ESC));
}

/// Returns a report without the line that names its capture.
fn unnamed(report: &str) -> String {
    report.lines().filter(|line| !line.contains(" packets · ")).fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn directories_pipes_and_several_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(abnormal(), folder.path().join("a.pcapng")).unwrap();
    std::fs::copy(normal(), folder.path().join("b.pcapng")).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a capture").unwrap();
    let of_folder = json(&run!("--format", "json", folder.path()));
    let of_files = json(&run!("--format", "json", abnormal(), normal()));
    assert_eq!((count(&of_folder), count(&of_files)), (2, 2));
    assert_eq!(of_folder["codes"], of_files["codes"]);

    let of_pipe = command().arg("-").write_stdin(fixture_bytes("invalid_utf8")).output().unwrap();
    assert!(is_report(&of_pipe).contains("\nstandard input · 15 packets · "), "{}", is_report(&of_pipe));
    assert_eq!(unnamed(is_report(&of_pipe)), unnamed(is_report(&run!(abnormal()))));
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("report.txt");
    assert_eq!(is_report(&run!("-o", &written, abnormal())), "");
    assert_eq!(std::fs::read_to_string(&written).unwrap(), is_report(&run!(abnormal())));
    // Once more, over the existing file; an error then leaves that file unchanged.
    assert_eq!(is_report(&run!("-o", &written, "-q", abnormal())), "");
    let answer = std::fs::read_to_string(&written).unwrap();
    assert_eq!(answer, is_report(&run!("-q", abnormal())));
    is_complaint(&run!("-o", &written, folder.path()), folder.path());
    assert_eq!(std::fs::read_to_string(&written).unwrap(), answer);
    assert_eq!(names(folder.path()), ["report.txt"]);

    let nowhere = folder.path().join("nowhere/report.txt");
    is_complaint(&run!("-o", &nowhere, abnormal()), &nowhere);
    let taken = folder.path().join("folder");
    std::fs::create_dir(&taken).unwrap();
    is_complaint(&run!("-o", &taken, abnormal()), &taken);
    let mut left = names(folder.path());
    left.sort();
    assert_eq!(left, ["folder", "report.txt"]);
    assert!(names(&taken).is_empty());
}

#[test]
fn json_for_programs() {
    let report = json(&run!("--format", "json", normal(), abnormal()));
    assert_eq!((report["version"].as_u64(), count(&report)), (Some(1), 2));
    assert_eq!(report["generator"], concat!("whyclosed ", env!("CARGO_PKG_VERSION")));
    // All connections are included by default, and the output is nothing but JSON whatever the other options are.
    assert_eq!(json(&run!("--format", "json", "--all", "-v", "--color", "always", normal(), abnormal())), report);
}

#[test]
fn what_is_shown() {
    let row = "Closed normally";
    assert!(!is_report(&run!(normal(), abnormal())).contains(row));
    assert!(is_report(&run!("--all", normal(), abnormal())).contains(row));
    let of = |option: &str, values: &[&str]| {
        let options = values.iter().flat_map(|value| [option, value]);
        json(&command().args(["--format", "json"]).args(options).args([normal(), abnormal()]).output().unwrap())
    };
    assert_eq!([&["1"][..], &["2"], &["1", "2"], &["1,2"]].map(|ids| count(&of("--connection", ids))), [1, 1, 2, 2]);
    assert_eq!(of("--connection", &["2"])["connections"][0]["id"], 2);
    assert_eq!(
        [&["1000"][..], &["1007"], &["1000", "1007"], &["4242"]].map(|codes| count(&of("--code", codes))),
        [1, 1, 2, 0]
    );
    // 1006 is only reported by the server's API, and was not on the wire.
    assert_eq!(count(&of("--code", &["1006"])), 0);
    assert_eq!(of("--reported-code", &["1006"])["connections"], of("--code", &["1007"])["connections"]);
    assert_eq!(of("--rule", &["invalid_utf8"])["connections"], of("--code", &["1007"])["connections"]);
    assert_eq!(
        [&["invalid_utf8"][..], &["invalid_utf8", "closed_normally"], &["idle_timeout"]]
            .map(|rules| count(&of("--rule", rules))),
        [1, 2, 0]
    );
    assert!(err(&run!("--rule", "idle_timeuot", abnormal())).contains("Did you mean `idle_timeout`?"));
    // A connection that ended normally is shown if it is asked for.
    assert!(is_report(&run!("--code", "1000", normal(), abnormal())).contains(row));
    assert_eq!(unnamed(is_report(&run!("--code", "4242", abnormal()))), "No connection matches.\n\n");
}

/// As in a slice: a report that lacks what was asked for must not look like one that has it.
#[test]
fn a_connection_that_does_not_exist_is_an_error() {
    for format in ["terminal", "json", "csv"] {
        let output = run!("--format", format, "--connection", "2,3,0", normal(), abnormal());
        assert_eq!(output.status.code(), Some(2));
        let said = |id| format!("whyclosed: there is no connection {id}: the captures have 2; ");
        let lines: Vec<_> = err(&output).lines().collect();
        assert!(matches!(*lines, [a, b] if a.starts_with(&said(0)) && b.starts_with(&said(3))), "{lines:?}");
        let there = run!("--format", format, "--connection", "2", normal(), abnormal());
        assert_eq!(out(&output), is_report(&there), "{format}");
    }
}

#[test]
fn a_connection_is_a_line_to_be_searched() {
    let lines = |output: &Output| is_report(output).lines().map(str::to_owned).collect::<Vec<_>>();
    let all = lines(&run!("--format", "list", "--all", normal(), abnormal()));
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|line| line.contains("127.0.0.1:8765  /chat?token=[redacted:query#1]  ")), "{all:?}");
    let [good, bad] = ["closed_normally", "invalid_utf8"]
        .map(|rule| all.iter().find(|line| line.contains(&format!("  {rule}  packet"))).unwrap());
    assert!(bad.contains("server: 1007 ") && bad.contains("“invalid continuation byte"), "{bad}");
    assert_eq!(lines(&run!("--format", "list", normal(), abnormal())), [bad.as_str()]);
    assert_eq!(lines(&run!("--format", "list", "--code", "1000", normal(), abnormal())), [good.as_str()]);
    assert!(lines(&run!("--format", "list", normal())).is_empty());
    // Every connection of a capture with many, encrypted ones included.
    for (name, options, count) in [("many", &["--all"][..], 10), ("many_wss_python", &["--all", "--wss", "8443"], 0)] {
        let report = json(&command().args(["--format", "json"]).args(options).arg(fixture(name)).output().unwrap());
        let of = |field: &str| report[field].as_array().map_or(0, Vec::len);
        let expected = of("connections") + of("encrypted");
        assert!(expected > count, "{expected}");
        let listed = command().args(["--format", "list"]).args(options).arg(fixture(name)).output().unwrap();
        assert_eq!(lines(&listed).len(), expected, "{name}");
    }
}

#[test]
fn connections_are_selected_by_server_path_and_age() {
    let wss = fixture("wss_closed_normally");
    let keys = wss.with_file_name("keys.log");
    let of = |option: &str, values: &[&str]| {
        let options = values.iter().flat_map(|value| [option, value]);
        let mut command = command();
        command.args(["--format", "json", "--keylog"]).arg(&keys).args(options).args([
            normal(),
            abnormal(),
            wss.clone(),
        ]);
        count(&json(&command.output().unwrap()))
    };
    // By the address of the server, with its port or without; by the name in the request; in any case.
    let hosts =
        [&["127.0.0.1"][..], &["127.0.0.1:8765"], &["*.Example.com"], &["chat.example.com:8443"], &["example.com"]];
    assert_eq!(hosts.map(|hosts| of("--host", hosts)), [3, 2, 1, 1, 0]);
    assert_eq!(of("--host", &["127.0.0.1:8765", "chat.example.com"]), 3);
    assert_eq!([&["/chat"][..], &["/c*t"], &["/ch"], &["/ch", "/chat"]].map(|paths| of("--path", paths)), [3, 3, 0, 3]);
    assert_eq!(["0s", "1ms", "1h"].map(|time| of("--min-lifetime", &[time])), [3, 1, 0]);
    let refused = run!("--min-lifetime", "soon", normal());
    assert!(err(&refused).contains("500ms, 30s, 5m, 1h"), "{}", err(&refused));
    // A name that was replaced cannot be asked for.
    assert_eq!(run!("--anonymize", "--host", "a", normal()).status.code(), Some(2));
}

#[cfg(feature = "live")]
#[test]
fn a_capture_filter() {
    if tools::missing(&["libpcap"]) {
        return;
    }
    assert_eq!(is_report(&run!("--filter", "port 8765", abnormal())), is_report(&run!(abnormal())));
    assert!(
        is_report(&run!("--filter", "port 1", abnormal())).starts_with("No WebSocket connection in this capture.\n")
    );
    let mistake = run!("--filter", "tcp prot 8765", abnormal());
    assert_eq!((mistake.status.code(), out(&mistake)), (Some(2), ""));
    assert!(err(&mistake).ends_with("\n  tcp prot 8765\n      ^^^^\n"), "{}", err(&mistake));
}

#[test]
fn less_and_more() {
    let plain = run!(abnormal());
    let quiet = run!("-q", abnormal());
    assert_eq!(is_report(&quiet).matches('\n').count(), 1, "{}", out(&quiet));
    assert!(is_report(&quiet).contains("1007") && is_report(&quiet).contains("(packet 10).\n"));
    let verbose = run!("-v", abnormal());
    assert!(is_report(&verbose).contains("Endpoints report") && !is_report(&plain).contains("Endpoints report"));
    let narrow = command().env("COLUMNS", "70").arg(abnormal()).output().unwrap();
    let longest = is_report(&narrow).lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(70), "{longest:?}");
}

#[test]
fn colour() {
    let colored =
        |arguments: &[&str]| is_report(&command().args(arguments).arg(abnormal()).output().unwrap()).contains(ESC);
    assert!(colored(&["--color", "always"]) && colored(&["--color", "always", "-q"]));
    assert!(!colored(&["--color", "never"]) && !colored(&["--color", "auto"]) && !colored(&[]));
    let plain = run!("--color", "never", abnormal());
    let always = run!("--color", "always", abnormal());
    assert_eq!(without_sequences(out(&always)), is_report(&plain), "colour changes nothing else");
}

/// Removes `ESC [ … m` from a text.
fn without_sequences(text: &str) -> String {
    let mut parts = text.split(ESC);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').unwrap().1)
}

/// Runs a command line on a terminal, emulated by `script` (util-linux). Both of its outputs come as one.
#[cfg(target_os = "linux")]
fn on_terminal(shell: &str, no_color: Option<&str>) -> Output {
    let mut script = Command::new("script");
    script.args(["-qec", shell, "/dev/null"]).env("TERM", "xterm").env_remove("CLICOLOR").env_remove("NO_COLOR");
    script.envs(no_color.map(|value| ("NO_COLOR", value))).write_stdin("").output().unwrap()
}

/// Nobody types a capture, so the commands are shown instead of waiting for one.
#[cfg(target_os = "linux")]
#[test]
fn help_on_a_terminal() {
    if tools::missing(&["script"]) {
        return;
    }
    let shown = on_terminal(&format!("'{PROGRAM}'"), None);
    assert_eq!(shown.status.code(), Some(2), "{}", out(&shown));
    assert!(out(&shown).contains("Commands:") && out(&shown).contains("explain"), "{}", out(&shown));
}

/// A terminal itself would break the line in the middle of a word.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_is_wrapped_on_a_terminal_alone() {
    if tools::missing(&["script"]) {
        return;
    }
    let line = format!("stty rows 24 cols 40; '{PROGRAM}' -q --color never '{}'", abnormal().display());
    let shown = on_terminal(&line, None);
    let lines: Vec<_> = out(&shown).lines().map(str::trim_end).collect();
    assert!(lines.len() > 3 && lines.iter().all(|line| line.len() <= 40), "{lines:?}");
    assert_eq!(lines.join(" "), is_report(&run!("-q", abnormal())).trim_end());
}

#[cfg(target_os = "linux")]
#[test]
fn colour_on_a_terminal() {
    if tools::missing(&["script"]) {
        return;
    }
    let on_terminal =
        |no_color: Option<&str>| on_terminal(&format!("'{PROGRAM}' -q '{}'", abnormal().display()), no_color);
    let colored = on_terminal(None);
    assert!(out(&colored).contains("1007") && out(&colored).contains(ESC), "{}", out(&colored));
    let plain = on_terminal(Some("1"));
    assert!(out(&plain).contains("1007") && !out(&plain).contains(ESC), "{}", out(&plain));
}

#[test]
fn fail_on() {
    let code = |fail_on: &str, capture: PathBuf| {
        let output = run!("--fail-on", fail_on, capture);
        assert!(!out(&output).is_empty() && err(&output).is_empty(), "{}", err(&output));
        output.status.code().unwrap()
    };
    assert_eq!((code("abnormal", abnormal()), code("abnormal", normal())), (1, 0));
    assert_eq!((code("1007,4401", abnormal()), code("1007,4401", normal())), (1, 0));
    assert_eq!((code("4401", abnormal()), code("1000", normal())), (0, 1));
    assert_eq!((code("4401,abnormal", abnormal()), code("abnormal", fixture("still_open"))), (1, 0));
    // Only the selected connections count.
    assert_eq!(run!("--fail-on", "abnormal", "--code", "1000", normal(), abnormal()).status.code(), Some(0));
}

#[test]
fn whoever_reads_may_stop() {
    let autobahn = fixture("autobahn");
    let autobahn = autobahn.to_str().unwrap();
    let formats = ["terminal", "list", "json", "ndjson", "csv", "markdown", "html"];
    let reports = formats.map(|format| vec!["--all", "--format", format, autobahn]);
    // Nearly all of these are far larger than the buffer of a pipe.
    for arguments in reports.into_iter().chain([vec!["schema"], vec!["man"], vec!["rules"], vec!["codes", "--all"]]) {
        let mut program = std::process::Command::new(PROGRAM)
            .args(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::with_capacity(16, program.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{arguments:?}");
        let output = program.wait_with_output().unwrap();
        assert_eq!((output.status.code(), err(&output)), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_capture_that_is_cut_off() {
    let bytes = fixture_bytes("invalid_utf8");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcapng");
    std::fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
    let report = run!(&path);
    let whole = run!(abnormal());
    let (report, whole) = (unnamed(is_report(&report)), unnamed(is_report(&whole)));
    let beginning = report.strip_prefix(&whole).expect("the report of the remaining part");
    let note: Vec<_> = beginning.split_whitespace().collect();
    let note = note.join(" ");
    let noted = format!("{}: the file is cut off at byte {}", path.display(), bytes.len() - 5);
    assert!(note.contains(&noted), "{note}");
}

#[test]
fn a_compressed_capture_that_is_damaged() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, &fixture_bytes("invalid_utf8")).unwrap();
    let mut bytes = encoder.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.pcapng.gz");
    // The whole capture precedes the checksum.
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let output = run!(&path);
    assert_eq!(output.status.code(), Some(2));
    let report = out(&output);
    assert!(report.starts_with(is_report(&run!(abnormal())).split("\n\n").next().unwrap()), "{report}");
    assert!(report.contains("the gzip data is corrupt"), "{report}");
    let complaint = err(&output);
    let at = fixture_bytes("invalid_utf8").len();
    let said = format!("whyclosed: {}: at byte {at}: the gzip data is corrupt (", path.display());
    assert!(complaint.starts_with(&said) && complaint.lines().count() == 1, "{complaint}");
}

/// Builds a capture of one WebSocket connection, which the server closes with 1008 and `reason`.
fn closed_with(reason: &str) -> Vec<u8> {
    let user_agent = "User-Agent: \u{9b}31m\u{202e}b\r\n";
    let handshake = scripted::handshake("/\u{202e}live", user_agent, "Server: \u{9b}31m\u{2066}c\r\n");
    scripted::conversation(&handshake, &[(false, scripted::close(1008, reason.as_bytes()))])
}

#[test]
fn nothing_from_the_wire_controls_the_terminal() {
    let reasons = [
        "\x1b[31mred\x1b]0;title\x07\x1b[2J\x1b[H",
        "a\r\nb\tc\0d\x08\x7f\x0b\x0c",
        "\u{9b}31mC1\u{85}\u{90}q\u{9c}",
        "\u{202e}desrever\u{202c}\u{2066}\u{2069}\u{200f}\u{200e}\u{061c}\u{feff}\u{200b}\u{2028}\u{2029}",
    ];
    for reason in reasons {
        let capture = closed_with(reason);
        for arguments in [&["-v", "--all"][..], &["-q"], &["--color", "never"]] {
            let output = command().args(arguments).arg("-").write_stdin(capture.clone()).output().unwrap();
            let report = is_report(&output);
            assert!(report.contains("1008"), "{report}");
            let is_wild = |character: &char| {
                let reorders = matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
                (character.is_control() && *character != '\n') || reorders
            };
            assert_eq!(report.chars().find(is_wild), None, "{report:?}");
        }
        // JSON contains the original text.
        let output = command().args(["--format", "json", "-"]).write_stdin(capture).output().unwrap();
        assert_eq!(json(&output)["connections"][0]["closes"][0]["reason"], reason);
    }
}

#[test]
fn a_connection_a_line_or_a_row() {
    let all = json(&run!("--format", "json", fixture("many")));
    let lines = run!("--format", "ndjson", fixture("many"));
    let lines: Vec<Value> = is_report(&lines).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(all["connections"], Value::from(lines.clone()));

    let output = run!("--format", "csv", fixture("many"));
    let mut rows = csv::Reader::from_reader(is_report(&output).as_bytes());
    let columns = rows.headers().unwrap().clone();
    let rows: Vec<_> = rows.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), lines.len());
    let cell = |row: usize, name: &str| &rows[row][columns.iter().position(|column| column == name).unwrap()];
    for (at, connection) in lines.iter().enumerate() {
        assert_eq!(cell(at, "id"), connection["id"].to_string());
        assert_eq!(cell(at, "rule"), connection["verdict"]["rule"]);
        assert_eq!(cell(at, "ending"), connection["ending"]);
    }
    let narrowed = run!("--format", "ndjson", "--code", "1007", fixture("many"));
    assert!((1..lines.len()).contains(&is_report(&narrowed).lines().count()));
}

#[test]
fn the_schema_is_printed() {
    let schema: Value = serde_json::from_str(is_report(&run!("schema"))).unwrap();
    assert_eq!(schema["properties"]["connections"]["items"]["$ref"], "#/$defs/Connection");
    let schema: Value = serde_json::from_str(is_report(&run!("schema", "live"))).unwrap();
    assert_eq!(schema["$id"], "urn:whyclosed:schema:live:1");
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let target = |report: &Value| report["connections"][0]["handshake"]["target"].as_str().unwrap().to_owned();
    let hidden = json(&run!("--format", "json", abnormal()));
    assert_eq!((target(&hidden).as_str(), &hidden["secrets"]), ("/chat?token=[redacted:query#1]", &"redacted".into()));
    let shown = json(&run!("--format", "json", "--show-secrets", abnormal()));
    assert!(!target(&shown).contains("redacted") && shown["secrets"] == "shown", "{shown}");
    assert!(is_report(&run!("--show-secrets", abnormal())).contains("--show-secrets"));
}

#[test]
fn addresses_can_be_replaced() {
    let report = json(&run!("--format", "json", "--anonymize", fixture("many")));
    let connections = report["connections"].as_array().unwrap();
    let address = |connection: &Value, side: &str| {
        connection[side].as_str().unwrap().parse::<std::net::SocketAddr>().unwrap().ip()
    };
    let first = address(&connections[0], "server");
    assert!(connections.iter().all(|connection| address(connection, "server") == first), "one to one");
    let known = report.to_string().contains("127.0.0.1");
    assert!(!known || first.to_string() == "127.0.0.1", "{report}");
    assert_eq!(report["captures"][0]["path"], "capture.pcapng");
}

/// The console blocks of the README must equal the program's output.
#[test]
fn the_readme_shows_real_output() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let blocks = readme.split("```console\n$ ").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let mut checked = 0;
    for (prompt, shown) in blocks.map(|block| block.split_once('\n').unwrap()) {
        let arguments = prompt.trim_start_matches("whyclosed ");
        let output = command().env("COLUMNS", "92").args(arguments.split(' ')).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), shown, "{prompt}");
        checked += 1;
    }
    assert!(checked >= 5, "only {checked} blocks");
}

#[cfg(feature = "live")]
#[test]
fn a_command_and_a_file_of_its_name() {
    if tools::missing(&["libpcap"]) {
        return;
    }
    let list = run!("interfaces");
    assert!(is_report(&list).contains("Can be opened"), "{}", out(&list));
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(abnormal(), folder.path().join("interfaces")).unwrap();
    let of_file = command().current_dir(folder.path()).arg("./interfaces").output().unwrap();
    assert_eq!(unnamed(is_report(&of_file)), unnamed(is_report(&run!(abnormal()))));
}
