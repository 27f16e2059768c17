//! Tests the sandbox: the actions it denies, and that the program enters it before it parses anything.

#[allow(dead_code, reason = "a module of the program: the tests use a part of it")]
#[path = "../../src/cli/sandbox/mod.rs"]
mod program;

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use landlock::{Compatible as _, RulesetAttr as _};
use program::{Allowed, Enforced, enter};
use whyclosed::analyzer::Analyzer;
use whyclosed::capture;

use crate::support::{PROGRAM, fixture};

/// Returns whether the kernel has Landlock, independently of the program, so that a sandbox without effect is detected.
fn kernel_has_landlock() -> bool {
    // According to the kernel's documentation, the call fails without Landlock.
    landlock::Ruleset::default()
        .set_compatibility(landlock::CompatLevel::HardRequirement)
        .handle_access(landlock::AccessFs::ReadFile)
        .and_then(landlock::Ruleset::create)
        .is_ok()
}

/// Runs `act` in a thread of its own, which alone is in the sandbox. Returns `None` if the kernel has no Landlock.
fn confined<T: Send>(allowed: &Allowed, act: impl FnOnce(Enforced) -> T + Send) -> Option<T> {
    let has_landlock = kernel_has_landlock();
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let enforced = enter(allowed);
            assert_eq!(enforced != Enforced::Nothing, has_landlock, "{enforced:?}");
            has_landlock.then(|| act(enforced))
        });
        let done = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        if done.is_none() {
            eprintln!("NOT TESTED: this kernel has no Landlock, so that nothing can be denied");
        }
        done
    })
}

#[track_caller]
fn is_denied<T>(result: std::io::Result<T>) {
    assert_eq!(result.err().expect("the action was allowed").kind(), ErrorKind::PermissionDenied);
}

#[test]
fn only_inputs_are_read_and_only_outputs_written() {
    let folder = tempfile::tempdir().unwrap();
    let [captures, output, outside] = ["captures", "output", "outside"].map(|name| folder.path().join(name));
    [&captures, &output, &outside].into_iter().for_each(|folder| fs::create_dir(folder).unwrap());
    fs::copy(fixture("closed_normally"), captures.join("a.pcapng")).unwrap();
    fs::copy(fixture("invalid_utf8"), outside.join("linked.pcapng")).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    symlink(outside.join("linked.pcapng"), captures.join("b.pcapng")).unwrap();
    let report = output.join("report.json");
    let allowed = Allowed::default().captures(std::slice::from_ref(&captures), false).output(Some(&report));
    confined(&allowed, |_| {
        // Runs the whole analysis of the files in a folder, including the target of a link.
        let mut source = capture::open(std::slice::from_ref(&captures)).unwrap();
        let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
        analyzer.read(&mut *source, &mut facts, |_| {}).unwrap();
        assert_eq!(facts.len(), 2);
        // Denied inside the sandbox.
        is_denied(fs::read(outside.join("secret")));
        is_denied(fs::read("/etc/passwd"));
        is_denied(fs::read_dir(&outside));
        is_denied(fs::write(outside.join("new"), "x"));
        is_denied(fs::write(captures.join("new"), "x"));
        is_denied(fs::write(captures.join("a.pcapng"), "x"));
        is_denied(fs::remove_file(captures.join("a.pcapng")));
        is_denied(Command::new("/bin/true").status());
        // The program writes a temporary file beside the output, and then renames it.
        fs::write(&report, "old").unwrap();
        let mut file = tempfile::NamedTempFile::new_in(&output).unwrap();
        file.write_all(b"new").unwrap();
        file.persist(&report).unwrap();
        assert_eq!(fs::read_to_string(&report).unwrap(), "new");
    });
}

#[test]
fn no_tcp_connection_is_made_nor_awaited() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    confined(&Allowed::default(), |enforced| {
        let Enforced::Everything(_) = enforced else {
            eprintln!("NOT TESTED: {enforced:?} cannot deny TCP");
            return;
        };
        is_denied(TcpStream::connect(address));
        is_denied(TcpListener::bind("127.0.0.1:0"));
    });
    assert!(TcpStream::connect(address).is_ok(), "other threads may");
}

