//! lz4 frames, one after another.

use std::io::{self, BufRead, BufReader, Read};

use lz4_flex::frame::FrameDecoder;

use super::watched::{self, Watched};

/// The plain bytes of lz4 frames.
pub(super) struct Lz4<R: Read> {
    /// Of the frame being read; none after the last. A frame has a decoder of its own, because lz4_flex keeps the
    /// buffers of the frame before and asserts that they have the size that the new frame asks for.
    frame: Option<FrameDecoder<BufReader<Watched<R>>>>,
}

impl<R: Read> Lz4<R> {
    /// Begins at the first frame.
    pub(super) fn new(reader: Watched<R>) -> Self {
        Self { frame: Some(FrameDecoder::new(BufReader::new(reader))) }
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.frame {
            let result = frame.read(buf);
            let watched = frame.get_ref().get_ref();
            match result {
                Ok(read) if read > 0 || buf.is_empty() => return Ok(read),
                // It says so little where the data is cut off between two blocks. After a frame it looks no further.
                Ok(_) if watched.ended() => return Err(watched::cut("lz4")),
                Ok(_) => {
                    let last = frame.get_mut().fill_buf()?.is_empty();
                    self.frame = self.frame.take().filter(|_| !last).map(|frame| FrameDecoder::new(frame.into_inner()));
                }
                Err(error) => return Err(watched.explain("lz4", error)),
            }
        }
        Ok(0)
    }
}
