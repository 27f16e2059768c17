//! Decryption Secrets Block (draft-ietf-opsawg-pcapng §4.7).
//!
//! ```text
//! secrets type:4  length:4  secrets  [padding to 4]  options
//! ```

use nom::bytes::complete::{tag, take};
use nom::number::Endianness;
use nom::number::complete::u32;
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::Pcapng;
use super::block::{self, kind};
use crate::error::Error;

/// The secrets type of TLS key logs.
pub(super) const TLS_KEY_LOG: u32 = 0x544c_534b;

/// Parses the body of a block with a TLS key log. Returns the log; fails for secrets of another type.
pub(super) fn tls_key_log(body: &[u8], order: Endianness) -> IResult<&[u8], &[u8]> {
    let kind = match order {
        Endianness::Big => TLS_KEY_LOG.to_be_bytes(),
        _ => TLS_KEY_LOG.to_le_bytes(),
    };
    let (body, length) = preceded(tag(&kind[..]), u32(order)).parse(body)?;
    take(length)(body)
}

/// Calls `line` with each line of a file's TLS key logs.
pub(in crate::capture) fn key_log_lines(mut file: Pcapng, mut line: impl FnMut(&str)) -> Result<(), Error> {
    while let Some(head) = file.block()? {
        if head.kind == kind::SECTION_HEADER && !file.begin_section(head) {
            break;
        }
        if head.kind == kind::DECRYPTION_SECRETS {
            let block = file.window.held().get(..head.length).unwrap_or_default();
            let log = block::body(block, head.order).and_then(|(_, body)| tls_key_log(body, head.order));
            log.map_or(&[][..], |(_, log)| log).split(|byte| *byte == b'\n').for_each(|bytes| {
                line(String::from_utf8_lossy(bytes).trim_end());
            });
        }
        file.window.consume(head.length);
    }
    Ok(())
}