#[test]
fn outputs_that_are_links_or_pipes_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let [links, target] = ["links", "target"].map(|name| folder.path().join(name));
    [&links, &target].into_iter().for_each(|folder| fs::create_dir(folder).unwrap());
    fs::write(target.join("report"), "old").unwrap();
    symlink(target.join("report"), links.join("report")).unwrap();
    let to_link = Allowed::default().output(Some(&links.join("report")));
    confined(&to_link, |_| {
        fs::write(links.join("report"), "new").unwrap();
        fs::write(target.join("beside"), "it").unwrap();
    });
    let pipe = target.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    confined(&Allowed::default().output(Some(&pipe)), |_| {
        // Opened for reading and writing, so that the call does not block.
        fs::File::options().read(true).write(true).open(&pipe).unwrap().write_all(b"it").unwrap();
        is_denied(fs::write(target.join("beside the pipe"), "it"));
    });
}

/// A program that waits for its standard input.
struct Waiting(Child);

impl Waiting {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    fn has_no_new_privileges(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        status.lines().any(|line| line == "NoNewPrivs:\t1")
    }

    fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let patience = Instant::now() + Duration::from_secs(60);
        while !is_so(self) {
            assert!(Instant::now() < patience, "timeout");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends it its input; returns its exit code and its standard error.
    fn feed(mut self, bytes: &[u8]) -> (Option<i32>, String) {
        let (mut input, mut said) = (self.0.stdin.take().unwrap(), self.0.stderr.take().unwrap());
        // The program may have exited.
        let _ = input.write_all(bytes);
        drop(input);
        let mut text = String::new();
        said.read_to_string(&mut text).unwrap();
        (self.0.wait().unwrap().code(), text)
    }
}

#[test]
fn the_program_is_confined_before_its_first_byte() {
    let bytes = fs::read(fixture("closed_normally")).unwrap();
    let program = Waiting::start(&["-v", "-"]);
    program.until(Waiting::has_no_new_privileges);
    let (code, said) = program.feed(&bytes);
    let begins = if kernel_has_landlock() { "Sandbox: only the captures can be read" } else { "No sandbox: " };
    assert!(code == Some(0) && said.starts_with(begins), "{said}");

    let (code, said) = Waiting::start(&["-v", "--no-sandbox", "-"]).feed(&bytes);
    assert_eq!((code, said.as_str()), (Some(0), "No sandbox: --no-sandbox.\n"));
    let (code, said) = Waiting::start(&["-"]).feed(&bytes);
    assert_eq!((code, said.as_str()), (Some(0), ""));
}

/// The commands without a report announce their sandbox, too.
#[test]
fn what_is_enforced_is_said_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (slice, capture) = (folder.path().join("slice.pcapng"), fixture("invalid_utf8"));
    let (slice, capture) = (slice.to_str().unwrap(), capture.to_str().unwrap());
    let begins = if kernel_has_landlock() { "Sandbox: " } else { "No sandbox: " };
    for command in [
        &["slice", "--redact", "--abnormal", "-o", slice, capture][..],
        &["verify-redaction", slice, "--against", capture],
        &["annotate", "--redact", "-o", slice, capture],
    ] {
        for (options, expected) in
            [(&["-v"][..], begins), (&["--verbose", "--no-sandbox"], "No sandbox: --no-sandbox.\n"), (&[], "")]
        {
            let output = Command::new(PROGRAM).args(command).args(options).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success() && said.starts_with(expected), "{command:?} {options:?}: {said}");
            // What is written is said, too.
            let rest = usize::from(command[0] != "verify-redaction");
            assert_eq!(said.lines().count(), usize::from(!expected.is_empty()) + rest, "{said}");
        }
    }
}

/// Each of several captures is opened when its turn comes, here once standard input has ended. A path that was replaced by
/// then leads to another file.
#[test]
fn the_program_reads_nothing_that_was_not_given() {
    let run = |options: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let [given, other] = ["given.pcapng", "other.pcapng"].map(|name| folder.path().join(name));
        fs::copy(fixture("invalid_utf8"), &given).unwrap();
        fs::copy(fixture("invalid_utf8"), &other).unwrap();
        let program = Waiting::start(&[options, &["-", given.to_str().unwrap()]].concat());
        if options.is_empty() {
            program.until(Waiting::has_no_new_privileges);
        } else {
            program.until(|program| fs::read_to_string(format!("/proc/{}/syscall", program.0.id())).is_ok());
        }
        fs::remove_file(&given).unwrap();
        symlink(&other, &given).unwrap();
        program.feed(&fs::read(fixture("closed_normally")).unwrap())
    };
    let (code, said) = run(&["--no-sandbox"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let (code, said) = run(&[]);
    if kernel_has_landlock() {
        assert!(code == Some(2) && said.contains("given.pcapng: Permission denied"), "{said}");
    } else {
        eprintln!("NOT TESTED: this kernel has no Landlock");
    }
}
