//! The programs that some tests need, and what becomes of a test on a machine without them.
//!
//! There the test says on standard error why it is skipped, and passes. `TEST_TOOLS=required`, which `.ci/run` sets, makes
//! that a failure.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, iter, thread};

/// The list of all of them, which `.ci/run` reads, too.
const LIST: &str = include_str!("tools.txt");

/// Returns whether one of these tools of the list is missing, and reports it.
#[track_caller]
pub fn missing(names: &[&str]) -> bool {
    let absent = names.iter().map(|name| tool(name)).filter(|(_, _, check)| !succeeds(check));
    let absent = absent.map(|(name, install, _)| {
        let (by, package) = install.split_once(':').unwrap();
        format!("{name} is missing or cannot be used (`{by} install {package}`)")
    });
    let absent: Vec<_> = absent.collect();
    if absent.is_empty() {
        return false;
    }
    let absent = absent.join(", ");
    assert!(env::var_os("TEST_TOOLS").is_none_or(|value| value != "required"), "{absent}");
    skip(&absent);
    true
}

/// Reports why a test does nothing here, past the harness, which keeps to itself what passing tests print.
pub fn skip(reason: &str) {
    let test = thread::current();
    let line = format!("skipped {}: {reason}\n", test.name().unwrap_or_default());
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// A command that finds what `.ci/run` installs below `target/peers` before what the system has.
pub fn command(program: &str) -> Command {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(iter::once(peers.join("venv/bin")).chain(env::split_paths(&path))).unwrap();
    let mut command = Command::new(program);
    command.env("PATH", path);
    if peers.join("node_modules").exists() {
        command.env("NODE_PATH", peers.join("node_modules"));
    }
    command
}

/// The row of a name: the name, what installs it, and what succeeds where it is there.
#[track_caller]
fn tool(name: &str) -> (&str, &'static str, &'static str) {
    let rows = LIST.lines().filter(|line| !line.starts_with('#'));
    let mut rows = rows.filter_map(|line| line.split_once(' ')).filter(|(first, _)| *first == name);
    let (install, check) = rows.next().expect(name).1.trim_start().split_once(' ').unwrap();
    (name, install, check.trim_start())
}

fn succeeds(check: &str) -> bool {
    let mut shell = command("sh");
    shell.args(["-c", check]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}
