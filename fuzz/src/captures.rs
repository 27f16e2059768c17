//! Targets for capture files: the packets of a file do not depend on the way it is read.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cuts::first;
use crate::files::{Read, open, read};
use crate::reports;

/// Reads any bytes as a capture, and renders its report in every format and the live lines.
pub fn capture(data: &[u8]) {
    // The last byte chooses the options, so that unmodified captures can be in the corpus.
    let choice = data.last().copied().unwrap_or_default();
    if let Some(mut source) = open(data, usize::MAX) {
        reports::all(&mut *source, choice);
    }
}

/// Reads a pcap file: the input itself, or one made up of records with valid headers.
pub fn pcap(data: &[u8]) {
    let (choice, data) = first(data);
    if choice & 1 == 0 {
        return alike(data, choice);
    }
    const MAGIC: [u32; 3] = [0xA1B2_C3D4, 0xA1B2_3C4D, 0xA1B2_CD34];
    let magic = MAGIC[usize::from(choice >> 1) % 3];
    let word = |word: u32| if choice & 0x80 == 0 { word.to_le_bytes() } else { word.to_be_bytes() };
    let mut file = Vec::new();
    [magic, 4 << 16 | 2, 0, 0, 65_535, 1].iter().for_each(|value| file.extend(word(*value)));
    records(data, |kind, body| {
        let lost = u32::from(kind >> 4);
        let length = body.len() as u32;
        [u32::from(kind), lost, length, length + lost].iter().for_each(|value| file.extend(word(*value)));
        if magic == MAGIC[2] {
            file.extend([0; 8]);
        }
        file.extend(body);
    });
    alike(&file, choice);
}

/// Reads a pcapng file: the input itself, or one made up of blocks with valid lengths.
pub fn pcapng(data: &[u8]) {
    let (choice, data) = first(data);
    if choice & 1 == 0 {
        return alike(data, choice);
    }
    let word = |word: u32| if choice & 0x80 == 0 { word.to_le_bytes() } else { word.to_be_bytes() };
    let block = |kind: u32, body: &[u8], file: &mut Vec<u8>| {
        let padded = body.len().next_multiple_of(4);
        let length = word(padded as u32 + 12);
        file.extend(word(kind).iter().chain(&length).chain(body));
        file.resize(file.len() + padded - body.len(), 0);
        file.extend(length);
    };
    let mut section = Vec::new();
    [0x1A2B_3C4D, word_of_version(choice), u32::MAX, u32::MAX].iter().for_each(|value| section.extend(word(*value)));
    let mut file = Vec::new();
    block(0x0A0D_0D0A, &section, &mut file);
    records(data, |kind, body| {
        // Section, interface, packet, simple packet, names, statistics, enhanced packet, secrets, custom, any other.
        const KINDS: [u32; 10] = [0x0A0D_0D0A, 1, 2, 3, 4, 5, 6, 10, 0xBAD, 0x4000_0001];
        block(KINDS[usize::from(kind) % KINDS.len()], body, &mut file);
    });
    alike(&file, choice);
}

/// Returns the word for version 1.0, in either byte order.
fn word_of_version(choice: u8) -> u32 {
    if choice & 0x80 == 0 { 1 } else { 1 << 16 }
}

/// Reads a compressed file: the input itself, or one packed here and then damaged.
pub fn compressed(data: &[u8]) {
    let (choice, data) = first(data);
    if choice & 1 == 0 {
        return alike(data, choice);
    }
    let (place, data) = first(data);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(data).expect("memory does not fail");
    let mut packed = packed.finish().expect("memory does not fail");
    match choice >> 1 & 3 {
        0 => {}
        1 => packed.truncate(packed.len() * usize::from(place) / 255),
        2 => {
            let at = packed.len() * usize::from(place) / 256;
            packed[at] ^= choice | 1;
        }
        // A file of several members.
        _ => packed.extend_from_within(..),
    }
    alike(&packed, choice);
}

/// Calls `record` for each record: a kind, a length and that many bytes.
fn records(mut data: &[u8], mut record: impl FnMut(u8, &[u8])) {
    while let [kind, length, rest @ ..] = data {
        let (body, behind) = rest.split_at(rest.len().min(usize::from(*length)));
        record(*kind, body);
        data = behind;
    }
}

/// Asserts that a file gives the same packets however its bytes arrive, and whether they are read one by one or in
/// batches.
fn alike(file: &[u8], choice: u8) {
    let portion = usize::from(choice >> 1) + 1;
    let whole = read(file, usize::MAX, false);
    same(&whole, &read(file, usize::MAX, true), "in batches");
    same(&whole, &read(file, portion, false), "in portions");
}

fn same(whole: &Option<Read>, other: &Option<Read>, how: &str) {
    let (Some(whole), Some(other)) = (whole, other) else {
        return assert!(whole.is_none() && other.is_none(), "{how}: a capture in one reading only");
    };
    assert_eq!((&whole.summaries, &whole.error), (&other.summaries, &other.error), "{how}");
    assert!(whole.packets == other.packets, "{how}: other packets");
}
