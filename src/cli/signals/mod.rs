//! Ctrl-C and SIGTERM: as an event to wait for together with packets, as an end that leaves no temporary file, and passed on to
//! a command.

#[cfg(unix)]
mod ending;
#[cfg(all(feature = "live", unix))]
mod passing;
#[cfg(all(feature = "live", unix))]
mod session;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
#[cfg(feature = "view")]
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;
#[cfg(all(feature = "live", unix))]
use tempfile::TempDir;

#[cfg(all(feature = "live", unix))]
pub use self::passing::Passing;
#[cfg(all(feature = "live", unix))]
pub use self::session::Stop;

static REMOVED: Mutex<Removed> = Mutex::new(Removed { is_watched: false, paths: Vec::new(), before: None });

/// The files that a signal removes.
struct Removed {
    /// Whether a thread waits for signals.
    is_watched: bool,
    paths: Vec<PathBuf>,
    /// What is done before.
    before: Option<fn()>,
}

impl Removed {
    /// Starts the thread that waits for signals, unless it runs.
    fn watch(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        if !self.is_watched {
            ending::watch(ending::heeded(&ending::SIGNALS))?;
            self.is_watched = true;
        }
        Ok(())
    }

    /// Does what is done before the end, and removes the files.
    fn act(&self) {
        self.before.iter().for_each(|before| before());
        for path in &self.paths {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

/// Has a function called before a signal ends the program.
#[cfg(feature = "view")]
pub fn before_end(act: fn()) -> io::Result<()> {
    let mut removed = removed();
    removed.before = Some(act);
    removed.watch()
}

/// Ends the program while other threads still work, and removes their temporary files.
#[cfg(feature = "view")]
pub fn leave() -> ! {
    // The lock is held until the end, so that no further file is created.
    let removed = removed();
    removed.act();
    process::exit(0);
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
        removed.watch()?;
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
