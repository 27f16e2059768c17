//! Slices of captures with more interfaces than fit in a section, or with several interfaces of the same name.

use std::collections::BTreeSet;
use std::path::Path;

use whyclosed::capture::pcapng::{Description, Writer};
use whyclosed::capture::{self, LinkType, Packet};
use whyclosed::limits;

use super::{slice, verdicts};

use crate::support::fixture;

/// The least number of packets in the capture.
const FEWEST: usize = 10;

/// Copies a capture's packets until there are at least `most`, with each copy on an interface of its own; `interface`
/// returns the name and snaplen of an interface by its number. Returns the number of packets.
fn copied(whole: &Path, to: &Path, most: usize, interface: impl Fn(usize) -> (String, u32)) -> u64 {
    let file = std::io::BufWriter::new(std::fs::File::create(to).unwrap());
    let mut out = Writer::new(file).unwrap();
    let (mut described, mut number) = (0, 0);
    let mut source = capture::open(&[whole.to_owned()]).unwrap();
    while source.advance().unwrap() {
        let packet = source.packet();
        // Like a capture on many interfaces, which contains a packet once for each.
        for _ in 0..=most / FEWEST {
            if described == limits::INTERFACES {
                out.section().unwrap();
                described = 0;
            }
            let (name, snaplen) = interface(number as usize);
            let description = Description { link_type: LinkType::ETHERNET, snaplen, name, filter: String::new() };
            let own = out.interface(&description).unwrap();
            described += 1;
            number += 1;
            out.packet(own, &Packet { number, ..packet }, 0, &[]).unwrap();
        }
    }
    out.flush().unwrap();
    number
}

/// Returns the number of packets in a capture, and the names and snaplens of their interfaces.
fn packets(capture: &Path) -> (u64, BTreeSet<(String, u32)>) {
    let mut source = capture::open(&[capture.to_owned()]).unwrap();
    let (mut count, mut interfaces) = (0, BTreeSet::new());
    while source.advance().unwrap() {
        count += 1;
        let marks = source.marks();
        interfaces.insert((marks.interface, marks.snaplen));
    }
    (count, interfaces)
}

fn sliced(most: usize, interface: impl Fn(usize) -> (String, u32)) {
    let folder = tempfile::tempdir().unwrap();
    let whole = fixture("invalid_utf8");
    let [all, part] = ["all.pcapng", "part.pcapng"].map(|name| folder.path().join(name));
    let number = copied(&whole, &all, most, interface);
    slice(&all, &["--connection", "1"], &part);
    assert_eq!(packets(&all).0, number);
    let ((_, all_interfaces), (kept, interfaces)) = (packets(&all), packets(&part));
    assert_eq!(kept, number);
    assert!(interfaces == all_interfaces, "{} of {}", interfaces.len(), all_interfaces.len());
    assert_eq!(verdicts(&super::report(&part)), verdicts(&super::report(&all)));
}

#[test]
fn more_interfaces_than_a_section_holds() {
    sliced(limits::INTERFACES + 1000, |number| (format!("veth{number}"), 0));
}

#[test]
fn interfaces_of_one_name_that_cut_packets_differently_stay_apart() {
    sliced(100, |number| ("eth0".to_owned(), if number % 2 == 0 { 96 } else { 65535 }));
}
