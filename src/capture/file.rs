//! One capture file: opened, decompressed, recognised.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::compressed::{self, Compression};
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::window::Window;
use super::{Meter, Source};
use crate::error::Error;
use crate::limits;

/// The number of bytes needed to recognise a capture format.
const MAGIC: usize = 12;

/// The name of a file, for reports and errors.
#[derive(Clone, Debug)]
pub(super) struct Name {
    path: PathBuf,
    text: String,
    compression: Option<Compression>,
}

impl Name {
    /// Returns the path as reports print it.
    pub(super) fn path(&self) -> &str {
        &self.text
    }

    /// Returns `format` with the file's compression, if any: `pcap+gzip`.
    pub(super) fn format(&self, format: &str) -> String {
        match self.compression {
            Some(compression) => format!("{format}+{}", compression.name()),
            None => format.to_owned(),
        }
    }

    /// Returns whether the file is compressed.
    pub(super) const fn is_compressed(&self) -> bool {
        self.compression.is_some()
    }

    /// Returns the error for bytes that no reader recognises. `is_capture` says whether they are those of a capture
    /// nevertheless.
    pub(super) fn not_a_capture(&self, found: String, is_capture: bool) -> Error {
        Error::NotACapture { path: self.path.clone(), found, is_capture }
    }

    /// Returns the error for a read that failed.
    pub(super) fn read_error(&self, window: &Window, source: io::Error) -> Error {
        Error::Read { path: self.path.clone(), offset: window.read(), source }
    }
}

/// Returns whether `path` stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens `path` (`-` for standard input) with a read buffer of `capacity` bytes.
pub(super) fn open(path: &Path, capacity: usize) -> Result<Box<dyn Source + Send>, Error> {
    recognise(path, reader(path)?, capacity)
}

/// Opens `path` to be read to its end, and counts its bytes on `meter`.
pub(super) fn open_metered(path: &Path, meter: &Meter) -> Result<Box<dyn Source + Send>, Error> {
    recognise(path, meter.on(reader(path)?), limits::READ_BUFFER)
}

fn reader(path: &Path) -> Result<Box<dyn Read + Send>, Error> {
    Ok(if is_stdin(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?)
    })
}

/// Returns the capture reader for the format of `reader`, recognised by its first bytes alone.
pub(super) fn recognise(
    path: &Path,
    reader: Box<dyn Read + Send>,
    capacity: usize,
) -> Result<Box<dyn Source + Send>, Error> {
    Ok(match format(path, reader, capacity)? {
        Format::Pcap(pcap) => Box::new(pcap),
        Format::Pcapng(pcapng) => Box::new(pcapng),
    })
}

/// Calls `line` with each line of the TLS key logs in the file at `path`. A pcap file has none.
pub(super) fn key_log_lines(path: &Path, line: impl FnMut(&str)) -> Result<(), Error> {
    pcapng(path)?.map_or(Ok(()), |pcapng| pcapng::key_log_lines(pcapng, line))
}

/// Returns the reader of the file at `path` if that is pcapng, and `None` if it is pcap.
pub(super) fn pcapng(path: &Path) -> Result<Option<Pcapng>, Error> {
    match format(path, reader(path)?, limits::READ_BUFFER)? {
        Format::Pcap(_) => Ok(None),
        Format::Pcapng(pcapng) => Ok(Some(pcapng)),
    }
}

/// A file of a recognised format.
enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

fn format(path: &Path, reader: Box<dyn Read + Send>, capacity: usize) -> Result<Format, Error> {
    let (compression, reader) =
        compressed::decompress(reader).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    let name = Name { path: path.to_owned(), text: path.display().to_string(), compression };
    let mut window = Window::new(reader, capacity);
    window.hold(MAGIC).map_err(|error| name.read_error(&window, error))?;
    let held = window.held();
    let first = held.get(..MAGIC).unwrap_or(held);
    if pcap::is_pcap(first) {
        Ok(Format::Pcap(Pcap::new(window, name)?))
    } else if pcapng::is_pcapng(first) {
        Ok(Format::Pcapng(Pcapng::new(window, name)))
    } else if let Some(error) = window.broken() {
        Err(name.not_a_capture(error.to_string(), false))
    } else if first.is_empty() {
        Err(Error::Empty { path: name.path })
    } else {
        let (found, is_capture) = describe(first);
        Err(name.not_a_capture(found, is_capture))
    }
}

/// Other formats that people give by mistake: their first bytes, and whether they are captures.
const OTHERS: [(&[u8], &str, bool); 5] = [
    (b"\xfd7zXZ", "xz data, which has to be decompressed first", false),
    (b"BZh", "bzip2 data, which has to be decompressed first", false),
    (b"PK\x03\x04", "a ZIP archive", false),
    (b"snoop\0", "a Solaris snoop capture, which Wireshark can convert to pcapng", true),
    (b"GMBU", "a Microsoft Network Monitor capture, which Wireshark can convert to pcapng", true),
];

