//! TLS connections: with their keys they are read like others, and without them nothing of their contents is told.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use whyclosed::analyzer::{Analyzer, KeyLog};
use whyclosed::facts::Facts;
use whyclosed::limits;

use crate::support::captured::packets_of;
use crate::support::random::Random;
use crate::support::{PROGRAM, fixture, fixtures, way};

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

fn report(capture: &Path, more: &[&str]) -> Value {
    let output = run(&[&["--format", "json", capture.to_str().unwrap()], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn key_log(name: &str) -> String {
    fixture(name).with_file_name("keys.log").to_str().unwrap().to_owned()
}

/// Returns the fixtures with a key log beside their capture, and the log.
fn with_keys() -> Vec<(String, std::path::PathBuf, Vec<u8>)> {
    let log = |capture: &Path| fs::read(capture.with_file_name("keys.log")).ok();
    let all: Vec<_> =
        fixtures().into_iter().filter_map(|(name, capture)| Some((name, log(&capture)?, capture))).collect();
    assert!(all.len() > 50, "{} fixtures", all.len());
    all.into_iter().map(|(name, log, capture)| (name, capture, log)).collect()
}

fn is_decrypted(facts: &Facts) -> bool {
    facts.rare.session.as_ref().is_some_and(|session| session.is_decrypted())
}

#[test]
fn nothing_of_the_contents_is_told_without_keys() {
    for name in ["wss_closed_by_application", "wss_invalid_utf8", "wss_going_away", "wss_tls12_cbc"] {
        let output = run(&["--format", "json", "--all", "--verbose", fixture(name).to_str().unwrap()]);
        let told = String::from_utf8(output.stdout).unwrap();
        for text in ["session expired", "4401", "4311", "\"code\": 1", "Sec-WebSocket", "GET /"] {
            assert!(!told.contains(text), "{name}: {text}");
        }
        let (is_listed, is_noted) = (told.contains("\"no_keys\""), told.contains("could not be read"));
        assert!(is_listed || (is_noted && told.contains("--keylog")), "{name}: {told}");
        assert!(told.contains("whyclosed explain keys"), "{name}: {told}");
    }
}

#[test]
fn a_key_log_is_enough_and_the_report_says_what_it_was_good_for() {
    let capture = fixture("wss_closed_by_application");
    let report = report(&capture, &["--keylog", &key_log("wss_closed_by_application")]);
    let connection = &report["connections"][0];
    assert_eq!(connection["closes"][0]["code"], 4401);
    assert_eq!(connection["encrypted"], true);
    let tls = &connection["tls"];
    assert_eq!((&tls["decrypted"], &tls["keys_from"]), (&true.into(), &"key_log".into()), "{tls}");
    assert!(report["notes"][0].as_str().unwrap().contains("1 of 1 TLS connection"), "{}", report["notes"]);
}

#[test]
fn a_key_log_of_another_session_is_said_to_be_one() {
    let capture = fixture("wss_closed_by_application");
    let report = report(&capture, &["--keylog", &key_log("wss_going_away")]);
    assert_eq!(report["connections"].as_array().unwrap().len(), 0);
    let notes = report["notes"].to_string();
    assert!(notes.contains("0 of 1 TLS connection") && notes.contains("other sessions"), "{notes}");
}

#[test]
fn a_key_log_that_is_not_there_is_an_error() {
    let missing = run(&["--keylog", "no/such.log", fixture("wss_closed_normally").to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no/such.log"));
}

/// A key log whose secrets have the right form and a wrong digit each.
#[test]
fn wrong_keys_of_the_right_form_decrypt_nothing() {
    for (name, capture, log) in with_keys() {
        let packets = packets_of(&capture);
        assert!(
            way::facts_with_keys(&packets, &log).iter().any(|facts| is_decrypted(facts))
                || name.contains("another")
                || name.contains("tls12_late"),
            "{name}"
        );
        let wrong: String = String::from_utf8_lossy(&log)
            .lines()
            .map(|line| {
                let end = line.trim_end();
                let digit = if end.ends_with('0') { "1" } else { "0" };
                format!("{}{digit}\n", end.get(..end.len().saturating_sub(1)).unwrap_or_default())
            })
            .collect();
        // The logs with lines that run together have right secrets within.
        if !name.contains("run_together") && !name.contains("late") && !name.contains("twice") {
            let decrypted =
                way::facts_with_keys(&packets, wrong.as_bytes()).iter().filter(|facts| is_decrypted(facts)).count();
            assert_eq!(decrypted, 0, "{name}");
        }
    }
}

#[test]
fn a_key_log_of_junk_takes_bounded_memory() {
    let (mut analyzer, mut log, mut facts) = (Analyzer::default(), KeyLog::default(), Vec::new());
    let mut random = Random::new(7);
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let session = hex(random.bytes(32));
    for round in 0..2 * limits::KEYS {
        let line = match round % 4 {
            0 => format!("CLIENT_RANDOM {} {}\n", hex(random.bytes(32)), hex(random.bytes(48))),
            // One session with very many secrets.
            1 => format!("CLIENT_TRAFFIC_SECRET_0 {session} {}\n", hex(random.bytes(32))),
            2 => format!("{}\r\n", hex(random.bytes(20))),
            _ => "x".repeat(50),
        };
        analyzer.push_keys(&mut log, line.as_bytes(), &mut facts);
    }
    assert!((1..=limits::KEYS).contains(&analyzer.sessions_with_keys()), "{}", analyzer.sessions_with_keys());
}

/// A slice takes the keys of its connections along if it is asked to, and can then be read by itself.
#[test]
fn a_slice_takes_the_keys_of_a_key_log_along() {
    let folder = tempfile::tempdir().unwrap();
    let slice = folder.path().join("slice.pcapng");
    let (capture, log) = (fixture("wss_closed_by_application"), key_log("wss_closed_by_application"));
    let cut = |more: &[&str]| {
        let which =
            ["slice", "--code", "4401", "--keylog", &log, capture.to_str().unwrap(), "-o", slice.to_str().unwrap()];
        let output = run(&[&which, more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    cut(&[]);
    assert_eq!(report(&slice, &[])["connections"].as_array().unwrap().len(), 0, "no keys, unless they are asked for");
    cut(&["--with-keys"]);
    let report = report(&slice, &[]);
    assert_eq!(report["connections"][0]["closes"][0]["code"], 4401);
    assert_eq!(report["connections"][0]["tls"]["keys_from"], "secrets_block");
    cut(&["--redact"]);
    let bytes = fs::read(&slice).unwrap();
    let secret = fs::read_to_string(&log).unwrap();
    let secret =
        secret.lines().find(|line| line.starts_with("CLIENT_TRAFFIC")).unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "a redacted slice has no keys");
}
