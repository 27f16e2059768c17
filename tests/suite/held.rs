//! Connections that are over come out of their compact form as they went in, from memory and from the temporary file.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use proptest::prelude::*;
use whyclosed::analyzer::{Analyzer, KeyLog};
use whyclosed::capture;
use whyclosed::catalog::Language;
use whyclosed::facts::Facts;
use whyclosed::limits;
use whyclosed::render::html;
use whyclosed::report::document::document;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Brief, Ended, Material, Pending, Report};

use super::properties::{config, conversations};
use super::shortcuts::captures;
use crate::support::same::{difference, told};
use crate::support::scripted::grown::{self, Grown};
use crate::support::segments::{Change, packets};
use crate::support::{PROGRAM, fixture, reading, tools, way};

fn is_kept(facts: &[Box<Facts>]) -> Option<String> {
    let [in_memory, in_file] = [usize::MAX, 0].map(|room| {
        let mut ended = Ended::new(room, std::env::temp_dir());
        // The last chunk is in memory until it is full.
        facts.iter().for_each(|facts| ended.push(facts));
        let mut all = ended.beside();
        all.append(ended);
        assert_eq!((all.len(), all.lost()), (facts.len(), 0));
        assert_eq!(all.spill().size() > 0, room == 0 && !facts.is_empty());
        all
    });
    let before = told(facts);
    [in_memory, in_file].iter().find_map(|ended| difference(&told(&ended.iter().collect::<Vec<_>>()), &before))
}

#[test]
fn connections_of_fixtures_are_kept_whole() {
    let mut count = 0;
    let mut all = Vec::new();
    captures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut all);
    for path in all {
        let Ok(mut source) = capture::open(std::slice::from_ref(&path)) else { continue };
        let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
        if let Ok(log) = fs::read(path.with_file_name("keys.log")) {
            analyzer.push_keys(&mut KeyLog::default(), &[&log[..], b"\n"].concat(), &mut facts);
        }
        _ = analyzer.read(&mut *source, &mut facts, |_| {});
        count += facts.len();
        assert_eq!(is_kept(&facts), None, "{}", path.display());
    }
    assert!(count > 500, "{count} connections");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn connections_of_conversations_are_kept_whole(conversations in conversations()) {
        let difference = is_kept(&way::facts(&packets(&conversations, Change::default())));
        prop_assert!(difference.is_none(), "{}", difference.unwrap_or_default());
    }
}

/// Of most connections, a document shows only a row, and no more than that is kept.
#[test]
fn documents_of_shortened_connections_are_those_of_whole_ones() {
    let material = reading::material(&fixture("many")).unwrap();
    let few: Vec<_> = material.facts.iter().collect();
    let pending = || {
        let facts = Ended::from(few.iter().cycle().take(2000).cloned().collect::<Vec<_>>());
        Pending::new(Material { facts, captures: material.captures.clone(), ..Material::default() }, Language::English)
    };
    let whole = pending().finish();
    for selection in [Selection::default(), Selection { all: true, ..Selection::default() }] {
        let mut brief = Brief::new(&selection);
        let report = pending().for_each(|connection| brief.add(connection));
        let connections = brief.into_connections();
        let shortened = connections.iter().filter(|connection| connection.timeline.is_empty()).count();
        assert!(shortened > 500, "{shortened} of {}", connections.len());
        let report = Report { connections, ..report };
        for more in [false, true] {
            let [ours, theirs] = [&report, &whole].map(|report| document(report, &selection, more, Language::English));
            assert!(ours == theirs, "{selection:?}, more: {more}");
        }
        let [ours, theirs] = [&report, &whole].map(|report| {
            let mut page = Vec::new();
            html::render(report, &selection, Language::English, &mut page).unwrap();
            page
        });
        assert!(ours == theirs, "{selection:?}");
    }
}

/// What cannot be written is lost, and counted. What is in memory already, or not written yet, is there.
#[test]
fn what_cannot_be_written_is_counted() {
    let missing = tempfile::tempdir().unwrap().path().join("missing");
    let facts = reading::material(&fixture("invalid_utf8")).unwrap().facts.iter().next().unwrap();
    let mut ended = Ended::new(3 * limits::ENDED_CHUNK, missing.clone());
    (0..1000).for_each(|_| ended.push(&facts));
    let mut all = ended.beside();
    all.append(ended);
    assert!(
        all.lost() > 0 && all.len() > 2 * limits::ENDED_CHUNK / 2048,
        "{} are held, {} lost",
        all.len(),
        all.lost()
    );
    assert_eq!(all.len() as u64 + all.lost(), 1000);
    assert_eq!(all.iter().count(), all.len());
    let said = all.spill().take_error().unwrap().to_string();
    assert!(said.contains(missing.to_str().unwrap()) && said.contains("TMPDIR"), "{said}");
    assert!(all.spill().take_error().is_none());
}

