//! Where reports, slices and bundles go: never over an input, whole or not at all, with the rights that are due.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_whyclosed");

/// A folder with a capture in it.
struct Place {
    folder: TempDir,
    capture: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("trace.pcapng");
        fs::copy(fixture(), &capture).unwrap();
        Self { folder, capture }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The names in the folder, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program in this folder.
    fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }
}

fn fixture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/invalid_utf8/capture.pcapng")
}

fn err(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

/// Exit code 2, nothing on standard output, one line that names the path.
#[track_caller]
fn is_refused(output: &Output, path: &str) {
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(2), &b""[..]), "{}", err(output));
    let line = err(output);
    assert!(line.starts_with(&format!("whyclosed: {path}: ")) && line.lines().count() == 1, "{path}: {line}");
}

#[track_caller]
fn succeeds(output: &Output) {
    assert_eq!((output.status.code(), err(output)), (Some(0), ""));
}

#[test]
fn an_input_is_never_overwritten() {
    let place = Place::new();
    let before = fs::read(&place.capture).unwrap();
    symlink("trace.pcapng", place.path("link.pcapng")).unwrap();
    symlink(place.path("link.pcapng"), place.path("chain.pcapng")).unwrap();
    fs::hard_link(&place.capture, place.path("hard.pcapng")).unwrap();
    fs::create_dir(place.path("captures")).unwrap();
    symlink("../trace.pcapng", place.path("captures/one.pcapng")).unwrap();
    let names = place.names();
    for path in ["trace.pcapng", "./captures/../trace.pcapng", "link.pcapng", "chain.pcapng", "hard.pcapng"] {
        for input in ["trace.pcapng", "hard.pcapng", "link.pcapng", "captures"] {
            is_refused(&place.run(&["-o", path, input]), path);
            is_refused(&place.run(&["--format", "json", "-o", path, input]), path);
            is_refused(&place.run(&["--bundle", path, input]), path);
            is_refused(&place.run(&["slice", "--abnormal", "-o", path, input]), path);
            is_refused(&place.run(&["slice", "--abnormal", "--redact", "-o", path, input]), path);
            assert_eq!(fs::read(&place.capture).unwrap(), before, "{path} {input}");
        }
    }
    assert_eq!(place.names(), names);
    assert!(fs::symlink_metadata(place.path("link.pcapng")).unwrap().is_symlink());
}

#[test]
fn an_input_that_the_shell_opened_is_never_overwritten() {
    let place = Place::new();
    let before = fs::read(&place.capture).unwrap();
    let stdin = fs::File::open(&place.capture).unwrap();
    is_refused(&place.command().args(["-o", "trace.pcapng", "-"]).stdin(stdin).output().unwrap(), "trace.pcapng");
    let stdout = || fs::OpenOptions::new().append(true).open(&place.capture).unwrap();
    is_refused(&place.command().arg("trace.pcapng").stdout(stdout()).output().unwrap(), "standard output");
    let named = place.command().args(["-o", "/dev/stdout", "trace.pcapng"]).stdout(stdout()).output().unwrap();
    is_refused(&named, "/dev/stdout");
    assert_eq!(fs::read(&place.capture).unwrap(), before);
}

#[test]
fn other_inputs_and_outputs_are_kept_apart() {
    let place = Place::new();
    let codes = place.path("codes.toml");
    fs::write(&codes, Command::new(PROGRAM).args(["codes", "--template"]).output().unwrap().stdout).unwrap();
    let before = fs::read(&codes).unwrap();
    is_refused(&place.run(&["--codes", "codes.toml", "-o", "codes.toml", "trace.pcapng"]), "codes.toml");
    assert_eq!(fs::read(&codes).unwrap(), before);
    is_refused(&place.run(&["-o", "both", "--bundle", "./both", "trace.pcapng"]), "./both");
    assert_eq!(place.names(), ["codes.toml", "trace.pcapng"]);
    #[cfg(feature = "live")]
    {
        is_refused(&place.run(&["live", "-i", "lo", "-o", "both", "--write", "both"]), "both");
        is_refused(&place.run(&["live", "-i", "lo", "--codes", "codes.toml", "--write", "codes.toml"]), "codes.toml");
        assert_eq!(fs::read(&codes).unwrap(), before);
    }
    // A report beside its captures is none of them.
    for _ in 0..2 {
        succeeds(&place.run(&["-o", "report.txt", "."]));
    }
    assert!(fs::read_to_string(place.path("report.txt")).unwrap().contains("1007"));
}
