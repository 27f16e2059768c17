//! Checks that answers name the mechanism, or the closer's own words, and mean what they name.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::support::{PROGRAM, below_fixtures, fixture, fixtures};

fn output(options: &[&str], capture: &Path) -> (i32, String) {
    let output = Command::new(PROGRAM).args(options).arg(capture).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn report(options: &[&str], capture: &Path) -> Value {
    serde_json::from_str(&output(&[&["--format", "json"], options].concat(), capture).1).unwrap()
}

/// Returns the numbers of the connections in a report.
fn ids(options: &[&str], capture: &Path) -> Vec<u64> {
    let report = report(options, capture);
    report["connections"].as_array().unwrap().iter().map(|connection| connection["id"].as_u64().unwrap()).collect()
}

#[test]
fn why_is_never_that_somebody_said_why() {
    for (name, capture) in fixtures() {
        for connection in report(&[], &capture)["connections"].as_array().unwrap() {
            let verdict = &connection["verdict"];
            let title = verdict["title"].as_str().unwrap();
            assert!(!title.contains("why"), "{name}: {title}");
            let said = verdict["evidence"]["reason"].as_str().or(verdict["evidence"]["text"].as_str());
            if ["closed_by_application", "peer_explained"].map(Value::from).contains(&verdict["rule"])
                && connection["registry"].is_null()
                && let Some(said) = said.filter(|said| !said.is_empty())
            {
                assert_eq!(title, format!("“{said}”"), "{name}");
            }
        }
    }
}

/// The documentation of a code by whoever chose it is the answer.
#[test]
fn a_teams_own_codes_are_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let codes = folder.path().join("codes.toml");
    std::fs::write(
        &codes,
        "name = \"Chat\"\nsource = \"https://chat.example/codes\"\n[evidence]\npaths = [\"*\"]\n[[code]]\ncode = 4401\n\
         name = \"Token expired\"\nmeaning = \"The token is too old.\"\ncause = \"It was issued an hour before.\"\n\
         fix = \"Renew the token, then reconnect.\"\nsender = \"server\"\nretry = \"login\"\n",
    )
    .unwrap();
    let (capture, codes) = (fixture("closed_by_application"), codes.to_str().unwrap());
    let verdict = report(&["--codes", codes], &capture)["connections"][0]["verdict"].clone();
    assert_eq!(verdict["title"], "Token expired");
    assert_eq!(verdict["cause"], "It was issued an hour before.");
    assert_eq!(verdict["fix"], "Renew the token, then reconnect.");
    let said = output(&["--codes", codes], &capture).1;
    assert_eq!(said.matches("Renew the token, then reconnect.").count(), 1, "{said}");
    assert!(!said.contains("4000"), "{said}");
}

/// The codes of the first Close frame and of endpoints are different questions.
#[test]
fn codes_are_those_on_the_wire() {
    let answered = fixture("close_code_rejected"); // 1014, answered with 1002
    let is_found = |options: &[&str], capture: &Path| !ids(options, capture).is_empty();
    assert!(is_found(&["--code", "1014"], &answered));
    assert!(!is_found(&["--code", "1002"], &answered));
    assert!(is_found(&["--reported-code", "1002"], &answered));
    assert!(!is_found(&["--reported-code", "1006"], &answered));

    let refused = fixture("handshake_refused_401");
    assert!(!is_found(&["--code", "1006"], &refused), "a refused attempt is no connection without a Close frame");
    assert_eq!(output(&["--fail-on", "1006"], &refused).0, 0);
    assert!(is_found(&["--reported-code", "1006"], &refused));

    let reset = fixture("reset_without_close");
    assert!(is_found(&["--code", "1006"], &reset));
    assert_eq!(output(&["--fail-on", "1006"], &reset).0, 1);
    assert!(is_found(&["--code", "1005"], &fixture("closed_without_code")));
}

/// A connection that is still open has not ended, abnormally or otherwise.
#[test]
fn open_connections_have_not_ended() {
    let headline = |names: &[&str]| {
        let files: Vec<_> = names.iter().map(|name| fixture(name)).collect();
        let output = Command::new(PROGRAM).args(["-q", "--fail-on", "abnormal"]).args(&files).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    };
    let (said, code) = headline(&["still_open", "closed_normally"]);
    assert_eq!(
        said,
        "1 of 2 WebSocket connections was still open when the capture ended; all others ended normally.\n"
    );
    assert_eq!(code, Some(0));
    let (said, code) = headline(&["still_open", "closed_normally", "invalid_utf8"]);
    let counted =
        "1 of 3 WebSocket connections and attempts did not end normally. 1 was still open when the capture ended. ";
    assert!(said.starts_with(counted), "{said}");
    assert_eq!(code, Some(1));
}

/// The second line names the capture and its time; times are as precise as is needed to tell connections apart.
#[test]
fn times_have_a_date_and_are_told_apart() {
    let (capture, many) = (fixture("invalid_utf8"), fixture("many"));
    let said = output(&[], &capture).1;
    assert!(said.contains("capture.pcapng · 15 packets · 2026-11-21 03:39:42 UTC\n"), "{said}");
    assert!(said.contains(" 03:39:42 ") && !said.contains("03:39:42."), "{said}");
    assert!(!output(&["-q"], &capture).1.contains("15 packets"));
    let said = output(&[], &many).1;
    assert!(said.contains(" 04:55:05.381 ") && said.contains(" 04:55:05.414 "), "{said}");
    for format in ["markdown", "html"] {
        let said = output(&["--format", format], &many).1;
        assert!(said.contains(" · 276 packets · 2026-11-21 04:55:05 UTC") && said.contains("04:55:05.381"), "{said}");
    }
}

