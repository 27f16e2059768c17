//! The part of a report that does not depend on the transport by TCP.

use serde_json::Value;

use super::way::{facts, report};

/// Returns the report without packet numbers and times, and without the values derived from them.
pub fn essence(packets: &[Vec<u8>]) -> Value {
    let mut report = serde_json::to_value(report(facts(packets))).unwrap();
    report.as_object_mut().unwrap().remove("captures");
    strip(&mut report);
    // The note on duplicated packets is about the capture.
    let is_of_copies = |note: &Value| note.as_str().unwrap().contains("twice");
    report["notes"].as_array_mut().unwrap().retain(|note| !is_of_copies(note));
    for connection in report["connections"].as_array_mut().unwrap() {
        // The list follows the order of capture, but the roles do not depend on it.
        connection["visibility"].as_array_mut().unwrap().retain(|limit| limit != "duplicated_packets");
        connection["closes"].as_array_mut().unwrap().sort_by_key(|close| close["side"].to_string());
        connection["timeline"].as_array_mut().unwrap().sort_by_key(Value::to_string);
    }
    report
}

const OF_PACKETS: &[&str] = &[
    "packet", "packets", "filter", "time", "opened", "ended", "lifetime", "after", // positions and times
    "reaction", "waited", "idle", "silent", "stalled", "message", "apart", // derived evidence
    "summary", "cause", "fix", // texts that contain these values
];

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !OF_PACKETS.contains(&name.as_str()));
            // The decoder stops at the first invalid bytes: how many it had depends on the segments.
            if fields.get("rule").is_some_and(|rule| rule == "undecodable_deflate")
                && let Value::String(bytes) = &mut fields["evidence"]["bytes"]
            {
                bytes.truncate("00".len());
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Returns the differences between two reports.
pub fn differences(plain: &Value, changed: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    compare("", plain, changed, &mut differences);
    differences
}

fn compare(path: &str, plain: &Value, changed: &Value, differences: &mut Vec<String>) {
    match (plain, changed) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().for_each(|(name, value)| compare(&format!("{path}/{name}"), value, &b[name], differences));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).zip(0..).for_each(|((a, b), at)| compare(&format!("{path}/{at}"), a, b, differences));
        }
        _ if plain == changed => {}
        _ => differences.push(format!("{path}: {plain} became {changed}")),
    }
}
