//! Targets for slices: read back, and searched for secrets.

use std::io::Cursor;

use arbitrary::Unstructured;
use whyclosed::analyzer::Analyzer;
use whyclosed::capture::pcapng::{Relay, Writer};
use whyclosed::side::Side;
use whyclosed::slice::{Located, Locating, Origin, Scope, Survey, Wanted, cut};

use crate::conversation::{Act, What};
use crate::conversations::one;
use crate::files::{self, open, read};
use crate::segments::{Change, packets};

/// Slices all connections of any bytes read as a capture: the slice contains packets of the original, in their order.
pub fn slice(data: &[u8]) {
    let Some(slice) = sliced(data, false, Scope::Wanted) else { return };
    let (Some(original), Some(slice)) = (read(data, usize::MAX, false), read(&slice, usize::MAX, false)) else {
        return;
    };
    assert_eq!(slice.error, None);
    let mut rest = original.packets.iter();
    for packet in &slice.packets {
        assert!(rest.any(|other| other.link_type == packet.link_type && other.data == packet.data), "no such packet");
    }
    // The redacted slice has as many packets, of the same lengths.
    let Some(redacted) = sliced(data, true, Scope::Wanted) else { panic!("it could be sliced before") };
    let redacted = read(&redacted, usize::MAX, false).expect("a slice is a capture");
    let lengths = |read: &files::Read| read.packets.iter().map(|packet| packet.data.len()).collect::<Vec<_>>();
    assert_eq!(lengths(&redacted), lengths(&slice));
}

/// A text that no conversation contains by accident.
const SECRET: &str = "Zq7Wm2Kx9Lp4Rt8Vb3Nd";

/// Plants a secret in a conversation: the redacted slice must not contain it, however it was sent.
pub fn redact(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let (Ok(choice), Ok(cuts), Ok(mut conversation)) =
        (bytes.arbitrary::<u8>(), bytes.arbitrary::<[u8; 2]>(), one(&mut bytes))
    else {
        return;
    };
    let payload = match choice >> 2 & 3 {
        0 => format!("{{\"token\":\"{SECRET}\"}}"),
        1 => format!("password={SECRET}"),
        2 => format!("Authorization: Bearer {SECRET}"),
        _ => format!("https://user:{SECRET}@example.com/"),
    };
    let cuts = cuts.map(usize::from).to_vec();
    let what =
        What::Message { text: true, payload, cuts, compressed: choice & 0x10 != 0, ping_inside: choice & 0x20 != 0 };
    let told = Act { side: Side::BOTH[usize::from(choice >> 7)], unaware: choice & 0x40 != 0, what };
    conversation.acts.insert(usize::from(choice) % (conversation.acts.len() + 1), told);
    let cut = (choice & 1 != 0).then_some(u64::from(choice) + 1);
    let change = Change { cut, overlap: choice & 2 != 0, seed: 1, ..Change::default() };
    let packets = packets(&[conversation], change);
    let file = files::pcap(1, packets.iter().map(Vec::as_slice));
    let is_there = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
    assert!(is_there(&plain(&file).expect("a capture")), "the secret cannot be read in the original");
    for scope in [Scope::Wanted, Scope::All] {
        let slice = sliced(&file, true, scope).expect("a capture");
        assert!(!is_there(&slice), "the slice contains the secret");
        assert!(!is_there(&plain(&slice).expect("a slice is a capture")), "the secret can be read in the slice");
    }
}

/// Slices every connection of a capture, with the headers of all other packets if these are copied, too; returns `None` if the bytes are not a capture.
fn sliced(capture: &[u8], redact: bool, scope: Scope) -> Option<Vec<u8>> {
    let (wanted, mut survey) = surveyed(capture, redact)?;
    survey.finish(&wanted).expect("memory does not fail");
    let mut source = open(capture, usize::MAX)?;
    let mut slice = Vec::new();
    let mut relay = Relay::new(Writer::new(&mut slice).expect("memory does not fail"));
    // An error of the capture ends the slice, too.
    let _ = cut(&mut *source, &wanted, &mut survey, scope, &mut relay);
    Some(slice)
}

/// Returns every text that can be read in the connections of a capture; `None` if the bytes are not a capture.
fn plain(capture: &[u8]) -> Option<Vec<u8>> {
    let (wanted, mut survey) = surveyed(capture, true)?;
    let mut plain = Vec::new();
    let read = survey.read(&wanted, None, &mut |line| plain.extend([line, b"\n"].concat()));
    read.expect("memory does not fail");
    Some(plain)
}

/// Returns the connections of a capture, and the survey of their packets.
fn surveyed(capture: &[u8], redact: bool) -> Option<(Wanted, Survey)> {
    let (mut source, mut analyzer) = (open(capture, usize::MAX)?, Analyzer::default());
    let mut locating = Locating::new(Vec::new(), Vec::new());
    while let Ok(true) = source.advance() {
        analyzer.push(&source.packet(), &mut locating);
    }
    analyzer.finish(&mut locating);
    let (facts, frames) = locating.finish();
    let located = Located::new(Cursor::new(frames.expect("memory does not fail")));
    let mut wanted = Wanted::default();
    facts.iter().for_each(|facts| wanted.add(Origin::new(facts)));
    let (mut source, mut survey) = (open(capture, usize::MAX)?, Survey::new(&wanted, redact.then_some(located)));
    while let Ok(true) = source.advance() {
        survey.push(&source.packet(), &wanted);
    }
    Some((wanted, survey))
}
