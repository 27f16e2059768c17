//! Cuts byte strings into pieces.

use std::io::{self, Read};

use crate::random::Random;

/// Cuts the bytes into pieces of one to `most` bytes, at random as `seed` decides.
pub fn pieces(mut bytes: &[u8], most: usize, seed: u8) -> Vec<&[u8]> {
    let (mut random, mut pieces) = (Random::new(u64::from(seed) << 8 | 0x5EED), Vec::new());
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(bytes.len().min(random.between(1, most as u64 + 1) as usize));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Splits off the first byte; returns zero if there are no bytes.
pub fn first(bytes: &[u8]) -> (u8, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(first, rest)| (*first, rest))
}

/// A reader that returns at most so many bytes at once.
pub struct Portions {
    bytes: io::Cursor<Vec<u8>>,
    most: usize,
}

impl Portions {
    /// Creates a reader that returns at most `most` bytes at once, but at least one.
    pub fn new(bytes: &[u8], most: usize) -> Self {
        Self { bytes: io::Cursor::new(bytes.to_vec()), most: most.max(1) }
    }
}

impl Read for Portions {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(self.most);
        self.bytes.read(&mut buf[..most])
    }
}
