//! Writing to a file: to a regular one completely or not at all, to anything else as the bytes come.

use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use whyclosed::error::Error;
use whyclosed::target::{Replaceable, Target, folder_of};

use crate::signals::Temporary;

/// The mode of a new file before the umask, as other programs have it.
#[cfg(unix)]
const NEW: u32 = 0o666;

/// The mode of a file that replaces another one, until it gets the mode of that one.
#[cfg(unix)]
const PRIVATE: u32 = 0o600;

/// Writes a regular file completely or not at all. A device, a pipe or a terminal is written to directly.
pub fn to_file(path: &Path, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let written = Target::resolve(path).and_then(|target| match target {
        Target::File(file) => replace(&file, render),
        Target::Stream(stream) => super::unless_left(buffered(&stream.open()?, render)),
    });
    // The input may fail while the output is written.
    written.map_err(|source| {
        source.downcast::<Error>().unwrap_or_else(|source| Error::Write { path: path.to_owned(), source })
    })
}

/// Checks that a file could be written to this path, before a capture that may take hours.
#[cfg(all(feature = "live", unix))]
pub fn can_write(path: &Path) -> Result<(), Error> {
    // The name of the temporary file would confuse the user.
    let plain = |error: io::Error| error.raw_os_error().map_or(error, io::Error::from_raw_os_error);
    let written = Target::resolve(path).and_then(|target| match target {
        Target::File(file) => tempfile::tempfile_in(folder_of(&file.path)).map(drop).map_err(plain),
        Target::Stream(_) => Ok(()),
    });
    written.map_err(|source| Error::Write { path: path.to_owned(), source })
}

fn buffered(file: &File, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    render(&mut out)?;
    out.flush()
}

fn replace(target: &Replaceable, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = folder_of(&target.path);
    let temporary = temporary(folder, target.existing.is_none())?;
    buffered(temporary.file(), render)?;
    if let Some(existing) = &target.existing {
        keep(temporary.file(), existing)?;
    }
    on_disk(temporary.file().sync_all())?;
    temporary.persist(&target.path)?;
    // Syncs the name, too. If the folder cannot be opened or synced, the system writes it in its own time.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

#[cfg(unix)]
fn temporary(folder: &Path, is_new: bool) -> io::Result<Temporary> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    let mode = if is_new { NEW } else { PRIVATE };
    Temporary::new(|| tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder))
}

#[cfg(not(unix))]
fn temporary(folder: &Path, _: bool) -> io::Result<Temporary> {
    Temporary::new(|| tempfile::Builder::new().tempfile_in(folder))
}

/// Gives a file the owner, group and mode of the one that it replaces, as far as this user may.
#[cfg(unix)]
fn keep(file: &File, existing: &Metadata) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let (owner, group) = (existing.uid(), existing.gid());
    let keeps_group = fchown(file, Some(owner), Some(group)).or_else(|_| fchown(file, None, Some(group))).is_ok();
    // Neither setuid nor setgid, because it is data. If the group differs, it gets no more rights than others have.
    let mode = existing.mode() & 0o777;
    let mode = if keeps_group { mode } else { mode & (0o707 | (mode & 0o007) << 3) };
    file.set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Ignores the error of a file system that cannot sync (some network and FUSE ones), but not that of a full or broken
/// disk.
fn on_disk(synced: io::Result<()>) -> io::Result<()> {
    match synced {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}
