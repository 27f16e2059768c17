//! Bytes in memory, and beyond a bound in a temporary file, which has no name: nothing is left behind, however the
//! program ends.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::limits;

/// The place of connections that are over, for several threads.
#[derive(Debug)]
pub struct Spill {
    /// The folder of the temporary file.
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Bytes for which there is room in memory.
    room: usize,
    /// The temporary file, once it is needed.
    file: Option<File>,
    /// Bytes in the file.
    size: u64,
    /// The first error.
    error: Option<io::Error>,
}

/// Bytes that are kept.
#[derive(Clone, Debug)]
pub(super) enum Chunk {
    Memory(Arc<[u8]>),
    File {
        spill: Arc<Spill>,
        /// Where they begin.
        at: u64,
    },
}

impl Default for Spill {
    fn default() -> Self {
        Self::new(limits::ENDED_IN_MEMORY, std::env::temp_dir())
    }
}

impl Spill {
    /// Creates a place for so many bytes in memory, and more in a folder.
    pub(super) const fn new(room: usize, folder: PathBuf) -> Self {
        Self { folder, state: Mutex::new(State { room, file: None, size: 0, error: None }) }
    }

    /// Creates the file now: later, the program may not be allowed to. An error is noted once the file is needed.
    pub(super) fn prepare(&self) {
        self.state().file = tempfile::tempfile_in(&self.folder).ok();
    }

    /// Keeps a chunk; returns `None` if that fails.
    pub(super) fn keep(self: &Arc<Self>, bytes: &[u8]) -> Option<Chunk> {
        let mut state = self.state();
        if let Some(room) = state.room.checked_sub(bytes.len()) {
            state.room = room;
            return Some(Chunk::Memory(bytes.into()));
        }
        let kept = state.write(bytes, &self.folder);
        let at = state.noting(kept)?;
        Some(Chunk::File { spill: Arc::clone(self), at })
    }

    /// Returns the folder of the temporary file.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the number of bytes in the temporary file.
    pub fn size(&self) -> u64 {
        self.state().size
    }

    /// Returns the first error of the temporary file, once.
    pub fn take_error(&self) -> Option<Error> {
        let source = self.state().error.take()?;
        Some(Error::Temporary { folder: self.folder.clone(), source })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes a chunk to the end of the file. Returns its position.
    fn write(&mut self, bytes: &[u8], folder: &Path) -> io::Result<u64> {
        let at = self.size;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(folder)?),
        };
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(at)
    }

    fn read(&mut self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(bytes)
    }

    /// Notes an error, if it is the first.
    fn noting<T>(&mut self, result: io::Result<T>) -> Option<T> {
        result.map_err(|error| _ = self.error.get_or_insert(error)).ok()
    }
}

impl Chunk {
    /// Returns some of its bytes, with `buffer` to read them into; `None` if that fails.
    pub(super) fn read<'b>(&'b self, place: Range<usize>, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        match self {
            Self::Memory(bytes) => bytes.get(place),
            Self::File { spill, at } => {
                buffer.resize(place.len(), 0);
                let mut state = spill.state();
                let read = state.read(at + place.start as u64, buffer);
                state.noting(read)?;
                Some(buffer)
            }
        }
    }
}
