//! Checks that the report does not depend on the number of threads.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use whyclosed::seen::Timestamp;

use super::properties::{config, conversations, cut};
use crate::support::captured::{Captured, packets_of};
use crate::support::same::{difference, told};
use crate::support::segments::{Change, packets};
use crate::support::{PROGRAM, fixture, fixtures, scripted, tools, way};

/// Returns what the program writes about captures, on standard output and standard error, and its exit code.
fn report(threads: &str, options: &[OsString], captures: &[PathBuf]) -> (Option<i32>, String, String) {
    let output = Command::new(PROGRAM).args(["--threads", threads, "--all"]).args(options).args(captures).output();
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Asserts that captures give the same with several threads as with one.
fn is_the_same(options: &[OsString], captures: &[PathBuf]) {
    let one = report("1", options, captures);
    for threads in ["2", "3", "8"] {
        assert_eq!(report(threads, options, captures), one, "{captures:?} with {threads} threads");
    }
}

/// Returns the options for a report in JSON, decrypted with the key logs beside the captures.
fn with_keys(captures: &[PathBuf]) -> Vec<OsString> {
    let logs = captures.iter().map(|capture| capture.with_file_name("keys.log")).filter(|log| log.exists());
    let keys = logs.flat_map(|log| ["--keylog".into(), log.into_os_string()]);
    ["--format".into(), "json".into()].into_iter().chain(keys).collect()
}

#[test]
fn every_fixture_gives_the_same_report() {
    for (_, capture) in fixtures() {
        let captures = [capture];
        is_the_same(&with_keys(&captures), &captures);
    }
}

#[test]
fn several_captures_give_the_same_in_each_format() {
    let captures: Vec<PathBuf> = fixtures().into_iter().map(|(_, capture)| capture).collect();
    for options in
        [["--format", "ndjson"], ["--format", "csv"], ["--format=terminal", "--merge"], ["--format=json", "--merge"]]
    {
        is_the_same(&options.map(OsString::from), &captures);
    }
    #[cfg(feature = "live")]
    is_the_same(&["--format", "json", "--filter", "tcp"].map(OsString::from), &captures);
}

/// With `--fail-on`, everything is judged before the first line is written.
#[test]
fn what_is_written_while_it_is_judged_is_what_is_written_afterwards() {
    let captures: Vec<PathBuf> = fixtures().into_iter().map(|(_, capture)| capture).collect();
    for format in ["json", "ndjson", "csv"] {
        for selected in [&[][..], &["--code", "1011"], &["--code", "4998"], &["--merge"]] {
            let options: Vec<OsString> =
                [&["--format", format], selected].concat().into_iter().map(Into::into).collect();
            let judged_first = [&options[..], &["--fail-on".into(), "4997".into()]].concat();
            let expected = report("1", &judged_first, &captures);
            for threads in ["1", "3"] {
                assert_eq!(report(threads, &options, &captures), expected, "{format} {selected:?}, {threads} threads");
            }
        }
    }
}

#[test]
fn rotated_captures_give_the_same() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, packets) in [("idle_timeout", "7"), ("many", "30"), ("many_wss_python", "90")] {
        let set = folder.path().join(name).with_extension("pcapng");
        let status = std::process::Command::new("editcap").args(["-c", packets]).arg(fixture(name)).arg(set).status();
        assert!(status.unwrap().success());
    }
    for format in ["json", "terminal"] {
        is_the_same(&["--format".into(), format.into()], &[folder.path().to_owned()]);
    }
}

/// A connection resumes the session of another one, and secrets are tried that no other connection has claimed: other
/// threads may follow those.
#[test]
fn what_connections_show_about_keys_reaches_all_threads() {
    let is_wanted = |(name, _): &(String, PathBuf)| name.contains("resumed") || name == "wss_chat_aes_late";
    let captures: Vec<PathBuf> = fixtures().into_iter().filter(is_wanted).map(|(_, capture)| capture).collect();
    assert!(captures.len() > 3, "{captures:?}");
    is_the_same(&with_keys(&captures), &captures);
}

/// A connection waits thirty seconds for late segments. Here, packets behind those are met together with its end.
#[test]
fn what_comes_too_late_comes_too_late_for_each_thread() {
    let [request, response] = scripted::handshake("/", "", "");
    let mut turns: Vec<scripted::Turn<'_>> = vec![(true, "S", b""), (false, "SA", b"")];
    turns.extend([(true, "A", &request[..]), (false, "A", &response)]);
    // A batch of packets, and the end in the next one.
    turns.extend([(true, "A", &b""[..]); 30]);
    turns.extend([(false, "AF", &b""[..]), (true, "AF", b"")]);
    let ended = turns.len() as u64;
    turns.extend([(true, "A", &b""[..]); 25]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late.pcap");
    std::fs::write(&path, scripted::capture(&turns)).unwrap();
    let packets = || {
        let two_seconds_apart = |(mut packet, at): (Captured, i64)| {
            packet.time = Timestamp::from_nanos(at * 2_000_000_000);
            packet
        };
        packets_of(&path).into_iter().zip(0..).map(two_seconds_apart).collect::<Vec<_>>()
    };
    let one = way::facts_of(&packets());
    assert_eq!(one[0].last.packet, ended + 15, "thirty seconds later");
    for threads in [1, 2, 3, 8] {
        let facts = way::facts_of_in_parallel(packets(), threads);
        assert_eq!(told(&facts), told(&one), "{threads} threads");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn conversations_give_the_same_facts(
        conversations in conversations(),
        cut in prop::option::of(cut()),
        (shuffle, duplicate, seed) in any::<(bool, bool, u64)>(),
    ) {
        let packets = packets(&conversations, Change { cut: cut.flatten(), shuffle, duplicate, seed, ..Change::default() });
        let sorted = |mut facts: Vec<Box<whyclosed::facts::Facts>>| {
            facts.sort_by_key(|facts| (facts.first, facts.stream));
            told(&facts)
        };
        let one = sorted(way::facts_in_batches(&packets));
        for threads in [1, 2, 3, 8] {
            let difference = difference(&sorted(way::facts_in_parallel(&packets, threads)), &one);
            prop_assert!(difference.is_none(), "{threads} threads: {}", difference.unwrap_or_default());
        }
    }
}

#[test]
fn a_damaged_capture_gives_the_same_report_and_fault() {
    let folder = tempfile::tempdir().unwrap();
    let (_, capture) = fixtures().into_iter().next().unwrap();
    let path = folder.path().join("cut.pcap.gz");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&std::fs::read(capture).unwrap()).unwrap();
    let packed = packed.finish().unwrap();
    std::fs::write(&path, &packed[..packed.len() * 2 / 3]).unwrap();
    let (captures, options) = ([path], ["--format".into(), "json".into()]);
    let (code, _, error) = report("1", &options, &captures);
    assert_eq!(code, Some(2), "{error}");
    is_the_same(&options, &captures);
}
