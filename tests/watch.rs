//! What is told live, held against the report: every fixture, as if it happened now.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use whyclosed::analyzer::Analyzer;
use whyclosed::capture::{self, Source};
use whyclosed::catalog::{Language, Registries};
use whyclosed::ending::Kind;
use whyclosed::live::{Told, Watch};
use whyclosed::report::redact::Privacy;
use whyclosed::report::{Material, Report};

/// Fixtures of which a first judgement cannot know enough, and why.
const LATER: [(&str, &str); 6] = [
    ("lost_segments", "the client's Close frame waits behind a hole, so that the server's reply is seen before it"),
    ("idle_timeout", FLEET),
    ("lifetime_limit", FLEET),
    ("proxy_cut", FLEET),
    ("service_restart", FLEET),
    ("session_superseded", FLEET),
];

const FLEET: &str = "the other connections tell it, and they end later";

fn fixtures() -> Vec<(String, PathBuf)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter_map(|entry| {
            let files = std::fs::read_dir(entry.path()).ok()?;
            let is_capture = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("capture.pcap");
            let capture = files.map(|file| file.unwrap().path()).find(is_capture)?;
            Some((entry.file_name().into_string().unwrap(), capture))
        })
        .collect();
    found.sort();
    assert!(found.len() > 50, "{}", found.len());
    found
}

fn replay(path: &PathBuf) -> (Vec<Told>, Report) {
    let mut source = capture::open(std::slice::from_ref(path)).unwrap();
    let (mut analyzer, mut watch, mut told) =
        (Analyzer::default(), Watch::new(Language::English, Registries::default(), Privacy::default()), Vec::new());
    while source.advance().unwrap() {
        let packet = source.packet();
        analyzer.push(&packet, &mut watch);
        watch.settle(packet.time, &analyzer);
        told.extend(std::iter::from_fn(|| watch.take()));
    }
    analyzer.finish(&mut watch);
    told.extend(std::iter::from_fn(|| watch.take()));
    assert_eq!(watch.open(), 0);
    let (facts, left_out) = watch.into_facts();
    assert_eq!(left_out, 0);
    let material = Material { captures: source.summaries(), facts, ..Material::default() };
    (told, Report::new(material, Language::English))
}

#[test]
fn every_end_is_told_once_and_as_the_report_has_it() {
    let mut faults = Vec::new();
    let mut ends = 0;
    for (name, path) in fixtures() {
        let before = faults.len();
        let (told, report) = replay(&path);
        let mut expected: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for connection in report.connections.iter().filter(|connection| connection.ending != Kind::Open) {
            let line = format!("{} {:?} {:?}", connection.verdict.rule, connection.code(), connection.closed_by);
            expected.entry(connection.tcp_stream).or_default().push(line);
            ends += 1;
        }
        let mut seen: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for told in &told {
            match told {
                Told::Closed(ended) | Told::Refused(ended) => {
                    let line = format!("{} {:?} {:?}", ended.rule, ended.code, ended.closed_by);
                    seen.entry(ended.tcp_stream).or_default().push(line);
                }
                Told::Notice(notice) if notice.about == "judged_again" => {
                    faults.push(format!("{name}: {}", notice.text));
                }
                Told::Opened(_) | Told::Notice(_) => {}
            }
        }
        let differs = before != faults.len() || seen != expected;
        match LATER.iter().find(|(fixture, _)| *fixture == name) {
            Some(_) => faults.truncate(before),
            None if seen != expected => faults.push(format!("{name}: told {seen:?}, but the report has {expected:?}")),
            None => {}
        }
        if !differs && LATER.iter().any(|(fixture, _)| *fixture == name) {
            faults.push(format!("{name}: no longer differs"));
        }
    }
    assert!(ends > 100, "only {ends} ends");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
