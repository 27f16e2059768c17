//! The connections as a table for spreadsheets (RFC 4180), one a row.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use serde::Serialize;

use super::harmless;
use crate::report::{Connection, Report, codes};

/// The columns' names, which stay as those of the JSON report do.
const HEADER: [&str; 32] = [
    "id",
    "tcp_stream",
    "client",
    "server",
    "host",
    "target",
    "status",
    "subprotocol",
    "opened",
    "ended",
    "lifetime",
    "ending",
    "closed_by",
    "code",
    "code_name",
    "reason",
    "client_code",
    "server_code",
    "rule",
    "confidence",
    "side",
    "title",
    "summary",
    "fix",
    "packets",
    "filter",
    "client_messages",
    "client_payload_bytes",
    "server_messages",
    "server_payload_bytes",
    "community_id",
    "visibility",
];

/// Writes the header and a row for every connection.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut rows =
        WriterBuilder::new().terminator(Terminator::CRLF).quote_style(QuoteStyle::Necessary).from_writer(out);
    rows.write_record(HEADER)?;
    for connection in &report.connections {
        rows.write_record(row(report, connection).map(|cell| defused(&cell)))?;
    }
    rows.flush()
}

fn row(report: &Report, connection: &Connection) -> [String; HEADER.len()] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |number: Option<u16>| number.map(|number| number.to_string()).unwrap_or_default();
    let packets: Vec<_> = connection.verdict.packets.iter().map(ToString::to_string).collect();
    let began = connection.closes.iter().find(|close| Some(close.side) == connection.closed_by);
    let named = connection.code().and_then(|code| codes::find(&report.codes, connection, code));
    let (handshake, verdict, traffic) = (&connection.handshake, &connection.verdict, &connection.traffic);
    [
        connection.id.to_string(),
        connection.tcp_stream.to_string(),
        connection.client.clone(),
        connection.server.clone(),
        text(&handshake.host),
        text(&handshake.target),
        number(handshake.status),
        text(&handshake.subprotocol),
        connection.opened.clone(),
        text(&connection.ended),
        connection.lifetime.to_string(),
        name(connection.ending),
        name(connection.closed_by),
        number(connection.code()),
        named.map(|code| code.name.clone()).unwrap_or_default(),
        began.map(|close| close.reason.clone()).unwrap_or_default(),
        number(connection.endpoint_codes.client),
        number(connection.endpoint_codes.server),
        verdict.rule.to_owned(),
        name(verdict.confidence),
        name(verdict.side),
        verdict.title.to_owned(),
        verdict.summary.to_string(),
        verdict.fix.to_string(),
        packets.join(" "),
        verdict.filter.clone(),
        traffic.client.messages.to_string(),
        traffic.client.payload_bytes.to_string(),
        traffic.server.messages.to_string(),
        traffic.server.payload_bytes.to_string(),
        connection.community_id.clone(),
        connection.visibility.join(" "),
    ]
}

/// The name that a value has in the JSON report; nothing for none.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

/// A cell that no spreadsheet takes for a formula, nor a terminal for a command.
fn defused(cell: &str) -> String {
    let harmless = harmless(cell);
    let is_formula = harmless.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']);
    if is_formula { format!("'{harmless}") } else { harmless }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "|calc", "%0A=1"] {
            assert!(defused(formula).starts_with(['\'', '\\']), "{formula}");
        }
        assert_eq!(defused("a=1"), "a=1");
    }
}