/// Of equal bytes, the page marks the one at fault: both texts end within a letter whose first byte, ce, they begin with.
#[test]
fn the_byte_at_fault_is_marked_by_its_place() {
    let capture = below_fixtures("autobahn/capture.pcap.gz");
    let marked = |id: &str| {
        let page = output(&["--format", "html", "--connection", id], &capture).1;
        page.split("<pre>").nth(1).unwrap().split("</pre>").next().unwrap().to_owned()
    };
    assert_eq!(marked("90"), "ce ba e1 bd b9 cf 83 <mark>ce</mark>  .......<mark>.</mark>");
    let second = "bc <mark>ce</mark>                    .<mark>.</mark>";
    assert_eq!(marked("92"), format!("ce ba e1 bd b9 cf 83 ce  ........\n{second}"));
}

/// With more than one connection, the causes come first, the most frequent of them on top, and then the connections.
#[test]
fn causes_come_first() {
    let wide = |options: &[&str], name: &str| {
        let output = Command::new(PROGRAM).env("COLUMNS", "160").args(options).arg(fixture(name)).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let said = wide(&["--all"], "many");
    let table = said.split("What happened").nth(1).unwrap().split("Opened (UTC)").next().unwrap();
    let rows: Vec<_> = table.lines().filter(|line| line.contains("packet")).map(str::split_whitespace).collect();
    assert_eq!(rows.len(), 5, "{table}");
    let last = rows.into_iter().map(|words| words.collect::<Vec<_>>().join(" ")).find(|row| row.contains("RST"));
    // Of the 4 connections, all of one client to one server, the first is connection 5, reset by packet 69.
    assert_eq!(last.unwrap(), "Reset without Close RST, no Close client 4 1 1 04:55:05.494 04:55:05.941 #5, packet 69");
    // One connection is its own cause.
    assert!(!wide(&["--all"], "invalid_utf8").contains("What happened"));
    for format in ["markdown", "html"] {
        assert!(wide(&["--format", format], "many").contains("kicked by a moderator"), "{format}");
    }
}

/// `--sort` and `--top` mean the same in each format.
#[test]
fn connections_are_sorted_and_counted_off() {
    let many = fixture("many");
    let lifetimes = |options: &[&str]| -> Vec<f64> {
        let report = report(options, &many);
        report["connections"].as_array().unwrap().iter().map(|one| one["lifetime"].as_f64().unwrap()).collect()
    };
    let mut sorted = lifetimes(&[]);
    sorted.sort_by(|one, other| other.total_cmp(one));
    assert_eq!(lifetimes(&["--sort", "lifetime"]), sorted);
    assert_eq!(lifetimes(&["--sort", "lifetime", "--top", "3"]), sorted[..3]);
    let first = |options: &[&str]| ids(options, &many)[0];
    // Connections 1 and 6 ended normally; those without a code come last.
    assert_eq!([first(&[]), first(&["--sort", "severity"]), first(&["--sort", "code"])], [1, 2, 1]);
    let list = output(&["--format", "list", "--sort", "lifetime", "--top", "2"], &many).1;
    assert_eq!(list.lines().count(), 2, "{list}");
    let csv = output(&["--format", "csv", "--top", "2"], &many).1;
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let said = output(&["--top", "2"], &many).1;
    assert!(said.contains("14 more connections are not in this table: --top N"), "{said}");
}

/// Tables, lists and the second line have the times that were asked for; JSON has UTC.
#[test]
fn times_are_written_as_asked_for() {
    let capture = fixture("invalid_utf8");
    let said = |options: &[&str]| {
        let zone = "XYZ-2:30";
        let output =
            Command::new(PROGRAM).env("TZ", zone).env("COLUMNS", "160").args(options).arg(&capture).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let table = said(&["--time", "local"]);
    assert!(table.contains("2026-11-21 06:09:42 local time\n") && table.contains("Opened (local time)"), "{table}");
    assert!(table.contains(" 06:09:42 "), "{table}");
    assert!(said(&["--time", "local", "--format", "list"]).contains("  2026-11-21T06:09:42."));
    assert!(said(&["--time", "local", "--format", "list"]).contains("+02:30  "));
    assert!(said(&["--time", "epoch", "--format", "list"]).contains("1  1795232382."));
    let relative = said(&["--time", "relative"]);
    assert!(relative.contains("Opened (seconds") && relative.contains(" 0.0"), "{relative}");
    assert!(relative.contains("2026-11-21 03:39:42 UTC\n"), "{relative}");
    assert_eq!(said(&["--time", "local", "--format", "json"]), said(&["--format", "json"]));
}

/// `--since` and `--until` cut the capture in two: every connection ended in one part.
#[test]
fn a_period_selects_connections_by_their_end() {
    let many = fixture("many");
    let all = report(&[], &many);
    let ended: Vec<_> =
        all["connections"].as_array().unwrap().iter().map(|one| one["ended"].as_str().unwrap()).collect();
    let middle = ended[ended.len() / 2];
    let [before, since] = ["--until", "--since"].map(|option| ids(&[option, middle], &many));
    assert_eq!([before.len(), since.len()], [ended.len() / 2, ended.len() - ended.len() / 2]);
    assert_eq!([before, since].concat(), ids(&[], &many));
    // The first connections ended before 04:55:05.4; the capture begins at 04:55:05.345.
    assert_eq!(ids(&["--until", "04:55:05.4"], &many), [1, 2]);
    assert_eq!(ids(&["--until", "2026-11-21 04:55:05.4"], &many), [1, 2]);
    assert_eq!(ids(&["--until", "+50ms"], &many), [1, 2]);
    assert_eq!(ids(&["--since", "04:56"], &many), [0; 0]);
    assert_eq!(output(&["--since", "yesterday"], &many).0, 2);
}
