//! The captures that are read, and which of them are read as one.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use whyclosed::capture::{self, Inputs};
use whyclosed::catalog::Language;
use whyclosed::render::sanitized;
use whyclosed::report::phrase::{counted, first};

/// The most files that a remark names.
const NAMED: usize = 20;

/// The captures to be read.
#[derive(Clone, Debug, Args)]
pub struct InputArgs {
    /// Capture files (pcap, pcapng; gzip, zstd, lz4), directories of them, or - for standard input.
    ///
    /// Each file is a capture of its own, with its own packet numbers. Files that were rotated while capturing (by tcpdump,
    /// dumpcap, Wireshark or `live --write-ring`) are recognised by their names and times, and read as one capture. Without
    /// any, standard input is read if it is no terminal.
    #[arg(value_name = "CAPTURE")]
    captures: Vec<PathBuf>,

    /// Also read the captures in directories within directories.
    ///
    /// Links to directories within them are not followed; links to files are.
    #[arg(long)]
    recursive: bool,

    /// Read all files as one capture, merged by time; packet numbers are those of `mergecap`.
    #[arg(long)]
    merge: bool,

    /// Read each file by itself, even if its name says that it belongs to a rotated set.
    #[arg(long, conflicts_with = "merge")]
    each: bool,
}

impl InputArgs {
    /// Returns the options that read some files as one capture.
    #[cfg(feature = "view")]
    pub const fn of_one(captures: Vec<PathBuf>) -> Self {
        Self { captures, recursive: false, merge: true, each: false }
    }

    /// Returns whether there is nothing to read: no capture, and a person at standard input.
    pub fn are_missing(&self) -> bool {
        self.captures.is_empty() && io::stdin().is_terminal()
    }

    /// Returns the paths as given; without any, standard input.
    pub fn paths(&self) -> Cow<'_, [PathBuf]> {
        if self.captures.is_empty() { vec![PathBuf::from("-")].into() } else { self.captures.as_slice().into() }
    }

    /// Returns whether directories within directories are read.
    pub const fn is_recursive(&self) -> bool {
        self.recursive
    }

    /// Returns the first input if it is no file, but may be a word on the command line.
    pub fn word(&self) -> Option<&str> {
        self.captures.first().filter(|path| !path.exists())?.to_str()
    }

    /// Finds the captures.
    pub fn find(&self) -> Inputs {
        capture::find(&self.paths(), self.recursive)
    }

    /// Groups the captures that were found: those of a group are read as one. With `as_one`, all are.
    pub fn groups(&self, inputs: Inputs, as_one: bool) -> Vec<Vec<PathBuf>> {
        match (self.merge || as_one, self.each) {
            (true, _) => Some(inputs.into_sets().concat()).into_iter().filter(|all| !all.is_empty()).collect(),
            (false, true) => inputs.into_paths().into_iter().map(|path| vec![path]).collect(),
            (false, false) => inputs.into_sets(),
        }
    }

    /// Returns whether the files of a group still have to show that they follow one another.
    pub const fn is_proposed(&self, as_one: bool) -> bool {
        !self.merge && !as_one
    }
}

/// Prints on standard error which files in directories were passed over, if any were.
#[expect(clippy::print_stderr, reason = "it is not part of the report")]
pub fn tell_passed_over(inputs: &Inputs, language: Language) {
    let passed_over = &inputs.passed_over;
    if !passed_over.is_empty() {
        let names = first(passed_over.iter().map(|path| path.display().to_string()), NAMED);
        let text = counted("passed_over", passed_over.len() as u64, &[("what", &names)], language);
        eprintln!("{}", sanitized(&text));
    }
}
