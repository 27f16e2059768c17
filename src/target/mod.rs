//! The target of an output path: it is found before it is opened, and is never a trap that another user has set.

#[cfg(not(unix))]
#[path = "other.rs"]
mod system;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// The target of a path.
#[derive(Debug)]
pub enum Target {
    /// A regular file, or none yet. It can be replaced.
    File(Replaceable),
    /// A device, a pipe, or a descriptor of a process. It can only be written to.
    Stream(Stream),
}

/// A regular file, or none yet.
#[derive(Debug)]
pub struct Replaceable {
    /// Its path, after every symbolic link.
    pub path: PathBuf,
    /// The metadata of the file, if it exists.
    pub existing: Option<Metadata>,
}

/// A target that cannot be replaced by a file.
#[derive(Debug)]
pub struct Stream {
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is none"))]
    path: PathBuf,
    /// The number of a descriptor, if the path names one of this process.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is none"))]
    descriptor: Option<u32>,
}

impl Target {
    /// Resolves `path`, following symbolic links. In a folder where anybody may create files but only their owners may
    /// remove them (`/tmp`), another user's link, file or pipe is an error: it may be there to catch the output, or to
    /// make this user overwrite a file of their own.
    pub fn resolve(path: &Path) -> io::Result<Self> {
        system::resolve(path)
    }

    /// Returns whether this process is root's, and the target a file that nobody else can have put in its place: only root
    /// may write to its folder and to those above.
    pub fn is_guarded(&self) -> bool {
        matches!(self, Self::File(file) if system::is_guarded(&file.path))
    }

    /// Opens the target to write from the beginning. A regular file that exists is emptied; a new one can be read by its
    /// owner alone.
    pub fn create(&self) -> io::Result<File> {
        match self {
            Self::File(file) => system::create(&file.path),
            Self::Stream(stream) => system::open(stream),
        }
    }
}

impl Stream {
    /// Opens the stream to write to it.
    pub fn open(&self) -> io::Result<File> {
        system::open(self)
    }
}

/// Returns the folder that contains `path`.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
