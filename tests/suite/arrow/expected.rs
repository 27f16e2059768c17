//! The rows that the tables must have, by the JSON report: a second account of each column.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Returns the rows of the table of connections for a JSON report.
pub fn connections(report: &Value) -> Vec<Map<String, Value>> {
    let of = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let inside = of("connections").into_iter().map(|one| row(&one, true));
    inside.chain(of("encrypted").into_iter().map(|one| row(&one, false))).collect()
}

fn row(one: &Value, is_inside: bool) -> Map<String, Value> {
    let (handshake, verdict) = (&one["handshake"], &one["verdict"]);
    let (client, server) = (endpoint(&one["client"]), endpoint(&one["server"]));
    let codes = &one["endpoint_codes"];
    let row = json!({
        "sensor": null,
        "file": one["files"][0],
        "connection": if is_inside { one["id"].clone() } else { Value::Null },
        "tcp_stream": one["tcp_stream"],
        "http2_stream": one["http2_stream"],
        "client_ip": client.0,
        "client_port": client.1,
        "server_ip": server.0,
        "server_port": server.1,
        "encrypted": if is_inside { one["encrypted"].clone() } else { true.into() },
        "host": if is_inside { &handshake["host"] } else { &one["tls"]["sni"] },
        "target": handshake["target"],
        "status": handshake["status"],
        "subprotocol": handshake["subprotocol"],
        "user_agent": handshake["user_agent"],
        "server_header": handshake["server"],
        "opened": micros(&one["opened"]),
        "opened_ns": nanos(&one["opened"]),
        "ended": micros(&one["ended"]),
        "ended_ns": nanos(&one["ended"]),
        "lifetime": one["lifetime"],
        "ending": one["ending"],
        "closed_by": one["closed_by"],
        "close_code": if is_inside { close_code(one) } else { Value::Null },
        "close_reason": first_close(one).map_or(Value::Null, |close| close["reason"].clone()),
        "client_api_code": codes["client"],
        "server_api_code": codes["server"],
        "rule": verdict["rule"],
        "confidence": verdict["confidence"],
        "side": verdict["side"],
        "title": verdict["title"],
        "summary": verdict["summary"],
        "fix": verdict["fix"],
        "packets": packets(verdict, one),
        "filter": verdict["filter"],
        "closes": each(&one["closes"], |close| {
            let mut close = close.clone();
            close["time"] = micros(&close["time"]);
            close
        }),
        "findings": each(&one["findings"], |finding| {
            let named = ["rule", "is_cause", "confidence", "side", "filter", "title", "summary"];
            let parts = named.map(|name| (name.to_owned(), finding[name].clone()));
            let packets = ("packets".to_owned(), packets(finding, one));
            parts.into_iter().chain([packets]).collect::<Map<_, _>>().into()
        }),
        "traffic": if is_inside { one["traffic"].clone() } else { outside(&one["records"]) },
        "community_id": one["community_id"],
        "visibility": one["visibility"],
        "files": one["files"],
    });
    let Value::Object(mut row) = row else { unreachable!() };
    for name in ["continues_before", "continues_after"] {
        row.insert(name.to_owned(), one["continuity"][name].as_bool().unwrap_or_default().into());
    }
    for name in ["client_first_seq", "client_next_seq", "server_first_seq", "server_next_seq"] {
        row.insert(name.to_owned(), one["continuity"][name].clone());
    }
    row
}

/// Returns an address and a port: `127.0.0.1:80`, `[::1]:80`.
fn endpoint(text: &Value) -> (String, u64) {
    let (address, port) = text.as_str().unwrap().rsplit_once(':').unwrap();
    (address.trim_matches(['[', ']']).to_owned(), port.parse().unwrap())
}

fn nanos(time: &Value) -> Value {
    let nanos = |text: &str| i64::try_from(text.parse::<Timestamp>().unwrap().as_nanosecond()).unwrap();
    time.as_str().map_or(Value::Null, |text| nanos(text).into())
}

fn micros(time: &Value) -> Value {
    nanos(time).as_i64().map_or(Value::Null, |nanos| nanos.div_euclid(1000).into())
}

fn each(list: &Value, of: impl Fn(&Value) -> Value) -> Value {
    list.as_array().into_iter().flatten().map(of).collect()
}

fn first_close(one: &Value) -> Option<&Value> {
    one["closes"].as_array()?.iter().find(|close| close["side"] == one["closed_by"])
}

/// Returns the code of the end, as the README has it: that on the wire, 1005 for a Close frame without one, 1006 without a
/// Close frame.
fn close_code(one: &Value) -> Value {
    match one["ending"].as_str().unwrap() {
        "close_handshake" | "close_unanswered" => match first_close(one) {
            Some(close) if close["code"].is_null() && close["complete"] == true => 1005.into(),
            close => close.map_or(Value::Null, |close| close["code"].clone()),
        },
        "fin" | "reset" | "end_stream" | "stream_reset" => 1006.into(),
        _ => Value::Null,
    }
}

fn packets(finding: &Value, one: &Value) -> Value {
    match finding.get("in_files") {
        Some(places) => places.clone(),
        None => {
            let files = one["files"].as_array().unwrap();
            let file = if files.len() == 1 { files[0].clone() } else { Value::Null };
            each(&finding["packets"], |packet| json!({ "file": file, "packet": packet }))
        }
    }
}

fn outside(records: &Value) -> Value {
    let sent = |side: &str| json!({ "frames": null, "messages": null, "payload_bytes": records[side]["bytes"], "pings": null, "pongs": null });
    json!({ "client": sent("client"), "server": sent("server") })
}
