//! Checks the report on every fixture against `expected.json`, and against the records of the endpoints themselves.
//!
//! `UPDATE=1 cargo test --test suite fixtures::` rewrites the expectations, for review.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use whyclosed::catalog::Language;
use whyclosed::diagnose::RULES;
use whyclosed::report::Report;
use whyclosed::report::document::{Block, document};
use whyclosed::report::selection::Selection;

use crate::support::{contract, fixtures, reading};

fn report(path: &Path) -> Report {
    let mut material = reading::material(path).unwrap();
    for capture in &mut material.captures {
        capture.path = path.file_name().unwrap().to_string_lossy().into_owned();
    }
    Report::new(material, Language::English)
}

#[test]
fn reports_are_as_expected() {
    let mut differences = Vec::new();
    for (name, capture) in fixtures() {
        let given = serde_json::to_string_pretty(&report(&capture)).unwrap() + "\n";
        let path = capture.with_file_name("expected.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, given).unwrap();
        } else if std::fs::read_to_string(&path).ok().as_ref() != Some(&given) {
            differences.push(name);
        }
    }
    assert!(differences.is_empty(), "UPDATE=1 rewrites these, for review: {differences:#?}");
}

/// `truth.json` is a record of the endpoints, independent of this program.
#[test]
fn reports_are_true() {
    let mut faults = Vec::new();
    let mut checked = 0;
    for_each_truth(|name, expected, given| {
        checked += 1;
        let of_this = match given {
            None => vec![format!("no connection {} → {}", expected["client"], expected["server"])],
            Some(given) => compare(expected, given),
        };
        faults.extend(of_this.into_iter().map(|fault| format!("{name}: {fault}")));
    });
    assert!(checked > 130, "only {checked} connections");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Calls `each` with the name of every fixture, the truth about each of its connections, and the report's connection,
/// if any.
fn for_each_truth(mut each: impl FnMut(&str, &Value, Option<&Value>)) {
    for (name, capture) in fixtures() {
        let Ok(truth) = std::fs::read_to_string(capture.with_file_name("truth.json")) else {
            // Its record has another format, and a test of its own.
            assert_eq!(name, "autobahn", "{name} has no truth.json");
            continue;
        };
        let truth: Value = serde_json::from_str(&truth).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = serde_json::to_value(report(&capture)).unwrap();
        let all = truth["connections"].as_array().unwrap();
        let given = report["connections"].as_array().unwrap().len();
        assert!(!all.is_empty() || given == 0, "{name}: {given} connections where there is no WebSocket");
        for (at, expected) in all.iter().enumerate() {
            let same = |other: &&Value| other["client"] == expected["client"] && other["server"] == expected["server"];
            each(&name, expected, connection(&report, expected, all[..at].iter().filter(same).count()));
        }
    }
}

/// Returns the rules that fit a connection except for one fact.
fn nearly(expected: &Value) -> impl Iterator<Item = &str> {
    expected["nearly"].as_array().into_iter().flatten().map(|rule| rule.as_str().unwrap())
}

/// Returns whether a rule is given as the verdict, or as another finding with more than low confidence.
fn is_accused(given: &Value, rule: &str) -> bool {
    let is_more = |finding: &Value| finding["rule"] == rule && finding["confidence"] != "low";
    given["verdict"]["rule"] == rule || given["findings"].as_array().unwrap().iter().any(is_more)
}

/// Each rule must be given somewhere, and must not be given where all facts but one fit. The rule about encrypted closing
/// handshakes has a test of its own, in `outside`.
#[test]
fn every_rule_has_an_example_and_a_near_miss() {
    let (mut examples, mut near_misses) = (BTreeSet::new(), BTreeSet::new());
    for_each_truth(|name, expected, given| {
        let given = given.unwrap();
        let is_given = |rule: &str| {
            given["verdict"]["rule"] == rule
                || given["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == rule)
        };
        let named = ["rule", "also"].into_iter().filter_map(|field| expected[field].as_str());
        examples.extend(named.filter(|rule| is_given(rule)).map(str::to_owned));
        for near in nearly(expected) {
            assert!(RULES.iter().any(|rule| rule.name == near), "{name}: {near} is not a rule");
            assert!(!is_accused(given, near), "{name}: {near} is given");
            near_misses.insert(near.to_owned());
        }
    });
    let lacking = |shown: &BTreeSet<String>| -> Vec<_> {
        let names = RULES.iter().map(|rule| rule.name).filter(|name| *name != "close_handshake");
        names.filter(|name| !shown.contains(*name)).collect()
    };
    assert_eq!(lacking(&examples), [""; 0], "without an example");
    // The last rule always fits.
    assert_eq!(lacking(&near_misses), ["unexplained"], "without a near miss");
}

/// Two rules describe ends as they should be; every other verdict is worth a look.
#[test]
fn normal_ends_are_those_of_two_rules() {
    let mut normal = BTreeSet::new();
    for (name, capture) in fixtures() {
        for connection in report(&capture).connections {
            let rule = connection.verdict.rule.name;
            assert_eq!(connection.is_normal(), ["closed_normally", "going_away"].contains(&rule), "{name}: {rule}");
            normal.extend(connection.is_normal().then_some(rule));
        }
    }
    assert_eq!(normal.len(), 2, "{normal:?}");
}

/// The headline adds that a Close frame was not answered, unless the summary of the verdict says so.
#[test]
fn headlines_say_once_that_a_close_was_not_answered() {
    for (fixture, is_added) in [("close_unanswered", false), ("ping_unanswered", true)] {
        let capture = fixtures().into_iter().find(|(name, _)| name == fixture).unwrap().1;
        let blocks = document(&report(&capture), &Selection::default(), false, Language::English);
        let [Block::Headline(headline), ..] = blocks.as_slice() else { panic!("{fixture}: {blocks:?}") };
        assert_eq!(headline.contains("never answered the Close"), is_added, "{fixture}: {headline}");
    }
}

/// A missing field, a new field or another type is a change of the contract.
#[test]
fn reports_fit_their_schema() {
    for (name, capture) in fixtures() {
        let report = serde_json::to_value(report(&capture)).unwrap();
        assert_eq!(contract::breaches(&report), [""; 0], "{name}");
    }
    let (_, capture) = &fixtures()[0];
    let whole = serde_json::to_value(report(capture)).unwrap();
    for field in whole.as_object().unwrap().keys() {
        let mut less = whole.clone();
        less.as_object_mut().unwrap().remove(field);
        assert_eq!(contract::breaches(&less).len(), 1, "without {field}");
    }
    let mut other = whole.clone();
    other["connections"][0]["ending"] = "exploded".into();
    assert_eq!(contract::breaches(&other).len(), 1);
}

/// Returns the connection of a report between the expected endpoints, after skipping `before` of them.
fn connection<'r>(report: &'r Value, expected: &Value, before: usize) -> Option<&'r Value> {
    if let Some(stream) = expected.get("http2_stream") {
        let of_stream = |given: &&Value| given["client"] == expected["client"] && given["http2_stream"] == *stream;
        return report["connections"].as_array().unwrap().iter().find(of_stream);
    }
    let mut same = report["connections"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|given| given["client"] == expected["client"] && given["server"] == expected["server"]);
    same.nth(before)
}

