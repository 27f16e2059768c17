//! Destinations of reports, slices and bundles: never over an input, complete or not at all, with the correct
//! permissions.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use tempfile::TempDir;
use whyclosed::capture::recording::Recording;

use crate::support::{PROGRAM, fixture, tools};

/// A folder with a capture in it.
struct Place {
    folder: TempDir,
    capture: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("trace.pcapng");
        fs::copy(fixture("invalid_utf8"), &capture).unwrap();
        Self { folder, capture }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the names in the folder, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Returns the program with this folder as its current directory.
    fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }
}

/// Returns the report on the capture of a place, written to standard output.
fn report() -> Vec<u8> {
    Place::new().run(&["trace.pcapng"]).stdout
}

/// A user and group that own nothing.
const NOBODY: u32 = 65_534;

/// Returns whether the tests may create files of other users.
fn is_root(place: &Place) -> bool {
    fs::metadata(place.folder.path()).unwrap().uid() == 0
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn err(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

/// Asserts exit code 2, nothing on standard output, and one line of error that names the path.
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
            is_refused(&place.run(&["annotate", "-o", path, input]), path);
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
    let named = place.command().args(["-o", "/proc/self/fd/1", "trace.pcapng"]).stdout(stdout()).output().unwrap();
    is_refused(&named, "/proc/self/fd/1");
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
    // An output in the folder of the captures is not one of the inputs.
    for _ in 0..2 {
        succeeds(&place.run(&["-o", "report.txt", "."]));
    }
    assert!(fs::read_to_string(place.path("report.txt")).unwrap().contains("1007"));
}

#[test]
fn a_pipe_is_written_to() {
    let place = Place::new();
    let fifo = place.path("fifo");
    make_fifo(&fifo);
    symlink("fifo", place.path("link")).unwrap();
    let nonblock = OFlags::NONBLOCK.bits().cast_signed();
    for target in ["fifo", "link"] {
        // The reader is opened first, without waiting for a writer: the program finds a reader, and the pipe's buffer
        // holds the report.
        let mut reader = fs::File::options().read(true).custom_flags(nonblock).open(&fifo).unwrap();
        succeeds(&place.run(&["-o", target, "trace.pcapng"]));
        let mut received = Vec::new();
        reader.read_to_end(&mut received).unwrap();
        assert!(received == report(), "{}", String::from_utf8_lossy(&received));
        assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
    }
    assert_eq!(place.names(), ["fifo", "link", "trace.pcapng"]);
}

#[test]
fn a_device_is_written_to() {
    let place = Place::new();
    // Root uses a device of its own: a program that replaced the system's would break the machine.
    let null = if is_root(&place) { place.path("null") } else { PathBuf::from("/dev/null") };
    if is_root(&place) {
        let made = Command::new("mknod").args([null.to_str().unwrap(), "c", "1", "3"]).status();
        if !made.is_ok_and(|made| made.success()) || fs::write(&null, "x").is_err() {
            tools::skip("no device can be made here");
            return;
        }
    }
    symlink(&null, place.path("link")).unwrap();
    for target in [null.to_str().unwrap(), "link"] {
        succeeds(&place.run(&["-o", target, "trace.pcapng"]));
        let sliced = place.run(&["slice", "--abnormal", "-o", target, "trace.pcapng"]);
        assert_eq!(sliced.status.code(), Some(0));
        assert!(err(&sliced).starts_with(&format!("{target}: connections: 1, packets: ")), "{}", err(&sliced));
        assert_eq!(err(&sliced).lines().count(), 1, "{}", err(&sliced));
        assert!(fs::metadata(&null).unwrap().file_type().is_char_device());
        assert!(fs::symlink_metadata(place.path("link")).unwrap().is_symlink());
    }
}

#[test]
fn a_socket_is_left_alone() {
    let place = Place::new();
    let _socket = UnixListener::bind(place.path("socket")).unwrap();
    is_refused(&place.run(&["-o", "socket", "trace.pcapng"]), "socket");
    assert!(fs::symlink_metadata(place.path("socket")).unwrap().file_type().is_socket());
    assert_eq!(place.names(), ["socket", "trace.pcapng"]);
}

/// The terminal is emulated by `script` (util-linux).
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_written_to() {
    if tools::missing(&["script"]) {
        return;
    }
    let place = Place::new();
    let shell = format!("'{PROGRAM}' -o \"$(tty)\" trace.pcapng >/dev/null");
    let mut script = Command::new("script");
    script.args(["-qec", &shell, "/dev/null"]).current_dir(place.folder.path()).stdin(Stdio::null());
    let output = script.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n").as_bytes(), report());
}

#[test]
fn descriptors_are_written_to() {
    let place = Place::new();
    // The link of /dev/stdout: a program that replaced the original link as root would break the machine.
    symlink("/proc/self/fd/1", place.path("stdout")).unwrap();
    for path in ["./stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let output = place.run(&["-o", path, "trace.pcapng"]);
        succeeds(&output);
        assert!(output.stdout == report(), "{path}");
        // Files opened by the shell keep the content before and after the report.
        let script = format!("{{ echo before; '{PROGRAM}' -o {path} trace.pcapng; echo behind; }} > all; cat all");
        let output = Command::new("sh").args(["-c", &script]).current_dir(place.folder.path()).output().unwrap();
        succeeds(&output);
        assert_eq!(output.stdout, [b"before\n", &*report(), b"behind\n"].concat(), "{path}");
    }
    let script = format!("echo before > all; '{PROGRAM}' -o /dev/fd/7 trace.pcapng 7>> all; cat all");
    let output = Command::new("sh").args(["-c", &script]).current_dir(place.folder.path()).output().unwrap();
    succeeds(&output);
    assert_eq!(output.stdout, [b"before\n", &*report()].concat());
    assert_eq!(place.names(), ["all", "stdout", "trace.pcapng"]);
}

#[test]
fn a_new_file_has_the_mode_that_the_umask_gives() {
    let place = Place::new();
    for (umask, expected) in [("022", 0o644), ("027", 0o640), ("002", 0o664), ("077", 0o600)] {
        for arguments in ["-o new", "--bundle new", "slice --abnormal -o new"] {
            let script = format!("umask {umask}; exec '{PROGRAM}' {arguments} trace.pcapng");
            let output = Command::new("sh").args(["-c", &script]).current_dir(place.folder.path()).output().unwrap();
            assert!(output.status.success(), "{}", err(&output));
            assert_eq!(mode(&place.path("new")), expected, "{umask} {arguments}");
            fs::remove_file(place.path("new")).unwrap();
        }
    }
}

#[test]
fn a_file_that_exists_keeps_mode_and_owner() {
    let place = Place::new();
    let path = place.path("report.txt");
    for kept in [0o600, 0o640, 0o644, 0o664, 0o666, 0o604] {
        fs::write(&path, "before").unwrap();
        set_mode(&path, kept);
        if is_root(&place) {
            chown(&path, Some(NOBODY), Some(1)).unwrap();
        }
        let before = fs::metadata(&path).unwrap();
        succeeds(&place.run(&["-o", "report.txt", "trace.pcapng"]));
        assert_eq!(fs::read(&path).unwrap(), report());
        let after = fs::metadata(&path).unwrap();
        let rights = |found: &fs::Metadata| (found.mode(), found.uid(), found.gid());
        assert_eq!(rights(&after), rights(&before));
    }
}

/// If the owner and group of a file cannot be kept, its new group must not get rights that it did not have.
#[test]
fn what_cannot_be_kept_gives_nobody_more() {
    let place = Place::new();
    if !is_root(&place) {
        tools::skip("only root has files of other users");
        return;
    }
    let path = place.path("report.txt");
    fs::write(&path, "before").unwrap();
    set_mode(&path, 0o664);
    // Another user may not have access to the program's own folder.
    fs::copy(PROGRAM, place.path("program")).unwrap();
    set_mode(place.folder.path(), 0o777);
    let mut command = Command::new(place.path("program"));
    command.current_dir(place.folder.path()).args(["-o", "report.txt", "trace.pcapng"]).env_remove("HOME");
    let output = command.gid(NOBODY).uid(NOBODY).output().unwrap();
    succeeds(&output);
    let found = fs::metadata(&path).unwrap();
    assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (NOBODY, NOBODY, 0o644));
}

