//! The programs that some tests need.
//!
//! On a machine without them, a test says on standard error why it is skipped, and passes. With `TEST_TOOLS=required`,
//! which `.ci/run` sets, it fails.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, iter, thread};

/// The list of all these programs, which `.ci/run` reads, too.
const LIST: &str = include_str!("tools.txt");

/// Returns whether any of these tools is missing, and reports it. Fails the test if tools are required.
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

/// Reports why a test does nothing here. Writes directly to standard error, because the harness hides what passing
/// tests print.
pub fn skip(reason: &str) {
    let test = thread::current();
    let line = format!("skipped {}: {reason}\n", test.name().unwrap_or_default());
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Returns a command that prefers the programs that `.ci/run` installs below `target/peers` to those of the system.
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

/// Returns the row of a tool: its name, how it is installed, and a command that succeeds if it is there.
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
