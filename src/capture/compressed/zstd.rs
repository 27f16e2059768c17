//! zstd frames, one after another.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::watched::Watched;
use crate::limits;

/// An empty raw block marked as the last of its frame (RFC 8878 §3.1.1.2), and four bytes for a checksum, which is not
/// verified.
const LAST_BLOCK: [u8; 7] = [0x01, 0, 0, 0, 0, 0, 0];

/// A reader of the decompressed bytes of zstd frames.
pub(super) struct Zstd<R> {
    frame: FrameDecoder,
    reader: BufReader<Watched<R>>,
    failure: Option<io::Error>,
}

impl<R: Read> Zstd<R> {
    /// Creates a reader that starts at the first frame.
    pub(super) fn new(reader: Watched<R>) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(limits::ZSTD_WINDOW);
        Self { frame, reader: BufReader::new(reader), failure: None }
    }

    /// Decodes a block, or begins a frame. Returns `false` after the last frame.
    fn step(&mut self) -> Result<bool, FrameDecoderError> {
        if !self.frame.is_finished() {
            return self.frame.decode_blocks(&mut self.reader, BlockDecodingStrategy::UptoBlocks(1)).map(|_| true);
        }
        let at_end = self.reader.fill_buf().is_ok_and(<[u8]>::is_empty);
        if at_end {
            return Ok(false);
        }
        match self.frame.reset(&mut self.reader) {
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let skipped = io::copy(&mut self.reader.by_ref().take(length.into()), &mut io::sink());
                skipped.map(|_| true).map_err(FrameDecoderError::FailedToDrainDecodebuffer)
            }
            result => result.map(|()| true),
        }
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.frame.can_collect() == 0 {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(error) => {
                    self.failure = Some(self.reader.get_ref().explain("zstd", error));
                    // The decoder keeps back the last window of an unfinished frame. This block finishes the frame and
                    // releases the window.
                    let _ = self.frame.decode_blocks(LAST_BLOCK.as_slice(), BlockDecodingStrategy::All);
                }
            }
        }
        self.frame.read(buf)
    }
}
