//! Compares the verdict of each connection with its known truth: all fixtures, the implementations of
//! `fixtures/matrix/`, and the Autobahn|Testsuite. No wrong verdict may have confidence `certain` or `high`.
//!
//! `cargo test --test suite confusion:: -- --nocapture` prints the table; `UPDATE=1` writes it to `fixtures/README.md`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;
use whyclosed::catalog::Language;
use whyclosed::diagnose::RULES;
use whyclosed::report::Report;

use super::autobahn::objected_to;
use crate::support::{below_fixtures, reading};

/// The heading of the table in `fixtures/README.md`.
const TABLE: &str = "\n## Which rule was given\n";

fn parsed(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// Returns the connections of the report on a capture, in their order.
fn connections(capture: &Path) -> Vec<Value> {
    let report = Report::new(reading::material(capture).unwrap(), Language::English);
    report.connections.iter().map(|connection| serde_json::to_value(connection).unwrap()).collect()
}

/// A connection whose truth is known, with the report on it.
struct Known {
    name: String,
    truth: Value,
    given: Value,
}

/// Pairs the connections of a truth with those of a report by their endpoints, in order.
fn paired(name: &str, truths: &Value, capture: &Path) -> Vec<Known> {
    let ends = |connection: &Value| (connection["client"].to_string(), connection["server"].to_string());
    let mut given: HashMap<_, std::collections::VecDeque<Value>> = HashMap::new();
    for connection in connections(capture) {
        given.entry(ends(&connection)).or_default().push_back(connection);
    }
    let all = truths["connections"].as_array().unwrap().iter();
    all.map(|truth| {
        let stimulus = truth["stimulus"].as_str().map_or(String::new(), |stimulus| format!(" {stimulus}"));
        let own = given.get_mut(&ends(truth)).and_then(|same| same.pop_front());
        Known { name: format!("{name}{stimulus}"), truth: truth.clone(), given: own.unwrap_or_default() }
    })
    .collect()
}

fn entries(folder: PathBuf) -> Vec<PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// Returns the connections of every fixture with a truth of its own.
fn fixtures() -> Vec<Known> {
    let with_truth = entries(below_fixtures("")).into_iter().filter(|folder| folder.join("truth.json").exists());
    with_truth
        .flat_map(|folder| {
            let is_capture = |file: &PathBuf| stem(file).starts_with("capture");
            let capture = entries(folder.clone()).into_iter().find(is_capture).unwrap();
            paired(&stem(&folder), &parsed(&folder.join("truth.json")), &capture)
        })
        .collect()
}

/// Returns the connections of the matrix: implementations, each provoked in many ways by a scripted peer.
fn matrix() -> Vec<Known> {
    let truths =
        entries(below_fixtures("matrix")).into_iter().filter(|file| file.extension().is_some_and(|end| end == "json"));
    truths
        .flat_map(|file| {
            let capture = file.with_extension("pcapng.gz");
            paired(&stem(&file), &parsed(&file), &capture)
        })
        .collect()
}

/// Returns the cases of the Autobahn|Testsuite, with the rule that each case's description calls for.
fn autobahn() -> Vec<Known> {
    let cases = parsed(&below_fixtures("autobahn").join("cases.json"));
    let given = connections(&below_fixtures("autobahn").join("capture.pcap.gz"));
    assert_eq!(cases.as_array().unwrap().len(), given.len());
    let cases = cases.as_array().unwrap().iter().zip(given);
    cases
        .map(|(case, given)| {
            let id = case["id"].as_str().unwrap();
            let truth = serde_json::json!({ "rule": called_for(id, case) });
            Known { name: format!("autobahn {id}"), truth, given }
        })
        .collect()
}

/// Returns the rule that a case calls for, by its description and the codes on the wire.
fn called_for(id: &str, case: &Value) -> &'static str {
    /// Rules by the client's own code, which the server echoes.
    const OWN: &[(u64, &str)] = &[
        (1000, "closed_normally"),
        (1001, "going_away"),
        (1008, "closed_by_application"),
        (1010, "closed_by_application"),
        (1011, "closed_by_application"),
    ];
    let (client, server) = (&case["wire_client"], &case["wire_server"]);
    // The client begins the end here, with the code that the server would send.
    if client == server && id != "5.1" {
        return match client.as_u64() {
            None => "closed_normally",
            Some(3000..) => "closed_by_application",
            // A code that signals an objection, although nothing was wrong.
            Some(code) => OWN.iter().find(|(own, _)| *own == code).map_or("unexplained", |(_, rule)| rule),
        };
    }
    objected_to(id)
}

/// Returns the rules that are correct for a connection: the first one, and equally correct ones.
fn rules(truth: &Value) -> Vec<&str> {
    let others = match &truth["or"] {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    [&truth["rule"]].into_iter().chain(others).filter_map(Value::as_str).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "cargo test -- --nocapture shows the table")]
