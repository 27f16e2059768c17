//! Memory of slices, bundles and their verification: at most 256 MiB, whatever the capture.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::scripted::grown::{self, Grown};
use crate::support::{PROGRAM, reading};

const MOST: u64 = 256 * 1024 * 1024;

/// The memory of a run with next to nothing to do; and some MiB that the allocator has not given back yet, since it does so
/// after a time, which a loaded machine stretches.
const LEAST: u64 = 24 * 1024 * 1024;

/// The result of a run.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the program, and asserts its peak of memory, without the pages of the program's file: these are many if it was not
/// optimized, and the kernel may drop them. The kernel has no high-water mark of the rest, so it is polled.
fn run(arguments: &[&str], folder: &Path) -> Run {
    run_within(MOST, arguments, folder)
}

/// Does the same within `most` bytes.
fn run_within(most: u64, arguments: &[&str], folder: &Path) -> Run {
    let files = ["out", "err"].map(|name| folder.join(name));
    let [out, err] = files.each_ref().map(|path| File::create(path).unwrap());
    let mut child = Command::new(PROGRAM).args(arguments).stdout(out).stderr(err).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(anonymous_memory(&status).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    let code = child.wait().unwrap().code();
    assert!(peak > 0 && peak <= most, "{} MiB for {arguments:?}", peak >> 20);
    let [out, err] = files.map(|path| String::from_utf8(fs::read(path).unwrap()).unwrap());
    Run { code, out, err }
}

fn anonymous_memory(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(kib.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// A capture in a folder of its own.
struct Case {
    folder: tempfile::TempDir,
    capture: PathBuf,
    slice: PathBuf,
}

impl Case {
    fn new(capture: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [path, slice] = ["capture.pcap", "slice.pcapng"].map(|name| folder.path().join(name));
        fs::write(&path, capture).unwrap();
        Self { folder, capture: path, slice }
    }

    /// Slices all of its connections. Returns the standard error, each line of which must also be in the slice.
    fn slice(&self) -> String {
        let count = reading::material(&self.capture).unwrap().facts.len();
        let all = (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        let [path, slice] = [&self.capture, &self.slice].map(|path| path.to_str().unwrap());
        let run = run(&["slice", "--redact", "--connection", &all, path, "-o", slice], self.folder.path());
        assert_eq!(run.code, Some(0), "{}", run.err);
        let written = fs::read(&self.slice).unwrap();
        let (_, left_out) = run.err.split_once('\n').unwrap();
        for sentence in left_out.lines() {
            assert!(memchr::memmem::find(&written, sentence.as_bytes()).is_some(), "{sentence}");
        }
        left_out.to_owned()
    }

    fn bundle(&self) -> Run {
        let bundle = self.folder.path().join("ticket.zip");
        let arguments = ["--all", "--bundle", bundle.to_str().unwrap(), self.capture.to_str().unwrap()];
        run(&arguments, self.folder.path())
    }

    fn verify(&self) -> Run {
        let [path, slice] = [&self.capture, &self.slice].map(|path| path.to_str().unwrap());
        run(&["verify-redaction", slice, "--against", path], self.folder.path())
    }
}

#[test]
fn bytes_that_were_not_captured_take_nothing() {
    let case = Case::new(&grown::far_ahead(16, 60 << 20));
    assert_eq!(case.slice(), "");
    let (bundled, verified) = (case.bundle(), case.verify());
    assert_eq!((bundled.code, bundled.err.as_str()), (Some(0), ""));
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
}

#[test]
fn messages_that_inflate_to_many_times_their_size_are_not_kept() {
    let deflated = grown::deflated(&grown::repeated(b"x", 48 << 20));
    assert!(deflated.len() < 1 << 20);
    let case = Case::new(&grown::compressed_messages(&deflated, 3));
    assert_eq!(
        case.slice(),
        "3 messages are too large to be searched for secrets: the parts beyond the limit are zeros.\n"
    );
    let verified = case.verify();
    let is_said = verified.out.lines().any(|line| line == "3 messages are too large to be checked.");
    assert!(is_said, "{}", verified.out);
    assert_eq!(verified.code, Some(2));
}

#[test]
fn what_does_not_fit_is_zeros_and_said() {
    const LENGTH: usize = 15_000_000;
    let mut grown = Grown::new();
    let binary = grown::long_frame(0x82, &vec![1; LENGTH]);
    let count = u32::try_from(whyclosed::limits::SLICED_TOTAL / LENGTH + 1).unwrap();
    (0..count).for_each(|number| grown.open(number, "").say(false, &binary));
    let text = [&grown::repeated(b"a word, ", 50_000)[..], b"zorvak ", &grown::repeated(b"a word, ", 50_000)].concat();
    grown.open(count, "").say(false, &grown::long_frame(0x81, &text));
    let case = Case::new(&grown.bytes);
    let said = case.slice();
    assert!(said.starts_with("2 connections exceed the memory limit"), "{said}");
    assert_eq!(memchr::memmem::find(&fs::read(&case.slice).unwrap(), b"zorvak"), None);
}

/// Tests an eighth of the connections in an eighth of the memory, because 100,000 of them would take many minutes.
#[test]
fn a_hundred_thousand_small_connections_take_no_more() {
    const COUNT: u32 = 12_500;
    let mut grown = Grown::new();
    for number in 0..COUNT {
        let mut talk = grown.open(number, &format!("Cookie: sid={:016x}\r\n", u64::from(number) << 20 | 0xc00c1e));
        talk.say(false, b"\x88\x02\x03\xe9");
        talk.say(true, b"\x88\x82abcd\x62\x8b");
    }
    let case = Case::new(&grown.bytes);
    let [path, slice] = [&case.capture, &case.slice].map(|path| path.to_str().unwrap());
    let bundle = case.folder.path().join("ticket.zip");
    let bundle = bundle.to_str().unwrap();
    for arguments in [
        &["slice", "--redact", "--code", "1001", path, "-o", slice][..],
        &["--all", "--bundle", bundle, path],
        &["verify-redaction", slice, "--against", path],
    ] {
        let run = run_within(LEAST + (MOST - LEAST) / 8, arguments, case.folder.path());
        let said =
            run.err.lines().filter(|line| !line.contains(": connections: 12,500, packets: ")).collect::<Vec<_>>();
        assert_eq!((run.code, said), (Some(0), Vec::new()), "{arguments:?}: {}", run.out);
    }
}