/// Returns the differences between the report and the truth, for the facts that the truth states.
fn compare(expected: &Value, given: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |what: &str, expected: &Value, given: &Value| {
        if !expected.is_null() && expected != given {
            faults.push(format!("{what}: {expected} is true, {given} was given"));
        }
    };
    for field in ["ending", "closed_by"] {
        check(field, &expected[field], &given[field]);
    }
    for side in ["client", "server"] {
        check(side, &expected["endpoint_codes"][side], &given["endpoint_codes"][side]);
    }
    check("rule", &expected["rule"], &given["verdict"]["rule"]);
    let beside = |rule: &str| given["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == rule);
    if let Some(also) = expected["also"].as_str() {
        check("beside it", &also.into(), &if beside(also) { also.into() } else { Value::Null });
    }
    if let Some(not) = expected["not_beside"].as_str() {
        check("not beside it", &true.into(), &(!beside(not)).into());
    }
    for near in nearly(expected) {
        check("nearly", &true.into(), &(!is_accused(given, near)).into());
    }
    let tls = &given["tls"];
    for field in ["cipher", "sni", "alpn"] {
        // What stands in an encrypted handshake is not known without its keys, nor without the handshake.
        if !tls[field].is_null() {
            check(field, &expected["tls"][field], &tls[field]);
        }
    }
    if let Some(version) = expected["tls"]["version"].as_str() {
        let name = version.replace("TLSv", "TLS ");
        let name = if name == "TLS 1" { "TLS 1.0" } else { &name };
        check("version", &name.into(), &tls["version"]);
    }
    if let Some(closes) = expected["closes"].as_array() {
        for side in ["client", "server"] {
            let of = |closes: &[Value]| -> Vec<Value> {
                closes.iter().filter(|close| close["side"] == side).map(|close| close["code"].clone()).collect()
            };
            check(
                &format!("closes of the {side}"),
                &of(closes).into(),
                &of(given["closes"].as_array().unwrap()).into(),
            );
        }
    }
    faults
}
