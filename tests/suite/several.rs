//! Checks reports on several files: each a capture of its own, rotated sets as one, and files that cannot be read.
//!
//! Real programs rotate and merge the captures, and tshark runs the filters.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;
use whyclosed::capture;
use whyclosed::capture::recording::Recording;

use crate::support::captured::packets_of;
use crate::support::{PROGRAM, contract, fixture, fixtures, tools};

/// Runs the program. Returns its exit code, the JSON report, and what it says on standard error.
fn report<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> (i32, Value, String) {
    let output = run(["--format", "json"].map(OsStr::new).into_iter().map(OsStr::to_owned).chain(owned(arguments)));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    assert!(report.is_null() || contract::breaches(&report).is_empty(), "{:?}", contract::breaches(&report));
    (output.status.code().unwrap(), report, String::from_utf8(output.stderr).unwrap())
}

fn owned<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Vec<OsString> {
    arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect()
}

fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    Command::new(PROGRAM).env_remove("COLUMNS").args(arguments).output().unwrap()
}

/// Returns a report, which must have no fault.
#[track_caller]
fn clean<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Value {
    let (code, report, said) = report(arguments);
    assert_eq!((code, &*said), (0, ""));
    report
}

/// Runs another program, which must succeed. Returns its standard output.
#[track_caller]
fn tool<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> String {
    let output = std::process::Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the files in a folder, in the order of their names.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn connections(report: &Value) -> &[Value] {
    report["connections"].as_array().unwrap()
}

/// Returns what a report says, except in which files.
fn without_files(report: &Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                ["files", "in_files", "merges", "captures"].iter().for_each(|field| _ = fields.remove(*field));
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut report = report.clone();
    strip(&mut report);
    report
}

/// Returns the numbers of a connection's proof, and the same packets in their own files.
fn proof(connection: &Value) -> Vec<(u64, PathBuf, u64)> {
    let verdict = &connection["verdict"];
    let numbers = verdict["packets"].as_array().unwrap().iter().map(|number| number.as_u64().unwrap());
    let places = verdict["in_files"].as_array().unwrap();
    let place = |place: &Value| (place["file"].as_str().unwrap().into(), place["packet"].as_u64().unwrap());
    let places: Vec<(PathBuf, u64)> = places.iter().map(place).collect();
    let all: Vec<_> = numbers.zip(places).map(|(number, (file, own))| (number, file, own)).collect();
    assert_eq!(all.len(), verdict["packets"].as_array().unwrap().len());
    all
}

/// Asserts that the files in a folder are read as one capture, with the report of the whole one.
#[track_caller]
fn is_one_set(folder: &Path, whole: &Path) {
    let files = files_in(folder);
    assert!(files.len() > 1, "{files:?}");
    let (of_set, of_whole) = (clean([folder]), clean([whole]));
    assert_eq!(without_files(&of_set), without_files(&of_whole), "{}", whole.display());
    assert_eq!(of_set["merges"].as_array().unwrap().len(), 1);
    assert_eq!(of_set["merges"][0]["files"].as_array().unwrap().len(), files.len());

    let all = packets_of(whole);
    for connection in connections(&of_set) {
        let named: BTreeSet<PathBuf> =
            connection["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap().into()).collect();
        for (number, file, own) in proof(connection) {
            let (one, other) = (&all[number as usize - 1], &packets_of(&file)[own as usize - 1]);
            assert_eq!((one.time, &one.data), (other.time, &other.data), "packet {number}");
            assert!(named.contains(&file), "{} is not among {named:?}", file.display());
        }
    }
    // They are given in any order, and one by one.
    let reversed = clean(files.iter().rev());
    assert_eq!(without_files(&reversed), without_files(&of_whole));
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn sets_of_editcap_are_one_capture() {
    if tools::missing(&["tshark"]) {
        return;
    }
    for (name, cut) in [
        ("idle_timeout", ["-c", "7"]),
        ("idle_timeout", ["-i", "1"]),
        ("proxy_cut_haproxy", ["-c", "5"]),
        ("many", ["-c", "40"]),
        ("many_wss_python", ["-c", "100"]),
    ] {
        let folder = folder();
        let whole = fixture(name);
        tool(
            "editcap",
            [cut[0].as_ref(), cut[1].as_ref(), whole.as_os_str(), folder.path().join("t.pcapng").as_os_str()],
        );
        is_one_set(folder.path(), &whole);
    }
}

#[test]
fn sets_of_tcpdump_are_one_capture() {
    if tools::missing(&["tcpdump", "tshark"]) {
        return;
    }
    let (unpacked, plain, numbered) = (folder(), folder(), folder());
    // Four times the same capture, at other times, is large enough for several files of a megabyte.
    let whole = unpacked.path().join("whole.pcap");
    let later = |seconds: &str| {
        let path = unpacked.path().join(seconds);
        tool("editcap", ["-F", "pcap", "-t", seconds, fixture("autobahn").to_str().unwrap(), path.to_str().unwrap()]);
        path.to_str().unwrap().to_owned()
    };
    let parts = ["0", "1000", "2000", "3000"].map(later);
    let merge = ["-F", "pcap", "-w", whole.to_str().unwrap()].into_iter().chain(parts.iter().map(String::as_str));
    tool("mergecap", merge);
    let rotate = |folder: &Path, more: &[&str]| {
        let written = folder.join("t.pcap");
        let arguments = ["-r", whole.to_str().unwrap(), "-w", written.to_str().unwrap(), "-C", "1"];
        let user = ["-Z", "root"];
        let as_root = if is_root() { &user[..] } else { &[] };
        tool("tcpdump", arguments.iter().chain(as_root).chain(more));
    };
    rotate(plain.path(), &[]);
    let names: Vec<_> = files_in(plain.path()).iter().map(|path| path.extension().unwrap().to_owned()).collect();
    assert_eq!(names, ["pcap", "pcap1", "pcap2", "pcap3", "pcap4", "pcap5", "pcap6"]);
    is_one_set(plain.path(), &whole);
    rotate(numbered.path(), &["-W", "12"]);
    is_one_set(numbered.path(), &whole);

    // A ring that has begun again: the last packets are in the first file.
    let files = files_in(numbered.path());
    let ring = folder();
    for (at, file) in files.iter().enumerate() {
        fs::copy(file, ring.path().join(format!("t.pcap{}", (at + 3) % files.len()))).unwrap();
    }
    is_one_set(ring.path(), &whole);
}

/// Returns whether the test runs as root, whose rights tcpdump would give up.
fn is_root() -> bool {
    tool("id", ["-u"]).trim() == "0"
}

#[test]
fn files_named_by_their_times_are_one_capture() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let (cut, whole) = (folder(), fixture("idle_timeout"));
    tool("editcap", ["-c", "8", whole.to_str().unwrap(), cut.path().join("t.pcapng").to_str().unwrap()]);
    for name in ["t_2026-11-21_05-01-2{}.pcap", "t.2026112105012{}.pcapng", "{}-20261121.cap"] {
        let folder = folder();
        for (at, file) in files_in(cut.path()).iter().enumerate() {
            fs::copy(file, folder.path().join(name.replace("{}", &format!("{at}")))).unwrap();
        }
        let is_dated = !name.starts_with('{');
        let report = clean([folder.path()]);
        assert_eq!(report.get("merges").is_some(), is_dated, "{name}");
    }
}

/// Returns what is said of each connection of a list, but for the texts. Other connections are named by their distance.
fn judged(connections: &[Value]) -> Vec<Value> {
    let one = |connection: &Value| {
        let id = connection["id"].as_i64().unwrap();
        let said = |finding: &Value| {
            let mut finding = finding.clone();
            ["title", "summary", "cause", "fix", "in_files"].iter().for_each(|text| finding[text] = Value::Null);
            for name in ["other_leg", "newer"] {
                if let Some(other) = finding["evidence"][name].as_i64() {
                    finding["evidence"][name] = (other - id).into();
                }
            }
            finding
        };
        let findings: Vec<_> = connection["findings"].as_array().unwrap().iter().map(said).collect();
        let other_leg = connection["other_leg"].as_i64().map(|other| other - id);
        json!({
            "stream": connection["tcp_stream"],
            "verdict": said(&connection["verdict"]),
            "findings": findings,
            "other_leg": other_leg,
        })
    };
    connections.iter().map(one).collect()
}

/// No capture changes what is said of another one's connections.
#[test]
fn captures_are_judged_by_themselves() {
    let captures: Vec<_> = fixtures().into_iter().map(|(_, capture)| capture).collect();
    let lists = ["connections", "encrypted"];
    // Secrets are numbered in the order of their captures.
    let judge = |captures: &[PathBuf]| {
        let options = ["--each", "--show-secrets"].map(OsString::from).into_iter();
        let (_, report, _) = report(options.chain(owned(captures)));
        lists.map(|list| report[list].as_array().map_or_else(Vec::new, |list| judged(list)))
    };
    let [mut connections, mut encrypted] = judge(&captures);
    assert!(connections.len() > 100 && encrypted.len() > 100);
    for capture in &captures {
        let each = judge(std::slice::from_ref(capture));
        let of_all = [&mut connections, &mut encrypted].into_iter().zip(&each);
        let of_all: Vec<Vec<_>> = of_all.map(|(all, each)| all.drain(..each.len()).collect()).collect();
        assert_eq!(of_all, each, "{}", capture.display());
    }
    assert!(connections.is_empty() && encrypted.is_empty());
}

/// Files of our own ring, and a ring of another capture beside it.
#[test]
fn sets_of_this_program_are_one_capture_each() {
    let folder = folder();
    let wholes = ["idle_timeout", "many"].map(fixture);
    for (whole, name) in wholes.iter().zip(["a.pcapng", "b.pcapng"]) {
        let mut source = capture::open(std::slice::from_ref(whole)).unwrap();
        assert!(source.advance().unwrap());
        let description = capture::pcapng::Description {
            link_type: source.packet().link_type,
            snaplen: 0,
            name: String::new(),
            filter: String::new(),
        };
        let ring = Some("100x3kB".parse().unwrap());
        let mut recording = Recording::create(&folder.path().join(name), ring, vec![description]).unwrap();
        loop {
            recording.packet(0, &source.packet()).unwrap();
            if !source.advance().unwrap() {
                break;
            }
        }
        recording.flush().unwrap();
    }
    let report = clean([folder.path()]);
    assert_eq!(report["merges"].as_array().unwrap().len(), 2);
    let [one, other] = wholes.map(|whole| clean([whole]));
    assert_eq!(connections(&report).len(), connections(&one).len() + connections(&other).len());
    let verdicts = |report: &Value| -> Vec<Value> {
        connections(report).iter().map(|one| one["verdict"]["filter"].clone()).collect()
    };
    assert_eq!(verdicts(&report), [verdicts(&one), verdicts(&other)].concat());
    let ids: Vec<_> = connections(&report).iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
}

/// Each run of a program counts its files anew.
#[test]
fn runs_with_the_same_name_are_one_capture_each() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let (folder, shifted) = (folder(), folder());
    let (whole, later) = (fixture("many"), shifted.path().join("later.pcapng"));
    tool("editcap", ["-t", "86400", whole.to_str().unwrap(), later.to_str().unwrap()]);
    for run in [&later, &whole] {
        tool("editcap", ["-c", "100", run.to_str().unwrap(), folder.path().join("t.pcapng").to_str().unwrap()]);
    }
    let (report, mut files) = (clean([folder.path()]), files_in(folder.path()));
    // The names end in their times.
    files.sort_by_key(|path| path.file_stem().unwrap().to_str().unwrap().rsplit('_').next().unwrap().to_owned());
    let runs: Vec<_> = report["merges"].as_array().unwrap().iter().map(|merge| merge["files"].clone()).collect();
    let halves: Vec<_> = files.chunks(files.len() / 2).map(|half| serde_json::json!(half)).collect();
    assert_eq!(runs, halves);
    let filters = |report: &Value| -> Vec<Value> {
        connections(report).iter().map(|one| one["verdict"]["filter"].clone()).collect()
    };
    assert_eq!(filters(&report), [filters(&clean([whole])), filters(&clean([later]))].concat());
}

#[test]
fn captures_at_the_same_time_are_no_set_whatever_their_names() {
    let folder = folder();
    for name in ["t_00001.pcapng", "t_00002.pcapng"] {
        fs::copy(fixture("many"), folder.path().join(name)).unwrap();
    }
    let report = clean([folder.path()]);
    assert!(report.get("merges").is_none());
    let captures: Vec<_> = report["captures"].as_array().unwrap().iter().map(|file| file["capture"].clone()).collect();
    assert_eq!(captures, [1, 2]);
}

/// Runs each filter of a report on the file that its connection is in: it has to show the packets of the proof, which have
/// to be those of the connection.
fn filters_fit(report: &Value) {
    for connection in connections(report) {
        let [file] = connection["files"].as_array().unwrap().as_slice() else { panic!("{connection}") };
        let filter = connection["verdict"]["filter"].as_str().unwrap();
        let fields = ["frame.number", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport"];
        let fields = fields.iter().flat_map(|field| ["-e", field]);
        let arguments = ["-r", file.as_str().unwrap(), "-Y", filter, "-T", "fields"].into_iter().chain(fields);
        let shown = tool("tshark", arguments);
        let ends = |one: &str, other: &str| BTreeSet::from([one.to_owned(), other.to_owned()]);
        let expected = ends(connection["client"].as_str().unwrap(), connection["server"].as_str().unwrap());
        let mut numbers = Vec::new();
        for line in shown.lines() {
            let [number, source, from, destination, to] = *line.split('\t').collect::<Vec<_>>() else {
                panic!("{line}")
            };
            assert_eq!(ends(&format!("{source}:{from}"), &format!("{destination}:{to}")), expected);
            numbers.push(number.parse::<u64>().unwrap());
        }
        assert_eq!(serde_json::json!(numbers), connection["verdict"]["packets"], "{file}: {filter}");
    }
}

#[test]
fn filters_are_those_of_the_file() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let captures = ["invalid_utf8", "idle_timeout", "many", "closed_normally", "many_wss_python"].map(fixture);
    let report = clean(&captures);
    assert!(connections(&report).len() > 10);
    let named: BTreeSet<_> = connections(&report).iter().map(|one| one["files"][0].as_str().unwrap()).collect();
    assert!(named.len() >= 4, "{named:?}");
    filters_fit(&report);
    // What connections have in common is looked for within a capture.
    let alone: Vec<_> = captures.iter().flat_map(|path| connections(&clean([path])).to_vec()).collect();
    let titles = |all: &[Value]| -> Vec<Value> { all.iter().map(|one| one["verdict"]["summary"].clone()).collect() };
    assert_eq!(titles(connections(&report)), titles(&alone));
}

#[test]
fn merge_and_each_decide_for_all_files() {
    if tools::missing(&["tshark"]) {
        return;
    }
    let (folder, merged) = (folder(), folder());
    let whole = fixture("idle_timeout");
    tool("editcap", ["-c", "10", whole.to_str().unwrap(), folder.path().join("t.pcapng").to_str().unwrap()]);
    let each = clean(["--each".as_ref(), folder.path().as_os_str()]);
    assert!(each.get("merges").is_none());
    let captures = each["captures"].as_array().unwrap();
    assert_eq!(captures.last().unwrap()["capture"], captures.len());
    filters_fit(&each);

    let captures = ["many", "idle_timeout", "closed_normally"].map(fixture);
    let file = merged.path().join("merged.pcapng");
    let arguments = ["-w".into(), file.clone()].into_iter().chain(captures.clone());
    tool("mergecap", arguments);
    let of_files = clean([PathBuf::from("--merge")].iter().chain(&captures));
    assert_eq!(without_files(&of_files), without_files(&clean([&file])));
    // These captures do not overlap, and each connection is in one of them.
    for connection in connections(&of_files) {
        assert_eq!(connection["files"].as_array().unwrap().len(), 1);
        let (number, path, own) = proof(connection).remove(0);
        assert_eq!(packets_of(&file)[number as usize - 1].data, packets_of(&path)[own as usize - 1].data);
    }
    let output = run([PathBuf::from("--merge")].iter().chain(&captures));
    let text = String::from_utf8(output.stdout).unwrap();
    let command = format!("  mergecap -w merged.pcapng {}", captures.map(|path| path.display().to_string()).join(" "));
    assert!(text.lines().any(|line| line == command), "{text}");
}

#[test]
fn secrets_have_the_same_number_in_all_captures() {
    let folder = folder();
    for name in ["a.pcapng", "b.pcapng"] {
        fs::copy(fixture("invalid_utf8"), folder.path().join(name)).unwrap();
    }
    let report = clean([folder.path()]);
    let [one, other] = connections(&report) else { panic!("{report}") };
    assert!(one["handshake"]["target"].as_str().unwrap().contains("[redacted:query#1]"));
    assert_eq!(one["handshake"]["target"], other["handshake"]["target"]);
    assert_eq!((one["tcp_stream"].as_u64(), other["tcp_stream"].as_u64()), (Some(0), Some(0)));
}

/// A key log can be read once, if it is a pipe; its keys are for all captures.
#[test]
fn keys_are_for_all_captures() {
    let capture = fixture("wss_closed_by_application");
    let folder = folder();
    let copy = folder.path().join("other.pcapng");
    fs::copy(&capture, &copy).unwrap();
    let keys = fs::read(capture.with_file_name("keys.log")).unwrap();
    let arguments = ["--format", "json", "--keylog", "/dev/stdin"].map(OsStr::new);
    let mut command = Command::new(PROGRAM);
    let output = command.args(arguments).args([&capture, &copy]).write_stdin(keys).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<_> = connections(&report).iter().map(|one| one["closes"][0]["code"].clone()).collect();
    assert_eq!(codes, [4401, 4401], "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_cannot_be_read_is_said_and_does_not_end_the_others() {
    let folder = folder();
    let root = folder.path();
    fs::create_dir(root.join("below")).unwrap();
    fs::copy(fixture("invalid_utf8"), root.join("a.pcapng")).unwrap();
    fs::copy(fixture("idle_timeout"), root.join("below/b.pcapng")).unwrap();
    fs::write(root.join("README.md"), "# Captures").unwrap();
    fs::write(root.join("keys.log"), "").unwrap();
    assert_eq!(connections(&clean([root])).len(), 1);
    assert_eq!(connections(&clean(["--recursive".as_ref(), root.as_os_str()])).len(), 3);
    let talkative = run(["-v".as_ref(), root.as_os_str()]);
    let said = String::from_utf8(talkative.stderr).unwrap();
    assert!(said.contains("README.md") && said.contains("keys.log") && !said.contains("a.pcapng"), "{said}");

    let bad = root.join("below/bad.pcap");
    fs::write(&bad, "no capture").unwrap();
    let is_told = |(code, report, said): (i32, Value, String), count: usize, bad: &Path| {
        let bad = bad.to_str().unwrap();
        assert_eq!((code, connections(&report).len()), (2, count), "{said}");
        assert!(said.lines().count() == 1 && said.contains(bad), "{said}");
        let notes = report["notes"].as_array().unwrap();
        assert!(notes.iter().any(|note| note.as_str().unwrap().contains(bad)), "{notes:?}");
        assert_eq!(report["read"]["complete"], false);
    };
    is_told(report(["--recursive".as_ref(), root.as_os_str()]), 3, &bad);
    let missing = root.join("missing.pcap");
    is_told(report([fixture("many"), missing.clone(), root.join("a.pcapng")]), 1 + many(), &missing);
    is_told(report(["--merge".as_ref(), missing.as_os_str(), root.join("a.pcapng").as_os_str()]), 1, &missing);
    let nothing = root.join("nothing");
    fs::create_dir(&nothing).unwrap();
    is_told(report([&nothing, &root.join("a.pcapng")]), 1, &nothing);

    // Without anything to report, there are only errors.
    let output = run([&bad, &missing]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len(), said.lines().count()), (Some(2), 0, 2), "{said}");
}

/// What is no file is opened only by the merge.
#[cfg(unix)]
#[test]
fn a_merge_names_all_that_cannot_be_read() {
    let capture = fixture("invalid_utf8");
    let (code, report, said) =
        report(["--merge".as_ref(), "/dev/null".as_ref(), capture.as_os_str(), "/dev/zero".as_ref()]);
    assert_eq!((code, connections(&report).len(), said.lines().count()), (2, 1, 2), "{said}");
    let notes = report["notes"].as_array().unwrap();
    for bad in ["/dev/null", "/dev/zero"] {
        assert!(
            said.contains(bad) && notes.iter().any(|note| note.as_str().unwrap().contains(bad)),
            "{said} {notes:?}"
        );
    }
    let output = run(["--merge", "/dev/null", "/dev/zero"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 2), "{said}");
}

/// Returns the number of connections in the fixture `many`.
fn many() -> usize {
    connections(&clean([fixture("many")])).len()
}

#[cfg(unix)]
#[test]
fn folders_are_read_through_links_in_the_sandbox() {
    use std::os::unix::fs::symlink;

    let (folder, elsewhere) = (folder(), folder());
    fs::create_dir(elsewhere.path().join("day")).unwrap();
    fs::copy(fixture("invalid_utf8"), elsewhere.path().join("day/far.pcapng")).unwrap();
    fs::create_dir(folder.path().join("within")).unwrap();
    symlink(elsewhere.path().join("day/far.pcapng"), folder.path().join("within/near.pcapng")).unwrap();
    symlink("..", folder.path().join("within/up")).unwrap();
    symlink(folder.path(), elsewhere.path().join("named")).unwrap();
    for named in [folder.path(), &elsewhere.path().join("named")] {
        let report = clean(["--recursive".as_ref(), named.as_os_str()]);
        assert_eq!(connections(&report).len(), 1);
    }
}

/// A slice, and the report of a bundle, have one capture.
#[test]
fn slices_and_bundles_are_of_one_capture() {
    let folder = folder();
    let out = folder.path().join("slice.pcapng");
    let captures = ["invalid_utf8", "idle_timeout"].map(fixture);
    let slice = |more: &[&str]| {
        let arguments = ["slice", "-o", out.to_str().unwrap()].into_iter().chain(more.iter().copied());
        let output = run(owned(arguments).into_iter().chain(owned(&captures)));
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = slice(&["--connection", "1"]);
    assert!(code == Some(2) && said.contains("--merge") && !out.exists(), "{said}");
    assert_eq!(slice(&["--connection", "1", "--merge"]).0, Some(0));
    assert_eq!(slice(&["--code", "1007"]).0, Some(0));
    assert_eq!(connections(&clean(["--all".as_ref(), out.as_os_str()])).len(), 1);

    let bundle = folder.path().join("ticket.zip");
    let arguments = ["--bundle".as_ref(), bundle.as_os_str()];
    let of_bundle = clean(owned(arguments).into_iter().chain(owned(&captures)));
    let of_merge = clean(owned(["--merge"]).into_iter().chain(owned(&captures)));
    assert_eq!(without_files(&of_bundle), without_files(&of_merge));
}

/// The file is named where there are several captures, in every format, and only there.
#[test]
fn documents_name_the_file_where_there_are_several() {
    let folder = folder();
    for (name, of) in [("one.pcapng", "invalid_utf8"), ("two.pcapng", "idle_timeout")] {
        fs::copy(fixture(of), folder.path().join(name)).unwrap();
    }
    for format in ["terminal", "markdown", "html", "list"] {
        let text = |paths: &[&Path]| {
            let paths = paths.iter().map(|path| path.as_os_str());
            String::from_utf8(run(["--format", format].map(OsStr::new).into_iter().chain(paths)).stdout).unwrap()
        };
        let both = text(&[folder.path()]);
        assert!(both.contains("one.pcapng") && both.contains("two.pcapng"), "{format}: {both}");
        let alone = text(&[&folder.path().join("one.pcapng")]);
        let has_label = |text: &str| text.contains(if format == "list" { "one.pcapng" } else { "File" });
        assert!(has_label(&both) && !has_label(&alone), "{format}: {alone}");
    }
    let rows = String::from_utf8(run(["--format".as_ref(), "csv".as_ref(), folder.path().as_os_str()]).stdout).unwrap();
    let ends: Vec<_> = rows.lines().map(|line| line.rsplit([',', '/']).next().unwrap()).collect();
    assert_eq!(ends, ["files", "one.pcapng", "two.pcapng", "two.pcapng"]);
}
