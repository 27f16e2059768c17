//! What can go wrong that a user can mend. Bad traffic is never an error: it is what the report is about.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// A fault that a user can mend, with the path it concerns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A capture file, or standard input, could not be opened.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Reading failed in the middle.
    #[error("{}: at byte {offset}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Bytes read before, of the uncompressed capture.
        offset: u64,
        /// What the system, or the decompressor, said.
        source: io::Error,
    },
    /// The file holds no byte.
    #[error("{}: the file is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first bytes are those of no capture format.
    #[error("{}: not a pcap or pcapng capture: {found}", path.display())]
    NotACapture {
        /// The file.
        path: PathBuf,
        /// What it begins with.
        found: String,
    },
    /// A directory was given that holds no capture.
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
        /// What the system said.
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
        /// libpcap's words.
        message: String,
        /// The bytes of the expression where the fault lies; none behind its end where something is missing there.
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
        /// libpcap's words.
        message: String,
    },
    /// libpcap cannot list the interfaces.
    #[error("cannot list the interfaces: {message}")]
    Interfaces {
        /// libpcap's words.
        message: String,
    },
    /// A file of a user's own close codes has a fault.
    #[error("{}: {fault}", path.display())]
    Codes {
        /// The file.
        path: PathBuf,
        /// The line, the field, and what is wrong.
        fault: String,
    },
    /// A text names no close code.
    #[error("`{given}` is not a close code, a range of codes or the name of one; `whyclosed codes` lists them")]
    UnknownCode {
        /// The text.
        given: String,
    },
    /// A text names no registry.
    #[error("there is no registry `{given}`; `whyclosed codes` lists them")]
    UnknownRegistry {
        /// The text.
        given: String,
    },
    /// The rights that opening took could not be given back.
    #[error("cannot drop root privileges: {source}; use --keep-privileges to keep them")]
    Privileges {
        /// What the system said.
        source: io::Error,
    },
    /// Waiting for packets failed.
    #[error("cannot wait for packets: {source}")]
    Wait {
        /// What the system said.
        source: io::Error,
    },
    /// A text names no rule.
    #[error("there is no rule `{given}`; `whyclosed rules` lists them")]
    UnknownRule {
        /// The text.
        given: String,
    },
    /// An output is a file that is read, too.
    #[error("{}: this is also an input ({}); write the output to another file", path.display(), input.display())]
    OutputIsInput {
        /// The output as given.
        path: PathBuf,
        /// The input as given.
        input: PathBuf,
    },
    /// Two outputs are one file.
    #[error("{}: two outputs would be written to this file; give each its own", path.display())]
    SameOutput {
        /// The later one as given.
        path: PathBuf,
    },
    /// The report could not be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file, or `standard output`.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
