//! Counts the bytes that have been read of capture files, for a display of progress.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::file;

/// The number of bytes that have been read of captures, compressed ones as they are. Clones share it, also with the thread that
/// reads.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Returns the number of bytes.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns a reader that counts.
    pub(super) fn on(&self, reader: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        Box::new(Metered { reader, meter: self.clone() })
    }
}

struct Metered {
    reader: Box<dyn Read + Send>,
    meter: Meter,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.meter.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Returns the size of capture files together, compressed ones as they are; `None` if one of them is a pipe, whose size nobody
/// knows.
pub fn size<'p>(files: impl IntoIterator<Item = &'p Path>) -> Option<u64> {
    let of = |path: &'p Path| {
        // Standard input may be redirected from a file.
        let path = if file::is_stdin(path) { Path::new("/dev/stdin") } else { path };
        fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|data| data.len())
    };
    files.into_iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::capture::open::files;
    use crate::capture::open_files;
    use crate::capture::testing::build::{Order, Pcap};
    use crate::capture::testing::drain;

    #[test]
    fn all_bytes_of_all_files_are_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        let capture = |second| {
            (0..100).fold(Pcap::new(Order::Little, Pcap::MICROS, 1), |file, at| file.record(second, at, b"x", 1))
        };
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&capture(2).bytes).unwrap();
        for (name, bytes) in
            [("a.pcap", capture(1).bytes), ("b.pcap.gz", packed.finish().unwrap()), ("c.pcap", capture(3).bytes)]
        {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let all = [folder.path().to_owned()];
        let one = [folder.path().join("b.pcap.gz")];
        for paths in [&all[..], &one] {
            let meter = Meter::default();
            let files = files(paths).unwrap();
            let mut source = open_files(files.clone(), &meter).unwrap();
            drain(&mut *source).unwrap();
            assert_eq!(Some(meter.bytes()), size(files.iter().map(AsRef::as_ref)), "{paths:?}");
        }
        assert_eq!(size([Path::new("/dev/null")]), None);
    }
}
