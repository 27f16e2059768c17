//! Captures compressed by gzip, zstd or lz4, recognised by their first bytes.
//!
//! Concatenated members (`cat a.gz b.gz`) read as one. A decompressor tells two things apart by its error's kind:
//! `UnexpectedEof` where the file is cut off and `InvalidData` where it is damaged. Any other error is the system's.

mod lz4;
mod watched;
mod zstd;

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;
use lz4::Lz4;
use watched::Watched;
use zstd::Zstd;

/// How a capture file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Lz4,
    Zstd,
}

/// First bytes; `pzstd` begins with a skippable frame, of which it takes the first of sixteen numbers.
const MAGIC: [(&[u8], Compression); 4] = [
    (&[0x1f, 0x8b], Compression::Gzip),
    (&[0x04, 0x22, 0x4d, 0x18], Compression::Lz4),
    (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
    (&[0x50, 0x2a, 0x4d, 0x18], Compression::Zstd),
];

impl Compression {
    /// As it stands in [`Summary::format`](super::Summary::format).
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// The plain bytes of `reader`, and how they were compressed.
pub(super) fn decompress(mut reader: Box<dyn Read + Send>) -> io::Result<(Option<Compression>, Box<dyn Read + Send>)> {
    let mut first = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut first)?;
    let compression = MAGIC.iter().find(|(magic, _)| first.starts_with(magic)).map(|&(_, compression)| compression);
    let whole = Cursor::new(first).chain(reader);
    let plain: Box<dyn Read + Send> = match compression {
        None => Box::new(whole),
        Some(Compression::Gzip) => Box::new(Gzip(MultiGzDecoder::new(Watched::new(whole)))),
        Some(Compression::Lz4) => Box::new(Lz4::new(Watched::new(whole))),
        Some(Compression::Zstd) => Box::new(Zstd::new(Watched::new(whole))),
    };
    Ok((compression, plain))
}

struct Gzip<R>(MultiGzDecoder<Watched<R>>);

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf).map_err(|error| self.0.get_ref().explain("gzip", error))
    }
}
