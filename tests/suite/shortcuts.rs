//! The fast paths give what the general paths give: the same facts, down to the last field, of every fixture and of
//! generated conversations. The general paths read one packet at a time, follow each segment through the whole of TCP,
//! decode each frame and head byte by byte, and park each connection until its next segment.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use whyclosed::analyzer::Analyzer;
use whyclosed::facts::Facts;
use whyclosed::{capture, shortcuts};

use super::properties::{config, conversations, cut};
use crate::support::reading::material;
use crate::support::same::{difference, told};
use crate::support::segments::{Change, packets};
use crate::support::{fixture, way};

/// Returns the captures below a folder.
pub fn captures(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            captures(&path, found);
        } else if name.contains(".pcap") {
            found.push(path);
        }
    }
}

#[test]
fn fast_paths_read_fixtures_as_general_ones_do() {
    let mut all = Vec::new();
    captures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut all);
    assert!(all.len() > 150, "{} captures", all.len());
    for path in all {
        let Ok(fast) = material(&path) else { continue };
        let general = shortcuts::avoided(|| material(&path)).unwrap();
        let [fast_facts, general_facts] = [&fast, &general].map(|material| material.facts.iter().collect::<Vec<_>>());
        assert_eq!(difference(&told(&fast_facts), &told(&general_facts)), None, "{}", path.display());
        assert_eq!((fast.counts, fast.skipped), (general.counts, general.skipped), "{}", path.display());
    }
}

/// Returns the facts so far of all connections of a capture, after each of its packets.
fn facts_so_far(path: &Path) -> Vec<Box<Facts>> {
    let addresses: Vec<_> = material(path).unwrap().facts.iter().map(|facts| facts.addresses()).collect();
    let mut source = capture::open(&[path.to_owned()]).unwrap();
    let (mut analyzer, mut ended, mut so_far) = (Analyzer::default(), Vec::new(), Vec::new());
    while source.advance().unwrap() {
        analyzer.push(&source.packet(), &mut ended);
        so_far.extend(addresses.iter().filter_map(|of| analyzer.facts_between(of.client, of.server, None)));
    }
    so_far
}

/// Live lines and work items ask for them.
#[test]
fn facts_so_far_of_parked_connections_are_those_of_others() {
    for name in ["close_unanswered", "closed_one_of_three", "deflate_no_context", "fragmented_control_frame"] {
        let path = fixture(name);
        let (fast, general) = (facts_so_far(&path), shortcuts::avoided(|| facts_so_far(&path)));
        assert!(general.len() > 5, "{name}");
        assert_eq!(difference(&told(&fast), &told(&general)), None, "{name}");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn fast_paths_read_conversations_as_general_ones_do(
        conversations in conversations(),
        cut in prop::option::of(cut()),
        (shuffle, duplicate, seed) in any::<(bool, bool, u64)>(),
    ) {
        let packets = packets(&conversations, Change { cut: cut.flatten(), shuffle, duplicate, seed, ..Change::default() });
        let (fast, general) = (way::facts_in_batches(&packets), shortcuts::avoided(|| way::facts(&packets)));
        let difference = difference(&told(&fast), &told(&general));
        prop_assert!(difference.is_none(), "{}", difference.unwrap_or_default());
    }
}
