//! Machines on which libpcap is not installed: captures are read all the same, and whoever needs it is told what to install.

use std::process::{Command, Output};

use crate::support::{PROGRAM, tools};

/// Runs the program where every file of libpcap is an empty one, for it alone.
fn run(arguments: &str) -> Output {
    let hide = "for file in $(find /usr/lib* /usr/local/lib -maxdepth 2 -name 'libpcap.so*'); do \
                mount --bind /dev/null \"$file\" || exit; done; exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", hide, PROGRAM]);
    command.args(arguments.split(' ')).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
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

/// The linker would take a libpcap that it finds first, and the program would not start without it.
#[test]
fn no_library_is_needed_but_the_systems() {
    let program = std::fs::read(PROGRAM).unwrap();
    // The names that `lib.rs` of whyclosed-libpcap looks for stand there, too, but in one run of text.
    let needed = program.split(|byte| *byte == 0).filter(|name| name.starts_with(b"libpcap.so"));
    assert_eq!(needed.map(String::from_utf8_lossy).collect::<Vec<_>>(), Vec::<&str>::new());
}
