//! gzip members, one after another.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use flate2::Crc;
use flate2::bufread::{DeflateDecoder, GzDecoder};

use super::watched::Watched;

/// Bytes read of a compressed file at once.
const BUFFER: usize = 32 * 1024;

/// CRC-32 and length that end a member (RFC 1952 §2.3.1), both little-endian.
const TRAILER: usize = 8;

/// The plain bytes of gzip members.
///
/// flate2's own reader of members drops what the call that meets damage had inflated before it, so that the bytes it gives
/// depend on how many are asked for at once. This one gives them before the error.
pub(super) struct Gzip<R> {
    state: State<R>,
    /// The error that stands behind the bytes given last.
    failure: Option<io::Error>,
}

enum State<R> {
    /// Before a member's header, or behind the last member.
    Between(BufReader<Watched<R>>),
    Inside(Box<(DeflateDecoder<BufReader<Watched<R>>>, Crc)>),
    Ended,
}

impl<R: Read> Gzip<R> {
    /// Begins at the first member.
    pub(super) fn new(reader: Watched<R>) -> Self {
        Self { state: State::Between(BufReader::with_capacity(BUFFER, reader)), failure: None }
    }

    /// Reads a member's header; `Ended` behind the last.
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

    /// Compares a member with what it says of itself at its end.
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
