//! What lies beneath a decompressor, so that its failures can be told apart.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind, Read};

/// A reader that remembers how it ended.
pub(super) struct Watched<R> {
    reader: R,
    ended: bool,
    failed: Option<ErrorKind>,
}

impl<R> Watched<R> {
    /// Nothing read yet.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, ended: false, failed: None }
    }

    /// Whether more was asked for than there is.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The error of a decompressor of `format` data, with the kind that tells whose fault it is.
    pub(super) fn explain(&self, format: &'static str, error: impl Error) -> io::Error {
        if let Some(kind) = self.failed {
            return io::Error::new(kind, error.to_string());
        }
        if self.ended {
            return cut(format);
        }
        // Decompressors wrap one another's errors; the innermost says what is wrong.
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            words = inner.to_string();
            source = inner.source();
        }
        io::Error::new(ErrorKind::InvalidData, Damage { format, words: Some(words) })
    }
}

/// The error of `format` data that ends too early.
pub(super) fn cut(format: &'static str) -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, Damage { format, words: None })
}

/// Why compressed data could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// `gzip`, `zstd` or `lz4`.
    pub format: &'static str,
    /// What the decompressor says is wrong; none where the data ends too early.
    pub words: Option<String>,
}

impl Error for Damage {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { format, words: None } => write!(f, "the {format} data is cut off"),
            Self { format, words: Some(words) } => write!(f, "the {format} data is corrupt ({words})"),
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = self.reader.read(buf);
            match &result {
                // Decompressors would have to begin anew.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Ok(0) if !buf.is_empty() => self.ended = true,
                Err(error) => self.failed = Some(error.kind()),
                _ => {}
            }
            return result;
        }
    }
}
