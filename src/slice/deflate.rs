//! Compressed messages written anew, in as many bytes as they had.

use flate2::{Compress, Compression, FlushCompress};

/// An empty stored block (RFC 1951 §3.2.4): five bytes that mean nothing.
const STORED: [u8; 5] = [0, 0, 0, 0xFF, 0xFF];

/// What a message leaves out at its end (RFC 7692 §7.2.1).
const TAIL: usize = 4;

/// `plain` as a compressed message of exactly `length` bytes that needs no other message; `None` where it does not fit.
pub fn compressed(plain: &[u8], length: usize) -> Option<Vec<u8>> {
    let best = deflated(plain)?;
    let spare = length.checked_sub(best.len())?;
    // Empty blocks of fixed codes before a stored one cost more than that: one does a byte, two do two, three do four.
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

/// So many empty blocks of fixed codes, and a stored one (RFC 1951 §3.2.6): 10 bits each are `BFINAL = 0, BTYPE = 01`
/// and the end of the block, seven zeros; lowest bit first.
fn empty_blocks(count: usize) -> Option<Vec<u8>> {
    let bits = (0..count).fold(0_u64, |bits, at| bits | 0b010 << (at * 10));
    let used = count * 10 + 3;
    let aligned = bits.to_le_bytes().get(..used.div_ceil(8))?.to_vec();
    Some([aligned.as_slice(), STORED.get(1..)?].concat())
}

fn deflated(plain: &[u8]) -> Option<Vec<u8>> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut message = Vec::with_capacity(plain.len() / 2 + 64);
    loop {
        let taken = usize::try_from(compress.total_in()).ok()?;
        compress.compress_vec(plain.get(taken..)?, &mut message, FlushCompress::Sync).ok()?;
        let is_done = compress.total_in() == plain.len() as u64 && message.len() < message.capacity();
        if is_done {
            break;
        }
        message.reserve(message.len().max(64));
    }
    message.truncate(message.len().checked_sub(TAIL)?);
    Some(message)
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
            let least = deflated(plain).unwrap().len();
            for length in (least..least + 40).filter(|length| ![1, 2, 3, 4, 8].contains(&(length - least))) {
                let message = compressed(plain, length).unwrap();
                assert_eq!((message.len(), inflated(&message)), (length, plain.to_vec()), "{length}");
            }
            assert_eq!(compressed(plain, least - 1), None);
        }
    }
}
