//! Checks what the report says of encrypted connections without their keys, against the records of the endpoints.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use whyclosed::catalog::Language;
use whyclosed::diagnose::RULES;
use whyclosed::render::{csv, html, list, markdown, ndjson, terminal};
use whyclosed::report::Report;
use whyclosed::report::document::{self, Block, document};
use whyclosed::report::selection::Selection;

use crate::support::{PROGRAM, contract, fixture, fixtures, reading};

/// The servers of the fixtures, as the user would name them.
const WSS: [&str; 2] = ["8443", "chat.example.com"];

/// A recorded TLS connection.
struct Recorded {
    fixture: String,
    /// The record of the endpoints.
    truth: Value,
    /// The report on it as an encrypted connection; `None` if it is not among those.
    given: Option<Value>,
}

impl Recorded {
    /// Returns whether a Close frame and its answer passed.
    fn has_closing_handshake(&self) -> bool {
        match &self.truth["closing_handshake"] {
            Value::Bool(has) => *has,
            _ => self.truth["ending"] == "close_handshake",
        }
    }

    fn is_websocket(&self) -> bool {
        self.truth["websocket"] != false
    }

    /// Returns whether its cipher suite authenticates, so that sizes are exact.
    fn has_exact_sizes(&self) -> bool {
        let cipher = self.truth["tls"]["cipher"].as_str().unwrap_or_default();
        ["GCM", "CHACHA20", "CCM"].iter().any(|aead| cipher.contains(aead))
    }

    fn says(&self, field: &str, value: &str) -> bool {
        self.given.as_ref().is_some_and(|given| given[field] == value)
    }
}

/// Reads a fixture without its keys.
fn report(capture: &Path, wss: &[&str]) -> Report {
    Report::new(reading::material_without_keys(capture, wss).unwrap(), Language::English)
}

/// Returns the fixtures with TLS that outlived its handshake.
fn captures() -> Vec<(String, PathBuf)> {
    let is_tls = |name: &str| name.starts_with("wss_") || name.starts_with("many_wss_") || name.contains("_https_");
    let all: Vec<_> = fixtures().into_iter().filter(|(name, _)| is_tls(name)).collect();
    assert!(all.len() > 60, "only {} captures", all.len());
    all
}

/// Returns every recorded TLS connection, but those of HTTP/2, which carry several WebSockets at a time: from outside, these
/// look like one, and none of them is recognised.
fn recorded(wss: &[&str]) -> Vec<Recorded> {
    let mut all = Vec::new();
    for (fixture, capture) in captures().into_iter().filter(|(name, _)| !name.starts_with("wss_http2_")) {
        let truth = std::fs::read_to_string(capture.with_file_name("truth.json")).unwrap();
        let truth: Value = serde_json::from_str(&truth).unwrap();
        let report = serde_json::to_value(report(&capture, wss)).unwrap();
        let mut given = report["encrypted"].as_array().cloned().unwrap_or_default();
        let list = |name: &str| truth[name].as_array().cloned().unwrap_or_default();
        let is_tls = |one: &Value| !one["tls"].is_null() || one["websocket"] == false;
        for truth in [list("connections"), list("encrypted")].concat().into_iter().filter(is_tls) {
            let at = given.iter().position(|one| one["client"] == truth["client"] && one["server"] == truth["server"]);
            let given = at.map(|at| given.remove(at));
            all.push(Recorded { fixture: fixture.clone(), truth, given });
        }
        assert!(given.is_empty(), "{fixture}: connections that nobody made");
    }
    all
}

#[test]
fn nine_in_ten_closing_handshakes_are_recognised_by_their_sizes() {
    let (mut closed, mut missed) = (0, Vec::new());
    for one in recorded(&WSS) {
        if one.is_websocket() && one.has_closing_handshake() && one.has_exact_sizes() && one.given.is_some() {
            closed += 1;
            if !one.says("ending", "close_handshake") {
                missed.push(format!("{} {}", one.fixture, one.truth["client"]));
            }
        }
    }
    assert!(closed > 150, "only {closed} closing handshakes");
    assert!(missed.len() * 10 <= closed, "{} of {closed}: {missed:#?}", missed.len());
}

#[test]
fn no_closing_handshake_is_claimed_where_there_was_none() {
    for wss in [&WSS[..], &[]] {
        let (mut others, mut claimed) = (0, Vec::new());
        for one in recorded(wss) {
            let is_claimed = one.given.as_ref().is_some_and(|given| {
                let is_rule = |finding: &Value| finding["rule"] == "close_handshake";
                given["ending"] == "close_handshake"
                    || is_rule(&given["verdict"])
                    || given["findings"].as_array().unwrap().iter().any(is_rule)
            });
            if !one.is_websocket() || !one.has_closing_handshake() {
                others += 1;
                claimed.extend(is_claimed.then(|| format!("{} {}", one.fixture, one.truth["client"])));
            }
            assert!(!is_claimed || one.has_exact_sizes(), "{}: sizes are not exact", one.fixture);
        }
        assert!(others > 100, "only {others} others");
        assert_eq!(claimed, [""; 0], "{wss:?}");
    }
}

