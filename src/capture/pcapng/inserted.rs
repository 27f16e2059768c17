//! Comments inserted into blocks that another program wrote, in the byte order of their section.
//!
//! ```text
//! type:4  total length:4  body up to its options  [comments]  [options …]  total length:4
//! ```
//!
//! The comments come first among the options: options that are there may be damaged, and end wherever they like.

use super::block::Endianness;
use super::blocks::COMMENT;

/// Bytes of a block's type and length.
const HEAD: usize = 8;

/// Bytes of the length repeated at the end.
const TRAILER: usize = 4;

/// The place of the section length in a section header, and of the options behind it.
const SECTION_LENGTH: std::ops::Range<usize> = 16..24;

/// Appends a block with `comments` before its own options, which begin at `options`.
pub(super) fn commented(block: &[u8], options: usize, comments: &[&str], order: Endianness, out: &mut Vec<u8>) {
    let end = block.len().saturating_sub(TRAILER);
    let (body, own) = block.get(..end).unwrap_or_default().split_at_checked(options).unwrap_or((block, &[]));
    let start = out.len();
    out.extend(body);
    comments.iter().for_each(|comment| option(comment, order, out));
    out.extend(own);
    if own.is_empty() && !comments.is_empty() {
        // The end of the options.
        out.extend([0; 4]);
    }
    let length = four(u32::try_from(out.len() - start + TRAILER).unwrap_or(u32::MAX), order);
    out.extend(length);
    if let Some(field) = out.get_mut(start + 4..start + HEAD) {
        field.copy_from_slice(&length);
    }
}

/// Appends a section header with a comment on the file, unless `comment` is empty. The length of the section becomes
/// unspecified: comments change it.
pub(super) fn section_header(block: &[u8], comment: &str, order: Endianness, out: &mut Vec<u8>) {
    let (start, comments) = (out.len(), [comment]);
    let comments = if comment.is_empty() { &[][..] } else { &comments };
    commented(block, SECTION_LENGTH.end, comments, order, out);
    if let Some(field) = out.get_mut(start + SECTION_LENGTH.start..start + SECTION_LENGTH.end) {
        field.fill(0xff);
    }
}

/// Appends a comment, padded to four bytes. It is cut off after 65,535 bytes.
fn option(comment: &str, order: Endianness, out: &mut Vec<u8>) {
    let value = comment.as_bytes().get(..usize::from(u16::MAX)).unwrap_or(comment.as_bytes());
    let length = value.len() as u16;
    let (code, length) = match order {
        Endianness::Big => (COMMENT.to_be_bytes(), length.to_be_bytes()),
        _ => (COMMENT.to_le_bytes(), length.to_le_bytes()),
    };
    out.extend([code, length].as_flattened());
    out.extend(value);
    out.extend(std::iter::repeat_n(0, value.len().wrapping_neg() % 4));
}

const fn four(value: u32, order: Endianness) -> [u8; 4] {
    match order {
        Endianness::Big => value.to_be_bytes(),
        _ => value.to_le_bytes(),
    }
}
