//! The file behind a path that is to be written: found before it is opened, and never a trap that somebody else has set.

#[cfg(not(unix))]
#[path = "other.rs"]
mod system;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// Where a path leads.
#[derive(Debug)]
pub enum Target {
    /// A regular file, or none yet: it can be replaced.
    File(Replaceable),
    /// A device, a pipe, a descriptor of this process: it can only be written to.
    Stream(Stream),
}

/// A regular file, or none yet.
#[derive(Debug)]
pub struct Replaceable {
    /// Its path, behind every symbolic link.
    pub path: PathBuf,
    /// The file that is there.
    pub existing: Option<Metadata>,
}

/// Something that cannot be replaced by a file.
#[derive(Debug)]
pub struct Stream {
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is none"))]
    path: PathBuf,
    /// The number of a descriptor, where the path names one of this process.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is none"))]
    descriptor: Option<u32>,
}

impl Target {
    /// Follows symbolic links to what they lead to. Where anybody may create files but only their owners may remove them
    /// (`/tmp`), another user's link, file or pipe is an error: it may be there to catch what is written, or to have this
    /// user overwrite a file of their own.
    pub fn resolve(path: &Path) -> io::Result<Self> {
        system::resolve(path)
    }

    /// Opens the file to write it from its beginning. A regular file that exists is emptied.
    pub fn create(&self) -> io::Result<File> {
        match self {
            Self::File(file) => system::create(&file.path),
            Self::Stream(stream) => system::open(stream),
        }
    }
}

impl Stream {
    /// Opens it to write to it.
    pub fn open(&self) -> io::Result<File> {
        system::open(self)
    }
}

/// The folder that a path lies in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