/// Returns a capture of connections that need more bytes than wait in memory.
fn larger_than_memory() -> Vec<u8> {
    let mut grown = Grown::new();
    let messages = grown::long_frame(0x82, &[7; limits::PREVIEW]).repeat(limits::MOMENTS);
    for number in 0..u32::try_from(limits::ENDED_IN_MEMORY / limits::PREVIEW / limits::MOMENTS + 500).unwrap() {
        let mut talk = grown.open(number, "");
        talk.say(false, &messages);
        talk.say(false, b"\x88\x02\x03\xe9");
    }
    grown.bytes
}

/// The report covers what could be held, and says how much is missing.
#[test]
fn without_room_for_the_temporary_file_the_report_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, disk) = (folder.path().join("capture.pcap"), folder.path().join("disk"));
    fs::write(&capture, larger_than_memory()).unwrap();
    fs::create_dir(&disk).unwrap();
    let mut command = Command::new(PROGRAM);
    let output = command.args(["-v", "--format", "json"]).arg(&capture).env("TMPDIR", &disk).output().unwrap();
    let (whole, said) = (json(&output), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
    assert!(said.contains("temporary file of") && said.contains(disk.to_str().unwrap()), "{said}");
    assert_eq!(fs::read_dir(&disk).unwrap().count(), 0, "nothing is left");

    let check = |temporary: &Path, output: &Output, why: &str| {
        let (part, said) = (json(output), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!([temporary.to_str().unwrap(), "TMPDIR", why].iter().all(|part| said.contains(part)), "{said}");
        let [all, some] = [&whole, &part].map(|report| report["connections"].as_array().unwrap().len());
        assert!(some > 0 && some < all, "{some} of {all}");
        let missing = format!("{},{:03} connections are missing", (all - some) / 1000, (all - some) % 1000);
        let notes = part["notes"].as_array().unwrap();
        assert!(notes.iter().any(|note| note.as_str().unwrap().starts_with(&missing)), "{missing}: {notes:?}");
        assert_eq!((&whole["read"]["complete"], &part["read"]["complete"]), (&true.into(), &false.into()));
    };
    let missing = folder.path().join("missing");
    let mut command = Command::new(PROGRAM);
    let output = command.args(["--format", "json"]).arg(&capture).env("TMPDIR", &missing).output().unwrap();
    check(&missing, &output, "No such file");
    if tools::missing(&["unshare"]) {
        return;
    }
    for (options, why) in [("size=256k", "No space left"), ("ro", "Read-only file system")] {
        let output = on_disk(&disk, options, &["--format".as_ref(), "json".as_ref(), capture.as_ref()]);
        check(&disk, &output, why);
    }
}

/// A report that the disk has no room for is an error, and no part of it is left.
#[test]
fn a_disk_without_room_for_the_report_stays_as_it_was() {
    if tools::missing(&["unshare"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (capture, disk) = (folder.path().join("capture.pcap"), folder.path().join("disk"));
    let mut grown = Grown::new();
    (0..200).for_each(|number| grown.open(number, "").say(false, b"\x88\x02\x03\xe9"));
    fs::write(&capture, &grown.bytes).unwrap();
    fs::create_dir(&disk).unwrap();
    for format in ["json", "ndjson", "csv", "html", "markdown", "list"] {
        let report = disk.join("report");
        let arguments = ["--format", format, "-o"].map(OsStr::new);
        let output = on_disk(&disk, "size=8k", &[&arguments[..], &[report.as_ref(), capture.as_ref()]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{format}: {said}");
        assert!(said.contains(report.to_str().unwrap()) && said.contains("No space left"), "{format}: {said}");
    }
}

/// Runs the program in a mount namespace where a folder is an empty disk with these options, which also takes temporary
/// files. Whatever the program leaves on it makes this fail.
fn on_disk(folder: &Path, options: &str, arguments: &[&OsStr]) -> Output {
    let script = "mount -t tmpfs -o \"$OPTIONS\" none \"$TMPDIR\" && \"$0\" \"$@\"; code=$?; [ -z \"$(ls -A \"$TMPDIR\")\" ] || exit 99; exit $code";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, PROGRAM]).args(arguments);
    command.env("TMPDIR", folder).env("OPTIONS", options).output().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The temporary file has no name at any time, so that nothing is left of it after a signal.
#[test]
#[cfg(target_os = "linux")]
fn a_signal_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        // A shell has SIGINT ignored in what it runs in the background.
        let mut command = Command::new("env");
        command.arg(format!("--default-signal={signal}")).args([PROGRAM, "-"]).env("TMPDIR", folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(&larger_than_memory()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(Command::new("kill").args(["-s", signal]).arg(child.id().to_string()).status().unwrap().success());
        assert!(!child.wait().unwrap().success());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        drop(input);
    }
}
