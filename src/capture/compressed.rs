//! Captures compressed by gzip, zstd or lz4, recognised by their first bytes.
//!
//! Concatenated members (`cat a.gz b.gz`) are read as one stream. A decompressor's error holds a [`Damage`], which
//! distinguishes a truncated file from a corrupt one. Any other error comes from the operating system.

mod gzip;
mod lz4;
mod watched;
mod zstd;

use std::io::{self, Cursor, Read};

use gzip::Gzip;
use lz4::Lz4;
pub use watched::Damage;
use watched::Watched;
use zstd::Zstd;

/// The compression of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Lz4,
    Zstd,
}

/// The magic numbers. The last is that of a skippable zstd frame, with which `pzstd` begins its files: the first of the
/// sixteen such numbers.
const MAGIC: [(&[u8], Compression); 4] = [
    (&[0x1f, 0x8b], Compression::Gzip),
    (&[0x04, 0x22, 0x4d, 0x18], Compression::Lz4),
    (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
    (&[0x50, 0x2a, 0x4d, 0x18], Compression::Zstd),
];

impl Compression {
    /// Returns the name used in [`Summary::format`](super::Summary::format).
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Returns the compression of `reader`, recognised by its first bytes, and a reader of its decompressed bytes. Fails
/// only if the first bytes cannot be read.
pub(super) fn decompress(mut reader: Box<dyn Read + Send>) -> io::Result<(Option<Compression>, Box<dyn Read + Send>)> {
    let mut first = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut first)?;
    let compression = MAGIC.iter().find(|(magic, _)| first.starts_with(magic)).map(|&(_, compression)| compression);
    let whole = Cursor::new(first).chain(reader);
    let plain: Box<dyn Read + Send> = match compression {
        None => Box::new(whole),
        Some(Compression::Gzip) => Box::new(Gzip::new(Watched::new(whole))),
        Some(Compression::Lz4) => Box::new(Lz4::new(Watched::new(whole))),
        Some(Compression::Zstd) => Box::new(Zstd::new(Watched::new(whole))),
    };
    Ok((compression, plain))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use super::*;
    use crate::capture::testing::build::{Order, Pcap};
    use crate::capture::testing::{Owned, drain, read, read_clean};
    use crate::capture::{Note, Summary, file};
    use crate::error::Error;
    use crate::limits;

    const ALL: [Compression; 3] = [Compression::Gzip, Compression::Lz4, Compression::Zstd];

    fn compress(compression: Compression, plain: &[u8]) -> Vec<u8> {
        match compression {
            Compression::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Lz4 => {
                use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
                // The frames differ in block size, and the whole capture takes many blocks.
                let size = if plain.is_empty() { BlockSize::Max256KB } else { BlockSize::Max64KB };
                let mut encoder = FrameEncoder::with_frame_info(FrameInfo::new().block_size(size), Vec::new());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Zstd => ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest),
        }
    }

    /// Returns a capture that takes more than one block in each format and is hard to compress, so that cuts fall
    /// between many different packets.
    fn capture() -> Vec<u8> {
        let mut file = Pcap::new(Order::Little, Pcap::NANOS, 1);
        let mut state = 1_u32;
        for number in 0..400 {
            let mut noise = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            let data: Vec<u8> = (0..1000).map(|_| noise() & 0x1f).collect();
            file = file.record(number, 0, &data, 1000);
        }
        file.bytes
    }

    fn plain() -> Vec<Owned> {
        read_clean(&capture())
    }

    #[test]
    fn each_compression_gives_the_plain_packets() {
        let plain = plain();
        for compression in ALL {
            let bytes = compress(compression, &capture());
            let (packets, summary) = read(&bytes).unwrap();
            assert!(packets == plain, "{compression:?}");
            assert_eq!(summary.format, format!("pcap (ns)+{}", compression.name()));
            assert_eq!((summary.bytes, summary.notes.len()), (capture().len() as u64, 0));
        }
    }

    #[test]
    fn members_one_after_another_are_one_stream() {
        let capture = capture();
        let (front, back) = capture.split_at(100_001);
        for compression in ALL {
            let bytes = [front, &[], back].map(|part| compress(compression, part)).concat();
            assert!(read_clean_compressed(&bytes) == plain(), "{compression:?}");
        }
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3], &compress(Compression::Zstd, &capture)[..]];
        assert!(read_clean_compressed(&skippable.concat()) == plain());
    }

    fn read_clean_compressed(bytes: &[u8]) -> Vec<Owned> {
        let (packets, summary) = read(bytes).unwrap();
        assert_eq!(summary.notes, []);
        packets
    }

    #[test]
    fn a_stream_cut_off_gives_what_came_before() {
        let plain = plain();
        for compression in ALL {
            let bytes = compress(compression, &capture());
            for cut in (0..bytes.len()).step_by(bytes.len() / 97).chain(bytes.len() - 12..bytes.len()) {
                // No decoder holds back more than two blocks of 128 KiB, zstd's longest.
                let sure = (plain.len() * cut / bytes.len()).saturating_sub(270);
                match read(&bytes[..cut]) {
                    Ok((packets, summary)) => {
                        assert!(plain.starts_with(&packets), "{compression:?} cut at {cut}");
                        assert!(packets.len() >= sure, "{compression:?} cut at {cut}: {}", packets.len());
                        let cut_off = Damage { format: compression.name(), words: None };
                        let note = summary.notes.last().unwrap();
                        assert!(
                            matches!(note, Note::Damaged { damage, at, .. } if *damage == cut_off && *at == summary.bytes),
                            "{compression:?} cut at {cut}: {note:?}"
                        );
                    }
                    Err(error) => {
                        let fitting = matches!(error, Error::NotACapture { .. } | Error::Empty { .. });
                        assert!(sure == 0 && fitting, "{compression:?} cut at {cut}: {error}");
                    }
                }
            }
        }
    }

    /// A reader that returns at most this many bytes per call.
    struct Portions(Cursor<Vec<u8>>, usize);

    impl Read for Portions {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let most = buf.len().min(self.1);
            self.0.read(&mut buf[..most])
        }
    }

    /// Returns the packets and the summary, read at most `portion` bytes at a time through a window of `capacity`
    /// bytes. `None` if the capture is not recognised.
    fn read_in(bytes: &[u8], portion: usize, capacity: usize) -> Option<(Vec<Owned>, Summary)> {
        let reader = Box::new(Portions(Cursor::new(bytes.to_vec()), portion));
        let mut source = file::recognise(Path::new("test"), reader, capacity).ok()?;
        let (packets, mut summaries) = drain(&mut *source).unwrap();
        Some((packets, summaries.remove(0)))
    }

    #[test]
    fn what_stands_before_damage_does_not_depend_on_the_sizes_of_reads() {
        let capture = &capture()[..150_000];
        for compression in ALL {
            let sound = compress(compression, capture);
            let (mut least, mut damaged) = (0, 0);
            for at in (0..sound.len()).step_by(sound.len() / 61) {
                let mut bytes = sound.clone();
                bytes[at] ^= 0x10;
                let whole = read_in(&bytes, usize::MAX, limits::READ_BUFFER);
                for (portion, capacity) in [(usize::MAX, 64), (1, 5000), (4099, 700), (4099, limits::READ_BUFFER)] {
                    let other = read_in(&bytes, portion, capacity);
                    assert!(other == whole, "{compression:?} damaged at {at}, {portion} given, {capacity} taken");
                }
                // A file truncated where the damage begins has the same packets before it.
                let before = read_in(&bytes[..at], usize::MAX, limits::READ_BUFFER).unwrap_or_default().0;
                let packets = whole.as_ref().map_or(&[][..], |(packets, _)| packets);
                assert!(packets.starts_with(&before), "{compression:?} damaged at {at}");
                assert!(before.len() >= least, "{compression:?} cut at {at}");
                least = before.len();
                let is_damaged =
                    |note: &Note| matches!(note, Note::Damaged { damage: Damage { words: Some(_), .. }, .. });
                damaged += usize::from(whole.is_some_and(|(_, summary)| summary.notes.iter().any(is_damaged)));
            }
            // Only gzip is sure to notice a changed literal.
            assert!(damaged > 0 || compression != Compression::Gzip);
            assert!(least > 0, "{compression:?}");
        }
    }

    #[test]
    fn damage_is_told_from_a_cut() {
        for compression in ALL {
            let mut bytes = compress(compression, &capture());
            // Neither a gzip header, nor an lz4 or zstd magic number.
            bytes.extend([0xff; 40]);
            let (packets, summary) = read(&bytes).unwrap();
            assert!(packets == plain(), "{compression:?}");
            let Note::Damaged { damage: Damage { format, words: Some(_) }, at, inside: None } = &summary.notes[0]
            else {
                panic!("{:?}", summary.notes);
            };
            assert_eq!((*format, *at), (compression.name(), capture().len() as u64));
        }
    }

    #[test]
    fn an_error_of_the_system_stays_one() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::TimedOut.into())
            }
        }
        for compression in ALL {
            let bytes = compress(compression, &capture());
            let half = bytes[..bytes.len() / 2].to_vec();
            let reader = Box::new(Cursor::new(half).chain(Failing));
            let (_, mut plain) = decompress(reader).unwrap();
            let error = plain.read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{compression:?}: {error}");
        }
    }
}
