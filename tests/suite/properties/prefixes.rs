//! A capture that ended earlier: its certain verdicts stay true when more is captured.

use serde_json::Value;
use whyclosed::diagnose::{RULES, Role};

use crate::support::{fixtures_in_memory, way};

/// Fixtures with many possible mistakes before the end is known.
const INSTRUCTIVE: &[&str] = &[
    "close_unanswered",
    "closed_normally",
    "crossed_closes",
    "desynchronised_stream",
    "handshake_refused_401",
    "handshake_invalid_accept",
    "http_after_upgrade",
    "invalid_close_code",
    "invalid_utf8_fragmented",
    "message_too_big",
    "peer_vanished",
    "ping_unanswered",
    "receiver_stalled",
    "reset_by_middlebox",
    "undecodable_deflate",
    "unmasked_client_frame",
];

#[test]
fn what_is_certain_stays_true() {
    let mut checked = 0;
    let mut faults = Vec::new();
    for fixture in fixtures_in_memory(2000).iter().filter(|fixture| INSTRUCTIVE.contains(&fixture.name.as_str())) {
        checked += 1;
        let report = |packets| serde_json::to_value(way::report(way::facts_of(packets))).unwrap();
        let whole = report(&fixture.packets);
        for len in 0..fixture.packets.len() {
            let prefix = report(&fixture.packets[..len]);
            for connection in prefix["connections"].as_array().unwrap() {
                faults.extend(
                    contradictions(connection, &whole)
                        .into_iter()
                        .map(|fault| format!("{}, {len} of {} packets: {fault}", fixture.name, fixture.packets.len())),
                );
            }
        }
    }
    assert!(checked >= 10, "only {checked} fixtures");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Returns the statements about a connection that the report of the whole capture contradicts.
fn contradictions(early: &Value, whole: &Value) -> Vec<String> {
    let same = |other: &&Value| {
        other["tcp_stream"] == early["tcp_stream"] && other["handshake"]["packet"] == early["handshake"]["packet"]
    };
    let Some(late) = whole["connections"].as_array().unwrap().iter().find(same) else {
        return vec![format!("the connection of stream {} is gone", early["tcp_stream"])];
    };
    let mut faults = Vec::new();
    for close in early["closes"].as_array().unwrap() {
        let is_same = |other: &&Value| other["packet"] == close["packet"] && other["side"] == close["side"];
        let found = late["closes"].as_array().unwrap().iter().find(is_same);
        if found.is_none_or(|found| found["code"] != close["code"]) {
            faults.push(format!("a Close with {} is gone", close["code"]));
        }
    }
    let (before, after) = (&early["verdict"], &late["verdict"]);
    let certain = |verdict: &Value| verdict["confidence"] == "certain";
    let described = RULES.iter().any(|rule| before["rule"] == rule.name && rule.role == Role::Description);
    // The verdict is also right if no response had come when the capture ended.
    let is_description = described || (before["rule"] == "handshake_unanswered" && early["closed_by"].is_null());
    if certain(before) && certain(after) && !is_description && before["rule"] != after["rule"] {
        faults.push(format!("{} was certain, and then {} was", before["rule"], after["rule"]));
    }
    faults
}