#[test]
fn links_are_followed() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).unwrap();
    symlink("folder/report.txt", place.path("link")).unwrap();
    symlink(place.path("link"), place.path("chain")).unwrap();
    // A link whose target does not exist at first, and then does.
    for link in ["link", "chain"] {
        succeeds(&place.run(&["-o", link, "trace.pcapng"]));
        assert_eq!(fs::read(place.path("folder/report.txt")).unwrap(), report());
        assert!(fs::symlink_metadata(place.path(link)).unwrap().is_symlink());
        fs::write(place.path("folder/report.txt"), "before").unwrap();
    }
    assert_eq!(fs::read_dir(place.path("folder")).unwrap().count(), 1);
    symlink("loop", place.path("loop")).unwrap();
    is_refused(&place.run(&["-o", "loop", "trace.pcapng"]), "loop");
    // The user's own link in a folder like /tmp is accepted.
    set_mode(place.folder.path(), 0o1777);
    succeeds(&place.run(&["-o", "link", "trace.pcapng"]));
    assert_eq!(fs::read(place.path("folder/report.txt")).unwrap(), report());
}

#[test]
fn what_another_user_has_planted_is_refused() {
    let place = Place::new();
    if !is_root(&place) {
        tools::skip("only root has files of other users");
        return;
    }
    fs::create_dir(place.path("shared")).unwrap();
    let victim = place.path("victim");
    fs::write(&victim, "before").unwrap();
    symlink("../victim", place.path("shared/link")).unwrap();
    symlink("../new", place.path("shared/dangling")).unwrap();
    symlink("shared/link", place.path("outside")).unwrap();
    fs::write(place.path("shared/file"), "").unwrap();
    make_fifo(&place.path("shared/fifo"));
    for name in ["link", "dangling", "file", "fifo"] {
        lchown(place.path("shared").join(name), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    // The kernel can protect links in the first of these folders (`fs.protected_symlinks`), but never in the second.
    for sticky in [0o1777, 0o1755] {
        set_mode(&place.path("shared"), sticky);
        for path in ["shared/link", "shared/dangling", "shared/file", "shared/fifo", "outside"] {
            is_refused(&place.run(&["-o", path, "trace.pcapng"]), path);
            is_refused(&place.run(&["--bundle", path, "trace.pcapng"]), path);
            is_refused(&place.run(&["slice", "--abnormal", "-o", path, "trace.pcapng"]), path);
            let path = place.path(path);
            let error = Recording::create(&path, None, Vec::new()).unwrap_err().to_string();
            assert!(error.starts_with(path.to_str().unwrap()) && error.contains("another user's"), "{error}");
        }
        let error = Recording::create(&place.path("shared/trace.pcapng"), "2x1s".parse().ok(), Vec::new());
        drop(error.unwrap());
        let planted = place.path("shared/trace_00001.pcapng");
        fs::remove_file(&planted).unwrap();
        symlink("../victim", &planted).unwrap();
        lchown(&planted, Some(NOBODY), Some(NOBODY)).unwrap();
        Recording::create(&place.path("shared/trace.pcapng"), "2x1s".parse().ok(), Vec::new()).unwrap_err();
        fs::remove_file(&planted).unwrap();
    }
    assert_eq!(fs::read(&victim).unwrap(), b"before");
    assert!(!place.path("new").exists());
}

/// After a power failure, the user finds the old file or the new one, complete.
#[cfg(target_os = "linux")]
#[test]
fn a_file_is_on_disk_before_it_has_its_name() {
    if tools::missing(&["strace"]) {
        return;
    }
    let place = Place::new();
    let trace = place.path("calls");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-e", "trace=fsync,rename,renameat,renameat2,link,linkat", "-o"]).arg(&trace);
    strace.args([PROGRAM, "-o", "report.txt", "trace.pcapng"]).current_dir(place.folder.path());
    succeeds(&strace.output().unwrap());
    let calls = fs::read_to_string(&trace).unwrap();
    let at = |what: &dyn Fn(&str) -> bool| calls.lines().position(what);
    let named = at(&|line| line.contains("report.txt")).unwrap();
    let folder = format!("<{}>", fs::canonicalize(place.folder.path()).unwrap().display());
    let file = at(&|line| line.contains("fsync(") && !line.contains(&folder));
    let after = at(&|line| line.contains("fsync(") && line.contains(&folder));
    assert!(file.is_some_and(|file| file < named) && after.is_some_and(|after| after > named), "{calls}");
}

/// Feeds a capture to the program through pipes, one for each of its passes. Stops in the middle of the pass in which a
/// file appears in the folder of the output, and returns the open end of that pipe.
#[cfg(target_os = "linux")]
fn until_writing(place: &Place, written: &Path) -> fs::File {
    let bytes = fs::read(fixture("invalid_utf8")).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    for pass in 0.. {
        // The program has opened the pipe of this pass; the next pass will find another one.
        let pipe = place.path(&format!("pipe{pass}"));
        let nonblock = OFlags::NONBLOCK.bits().cast_signed();
        let mut writer = loop {
            match fs::File::options().write(true).custom_flags(nonblock).open(&pipe) {
                Ok(writer) => break writer,
                Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
                Err(error) => panic!("the program does not read: {error}"),
            }
        };
        lead_to_pipe(place, pass + 1);
        let (some, rest) = bytes.split_at(bytes.len() / 2);
        writer.write_all(some).unwrap();
        for _ in 0..100 {
            if fs::read_dir(written).unwrap().count() > 0 {
                return writer;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        writer.write_all(rest).unwrap();
    }
    unreachable!()
}

/// Points the path `source` to a new pipe.
#[cfg(target_os = "linux")]
fn lead_to_pipe(place: &Place, pass: usize) {
    make_fifo(&place.path(&format!("pipe{pass}")));
    symlink(format!("pipe{pass}"), place.path("next")).unwrap();
    fs::rename(place.path("next"), place.path("source")).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_leaves_no_temporary_file() {
    let outputs: [&[&str]; 4] = [
        &["slice", "--abnormal", "-o", "written/slice.pcapng"],
        &["slice", "--abnormal", "--redact", "-o", "written/slice.pcapng"],
        &["annotate", "-o", "written/annotated.pcapng"],
        &["--bundle", "written/bundle.zip"],
    ];
    for (output, signal) in outputs.into_iter().flat_map(|output| [(output, 2), (output, 15)]) {
        let place = Place::new();
        let (written, temporary) = (place.path("written"), place.path("temporary"));
        fs::create_dir(&written).unwrap();
        fs::create_dir(&temporary).unwrap();
        lead_to_pipe(&place, 0);
        // The process that runs the tests may ignore signals.
        let mut command = Command::new("env");
        command.args(["--default-signal=INT,TERM", PROGRAM]).args(output).arg("source");
        // The sandbox would let the program read only the first of the pipes.
        command.arg("--no-sandbox");
        command.current_dir(place.folder.path()).env("TMPDIR", &temporary);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let writer = until_writing(&place, &written);
        let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().signal(), Some(signal), "{output:?}");
        drop(writer);
        for folder in [written, temporary] {
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{output:?}: {}", folder.display());
        }
    }
}
