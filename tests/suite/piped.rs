//! Tests `whyclosed live -`: the packets of a stream on standard input, as they come.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{PROGRAM, fixture, fixtures, tools};

/// Every how many-th fixture is read both ways.
const STEP: usize = 8;

/// Builds the command with a report of a line for each connection.
fn listing(arguments: &[&str], keys: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--no-config", "--all", "--format", "list"]);
    if keys.exists() {
        command.arg("--keylog").arg(keys);
    }
    command
}

fn live(stdin: Stdio) -> Output {
    Command::new(PROGRAM).args(["live", "-"]).stdin(stdin).output().unwrap()
}

/// Those that are still open are left out: the time goes on for them until the stream ends.
#[test]
fn a_stream_gives_the_report_of_its_file() {
    let mut ended = 0;
    for (name, capture) in fixtures().into_iter().step_by(STEP) {
        let keys = capture.with_file_name("keys.log");
        let read = listing(&[], &keys).arg(&capture).output().unwrap();
        let piped = listing(&["live", "-"], &keys).stdin(File::open(&capture).unwrap()).output().unwrap();
        let lines = |output: &Output| {
            let text = String::from_utf8(output.stdout.clone()).unwrap();
            text.lines().filter(|line| !line.contains("  still_open  ")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(&piped), lines(&read), "{name}");
        ended += lines(&read).len();
    }
    assert!(ended > 20, "only {ended} connections");
}

#[test]
fn lines_come_while_the_stream_is_open() {
    let mut live = Command::new(PROGRAM)
        .args(["live", "-", "--no-config"])
        .env("COLUMNS", "400")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = live.stdin.take().unwrap();
    pipe.write_all(&fs::read(fixture("invalid_utf8")).unwrap()).unwrap();
    let mut lines = BufReader::new(live.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("  opened   tcp.stream 0  "));
    assert!(lines.next().unwrap().contains("  server: 1007 "));
    drop(pipe);
    assert!(lines.any(|line| line.contains("because the client sent a text message that is not UTF-8")));
    assert!(live.wait().unwrap().success());
}

/// As dumpcap and editcap write them: in a Decryption Secrets Block before the packets.
#[test]
fn keys_in_the_stream_are_used() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let (folder, capture) = (tempfile::tempdir().unwrap(), fixture("wss_closed_by_application"));
    let file = folder.path().join("with-keys.pcapng");
    let secrets = format!("tls,{}", capture.with_file_name("keys.log").display());
    assert!(
        Command::new("editcap")
            .args(["--inject-secrets", &secrets])
            .args([&capture, &file])
            .status()
            .unwrap()
            .success()
    );
    let said = |path: &Path| String::from_utf8(live(File::open(path).unwrap().into()).stdout).unwrap();
    assert!(said(&file).contains("  server: 4401 Application code"), "{}", said(&file));
    assert!(!said(&capture).contains("4401"));
}

/// As when the connection to the other machine breaks.
#[test]
fn a_stream_may_end_in_the_middle_of_a_packet() {
    let whole = fs::read(fixture("many")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("part.pcapng");
    fs::write(&part, &whole[..5000]).unwrap();
    let output = live(File::open(&part).unwrap().into());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("  server: 1007 "), "{said}");
    assert!(said.contains("-: the file is cut off at byte 5000"), "{said}");
}

#[test]
fn what_is_no_stream_of_packets_is_refused() {
    let fails = |stdin: Stdio, arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(["live", "-"]).args(arguments).stdin(stdin).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()), "{told}");
        told
    };
    assert!(fails(Stdio::null(), &[]).contains("-: the file is empty"));
    assert!(fails(File::open(file!()).unwrap().into(), &[]).contains("-: not a pcap or pcapng capture"));
    assert!(fails(Stdio::null(), &["--write", "trace.pcapng"]).contains("tee"));
}

#[test]
fn a_filter_passes_some_of_the_packets() {
    if tools::missing(&["libpcap"]) {
        return;
    }
    let ends = |filter: &[&str]| {
        let capture = File::open(fixture("invalid_utf8")).unwrap();
        let output = Command::new(PROGRAM).args(["live", "-"]).args(filter).stdin(capture).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().matches("  closed   ").count()
    };
    assert_eq!([ends(&["tcp"]), ends(&["not", "tcp"]), ends(&["-p", "1"])], [1, 0, 0]);
}
