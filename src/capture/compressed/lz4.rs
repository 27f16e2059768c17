//! lz4 frames, one after another.

use std::io::{self, BufRead, BufReader, Read};

use lz4_flex::frame::FrameDecoder;

use super::watched::{self, Watched};

/// The plain bytes of lz4 frames.
pub(super) struct Lz4<R: Read> {
    frame: FrameDecoder<BufReader<Watched<R>>>,
    ended: bool,
}

impl<R: Read> Lz4<R> {
    /// Begins at the first frame.
    pub(super) fn new(reader: Watched<R>) -> Self {
        Self { frame: FrameDecoder::new(BufReader::new(reader)), ended: false }
    }

    fn watched(&self) -> &Watched<R> {
        self.frame.get_ref().get_ref()
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buf.is_empty() {
            match self.frame.read(buf) {
                // Either a frame's end, for which it looks no further, or the data is cut off between two blocks.
                Ok(0) if self.watched().ended() => return Err(watched::cut("lz4")),
                Ok(0) => self.ended = self.frame.get_mut().fill_buf()?.is_empty(),
                Ok(read) => return Ok(read),
                Err(error) => return Err(self.watched().explain("lz4", error)),
            }
        }
        Ok(0)
    }
}
