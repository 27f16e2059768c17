//! Slices: read back, and searched for secrets.

use arbitrary::Unstructured;
use whyclosed::analyzer::Analyzer;
use whyclosed::capture::pcapng::Writer;
use whyclosed::report::redact::Kind;
use whyclosed::slice::{Origin, Redaction, Survey, Wanted, cut};

use crate::conversations::one;
use crate::files::{self, open, read};
use crate::segments::{Change, packets};

/// Any bytes as a capture: a slice of all its connections holds packets of it, in their order.
pub fn slice(data: &[u8]) {
    let Some((slice, _)) = sliced(data, false) else { return };
    let (Some(original), Some(slice)) = (read(data, usize::MAX, false), read(&slice, usize::MAX, false)) else {
        return;
    };
    assert_eq!(slice.error, None);
    let mut rest = original.packets.iter();
    for packet in &slice.packets {
        assert!(rest.any(|other| other.link_type == packet.link_type && other.data == packet.data), "no such packet");
    }
    // Redacted it has as many packets, of the same lengths.
    let Some((redacted, _)) = sliced(data, true) else { panic!("it could be sliced before") };
    let redacted = read(&redacted, usize::MAX, false).expect("a slice is a capture");
    let lengths = |read: &files::Read| read.packets.iter().map(|packet| packet.data.len()).collect::<Vec<_>>();
    assert_eq!(lengths(&redacted), lengths(&slice));
}

/// A conversation in which secrets are told: in the redacted slice there are none to be found.
pub fn redact(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let (Ok(choice), Ok(conversation)) = (bytes.arbitrary::<u8>(), one(&mut bytes)) else { return };
    let cut = (choice & 1 != 0).then_some(u64::from(choice) + 1);
    let change = Change { cut, overlap: choice & 2 != 0, seed: 1, ..Change::default() };
    let packets = packets(&[conversation], change);
    let file = files::pcap(1, packets.iter().map(Vec::as_slice));
    let (slice, _) = sliced(&file, true).expect("a capture");
    let (_, again) = sliced(&slice, true).expect("a slice is a capture");
    let secrets = again.redaction().map(Redaction::secrets).unwrap_or_default();
    let left: Vec<_> = secrets.iter().filter(|(kind, value)| *kind != Kind::Jwt && !is_blotted(value)).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Whether nothing is left of a value but what stands in its place, and what separates.
fn is_blotted(value: &[u8]) -> bool {
    value.iter().all(|byte| *byte == b'x' || !byte.is_ascii_alphanumeric())
}

/// The slice of every connection of a capture, and what was learned of them; `None` where it is no capture.
fn sliced(capture: &[u8], redact: bool) -> Option<(Vec<u8>, Survey)> {
    let (mut source, mut analyzer, mut facts) = (open(capture, usize::MAX)?, Analyzer::default(), Vec::new());
    while let Ok(true) = source.advance() {
        analyzer.push(&source.packet(), &mut facts);
    }
    analyzer.finish(&mut facts);
    let mut wanted = Wanted::default();
    facts.iter().for_each(|facts| wanted.add(Origin::new(facts)));
    let (mut source, mut survey) = (open(capture, usize::MAX)?, Survey::new(&wanted, redact));
    while let Ok(true) = source.advance() {
        survey.push(&source.packet(), &wanted);
    }
    survey.finish(&wanted);
    let mut source = open(capture, usize::MAX)?;
    let mut slice = Vec::new();
    let mut writer = Writer::new(&mut slice).expect("memory does not fail");
    // An error of the capture's ends the slice, too.
    let _ = cut(&mut *source, &wanted, &mut survey, &mut writer);
    writer.flush().expect("memory does not fail");
    Some((slice, survey))
}
