//! What an attacker would send: header lists that never end, tables as large as they may be, windows and streams without end.

use whyclosed::chunk::{Carrier, Chunk, Data};
use whyclosed::http2::frame::{PREFACE, Type};
use whyclosed::http2::{Event, Session};
use whyclosed::limits;
use whyclosed::side::Side;

use crate::support::http2_frame::frame;

/// The most that either direction may hold: an open block, the rest of a frame, and a table.
const MOST: usize = 2 * limits::HEAD + limits::HPACK_TABLE;

/// Pushes frames of a client, and returns the most that was held, and how many lists came out.
fn pushed(frames: impl Iterator<Item = Vec<u8>>) -> (usize, usize) {
    let (mut session, mut offset, mut most, mut lists) = (Session::new(0), 0, 0, 0);
    let carrier = Carrier::default();
    for bytes in std::iter::once(PREFACE.to_vec()).chain(frames) {
        session.push(Side::Client, Chunk::of_tcp(&carrier, offset, Data::Bytes(&bytes)), &|_| false, &mut |event| {
            lists += usize::from(matches!(event, Event::Headers { .. }));
        });
        offset += bytes.len() as u64;
        most = most.max(session.held_bytes());
    }
    (most, lists)
}

/// CVE-2024-27316 and its kin: CONTINUATION without END_HEADERS.
#[test]
fn a_flood_of_continuations_is_bounded() {
    let part = [0x40, 1, b'x', 1, b'y'].repeat(3000);
    let flood = (0..1_000).map(|_| frame(Type::CONTINUATION, 0, 1, &part));
    let all = std::iter::once(frame(Type::HEADERS, 0, 1, &part)).chain(flood);
    let (most, lists) = pushed(all.chain(std::iter::once(frame(Type::CONTINUATION, 4, 1, &[]))));
    assert!((1..=MOST).contains(&most), "{most} bytes of 15 MB");
    assert_eq!(lists, 1, "the list is said to be there, without its fields");
}

/// Entries of the greatest size, each of which evicts others, and lists that refer to the largest one many times.
#[test]
fn a_table_bomb_is_bounded() {
    let mut resize = vec![0x3F, 0xE1, 0xFF, 0xFF, 0x03];
    resize.extend([0x40, 1, b'x', 0x7F, 0xA1, 0x1E]);
    resize.extend([b'y'; 4000]);
    let bomb = std::iter::once(frame(Type::HEADERS, 4, 1, &resize));
    let lists = (1..200).map(|stream| frame(Type::HEADERS, 4, 2 * stream + 1, &[0xBE; 16_000]));
    let (most, lists) = pushed(bomb.chain(lists));
    assert!(most <= MOST, "{most}");
    assert_eq!(lists, 200);
}

/// Increments and settings that overflow 31 bits.
#[test]
fn windows_do_not_overflow() {
    let updates = (0..10_000).map(|at| match at % 3 {
        0 => frame(Type::WINDOW_UPDATE, 0, 0, &[0xFF; 4]),
        1 => frame(Type::WINDOW_UPDATE, 0, 1, &[0xFF; 4]),
        _ => frame(Type::SETTINGS, 0, 0, &[0, 4, 0xFF, 0xFF, 0xFF, 0xFF]),
    });
    assert!(pushed(updates).0 <= MOST);
}
