//! Bytes that wait until it is their turn: compressed, in memory while they are few, else in a temporary file that has no name
//! and that nobody else can read.

use std::io::{self, BufWriter, IntoInnerError, Read, Seek as _, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use tempfile::SpooledTempFile;
use whyclosed::error::Error;
use whyclosed::limits;

/// Takes bytes.
pub struct Spool(BufWriter<DeflateEncoder<SpooledTempFile>>);

/// Bytes that are all there.
pub struct Spooled(SpooledTempFile);

impl Spool {
    /// None yet.
    pub fn new() -> Self {
        let spool = DeflateEncoder::new(SpooledTempFile::new(limits::SPOOLED), Compression::fast());
        Self(BufWriter::with_capacity(limits::SPOOL_PIECE, spool))
    }

    /// All have come.
    pub fn finish(self) -> io::Result<Spooled> {
        self.0.into_inner().map_err(IntoInnerError::into_error)?.finish().map(Spooled)
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        // They need not be anywhere before all have come.
        Ok(())
    }
}

impl Spooled {
    /// Writes them, as often as they are wanted.
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

    /// Gives them, once.
    pub fn into_reader(mut self) -> io::Result<impl Read> {
        self.0.rewind()?;
        Ok(DeflateDecoder::new(self.0))
    }
}

/// What went wrong with temporary files.
pub fn unspooled(source: io::Error) -> Error {
    Error::Write { path: std::env::temp_dir(), source }
}