/// Without the user's word, neither downloads nor polls nor events nor HTTP/2 are listed; most WebSockets are.
#[test]
fn shapes_are_those_of_websockets() {
    let (mut websockets, mut listed) = (0, 0);
    for one in recorded(&[]) {
        if one.is_websocket() {
            websockets += 1;
            listed += usize::from(one.given.is_some());
            assert!(one.given.is_none() || one.says("websocket", "shape"));
        } else {
            assert!(one.given.is_none(), "{}: {}", one.fixture, one.truth["client"]);
        }
    }
    assert!(listed * 3 > websockets * 2, "{listed} of {websockets}");
    let named = recorded(&WSS).into_iter().filter(Recorded::is_websocket);
    assert!(named.filter(|one| one.given.is_some()).all(|one| one.says("websocket", "named")));
}

#[test]
fn the_side_that_ends_it_is_right_where_anything_shows_it() {
    let mut checked = 0;
    for one in recorded(&WSS) {
        let Some(given) = &one.given else { continue };
        let (ending, by) = (&one.truth["ending"], &one.truth["closed_by"]);
        // An unrecognised or unanswered Close frame is not seen.
        let is_shown = given["ending"] == "close_handshake" || ending == "fin" || ending == "reset";
        if is_shown && by.is_string() {
            checked += 1;
            assert_eq!(given["closed_by"], *by, "{} {}", one.fixture, one.truth["client"]);
        }
        if !one.has_exact_sizes() && one.is_websocket() && one.has_closing_handshake() {
            assert_eq!(given["closed_by"], Value::Null, "{} {}", one.fixture, one.truth["client"]);
        }
    }
    assert!(checked > 150, "only {checked} connections");
}

/// Only rules that need no plaintext are given, none of them is certain of a cause, and no code or text is told.
#[test]
fn nothing_of_the_contents_is_told() {
    let allowed: BTreeSet<_> = RULES.iter().filter(|rule| rule.needs_no_plaintext).map(|rule| rule.name).collect();
    assert_eq!(allowed.len(), 13);
    for (name, capture) in captures() {
        let report = report(&capture, &WSS);
        let truth = std::fs::read_to_string(capture.with_file_name("truth.json")).unwrap();
        let truth: Value = serde_json::from_str(&truth).unwrap();
        let closes =
            ["connections", "encrypted"].into_iter().flat_map(|list| truth[list].as_array().into_iter().flatten());
        let closes = closes.filter_map(|one| one["closes"].as_array()).flatten();
        let reasons: Vec<_> =
            closes.filter_map(|close| close["reason"].as_str()).filter(|reason| reason.len() > 8).collect();
        for encrypted in &report.encrypted {
            for finding in [&*encrypted.verdict].into_iter().chain(&encrypted.findings) {
                assert!(allowed.contains(finding.rule.name), "{name}: {}", finding.rule.name);
                let is_certain = serde_json::to_value(finding.confidence).unwrap() == "certain";
                assert!(!is_certain || !finding.is_cause, "{name}: {}", finding.rule.name);
                let told = finding.evidence.names();
                assert!(!told.into_iter().any(|name| name == "code"), "{name}: {}", finding.rule.name);
            }
        }
        for (format, text) in formats(&report) {
            // What a proxy passes on in plain text is in the report.
            if !report.encrypted.is_empty() && report.connections.is_empty() {
                let told = reasons.iter().find(|reason| text.contains(**reason));
                assert_eq!(told, None, "{name}, {format}");
            }
        }
    }
}

/// Returns the report in every format.
fn formats(report: &Report) -> Vec<(&'static str, String)> {
    let selection = Selection { all: true, ..Selection::default() };
    let blocks = document(report, &selection, true, Language::English);
    let text = |render: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        render(&mut out);
        String::from_utf8(out).unwrap()
    };
    vec![
        ("json", serde_json::to_string(report).unwrap()),
        ("ndjson", text(&|out| ndjson::render(report, out).unwrap())),
        ("csv", text(&|out| csv::render(report, out).unwrap())),
        (
            "list",
            text(&|out| list::render(&document::list(report, &selection, Language::English), false, out).unwrap()),
        ),
        ("markdown", text(&|out| markdown::render(&blocks, out).unwrap())),
        ("html", text(&|out| html::render(report, &selection, Language::English, out).unwrap())),
        ("terminal", text(&|out| terminal::render(&blocks, terminal::Look { width: 120, color: false }, out).unwrap())),
    ]
}