fn nothing_wrong_is_sure() {
    let mut sets = String::new();
    let (mut pairs, mut sure, mut wrong) = (BTreeMap::<(String, String), usize>::new(), Vec::new(), Vec::new());
    for (set, all) in [("fixtures", fixtures()), ("matrix", matrix()), ("Autobahn Testsuite", autobahn())] {
        let (mut judged, mut right) = (0, 0);
        for Known { name, truth, given } in all {
            let expected = rules(&truth);
            let Some(first) = expected.first() else { continue };
            expected.iter().for_each(|rule| assert!(RULES.iter().any(|known| known.name == *rule), "{name}: {rule}"));
            let verdict = &given["verdict"];
            let (rule, confidence) = (verdict["rule"].as_str().unwrap_or("none"), &verdict["confidence"]);
            let is_right = expected.contains(&rule);
            judged += 1;
            right += usize::from(is_right);
            *pairs.entry(((*first).to_owned(), if is_right { *first } else { rule }.to_owned())).or_default() += 1;
            if !is_right {
                let fault = format!("{name}: {rule}, {confidence}, instead of {}", expected.join(" or "));
                if confidence == "certain" || confidence == "high" || confidence.is_null() {
                    sure.push(fault.clone());
                }
                wrong.push(fault);
            }
        }
        sets += &format!("| {set} | {judged} | {right} |\n");
    }
    let table = confusion(&sets, &pairs);
    println!("{table}\n{}", wrong.join("\n"));
    assert!(sure.is_empty(), "{}", sure.join("\n"));
    let path = below_fixtures("README.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, kept) = page.split_once(TABLE).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{TABLE}{table}")).unwrap();
    } else {
        assert_eq!(kept, table, "UPDATE=1 rewrites it, for review");
    }
}

/// Returns the sets and the pairs as Markdown. Each rule has a row, with the correct verdicts in one column and the
/// others beside.
fn confusion(sets: &str, pairs: &BTreeMap<(String, String), usize>) -> String {
    let mut rows = String::new();
    let mut rules: Vec<_> = pairs.keys().map(|(expected, _)| expected).collect();
    rules.dedup();
    for rule in rules {
        let of_rule = pairs.iter().filter(|((expected, _), _)| expected == rule);
        let (same, other): (Vec<_>, Vec<_>) = of_rule.partition(|((_, given), _)| given == rule);
        let others: Vec<_> = other.iter().map(|((_, given), count)| format!("{count} × `{given}`")).collect();
        let same: usize = same.iter().map(|(_, count)| **count).sum();
        rows += &format!("| `{rule}` | {same} | {} |\n", others.join(", "));
    }
    format!(
        "\nOf all connections whose truth names a rule. A test checks that no wrong verdict is `certain` or `high`. The rules were written with\n\
         these recordings at hand: the tables show what has broken since, not how good the rules are on captures that nobody has\n\
         seen.\n\n| set | connections | given that rule |\n|---|--:|--:|\n{sets}\n\
         | true rule | given it | given another |\n|---|--:|---|\n{rows}"
    )
}

/// Checks the codes, the closer, and the rules that must not be given, for every implementation.
#[test]
fn implementations_are_read_as_they_are() {
    let mut faults = Vec::new();
    let all = matrix();
    assert!(all.len() > 8000, "only {} connections", all.len());
    for Known { name, truth, given } in &all {
        if given.is_null() {
            // Not every request is for a WebSocket.
            let is_expected = truth["rule"].is_string() || !truth["closes"].as_array().is_none_or(Vec::is_empty);
            faults.extend(is_expected.then(|| format!("{name}: not reported")));
            continue;
        }
        if !truth["closed_by"].is_null() && truth["closed_by"] != given["closed_by"] {
            faults.push(format!("{name}: closed by {}, not {}", truth["closed_by"], given["closed_by"]));
        }
        for side in ["client", "server"] {
            let first = |closes: &Value| {
                let own = closes.as_array()?.iter().find(|close| close["side"] == side)?;
                Some(own["code"].clone())
            };
            if truth["closes"].is_array() && first(&truth["closes"]) != first(&given["closes"]) {
                faults.push(format!("{name}: Close of the {side}: {} is true, {}", truth["closes"], given["closes"]));
            }
        }
        for near in truth["nearly"].as_array().into_iter().flatten() {
            let is_accused = |finding: &Value| finding["rule"] == *near && finding["confidence"] != "low";
            let verdicts = [&given["verdict"]].into_iter().chain(given["findings"].as_array().unwrap());
            let sure = verdicts.filter(|finding| is_accused(finding) && finding["confidence"] != "medium");
            faults.extend(sure.map(|_| format!("{name}: {near} is given")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
