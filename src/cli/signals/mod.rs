//! Ctrl-C and SIGTERM: as an event to wait for together with packets, as an end that leaves no temporary file, and passed on to
//! a command.

#[cfg(unix)]
mod ending;
#[cfg(all(feature = "live", unix))]
mod passing;
#[cfg(all(feature = "live", unix))]
mod session;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;
#[cfg(all(feature = "live", unix))]
use tempfile::TempDir;

#[cfg(all(feature = "live", unix))]
pub use self::passing::Passing;
#[cfg(all(feature = "live", unix))]
pub use self::session::Stop;

static REMOVED: Mutex<Removed> = Mutex::new(Removed { is_watched: false, paths: Vec::new() });

/// The files that a signal removes.
struct Removed {
    /// Whether a thread waits for signals.
    is_watched: bool,
    paths: Vec<PathBuf>,
}

/// A temporary file. It is removed when this is dropped, and by a signal that ends the program.
#[derive(Debug)]
pub struct Temporary {
    // Dropped first, so that the file is listed from its creation to its removal.
    file: NamedTempFile,
    _listed: Listed,
}

/// A temporary folder that this user alone may enter. It is removed with everything in it when this is dropped, and by a
/// signal that ends the program.
#[cfg(all(feature = "live", unix))]
#[derive(Debug)]
pub struct TemporaryFolder {
    folder: TempDir,
    _listed: Listed,
}

#[cfg(all(feature = "live", unix))]
impl TemporaryFolder {
    /// Creates the folder, and lists it for removal by whatever handles the signals already.
    pub fn new() -> io::Result<Self> {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt;

        let mut removed = removed();
        let mode = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("whyclosed-").permissions(mode).tempdir()?;
        let path = folder.path().to_owned();
        removed.paths.push(path.clone());
        Ok(Self { folder, _listed: Listed(path) })
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A path that a signal removes until this is dropped.
#[derive(Debug)]
struct Listed(PathBuf);

impl Drop for Listed {
    fn drop(&mut self) {
        removed().paths.retain(|path| *path != self.0);
    }
}

impl Temporary {
    /// Creates the file by calling `create`, and lists it for removal.
    pub fn new(create: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<Self> {
        // Locked throughout: a signal in between would miss a file that is not listed yet.
        let mut removed = removed();
        #[cfg(unix)]
        if !removed.is_watched {
            ending::watch(ending::heeded(&ending::SIGNALS))?;
            removed.is_watched = true;
        }
        let file = create()?;
        let path = file.path().to_owned();
        removed.paths.push(path.clone());
        Ok(Self { file, _listed: Listed(path) })
    }

    /// Returns the open file.
    pub fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Returns its path as a temporary file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Renames it to `path`, replacing a file that is there.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        self.file.persist(path).map(drop).map_err(|error| error.error)
    }
}

fn removed() -> MutexGuard<'static, Removed> {
    REMOVED.lock().unwrap_or_else(PoisonError::into_inner)
}
