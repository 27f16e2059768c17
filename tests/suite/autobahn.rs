//! The Autobahn|Testsuite against Python `websockets`: the codes on the wire for each case, compared with the suite's
//! own record.

use serde_json::Value;
use whyclosed::catalog::Language;
use whyclosed::facts::Facts;
use whyclosed::report::{Material, Report};
use whyclosed::side::Side;

use crate::support::{below_fixtures, reading};

fn cases() -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(below_fixtures("autobahn/cases.json")).unwrap()).unwrap()
}

fn connections() -> Vec<Box<Facts>> {
    let material = reading::material(&below_fixtures("autobahn/capture.pcap.gz")).unwrap();
    let mut facts: Vec<_> = material.facts.iter().collect();
    facts.sort_by_key(|facts| facts.first);
    facts
}

/// Returns the first code that a side put on the wire, in the notation of `cases.json`.
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

/// Returns the rule that a case's description calls for, if the server answered with 1002 or 1007.
pub fn objected_to(id: &str) -> &'static str {
    const RULES: &[(&str, &str)] = &[
        // Longer prefixes first.
        ("2.5", "oversized_control_frame"),
        ("3.", "reserved_bits"),
        ("4.", "reserved_opcode"),
        ("5.1", "unexpected_continuation"),
        ("5.2", "fragmented_control_frame"),
        ("5.9", "unexpected_continuation"),
        ("6.", "invalid_utf8"),
        ("7.1.5", "close_inside_message"),
        ("7.3.2", "truncated_close_code"),
        ("7.3.6", "oversized_control_frame"),
        ("7.5.1", "invalid_close_reason"),
        // The client closes with 1002 or 1007 although nothing was wrong, and the server echoes the code.
        ("7.7.3", "unexplained"),
        ("7.7.5", "unexplained"),
        ("7.9.", "invalid_close_code"),
        ("7.13.", "invalid_close_code"),
    ];
    const EXACT: &[(&str, &str)] = &[("5.1", "fragmented_control_frame"), ("5.18", "interleaved_message")];
    let exact = EXACT.iter().find(|(case, _)| *case == id);
    let prefix = || RULES.iter().find(|(prefix, _)| id.starts_with(prefix));
    exact.or_else(prefix).map(|(_, rule)| *rule).unwrap_or_else(|| panic!("case {id} is not in the table"))
}

#[test]
fn the_cause_of_every_1002_and_1007() {
    let material = Material { facts: connections().into(), ..Material::default() };
    let report = Report::new(material, Language::English);
    let mut checked = 0;
    for (case, connection) in cases().iter().zip(&report.connections) {
        if case["wire_server"] == 1002 || case["wire_server"] == 1007 {
            let id = case["id"].as_str().unwrap();
            assert_eq!(connection.verdict.rule.name, objected_to(id), "case {id}: {}", case["description"]);
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked}");
}
