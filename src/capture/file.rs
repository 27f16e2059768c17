//! One capture file: opened, decompressed, recognised.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Source;
use super::compressed::{self, Compression};
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::window::Window;
use crate::error::Error;

/// Bytes looked at to tell capture formats apart.
const MAGIC: usize = 12;

/// A file under its name, for reports and errors.
#[derive(Clone, Debug)]
pub(super) struct Name {
    path: PathBuf,
    text: String,
    compression: Option<Compression>,
}

impl Name {
    /// As reports print it.
    pub(super) fn path(&self) -> &str {
        &self.text
    }

    /// `format` with how the file is compressed.
    pub(super) fn format(&self, format: &str) -> String {
        match self.compression {
            Some(compression) => format!("{format}+{}", compression.name()),
            None => format.to_owned(),
        }
    }

    /// The error for bytes that no reader knows.
    pub(super) fn not_a_capture(&self, found: String) -> Error {
        Error::NotACapture { path: self.path.clone(), found }
    }

    /// The error for a read that failed.
    pub(super) fn read_error(&self, window: &Window, source: io::Error) -> Error {
        Error::Read { path: self.path.clone(), offset: window.read(), source }
    }
}

/// Whether `path` stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens `path` (`-`: standard input), reading `capacity` bytes at once.
pub(super) fn open(path: &Path, capacity: usize) -> Result<Box<dyn Source + Send>, Error> {
    let reader: Box<dyn Read + Send> = if is_stdin(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?)
    };
    recognise(path, reader, capacity)
}

/// Finds the reader for what `reader` gives, by its first bytes alone.
pub(super) fn recognise(
    path: &Path,
    reader: Box<dyn Read + Send>,
    capacity: usize,
) -> Result<Box<dyn Source + Send>, Error> {
    let (compression, reader) =
        compressed::decompress(reader).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    let name = Name { path: path.to_owned(), text: path.display().to_string(), compression };
    let mut window = Window::new(reader, capacity);
    window.hold(MAGIC).map_err(|error| name.read_error(&window, error))?;
    let first = window.held();
    if pcap::is_pcap(first) {
        Ok(Box::new(Pcap::new(window, name)?))
    } else if pcapng::is_pcapng(first) {
        Ok(Box::new(Pcapng::new(window, name)))
    } else if let Some(error) = window.broken() {
        Err(name.not_a_capture(error.to_string()))
    } else if first.is_empty() {
        Err(Error::Empty { path: name.path })
    } else {
        Err(name.not_a_capture(describe(first)))
    }
}

/// What people give by mistake, by its first bytes.
const OTHERS: [(&[u8], &str); 5] = [
    (b"\xfd7zXZ", "xz data, which has to be decompressed first"),
    (b"BZh", "bzip2 data, which has to be decompressed first"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"snoop\0", "a Solaris snoop capture, which Wireshark can convert to pcapng"),
    (b"GMBU", "a Microsoft Network Monitor capture, which Wireshark can convert to pcapng"),
];

fn describe(first: &[u8]) -> String {
    match OTHERS.iter().find(|(magic, _)| first.starts_with(magic)) {
        Some((_, words)) => (*words).to_owned(),
        None => format!("it begins with \"{}\"", first.escape_ascii()),
    }
}
