//! Bytes that are kept until they are written: compressed, in memory if they are few, otherwise in a temporary file
//! without a name, which nobody else can read.

use std::io::{self, BufWriter, IntoInnerError, Read, Seek as _, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use tempfile::SpooledTempFile;
use whyclosed::error::Error;
use whyclosed::limits;

/// A writer that keeps what is written.
pub struct Spool(BufWriter<DeflateEncoder<SpooledTempFile>>);

/// The complete bytes of a [`Spool`].
pub struct Spooled(SpooledTempFile);

impl Spool {
    /// Creates an empty spool.
    pub fn new() -> Self {
        let spool = DeflateEncoder::new(SpooledTempFile::new(limits::SPOOLED), Compression::fast());
        Self(BufWriter::with_capacity(limits::SPOOL_PIECE, spool))
    }

    /// Completes the spool. Must be called after the last byte has been written.
    pub fn finish(self) -> io::Result<Spooled> {
        self.0.into_inner().map_err(IntoInnerError::into_error)?.finish().map(Spooled)
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nothing can be read before the spool is complete.
        Ok(())
    }
}

impl Spooled {
    /// Writes the bytes to `out`. May be called several times.
    pub fn copy(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.0.rewind()?;
        let mut bytes = DeflateDecoder::new(&mut self.0);
        let mut piece = vec![0; limits::SPOOL_PIECE];
        loop {
            match bytes.read(&mut piece)? {
                0 => return Ok(()),
                read => out.write_all(piece.get(..read).unwrap_or_default())?,
            }
        }
    }

    /// Returns a reader of the bytes.
    pub fn into_reader(mut self) -> io::Result<impl Read> {
        self.0.rewind()?;
        Ok(DeflateDecoder::new(self.0))
    }
}

/// Converts an error of temporary files.
pub fn unspooled(source: io::Error) -> Error {
    Error::Temporary { folder: std::env::temp_dir(), source }
}