fn describe(first: &[u8]) -> (String, bool) {
    match OTHERS.iter().find(|(magic, ..)| first.starts_with(magic)) {
        Some((_, words, is_capture)) => ((*words).to_owned(), *is_capture),
        None => (format!("it begins with \"{}\"", first.escape_ascii()), false),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, ErrorKind};

    use proptest::prelude::*;

    use super::*;
    use crate::capture::Note;
    use crate::capture::testing::build::{Order, Pcap, Pcapng};
    use crate::capture::testing::{Owned, read, read_clean};

    fn small() -> [Vec<u8>; 3] {
        let pcap = Pcap::new(Order::Big, Pcap::MICROS, 1).record(1, 1, b"one", 3).record(2, 0, &[2; 70], 90);
        let pcapng = Pcapng::new(Order::Little)
            .interface(1, 0, &[(2, b"eth0"), (9, &[9])])
            .enhanced(0, 5, b"one", 3)
            .simple(b"two", 3)
            .statistics(0, &[(5, &[1, 0, 0, 0, 0, 0, 0, 0])])
            .section(Order::Big)
            .interface(101, 0, &[(14, &[0, 0, 0, 0, 0, 0, 0, 7])])
            .packet(0, 6, b"three", 30)
            .block(10, b"secrets")
            .enhanced(0, 7, &[4; 80], 80);
        let modified = Pcap::new(Order::Little, Pcap::MODIFIED, 113).record(9, 9, b"nine", 9);
        [pcap.bytes, pcapng.bytes, modified.bytes]
    }

    #[test]
    fn every_prefix_gives_a_prefix_of_the_packets() {
        for bytes in small() {
            let whole = read_clean_but_drops(&bytes);
            let mut most = 0;
            for cut in 0..bytes.len() {
                if let Ok((packets, summary)) = read(&bytes[..cut]) {
                    assert!(whole.starts_with(&packets), "cut at {cut}");
                    assert!(packets.len() >= most, "cut at {cut}");
                    assert!(summary.bytes == cut as u64);
                    most = packets.len();
                }
            }
            assert_eq!(most, whole.len() - 1);
        }
    }

    fn read_clean_but_drops(bytes: &[u8]) -> Vec<Owned> {
        let (packets, summary) = read(bytes).unwrap();
        assert!(summary.notes.iter().all(|note| matches!(note, Note::Dropped { .. })));
        packets
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// A damaged file is read without a panic, and the packets before the damage are the same.
        #[test]
        fn flipped_bytes_never_panic(
            which in 0..3_usize,
            flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..6),
        ) {
            let sound = small()[which].clone();
            let mut bytes = sound.clone();
            for (place, flip) in flips {
                let place = place.index(bytes.len());
                bytes[place] ^= flip;
            }
            let untouched = sound.iter().zip(&bytes).take_while(|(a, b)| a == b).count();
            if let Ok((before, _)) = read(&sound[..untouched]) {
                let (packets, _) = read(&bytes).unwrap();
                prop_assert!(packets.starts_with(&before));
            } else {
                let _ = read(&bytes);
            }
        }

        /// The packets do not depend on the number of bytes that a read returns.
        #[test]
        fn any_portion_reads_the_same(which in 0..3_usize, portion in 1..50_usize, capacity in 0..300_usize) {
            struct Portions(Cursor<Vec<u8>>, usize);
            impl Read for Portions {
                fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                    let most = buf.len().min(self.1);
                    self.0.read(&mut buf[..most])
                }
            }
            let bytes = small()[which].clone();
            let whole = read_clean_but_drops(&bytes);
            let reader = Box::new(Portions(Cursor::new(bytes), portion));
            let mut source = recognise(Path::new("test"), reader, capacity).unwrap();
            let (packets, _) = crate::capture::testing::drain(&mut *source).unwrap();
            prop_assert_eq!(packets, whole);
        }
    }

    #[test]
    fn what_is_no_capture_is_named() {
        let found = |bytes: &[u8]| match read(bytes).unwrap_err() {
            Error::NotACapture { found, .. } => found,
            error => panic!("{error}"),
        };
        assert!(matches!(read(b"").unwrap_err(), Error::Empty { .. }));
        assert_eq!(found(b"{\"a\":\n1}"), r#"it begins with "{\"a\":\n1}""#);
        assert_eq!(found(b"password: hunter2\n"), r#"it begins with "password: hu""#);
        assert!(found(b"\xfd7zXZ\0...").starts_with("xz data"));
        assert!(found(&small()[1][..11]).starts_with("it begins with"));
        let half_a_section_header = read(&small()[1][..20]).unwrap();
        assert_eq!(half_a_section_header.0, []);
        assert!(matches!(*half_a_section_header.1.notes, [Note::CutOff { at: 20, .. }]));
    }

    #[test]
    fn a_failing_disk_is_an_error_with_its_place() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::StaleNetworkFileHandle.into())
            }
        }
        let bytes = small()[0].clone();
        let length = bytes.len() as u64;
        assert_eq!(read_clean(&bytes).len(), 2);
        let mut source = recognise(Path::new("far/away"), Box::new(Cursor::new(bytes).chain(Failing)), 64).unwrap();
        assert!(source.advance().unwrap());
        assert!(source.advance().unwrap());
        match source.advance().unwrap_err() {
            Error::Read { path, offset, .. } => assert_eq!((path, offset), ("far/away".into(), length)),
            error => panic!("{error}"),
        }
    }
}