#[test]
fn every_format_lists_them_behind_the_answer() {
    let report = report(&fixture("many_wss_python"), &WSS);
    assert_eq!(report.connections.len(), 0);
    let encrypted = report.encrypted.len();
    for (format, text) in formats(&report) {
        let listed = report.encrypted.iter().filter(|one| text.contains(&one.client)).count();
        assert_eq!(listed, encrypted, "{format}");
        if !["json", "ndjson", "csv", "list"].contains(&format) {
            assert!(text.contains("Encrypted, seen from outside"), "{format}");
        }
    }
    let value = serde_json::to_value(&report).unwrap();
    assert_eq!(contract::breaches(&value), [""; 0]);
    let lines = formats(&report).remove(1).1;
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["websocket"] == "named"));
}

#[test]
fn those_that_ended_abnormally_come_first() {
    let report = report(&fixture("many_wss_python"), &WSS);
    let rows = |selection: &Selection| {
        let blocks = document(&report, selection, false, Language::English);
        let Some(Block::Annex(annex)) = blocks.into_iter().find(|block| matches!(block, Block::Annex(_))) else {
            return Vec::new();
        };
        annex.table.rows.into_iter().map(|row| row.cells[0].clone()).collect()
    };
    let is_abnormal = |id: &String| report.encrypted[id[1..].parse::<usize>().unwrap() - 1].is_abnormal();
    let some = rows(&Selection::default());
    let all = rows(&Selection { all: true, ..Selection::default() });
    assert_eq!((some.len(), all.len()), (10, report.encrypted.len()));
    assert!(some.iter().all(is_abnormal));
    assert!(all.is_sorted_by_key(|id| !is_abnormal(id)));
    assert_eq!(rows(&Selection { ids: [1].into(), ..Selection::default() }), [""; 0], "another was asked for");
}

/// Encrypted connections change neither the answer about decoded ones nor the exit code, and count nowhere else.
#[test]
fn decoded_connections_are_never_outweighed() {
    let plain = fixture("closed_normally");
    let run = |captures: &[&Path], options: &[&str]| {
        let output = Command::new(PROGRAM).args(captures).args(options).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let many = fixture("many_wss_python");
    let both = [plain.as_path(), many.as_path()];
    let named = ["--wss", "8443"];
    let quiet = [&named[..], &["--quiet"]].concat();
    assert_eq!(run(&both, &quiet).1, run(&both[..1], &["--quiet"]).1, "the headline");
    for failure in ["abnormal", "1006"] {
        let options = [&quiet[..], &["--fail-on", failure]].concat();
        assert_eq!(run(&both, &options).0, Some(0), "{failure}");
    }
    let whole: Value = serde_json::from_str(&run(&both, &[&named[..], &["--format", "json"]].concat()).1).unwrap();
    let alone: Value = serde_json::from_str(&run(&both[..1], &["--format", "json"]).1).unwrap();
    assert_eq!(whole["codes"], alone["codes"]);
    assert_eq!(whole["connections"].as_array().unwrap().len(), 1);
    assert_eq!(whole["encrypted"].as_array().unwrap().len(), 42);
    assert_eq!(alone.get("encrypted"), None);
    let narrow = run(&both, &[&named[..], &["--format", "json", "--connection", "1"]].concat()).1;
    assert_eq!(serde_json::from_str::<Value>(&narrow).unwrap().get("encrypted"), None);
}

/// Both legs of a proxy that ends TLS: only times show that they belong together.
#[test]
fn a_proxy_is_found_by_its_times() {
    let report = report(&fixture("wss_proxy_cut"), &WSS);
    let [one] = report.encrypted.as_slice() else { panic!("{:?}", report.encrypted) };
    assert_eq!((one.verdict.rule.name, &one.verdict.packets[..]), ("proxy_cut", &[31][..]));
    for other in ["wss_closed_through_proxy", "wss_ended_behind_proxy"] {
        let report = self::report(&fixture(other), &WSS);
        assert!(report.encrypted.iter().all(|one| one.verdict.rule.name != "proxy_cut"), "{other}");
    }
}

/// A word that names no server is refused, and one that names another server changes nothing.
#[test]
fn wss_names_servers() {
    let capture = fixture("wss_server_killed");
    for (wss, listed) in
        [("8443", 1), ("127.0.0.1", 1), ("CHAT.example.com:8443", 1), ("443", 0), ("other.example.com", 0)]
    {
        assert_eq!(report(&capture, &[wss]).encrypted.len(), listed, "{wss}");
    }
    let refused = Command::new(PROGRAM).arg(&capture).args(["--wss", "wss://chat.example.com"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}
