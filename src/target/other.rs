//! Targets on systems without named descriptors. Links are not followed.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{Replaceable, Stream, Target, folder_of};

pub(super) fn resolve(path: &Path) -> io::Result<Target> {
    let existing = fs::metadata(path).ok();
    fs::metadata(folder_of(path))?;
    Ok(Target::File(Replaceable { path: path.to_owned(), existing }))
}

pub(super) fn is_guarded(_: &Path) -> bool {
    false
}

pub(super) fn create(path: &Path) -> io::Result<File> {
    File::create(path)
}

pub(super) fn open(_: &Stream) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}
