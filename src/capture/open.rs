//! From paths to a source.

use std::fs;
use std::path::{Path, PathBuf};

use super::merge::Merge;
use super::{Source, file};
use crate::error::Error;
use crate::limits;

/// Opens the captures at `paths`: files, directories (every capture in them, by name, not those further down), or `-`
/// for standard input. Formats and compression are told by a file's first bytes, never by its name.
///
/// Several files become one capture, merged by time.
pub fn open(paths: &[PathBuf]) -> Result<Box<dyn Source + Send>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !file::is_stdin(path) && path.is_dir() {
            files.extend(captures_in(path)?);
        } else {
            files.push(path.clone());
        }
    }
    match files.as_slice() {
        [one] => file::open(one, limits::READ_BUFFER),
        _ => Ok(Box::new(Merge::new(files)?)),
    }
}

/// The captures in a directory, by name.
fn captures_in(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Open { path: directory.to_owned(), source };
    let entries = fs::read_dir(directory).map_err(failed)?;
    let mut paths =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    // Opening a pipe would wait for its writer.
    paths.retain(|path| path.is_file());
    paths.sort();
    let mut captures = Vec::new();
    for path in paths {
        match file::open(&path, limits::PEEK_BUFFER) {
            Ok(_) => captures.push(path),
            Err(Error::Empty { .. } | Error::NotACapture { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if captures.is_empty() { Err(Error::NoCaptures { path: directory.to_owned() }) } else { Ok(captures) }
}
