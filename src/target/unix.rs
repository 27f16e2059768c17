//! Targets on Unix, with its links, owners and descriptors.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::geteuid;

use super::{Replaceable, Stream, Target, folder_of};

/// The most symbolic links followed in a row, as in Linux (path_resolution(7)).
const LINKS: usize = 40;

/// The mode bit of a folder in which only owners may remove their files.
const STICKY: u32 = 0o1000;

pub(super) fn resolve(path: &Path) -> io::Result<Target> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        // Checked first, because the contents of these links are not paths if they lead to a pipe or a deleted file.
        if let Some(descriptor) = descriptor(&path) {
            return Ok(Target::Stream(Stream { path, descriptor }));
        }
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::metadata(folder_of(&path))?;
                return Ok(Target::File(Replaceable { path, existing: None }));
            }
            Err(error) => return Err(error),
        };
        refuse_planted(&path, &found)?;
        if found.is_symlink() {
            path = folder_of(&path).join(fs::read_link(&path)?);
        } else if found.is_dir() {
            return Err(Errno::ISDIR.into());
        } else if found.is_file() {
            return Ok(Target::File(Replaceable { path, existing: Some(found) }));
        } else {
            return Ok(Target::Stream(Stream { path, descriptor: None }));
        }
    }
    Err(Errno::LOOP.into())
}

/// Parses the number in a path like `/dev/fd/1`, where links lead to open files rather than to paths. Returns
/// `Some(Some(_))` for a descriptor of this process, `Some(None)` for one of another process.
fn descriptor(path: &Path) -> Option<Option<u32>> {
    let number = path.file_name()?.to_str()?.parse().ok()?;
    let folder = fs::canonicalize(folder_of(path)).ok()?;
    let is_own = folder == Path::new("/dev/fd")
        || fs::canonicalize("/proc/self").is_ok_and(|own| folder.starts_with(own) && folder.ends_with("fd"));
    let is_any = is_own || (folder.starts_with("/proc") && folder.ends_with("fd"));
    is_any.then_some(is_own.then_some(number))
}

fn refuse_planted(path: &Path, found: &Metadata) -> io::Result<()> {
    let is_sticky = fs::metadata(folder_of(path))?.mode() & STICKY != 0;
    if !is_sticky || found.uid() == geteuid().as_raw() {
        return Ok(());
    }
    let what = if found.is_symlink() { "symbolic link" } else { "file" };
    Err(io::Error::other(format!("this {what} is another user's, in a folder where anybody may put one")))
}

pub(super) fn is_guarded(path: &Path) -> bool {
    /// The mode bits with which the group and others may write.
    const OTHERS_WRITE: u32 = 0o022;
    let is_roots = |folder: &Path| fs::metadata(folder).is_ok_and(|it| it.uid() == 0 && it.mode() & OTHERS_WRITE == 0);
    geteuid().is_root() && fs::canonicalize(folder_of(path)).is_ok_and(|folder| folder.ancestors().all(is_roots))
}

pub(super) fn create(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NOCTTY;
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(0o600).custom_flags(flags.bits().cast_signed());
    let file = options.open(path)?;
    // The file may have been replaced since it was looked at.
    let found = file.metadata()?;
    refuse_planted(path, &found)?;
    if found.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}

pub(super) fn open(stream: &Stream) -> io::Result<File> {
    // These two share their offset with other writers, which a newly opened file does not.
    let shared = match stream.descriptor {
        Some(1) => Some(io::stdout().as_fd().try_clone_to_owned()?),
        Some(2) => Some(io::stderr().as_fd().try_clone_to_owned()?),
        _ => None,
    };
    // Appends to what a descriptor's file already holds.
    let mut options = File::options();
    options.append(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
    shared.map_or_else(|| options.open(&stream.path), |shared| Ok(shared.into()))
}
