//! lz4 frames, one after another.

use std::io::{self, BufRead, BufReader, Read};

use lz4_flex::frame::FrameDecoder;

use super::watched::{self, Watched};

/// A reader of the decompressed bytes of lz4 frames. Each frame gets a new decoder: a finished decoder keeps buffers of
/// the old frame's size, which the next frame may not fit.
pub(super) struct Lz4<R: Read> {
    /// The decoder of the current frame; `None` only when everything is read.
    frame: Option<FrameDecoder<BufReader<Watched<R>>>>,
}

impl<R: Read> Lz4<R> {
    /// Creates a reader that starts at the first frame.
    pub(super) fn new(reader: Watched<R>) -> Self {
        Self { frame: Some(FrameDecoder::new(BufReader::new(reader))) }
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = self.frame.as_mut().filter(|_| !buf.is_empty()) {
            match frame.read(buf) {
                // Either the end of a frame, beyond which the decoder does not look, or data cut off between two
                // blocks.
                Ok(0) if frame.get_ref().get_ref().ended() => return Err(watched::cut("lz4")),
                Ok(0) => {
                    let more = !frame.get_mut().fill_buf()?.is_empty();
                    let rest = self.frame.take().filter(|_| more).map(FrameDecoder::into_inner);
                    self.frame = rest.map(FrameDecoder::new);
                }
                Ok(read) => return Ok(read),
                Err(error) => return Err(frame.get_ref().get_ref().explain("lz4", error)),
            }
        }
        Ok(0)
    }
}
