//! gzip members, one after another.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use flate2::Crc;
use flate2::bufread::{DeflateDecoder, GzDecoder};

use super::watched::Watched;

/// The size of the read buffer over the compressed file, in bytes.
const BUFFER: usize = 32 * 1024;

/// Bytes of the CRC-32 and the length that end a member (RFC 1952 §2.3.1), both little-endian.
const TRAILER: usize = 8;

/// A reader of the decompressed bytes of gzip members.
///
/// flate2's own reader of several members drops the bytes that a call had inflated before it met damage, so its output
/// depends on the size of the reads. This reader returns those bytes before the error.
pub(super) struct Gzip<R> {
    state: State<R>,
    /// The error after the bytes returned last, for the next read.
    failure: Option<io::Error>,
}

enum State<R> {
    /// Before a member's header, or after the last member.
    Between(BufReader<Watched<R>>),
    Inside(Box<(DeflateDecoder<BufReader<Watched<R>>>, Crc)>),
    Ended,
}

impl<R: Read> Gzip<R> {
    /// Creates a reader that starts at the first member.
    pub(super) fn new(reader: Watched<R>) -> Self {
        Self { state: State::Between(BufReader::with_capacity(BUFFER, reader)), failure: None }
    }

    /// Reads a member's header. Returns `Ended` after the last member.
    fn begin(mut reader: BufReader<Watched<R>>) -> io::Result<State<R>> {
        match reader.fill_buf() {
            Ok([]) => return Ok(State::Ended),
            Ok(_) => {}
            Err(error) => return Err(reader.get_ref().explain("gzip", error)),
        }
        let mut member = GzDecoder::new(reader);
        if member.header().is_none()
            && let Err(error) = member.read(&mut [0])
        {
            return Err(member.get_ref().get_ref().explain("gzip", error));
        }
        let inflate = DeflateDecoder::new(member.into_inner());
        Ok(State::Inside(Box::new((inflate, Crc::new()))))
    }

    /// Compares a member's CRC-32 and length with those in its trailer.
    fn end(inflate: DeflateDecoder<BufReader<Watched<R>>>, crc: &Crc) -> io::Result<State<R>> {
        let mut reader = inflate.into_inner();
        let mut trailer = [0; TRAILER];
        let read = reader.read_exact(&mut trailer);
        let stated = u64::from_le_bytes(trailer);
        let own = u64::from(crc.amount()) << 32 | u64::from(crc.sum());
        let is_right = read.and_then(|()| match stated == own {
            true => Ok(()),
            false => Err(io::Error::new(ErrorKind::InvalidData, "the checksum does not match")),
        });
        match is_right {
            Ok(()) => Ok(State::Between(reader)),
            Err(error) => Err(reader.get_ref().explain("gzip", error)),
        }
    }
}

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        while !buf.is_empty() {
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => break,
                State::Between(reader) => Self::begin(reader)?,
                State::Inside(mut member) => {
                    let (inflate, crc) = &mut *member;
                    let before = inflate.total_out();
                    let outcome = inflate.read(buf);
                    let made = usize::try_from(inflate.total_out() - before).unwrap_or(usize::MAX);
                    crc.update(buf.get(..made).unwrap_or_default());
                    match outcome {
                        Ok(0) => Self::end(member.0, &member.1)?,
                        Ok(_) => {
                            self.state = State::Inside(member);
                            return Ok(made);
                        }
                        Err(error) => {
                            let failure = inflate.get_ref().get_ref().explain("gzip", error);
                            if made == 0 {
                                return Err(failure);
                            }
                            self.failure = Some(failure);
                            return Ok(made);
                        }
                    }
                }
            };
        }
        Ok(0)
    }
}
