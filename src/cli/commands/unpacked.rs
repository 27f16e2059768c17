//! The entries of a ZIP file, one after the other, within bounds: a bundle to be checked may come from anybody.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use tempfile::NamedTempFile;
use whyclosed::error::Error;
use whyclosed::limits;
use zip::ZipArchive;

use crate::signals::Temporary;

/// The most bytes that may follow the data of an entry (APPNOTE.TXT §4.3.9).
const DESCRIPTOR: u64 = 24;

/// Calls `look` with the name of each entry, and the path of a private file with its bytes. A file beyond the bounds of
/// a bundle is an error.
pub fn entries(path: &Path, file: File, mut look: impl FnMut(&str, &Path) -> Result<(), Error>) -> Result<(), Error> {
    let failed = |source| Error::Open { path: path.to_owned(), source };
    let length = file.metadata().map_err(failed)?.len();
    let budget = Rc::new(Cell::new(limits::BUNDLE_DIRECTORY));
    let mut zip = ZipArchive::new(Metered { file, budget: budget.clone() }).map_err(|error| failed(error.into()))?;
    if zip.len() > limits::BUNDLE_ENTRIES {
        return Err(failed(beyond("has too many entries")));
    }
    // Entries may overlap: no byte may be read twice.
    budget.set(length.saturating_add(limits::BUNDLE_DIRECTORY));
    if zip.has_overlapping_entries().map_err(|error| failed(error.into()))? {
        return Err(failed(beyond("has entries within each other")));
    }
    let (mut left, mut unseen) = (allowed(length), zip.central_directory_start());
    if zip.decompressed_size().is_some_and(|size| size > u128::from(left)) {
        return Err(failed(beyond("unpacks to too many bytes")));
    }
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(|error| failed(error.into()))?;
        let name = entry.name().map(|name| name.into_owned()).unwrap_or_default();
        // Under a name of its own, since that of an entry could lead anywhere. Only this user can read the file.
        let unpacked = Temporary::new(NamedTempFile::new).map_err(failed)?;
        // The size that an entry declares need not be true.
        let bytes = io::copy(&mut entry.by_ref().take(left.saturating_add(1)), &mut unpacked.file()).map_err(failed)?;
        let end = entry.data_start().map(|start| start.saturating_add(entry.compressed_size()));
        unseen = unseen.saturating_sub(end.unwrap_or_default().saturating_sub(entry.header_start()));
        left = left.checked_sub(bytes).ok_or_else(|| failed(beyond("unpacks to too many bytes")))?;
        look(&name, unpacked.path())?;
    }
    // The data of the earlier of two entries with the same name, or of one that was deleted from the directory only.
    if unseen > DESCRIPTOR * zip.len() as u64 {
        return Err(failed(io::Error::other("this ZIP file also holds data of no entry, which cannot be checked")));
    }
    Ok(())
}

/// Returns the number of bytes that a ZIP file of this length may unpack to.
fn allowed(length: u64) -> u64 {
    length.saturating_mul(limits::BUNDLE_RATIO).clamp(limits::BUNDLE_SMALL, limits::BUNDLE)
}

fn beyond(what: &str) -> io::Error {
    io::Error::other(format!("this ZIP file {what} for a bundle; unpack it, and check each file"))
}

/// A file with a budget of bytes to read, wherever they lie.
struct Metered {
    file: File,
    budget: Rc<Cell<u64>>,
}

impl Read for Metered {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buf)?;
        let left = self.budget.get().checked_sub(read as u64);
        self.budget.set(left.ok_or_else(|| beyond("has too large a directory"))?);
        Ok(read)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
