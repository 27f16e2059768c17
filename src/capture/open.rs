//! Opening of captures by their paths.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::inputs::{self, Inputs};
use super::merge::Merge;
use super::{Meter, Source, file};
use crate::error::Error;
use crate::limits;

/// Opens the captures at `paths`: files, directories (every capture directly in them, in order of name), or `-` for
/// standard input. Formats and compression are recognised by a file's first bytes, never by its name.
///
/// Several files become one capture, merged by time. Fails if a file cannot be read, unless it is one of several in a
/// directory.
pub fn open(paths: &[PathBuf]) -> Result<Box<dyn Source + Send>, Error> {
    open_files(files(paths)?, &Meter::default())
}

/// Opens captures, none of which is a directory. Several become one, merged by time; of packets with equal times, that of
/// an earlier file comes first. The bytes that are read are counted on `meter`.
pub fn open_files(files: Vec<PathBuf>, meter: &Meter) -> Result<Box<dyn Source + Send>, Error> {
    match files.as_slice() {
        [one] => file::open_metered(one, meter),
        _ => Ok(Box::new(Merge::new(files, meter)?)),
    }
}

/// Reads one capture from `reader`; reports and errors call it `name`.
pub fn read(name: &Path, reader: impl Read + Send + 'static) -> Result<Box<dyn Source + Send>, Error> {
    file::recognise(name, Box::new(reader), limits::READ_BUFFER)
}

/// Calls `line` with each line of the TLS key logs in the captures at `paths`, in order. Only pcapng has any.
pub fn key_log_lines(paths: &[PathBuf], mut line: impl FnMut(&str)) -> Result<(), Error> {
    files(paths)?.iter().try_for_each(|path| file::key_log_lines(path, &mut line))
}

/// Returns the files at `paths`, with each directory replaced by the captures in it; those of rotated sets in the order in
/// which they were written.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut all = Inputs::default();
    for path in paths {
        let mut inputs = inputs::find(std::slice::from_ref(path), false);
        if inputs.files.is_empty() && !inputs.faults.is_empty() {
            return Err(inputs.faults.swap_remove(0));
        }
        all.files.append(&mut inputs.files);
    }
    Ok(all.into_sets().concat())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::capture::testing::build::{Order, Pcap, Pcapng};
    use crate::capture::testing::drain;

    fn pcap(second: u32) -> Vec<u8> {
        Pcap::new(Order::Little, Pcap::MICROS, 1).record(second, 0, b"x", 1).bytes
    }

    #[test]
    fn a_directory_gives_its_captures_by_name_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::write(path.join("b.txt"), pcap(2)).unwrap();
        fs::write(path.join("a"), Pcapng::new(Order::Big).interface(1, 0, &[]).enhanced(0, 3_000_000, b"y", 1).bytes)
            .unwrap();
        fs::write(path.join("c.pcap"), b"not a capture").unwrap();
        fs::create_dir(path.join("f.pcap")).unwrap();
        fs::write(path.join("f.pcap/g.pcap"), pcap(4)).unwrap();
        let (packets, summaries) = drain(&mut *open(&[path.to_owned()]).unwrap()).unwrap();
        assert_eq!(packets.iter().map(|packet| packet.nanos / 1_000_000_000).collect::<Vec<_>>(), [2, 3]);
        let names: Vec<String> = summaries.into_iter().map(|summary| summary.path).collect();
        assert_eq!(names, [path.join("a").display().to_string(), path.join("b.txt").display().to_string()]);

        let both = [path.to_owned(), path.join("f.pcap")];
        assert_eq!(drain(&mut *open(&both).unwrap()).unwrap().1.len(), 3);
    }

    #[test]
    fn errors_name_the_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let fails = |path: &PathBuf| open(std::slice::from_ref(path)).err().unwrap();
        assert!(matches!(fails(&path), Error::NoCaptures { path: named } if named == path));
        let missing = path.join("missing");
        assert!(matches!(fails(&missing), Error::Open { path, .. } if path == missing));
        let empty = path.join("empty");
        fs::write(&empty, b"").unwrap();
        assert!(matches!(fails(&empty), Error::Empty { path } if path == empty));
        let other = path.join("other");
        fs::write(&other, b"GET / HTTP/1.1\r\n").unwrap();
        assert!(matches!(fails(&other), Error::NotACapture { path, .. } if path == other));
        // A bad file among good ones is not skipped: it was asked for by name.
        let good = path.join("good");
        fs::write(&good, pcap(1)).unwrap();
        assert!(open(&[good, other]).is_err());
    }
}
