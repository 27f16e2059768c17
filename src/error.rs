//! Errors that a user can fix. Bad traffic is never an error: it is the subject of the report.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// An error that a user can fix, with the path it concerns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A capture file, or standard input, could not be opened.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Reading failed in the middle.
    #[error("{}: at byte {offset}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Bytes of the uncompressed capture that were read before.
        offset: u64,
        /// The error of the system or of the decompressor.
        source: io::Error,
    },
    /// The file is empty.
    #[error("{}: the file is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first bytes do not belong to any capture format.
    #[error("{}: not a pcap or pcapng capture: {found}", path.display())]
    NotACapture {
        /// The file.
        path: PathBuf,
        /// The description of its beginning.
        found: String,
        /// Whether it is a capture nevertheless: of another format, or cut off in its first bytes.
        is_capture: bool,
    },
    /// Several files of a merge could not be read, or not to their ends.
    #[error("{}", errors.iter().map(Self::to_string).collect::<Vec<_>>().join("; "))]
    Several {
        /// The errors, each of one file.
        errors: Vec<Self>,
    },
    /// A directory was given that contains no capture.
    #[error("{}: no capture files in this directory", path.display())]
    NoCaptures {
        /// The directory.
        path: PathBuf,
    },
    /// There is no libpcap, which live capture and filters need.
    #[error(
        "libpcap is not installed, and live capture and filters need it: `apt install libpcap0.8` on Debian and Ubuntu, \
         `dnf install libpcap` on Fedora, `apk add libpcap` on Alpine, `pacman -S libpcap` on Arch; macOS has it ({message})"
    )]
    NoLibpcap {
        /// The system's error.
        message: String,
    },
    /// This program was linked statically, and cannot load the system's libpcap.
    #[error(
        "this static build cannot load libpcap, so it neither captures nor filters: have tcpdump do both, \
         `tcpdump -U -i IFACE -w - FILTER | whyclosed -`, or use a build for this system, such as the .deb or that of \
         `cargo install`"
    )]
    StaticBuild,
    /// libpcap rejects the filter expression.
    #[error("filter `{expression}`: {message}")]
    Filter {
        /// The expression as given.
        expression: String,
        /// libpcap's message.
        message: String,
        /// The byte range of the fault in the expression; empty, at its end, if something is missing there.
        fault: Range<usize>,
    },
    /// An interface cannot be opened by this user.
    #[error(
        "{name}: capturing needs root or CAP_NET_RAW: run it with sudo, or once `sudo setcap cap_net_raw+ep {}`",
        program.display()
    )]
    Forbidden {
        /// The interface.
        name: String,
        /// This program.
        program: PathBuf,
    },
    /// An interface cannot be opened, or has failed.
    #[error("{name}: {message}")]
    Interface {
        /// Its name.
        name: String,
        /// libpcap's message.
        message: String,
    },
    /// Packets that come through a pipe were to be written.
    #[error(
        "--write keeps the packets of interfaces; those of a pipe are kept by tee: `… | tee FILE | whyclosed live -`"
    )]
    WriteFromPipe,
    /// libpcap cannot list the interfaces.
    #[error("cannot list the interfaces: {message}")]
    Interfaces {
        /// libpcap's message.
        message: String,
    },
    /// A folder holds files that writing a Wireshark profile would overwrite, and that are not from this program.
    #[error("{}: not written by whyclosed: give --profile a new folder, or one with a profile of an earlier run", path.display())]
    ForeignProfile {
        /// The file in the way.
        path: PathBuf,
    },
    /// The terminal view is asked for where there is no terminal.
    #[error("`whyclosed view` needs a terminal, which standard output is not; without `view`, the report is written")]
    NoTerminal,
    /// The terminal view is asked for without a capture.
    #[error("name a capture: `whyclosed view trace.pcapng`")]
    NoCapture,
    /// A file of a user's own close codes has a fault.
    #[error("{}: {fault}", path.display())]
    Codes {
        /// The file.
        path: PathBuf,
        /// The line, the field, and what is wrong.
        fault: String,
    },
    /// The user's configuration has a fault.
    #[error("{}: line {line}: {fault}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        fault: String,
    },
    /// A text does not name a close code.
    #[error("`{given}` is not a close code, a range of codes or the name of one; `whyclosed codes` lists them")]
    UnknownCode {
        /// The text.
        given: String,
    },
    /// A text does not name a registry.
    #[error("there is no registry `{given}`{}; `whyclosed codes` lists them", did_you_mean(similar.as_deref()))]
    UnknownRegistry {
        /// The text.
        given: String,
        /// The name of a registry that is similar.
        similar: Option<String>,
    },
    /// A command could not be started.
    #[error("{command}: {source}{hint}")]
    NotStarted {
        /// The command as given.
        command: String,
        /// The system's error.
        source: io::Error,
        /// What may help, in parentheses; empty if there is nothing.
        hint: &'static str,
    },
    /// The privileges that were needed for opening could not be given up.
    #[error("cannot drop root privileges: {source}; `live --keep-privileges` keeps them")]
    Privileges {
        /// The system's error.
        source: io::Error,
    },
    /// Waiting for packets failed.
    #[error("cannot wait for packets: {source}")]
    Wait {
        /// The system's error.
        source: io::Error,
    },
    /// A text does not name a rule.
    #[error("there is no rule `{given}`{}; `whyclosed rules` lists them", did_you_mean(similar.as_deref()))]
    UnknownRule {
        /// The text.
        given: String,
        /// The name of a rule that is similar.
        similar: Option<String>,
    },
    /// A text does not name a command.
    #[error("there is no command `{given}`{}; `whyclosed help` lists them", did_you_mean(similar.as_deref()))]
    UnknownCommand {
        /// The text.
        given: String,
        /// The name of a command that is similar.
        similar: Option<String>,
    },
    /// The first word is neither a file nor a command, but similar to a command.
    #[error("{given}: there is neither a file nor a command of this name; did you mean `{similar}`?")]
    Mistyped {
        /// The word.
        given: String,
        /// The command.
        similar: String,
    },
    /// The name of a command stands behind options.
    #[error(
        "{command}: a command comes before its options: `whyclosed {command} …` (a file of this name is `./{command}`)"
    )]
    Misplaced {
        /// The command.
        command: String,
    },
    /// A connection was asked for that is not in the captures.
    #[error("there is no connection {id}: the captures have {count}; `whyclosed --all CAPTURE` lists them")]
    NoConnection {
        /// The number as given.
        id: usize,
        /// The number of connections.
        count: usize,
    },
    /// A slice of all connections was asked for: that is the capture itself.
    #[error(
        "say which connections to copy: --connection, --code, --abnormal, …; `whyclosed slice --help` lists the options"
    )]
    NoSelection,
    /// A connection was asked for by its number in several captures that are not merged.
    #[error(
        "these files are several captures, and a slice has one: name a single file, with the numbers of `whyclosed FILE`, or \
         use --merge, with those of `whyclosed --merge`"
    )]
    SeveralCaptures,
    /// This program was built without Arrow and Parquet.
    #[error(
        "this whyclosed was built without Arrow and Parquet: `cargo install --path . --features arrow` builds one with them"
    )]
    WithoutArrow,
    /// Members were asked for in another format.
    #[error("members are an Arrow stream: `--format arrow --members`, or `--members=FILE.arrow` beside a report")]
    MembersAreArrow,
    /// A row of members cannot be read.
    #[error("{}: row {row} of the members: {reason}", path.display())]
    Members {
        /// The file.
        path: PathBuf,
        /// The number of the row, from 1; that of the last one read before, if the file is damaged.
        row: u64,
        /// The reason.
        reason: String,
    },
    /// Members of several sensors were given at once.
    #[error(
        "these members are of {count} sensors; connections of one are no evidence for another: run `fleet` for each"
    )]
    SeveralSensors {
        /// The number of sensors.
        count: usize,
    },
    /// A Parquet file was to go to standard output.
    #[error("Parquet needs a file: -o FILE.parquet (`--format arrow` can be piped)")]
    ParquetNeedsFile,
    /// A binary format was to go to a terminal.
    #[error("an Arrow stream is not for a terminal: write it to a file with -o FILE.arrow, or to a pipe")]
    BinaryToTerminal,
    /// A table was asked for in a format that has no tables.
    #[error(
        "the table of files is written as csv, arrow or parquet: give one with --format, or FILE such an extension"
    )]
    NotATable,
    /// No connection in the captures is one of those asked for.
    #[error("no connection matches: there is nothing to copy (the captures have {count})")]
    NoMatch {
        /// The number of connections.
        count: usize,
    },
    /// An output is also an input.
    #[error("{}: this is also an input ({}); write the output to another file", path.display(), input.display())]
    OutputIsInput {
        /// The output as given.
        path: PathBuf,
        /// The input as given.
        input: PathBuf,
    },
    /// Two outputs are the same file.
    #[error("{}: two outputs would be written to this file; give each its own", path.display())]
    SameOutput {
        /// The later one as given.
        path: PathBuf,
    },
    /// A temporary file could not be written, or not be read.
    #[error("{}: temporary file: {source} (TMPDIR names another folder for them)", folder.display())]
    Temporary {
        /// The folder of temporary files.
        folder: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The report could not be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file, or `standard output`.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl Error {
    /// Returns the errors of the files if several could not be read, else this error alone.
    pub fn into_each(self) -> Vec<Self> {
        if let Self::Several { errors } = self { errors } else { vec![self] }
    }
}

/// Returns the middle of a sentence that proposes another word, if there is one.
fn did_you_mean(similar: Option<&str>) -> String {
    similar.map_or_else(String::new, |similar| format!(" (did you mean `{similar}`?)"))
}
