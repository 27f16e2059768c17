//! The process blocks of macOS.
//!
//! ```text
//! Process Event Block  pid:4  options (2: name)
//! ```

use nom::IResult;
use nom::number::Endianness;

use super::number::u32;
use super::options::options;

const NAME: u16 = 2;

/// Parses the body of a process block. Returns the number of the process and its name, which is empty if unknown.
pub(super) fn process_event(body: &[u8], order: Endianness) -> IResult<&[u8], (u32, &str)> {
    let (rest, pid) = u32(order)(body)?;
    let name = options(rest, order).find(|(code, _)| *code == NAME);
    let name = name.and_then(|(_, name)| str::from_utf8(name).ok()).unwrap_or_default();
    Ok((&[], (pid, name)))
}
