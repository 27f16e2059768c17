//! What lies beneath a decompressor, so that its failures can be told apart.

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
    pub(super) fn explain(&self, format: &str, error: impl std::error::Error) -> io::Error {
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
        io::Error::new(ErrorKind::InvalidData, format!("the {format} data is corrupt ({words})"))
    }
}

/// The error of `format` data that ends too early.
pub(super) fn cut(format: &str) -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, format!("the {format} data is cut off"))
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let result = self.reader.read(buf);
        match &result {
            Ok(0) if !buf.is_empty() => self.ended = true,
            Err(error) if error.kind() != ErrorKind::Interrupted => self.failed = Some(error.kind()),
            _ => {}
        }
        result
    }
}
