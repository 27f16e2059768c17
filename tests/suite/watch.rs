//! Compares live updates with the final verdicts: every fixture is replayed as if it happened now.

use std::collections::BTreeMap;
use std::path::PathBuf;

use whyclosed::analyzer::Analyzer;
use whyclosed::capture::{self, Source};
use whyclosed::catalog::{Language, Registries};
use whyclosed::diagnose::{Case, Fleet, diagnose};
use whyclosed::ending::Kind;
use whyclosed::live::{Update, Watch};
use whyclosed::report::Connection;
use whyclosed::report::redact::{Privacy, Redactor};
use whyclosed::seen::Timestamp;

use crate::support::fixtures;

/// Fixtures whose first verdict cannot be final, with the reason.
const LATER: [(&str, &str); 1] =
    [("lost_segments", "the client's Close frame waits behind a hole, so that the server's reply is seen before it")];

fn watch() -> Watch {
    Watch::new(Language::English, Registries::default(), Privacy::default())
}

/// Returns the updates, and the verdict on each connection by itself at the end.
fn replay(path: &PathBuf) -> (Vec<Update>, Vec<Connection>) {
    let mut source = capture::open(std::slice::from_ref(path)).unwrap();
    let (mut analyzer, mut watch, mut told) = (Analyzer::default(), watch(), Vec::new());
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
    let end = source.summaries().iter().filter_map(|capture| capture.last).max().unwrap();
    let (fleet, registries, mut redactor) = (Fleet::default(), Registries::default(), Redactor::default());
    let judged = facts.iter().map(|facts| {
        let case = Case::new(facts, &fleet, end);
        Connection::new(1, (&case, &diagnose(&case)), &registries, Language::English, &mut redactor)
    });
    (told, judged.collect())
}

#[test]
fn every_end_is_told_once_and_as_it_is_judged_in_the_end() {
    let mut faults = Vec::new();
    let mut ends = 0;
    for (name, path) in fixtures() {
        let before = faults.len();
        let (told, judged) = replay(&path);
        let mut expected: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for connection in judged.iter().filter(|connection| connection.ending != Kind::Open) {
            let line = format!("{} {:?} {:?}", connection.verdict.rule.name, connection.code(), connection.closed_by);
            expected.entry(connection.tcp_stream).or_default().push(line);
            ends += 1;
        }
        let mut seen: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for told in &told {
            match told {
                Update::Closed(ended) | Update::Refused(ended) => {
                    let line = format!("{} {:?} {:?}", ended.rule, ended.code, ended.closed_by);
                    seen.entry(ended.tcp_stream).or_default().push(line);
                }
                Update::Notice(notice) if notice.about == "judged_again" => {
                    faults.push(format!("{name}: {}", notice.text));
                }
                Update::Opened(_) | Update::Notice(_) => {}
            }
        }
        let differs = before != faults.len() || seen != expected;
        match LATER.iter().find(|(fixture, _)| *fixture == name) {
            Some(_) => faults.truncate(before),
            None if seen != expected => {
                faults.push(format!("{name}: reported {seen:?}, but the final verdicts are {expected:?}"))
            }
            None => {}
        }
        if !differs && LATER.iter().any(|(fixture, _)| *fixture == name) {
            faults.push(format!("{name}: no longer differs"));
        }
    }
    assert!(ends > 100, "only {ends} ends");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn what_waits_long_for_its_answer_is_told_once() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/handshake_unanswered/capture.pcapng");
    let mut source = capture::open(&[path]).unwrap();
    let (mut analyzer, mut watch) = (Analyzer::default(), watch());
    // Up to the request.
    while watch.due().is_none() {
        assert!(source.advance().unwrap());
        analyzer.push(&source.packet(), &mut watch);
    }
    let asked = source.packet().time.as_nanos();
    let mut told_after = |seconds: i64| {
        watch.settle(Timestamp::from_nanos(asked + seconds * 1_000_000_000), &analyzer);
        std::iter::from_fn(|| watch.take()).map(|told| serde_json::to_value(told).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(told_after(9).len(), 0);
    let told = told_after(11);
    assert_eq!(
        (told.len(), &told[0]["type"], &told[0]["about"]),
        (1, &"notice".into(), &"unanswered_handshake".into())
    );
    assert!(told[0]["text"].as_str().unwrap().contains("has waited 11.0 s for an answer"), "{}", told[0]["text"]);
    assert_eq!(told_after(60).len(), 0);
}
