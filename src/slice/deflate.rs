//! The compression of rewritten messages into as many bytes as they had.

use flate2::{Compress, Compression, FlushCompress};

/// An empty stored block (RFC 1951 §3.2.4): five bytes without contents.
const STORED: [u8; 5] = [0, 0, 0, 0xFF, 0xFF];

/// The number of bytes that a message omits at its end (RFC 7692 §7.2.1).
const TAIL: usize = 4;

/// The number of shorter texts that are tried if the longest one that fits leaves bytes that cannot be filled: 1 to 4,
/// or 8.
const TRIES: usize = 16;

/// The precision of the search for the longest text that fits: this fraction of its length.
const PARTS: usize = 256;

/// Compresses as much of `plain` as fits into a message of exactly `length` bytes, and at most `length` bytes of it.
/// Returns `None` if that length cannot be filled.
pub fn shortened(plain: &[u8], length: usize) -> Option<Vec<u8>> {
    let most = plain.len().min(length);
    let (mut fits, mut beyond, mut tried) = (0, most + 1, most);
    while beyond - fits > 1 + most / PARTS {
        match deflated(plain.get(..tried)?, length) {
            Some(_) => fits = tried,
            None => beyond = tried,
        }
        tried = fits.midpoint(beyond);
    }
    (fits.saturating_sub(TRIES)..=fits).rev().find_map(|count| compressed(plain.get(..count)?, length))
}

/// Compresses `plain` into a message of exactly `length` bytes that does not depend on other messages. Returns `None`
/// if it does not fit, or if the remaining bytes cannot be filled.
pub fn compressed(plain: &[u8], length: usize) -> Option<Vec<u8>> {
    let best = deflated(plain, length)?;
    let spare = length.checked_sub(best.len())?;
    // Empty blocks with fixed codes before a stored one make it longer: one by a byte, two by two bytes, three by four.
    let fixed: &[usize] = match spare % STORED.len() {
        0 => &[],
        1 => &[1],
        2 => &[2],
        3 => &[1, 2],
        _ => &[3],
    };
    let stored = (spare / STORED.len()).checked_sub(fixed.len())?;
    let mut message = STORED.repeat(stored);
    for count in fixed {
        message.extend(empty_blocks(*count)?);
    }
    message.extend(best);
    Some(message)
}

/// Returns `count` empty blocks with fixed codes, and a stored one (RFC 1951 §3.2.6). An empty block has 10 bits,
/// lowest bit first: `BFINAL = 0`, `BTYPE = 01`, and the end of the block, which is seven zeros.
fn empty_blocks(count: usize) -> Option<Vec<u8>> {
    let bits = (0..count).fold(0_u64, |bits, at| bits | 0b010 << (at * 10));
    let used = count * 10 + 3;
    let aligned = bits.to_le_bytes().get(..used.div_ceil(8))?.to_vec();
    Some([aligned.as_slice(), STORED.get(1..)?].concat())
}

/// Compresses `plain` into a message of at most `most` bytes. Returns `None` if it does not fit.
fn deflated(plain: &[u8], most: usize) -> Option<Vec<u8>> {
    let room = most + TAIL + 1;
    let mut compress = Compress::new(Compression::best(), false);
    let mut message = Vec::with_capacity(room.min(plain.len() / 2 + 64));
    loop {
        let taken = usize::try_from(compress.total_in()).ok()?;
        compress.compress_vec(plain.get(taken..)?, &mut message, FlushCompress::Sync).ok()?;
        let is_done = compress.total_in() == plain.len() as u64 && message.len() < message.capacity();
        if is_done {
            break;
        }
        let left = room.checked_sub(message.len()).filter(|left| *left > 0)?;
        message.reserve_exact(left.min(message.len().max(64)));
    }
    message.truncate(message.len().checked_sub(TAIL)?);
    (message.len() <= most).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::deflate::{Inflater, Permits};

    fn inflated(message: &[u8]) -> Vec<u8> {
        let mut inflater = Inflater::new(true, &Permits::default()).unwrap();
        let (mut scratch, mut plain) = ([0; 64], Vec::new());
        let mut out = |bytes: &[u8]| plain.extend_from_slice(bytes);
        inflater.push(message, &mut scratch, &mut out).unwrap();
        inflater.finish(&mut scratch, &mut out).unwrap();
        plain
    }

    #[test]
    fn messages_fill_their_length() {
        for plain in [&b""[..], b"hello", &[b'x'; 5000], "ünïcode".repeat(40).as_bytes()] {
            let least = deflated(plain, 1 << 20).unwrap().len();
            for length in (least..least + 40).filter(|length| ![1, 2, 3, 4, 8].contains(&(length - least))) {
                let message = compressed(plain, length).unwrap();
                assert_eq!((message.len(), inflated(&message)), (length, plain.to_vec()), "{length}");
            }
            assert_eq!(compressed(plain, least - 1), None);
        }
    }

    /// Returns random letters of several bytes each, which hardly compress.
    fn incompressible(length: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let letters = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            char::from_u32(0x4E00 + (state >> 40) as u32 % 0x5000).unwrap()
        });
        letters.take(length / 3).collect::<String>().into_bytes()
    }

    #[test]
    fn a_message_is_shortened_to_what_fits() {
        for (plain, length) in [(incompressible(600), 200), (incompressible(300_000), 200_000), (vec![b'x'; 5000], 12)]
        {
            let message = shortened(&plain, length).unwrap();
            let shorter = inflated(&message);
            assert_eq!(message.len(), length);
            assert!(plain.starts_with(&shorter));
            let more = plain.len().min(shorter.len() + TRIES + 1 + length / PARTS);
            assert!(shorter.len() == length || compressed(&plain[..more], length).is_none(), "{}", shorter.len());
        }
    }
}
