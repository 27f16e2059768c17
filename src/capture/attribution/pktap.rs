//! The process in Apple's PKTAP header.
//!
//! ```text
//! | length 4 | next 4 | link type 4 | interface 24 | flags 4 | family 4 | before 4 | behind 4 | pid 4 | command 20 | …
//! ```
//!
//! All numbers are little-endian. The command ends at the first zero byte.

use nom::bytes::complete::take;
use nom::number::complete::{le_i32, le_u32};
use nom::{IResult, Parser};

use super::Direction;
use super::known::Found;

/// Flags: the packet came in, or goes out.
const IN: u32 = 1;
const OUT: u32 = 2;

/// Returns the process that a packet's header names; `None` if it names none.
pub(in crate::capture) fn pktap(packet: &[u8]) -> Option<Found<'_>> {
    let (_, found) = header(packet).ok()?;
    found.is_some().then_some(found)
}

fn header(input: &[u8]) -> IResult<&[u8], Found<'_>> {
    let (input, (_, flags, _, pid, command)) =
        (take(36_usize), le_u32, take(12_usize), le_i32, take(20_usize)).parse(input)?;
    let name = command.split(|byte| *byte == 0).next().and_then(|name| str::from_utf8(name).ok()).unwrap_or_default();
    let direction = match flags & (IN | OUT) {
        IN => Some(Direction::Inbound),
        OUT => Some(Direction::Outbound),
        _ => None,
    };
    // -1 stands for no process, and 0 for the kernel.
    let pid = u32::try_from(pid).ok().filter(|pid| *pid > 0);
    Ok((input, Found { name, pid, direction, ..Found::default() }))
}
