//! The reader beneath a decompressor, which allows its failures to be distinguished.

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
    /// Wraps a reader from which nothing has been read yet.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, ended: false, failed: None }
    }

    /// Returns whether a read has met the end of the data.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Converts the error of a decompressor of `format` data. The kind of the result shows the cause: that of the
    /// underlying reader's error, `UnexpectedEof` for data that ends too early, or `InvalidData` for corrupt data.
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

/// Returns the error for `format` data that ends too early.
pub(super) fn cut(format: &'static str) -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, Damage { format, words: None })
}

/// The reason that compressed data could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// `gzip`, `zstd` or `lz4`.
    pub format: &'static str,
    /// The decompressor's message; `None` if the data ends too early.
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
                // Retried here, because a decompressor would have to start again.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Ok(0) if !buf.is_empty() => self.ended = true,
                Err(error) => self.failed = Some(error.kind()),
                _ => {}
            }
            return result;
        }
    }
}
