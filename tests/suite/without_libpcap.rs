//! Tests on machines without libpcap: captures can be read, and commands that need it report which package to install.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{PROGRAM, tools};

/// Runs the program in a mount namespace in which every file of libpcap is empty. Standard input is the file behind `<`, if any.
fn run(arguments: &str) -> Output {
    let (arguments, input) = arguments.split_once(" < ").unwrap_or((arguments, "/dev/null"));
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join(input);
    let hide = "for file in $(find /usr/lib* /usr/local/lib -maxdepth 2 -name 'libpcap.so*'); do \
                mount --bind /dev/null \"$file\" || exit; done; exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", hide, PROGRAM]);
    command.args(arguments.split(' ')).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.stdin(File::open(input).unwrap()).output().unwrap()
}

#[test]
fn captures_are_read() {
    if tools::missing(&["unshare"]) {
        return;
    }
    let output = run("fixtures/invalid_utf8/capture.pcapng");
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1007"), "{output:?}");
}

#[test]
fn a_stream_is_watched() {
    if tools::missing(&["unshare"]) {
        return;
    }
    let output = run("live - --keep-privileges < fixtures/invalid_utf8/capture.pcapng");
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("server: 1007 "), "{output:?}");
}

#[test]
fn what_needs_libpcap_says_so() {
    if tools::missing(&["unshare"]) {
        return;
    }
    for arguments in ["interfaces", "live --interface lo", "live", "--filter tcp fixtures/invalid_utf8/capture.pcapng"]
    {
        let output = run(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {told}");
        for package in
            ["apt install libpcap0.8", "dnf install libpcap", "apk add libpcap", "pacman -S libpcap", "macOS"]
        {
            assert!(told.contains(package), "{arguments}: {told}");
        }
        assert!(output.stdout.is_empty(), "{arguments}: {output:?}");
    }
}

/// The linker would use an installed libpcap if it found it first, and the program would not start without it.
#[test]
fn no_library_is_needed_but_the_systems() {
    let program = std::fs::read(PROGRAM).unwrap();
    // The names that `lib.rs` of whyclosed-libpcap looks for are also in the binary, but inside a longer text.
    let needed = program.split(|byte| *byte == 0).filter(|name| name.starts_with(b"libpcap.so"));
    assert_eq!(needed.map(String::from_utf8_lossy).collect::<Vec<_>>(), Vec::<&str>::new());
}
