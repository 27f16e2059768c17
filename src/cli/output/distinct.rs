//! The check that outputs and inputs are different files: a file that is being read must not be overwritten.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use whyclosed::capture;
use whyclosed::error::Error;
use whyclosed::target::{Replaceable, Target, folder_of};

/// The identity of a file. Two paths, or a path and an open descriptor, that lead to the same file have the same
/// identity.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Identity {
    /// Device and inode.
    #[cfg(unix)]
    Inode(u64, u64),
    /// The path without symbolic links, for a file that does not exist yet, and for systems without inodes.
    Path(PathBuf),
}

/// Refuses an output that is also one of the captures or other files that are read, and two outputs that are the same
/// file.
///
/// Links are followed, and hard links are the same file. An output that may not be written is refused as well. Nothing
/// of a capture has been read by then, except the first bytes of the files in a directory, to find the captures among
/// them; with `recursive`, in the directories within it too.
pub fn check(
    (captures, recursive): (&[PathBuf], bool),
    others: &[PathBuf],
    outputs: &[Option<&Path>],
) -> Result<(), Error> {
    let of_target = |path: &'_ Path| match Target::resolve(path) {
        Ok(Target::File(Replaceable { path, .. })) => Ok(of_path(&path)),
        Ok(Target::Stream(_)) => Ok(of_path(path)),
        Err(source) => Err(Error::Write { path: path.to_owned(), source }),
    };
    let outputs = outputs.iter().flatten().filter_map(|path| of_target(path).transpose().map(|id| Ok((*path, id?))));
    let outputs = outputs.collect::<Result<Vec<_>, Error>>()?;
    for (at, (path, identity)) in outputs.iter().enumerate() {
        if outputs.iter().take(at).any(|(_, other)| other == identity) {
            return Err(Error::SameOutput { path: path.to_path_buf() });
        }
    }
    let standard = of_standard_output().map(|identity| (Path::new("standard output"), identity));
    let written: Vec<_> = outputs.into_iter().chain(standard).collect();
    if written.is_empty() {
        return Ok(());
    }
    let in_folders = captures.iter().filter(|path| path.is_dir()).cloned().collect::<Vec<_>>();
    let in_folders = capture::find(&in_folders, recursive).into_paths();
    for input in captures.iter().chain(&in_folders).chain(others) {
        let is_stdin = captures.contains(input) && input.as_os_str() == "-";
        let identity = if is_stdin { of_standard_input() } else { of_path(input) };
        if let Some((path, _)) = written.iter().find(|(_, written)| Some(written) == identity.as_ref()) {
            return Err(Error::OutputIsInput { path: path.to_path_buf(), input: input.clone() });
        }
    }
    Ok(())
}

/// Returns the identity of the file that a path leads to; `None` for a file that can safely be both read and written,
/// such as a terminal.
fn of_path(path: &Path) -> Option<Identity> {
    match fs::metadata(path) {
        Ok(found) => of(&found, || fs::canonicalize(path)),
        // It does not exist yet.
        Err(_) => {
            let folder = fs::canonicalize(folder_of(path)).ok()?;
            Some(Identity::Path(folder.join(path.file_name()?)))
        }
    }
}

#[cfg(unix)]
fn of(found: &Metadata, _: impl FnOnce() -> io::Result<PathBuf>) -> Option<Identity> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    let holds_bytes = found.is_file() || found.file_type().is_block_device();
    holds_bytes.then(|| Identity::Inode(found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn of(found: &Metadata, path: impl FnOnce() -> io::Result<PathBuf>) -> Option<Identity> {
    found.is_file().then(|| path().ok().map(Identity::Path)).flatten()
}

/// Returns the identity of the file that standard input is redirected from.
#[cfg(unix)]
fn of_standard_input() -> Option<Identity> {
    of_descriptor(&io::stdin())
}

/// Returns the identity of the file that standard output is redirected to.
#[cfg(unix)]
fn of_standard_output() -> Option<Identity> {
    of_descriptor(&io::stdout())
}

#[cfg(unix)]
fn of_descriptor(descriptor: &impl std::os::fd::AsFd) -> Option<Identity> {
    let file = fs::File::from(descriptor.as_fd().try_clone_to_owned().ok()?);
    of(&file.metadata().ok()?, || Err(io::ErrorKind::Unsupported.into()))
}

#[cfg(not(unix))]
const fn of_standard_input() -> Option<Identity> {
    None
}

#[cfg(not(unix))]
const fn of_standard_output() -> Option<Identity> {
    None
}
