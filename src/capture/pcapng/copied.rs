//! A copy of a pcapng file, block by block.

use std::io::{self, Write};

use super::block::kind;
use super::{Pcapng, inserted};
use crate::capture::copy::{Comments, Copied};
use crate::error::Error;

/// Copies a file with a comment on the whole of it, unless `heading` is empty, and with comments on its packets. Every
/// other byte of every block stays as it is, except the lengths of sections, which become unspecified.
///
/// What cannot be read ends the copy, as it ends the reading of a capture. The outer error is that of reading, the inner
/// one that of writing.
pub(in crate::capture) fn copy(
    mut file: Pcapng,
    heading: &str,
    comments: Comments<'_, '_>,
    out: &mut dyn Write,
) -> Result<io::Result<Copied>, Error> {
    let (mut copied, mut heading, mut changed) = (Copied::default(), heading, Vec::new());
    while let Some(head) = file.block()? {
        changed.clear();
        if head.kind == kind::SECTION_HEADER {
            if !file.begin_section(head) {
                break;
            }
            let block = file.window.held().get(..head.length).unwrap_or_default();
            inserted::section_header(block, std::mem::take(&mut heading), head.order, &mut changed);
        } else if file.take(head) == Ok(true) {
            copied.packets += 1;
            let own = comments(file.tally.packets);
            if head.kind == kind::SIMPLE_PACKET {
                // It has no options.
                copied.unplaced += own.len() as u64;
            } else if !own.is_empty() {
                let options = file.options.start.saturating_sub(file.window.place(0, 0).start);
                let block = file.window.held().get(..head.length).unwrap_or_default();
                inserted::commented(block, options, &own, head.order, &mut changed);
            }
        }
        let block = file.window.held().get(..head.length).unwrap_or_default();
        let written = if changed.is_empty() { block } else { &changed };
        copied.bytes += written.len() as u64;
        if let Err(error) = out.write_all(written) {
            return Ok(Err(error));
        }
        file.window.consume(head.length);
    }
    Ok(Ok(copied))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::capture::testing::build::{Order, Pcapng};
    use crate::capture::testing::{Owned, read};
    use crate::capture::{Copied, copy};

    /// Returns a section with every kind of block.
    fn section(file: Pcapng) -> Pcapng {
        file.interface(1, 0, &[(2, b"eth0"), (9, &[9])])
            .block(4, b"names")
            .block(10, b"\x4b\x53\x4c\x54\x03\0\0\0key\0")
            .enhanced(0, 5, b"one", 3)
            .simple(b"two", 3)
            .block(0xbad, &[7; 21])
            .packet(0, 6, b"three", 30)
            .statistics(0, &[(5, &[1; 8])])
            .enhanced_after(2, 0, 7, b"four")
            .block(6, &[0; 5])
    }

    /// Copies a file, and returns the bytes of the copy.
    fn copied(bytes: &[u8], heading: &str, comments: &dyn Fn(u64) -> Vec<&'static str>) -> (Vec<u8>, Copied) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture");
        fs::write(&path, bytes).unwrap();
        let mut out = Vec::new();
        let extent = copy(&[path], heading, comments, &mut out).unwrap().unwrap();
        assert_eq!(extent.bytes, out.len() as u64);
        (out, extent)
    }

    #[test]
    fn without_comments_every_byte_stays() {
        for (first, second) in [(Order::Little, Order::Big), (Order::Big, Order::Little)] {
            let bytes = section(section(Pcapng::new(first)).section(second)).bytes;
            let (copy, extent) = copied(&bytes, "", &|_| Vec::new());
            assert!(copy == bytes);
            assert_eq!((extent.packets, extent.unplaced), (8, 0));
            // What is cut off cannot be read.
            let (of_cut, _) = copied(&bytes[..bytes.len() - 5], "", &|_| Vec::new());
            assert!(bytes.starts_with(&of_cut) && of_cut.len() + 20 == bytes.len(), "{}", of_cut.len());
        }
    }

    #[test]
    fn comments_come_before_the_options_of_their_packets() {
        for order in Order::BOTH {
            let bytes = section(Pcapng::new(order)).bytes;
            let comments = |packet: u64| if packet < 4 { vec!["first", "second"] } else { Vec::new() };
            let (copy, extent) = copied(&bytes, "all of it", &comments);
            assert_eq!((extent.packets, extent.unplaced), (4, 2));
            let packets = |bytes: &[u8]| -> (Vec<Owned>, _) {
                let (packets, summary) = read(bytes).unwrap();
                (packets, (summary.notes, summary.drops))
            };
            let ((before, noted), (after, still)) = (packets(&bytes), packets(&copy));
            assert_eq!(before, after);
            assert_eq!((noted.0.len(), &noted.1), (still.0.len(), &still.1));
            // Twice two comments of 12 bytes each, and that on the file with the end of its options.
            assert_eq!(copy.len(), bytes.len() + 2 * (12 + 12) + 16 + 4);
            let mut source = crate::capture::read("test".as_ref(), std::io::Cursor::new(copy)).unwrap();
            let mut read = Vec::new();
            while source.advance().unwrap() {
                read.push(source.marks().comments);
            }
            assert_eq!(read, [vec!["first", "second"], vec![], vec!["first", "second"], vec![]]);
        }
    }

    #[test]
    fn a_section_with_a_length_gets_none() {
        let mut bytes = section(Pcapng::new(Order::Little)).bytes;
        let length = (bytes.len() - 28) as u64;
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
        let (copy, _) = copied(&bytes, "", &|_| vec!["longer"]);
        assert_eq!(copy[16..24], [0xff; 8]);
    }
}
