//! The Autobahn|Testsuite against Python `websockets`: what was on the wire, case by case, by the suite's own record.

use std::path::PathBuf;

use serde_json::Value;
use whyclosed::analyzer::Analyzer;
use whyclosed::capture;
use whyclosed::facts::Facts;
use whyclosed::side::Side;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/autobahn").join(name)
}

fn cases() -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(fixture("cases.json")).unwrap()).unwrap()
}

fn connections() -> Vec<Facts> {
    let mut source = capture::open(&[fixture("capture.pcap.gz")]).unwrap();
    let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
    while source.advance().unwrap() {
        analyzer.push(&source.packet(), &mut facts);
    }
    analyzer.finish(&mut facts);
    facts.sort_by_key(|facts| facts.first);
    facts
}

/// The first code a side put on the wire, as `cases.json` writes it.
fn first_code(facts: &Facts, side: Side) -> Value {
    match facts.closes.iter().find(|close| close.side == side) {
        None => Value::Null,
        Some(close) => close.code.map_or("nocode".into(), |code| code.0.into()),
    }
}

#[test]
fn the_first_code_of_each_side() {
    let (cases, connections) = (cases(), connections());
    assert_eq!((cases.len(), connections.len()), (247, 247));
    let differences: Vec<_> = cases
        .iter()
        .zip(&connections)
        .flat_map(|(case, facts)| {
            let sides = [("wire_client", Side::Client), ("wire_server", Side::Server)];
            sides.map(|(key, side)| (case["id"].clone(), key, case[key].clone(), first_code(facts, side)))
        })
        .filter(|(_, _, expected, given)| expected != given)
        .collect();
    assert!(differences.is_empty(), "{differences:#?}");
}
