//! The connections as a table for spreadsheets (RFC 4180), one row each.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use serde::Serialize;

use super::sanitized;
use crate::report::{Connection, Encrypted, Files, Finding, Report, codes};

/// A column: its name, and a function that returns its cell for a connection.
type Column = (&'static str, fn(&Row<'_>) -> String);

/// The columns. Their names are stable, as those of the JSON report are.
const COLUMNS: [Column; 33] = [
    ("id", |row| row.connection.id.to_string()),
    ("tcp_stream", |row| row.connection.tcp_stream.to_string()),
    ("client", |row| row.connection.client.clone()),
    ("server", |row| row.connection.server.clone()),
    ("host", |row| text(row.connection.handshake.host.as_deref())),
    ("target", |row| text(row.connection.handshake.target.as_deref())),
    ("status", |row| number(row.connection.handshake.status)),
    ("subprotocol", |row| text(row.connection.handshake.subprotocol.as_deref())),
    ("opened", |row| row.connection.opened.clone()),
    ("ended", |row| text(row.connection.ended.as_deref())),
    ("lifetime", |row| row.connection.lifetime.to_string()),
    ("ending", |row| name(row.connection.ending)),
    ("closed_by", |row| name(row.connection.closed_by)),
    ("code", |row| number(row.connection.code())),
    ("code_name", |row| text(row.code_name())),
    ("reason", |row| text(row.reason())),
    ("client_code", |row| number(row.connection.endpoint_codes.client)),
    ("server_code", |row| number(row.connection.endpoint_codes.server)),
    ("rule", |row| row.connection.verdict.rule.name.to_owned()),
    ("confidence", |row| name(row.connection.verdict.confidence)),
    ("side", |row| name(row.connection.verdict.side)),
    ("title", |row| row.connection.verdict.title.to_string()),
    ("summary", |row| row.connection.verdict.summary.to_string()),
    ("fix", |row| row.connection.verdict.fix.to_string()),
    ("packets", |row| packets(&row.connection.verdict)),
    ("filter", |row| row.connection.verdict.filter.clone()),
    ("client_messages", |row| row.connection.traffic.client.messages.to_string()),
    ("client_payload_bytes", |row| row.connection.traffic.client.payload_bytes.to_string()),
    ("server_messages", |row| row.connection.traffic.server.messages.to_string()),
    ("server_payload_bytes", |row| row.connection.traffic.server.payload_bytes.to_string()),
    ("community_id", |row| row.connection.community_id.clone()),
    ("visibility", |row| row.connection.visibility.join(" ")),
    ("files", |row| files(&row.connection.files)),
];

/// Writes the header and a row for every connection.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut rows =
        WriterBuilder::new().terminator(Terminator::CRLF).quote_style(QuoteStyle::Necessary).from_writer(out);
    rows.write_record(COLUMNS.map(|(name, _)| name)).map_err(plain)?;
    for connection in &report.connections {
        let row = Row { report, connection };
        rows.write_record(COLUMNS.map(|(_, cell)| escape_formula(&cell(&row)))).map_err(plain)?;
    }
    for encrypted in &report.encrypted {
        rows.write_record(COLUMNS.map(|(column, _)| escape_formula(&outside(encrypted, column)))).map_err(plain)?;
    }
    rows.flush()
}

/// Returns the system's error, whose kind says whether the reader has closed the pipe.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Returns the cell of an encrypted connection. It has no number among the connections, no code and no message, and `no_keys`
/// is among the limits of its view.
fn outside(encrypted: &Encrypted, column: &str) -> String {
    let Encrypted { verdict, records, .. } = encrypted;
    match column {
        "id" => format!("e{}", encrypted.id),
        "tcp_stream" => encrypted.tcp_stream.to_string(),
        "client" => encrypted.client.clone(),
        "server" => encrypted.server.clone(),
        "host" => text(encrypted.server_name()),
        "opened" => encrypted.opened.clone(),
        "ended" => text(encrypted.ended.as_deref()),
        "lifetime" => encrypted.lifetime.to_string(),
        "ending" => name(encrypted.ending),
        "closed_by" => name(encrypted.closed_by),
        "rule" => verdict.rule.name.to_owned(),
        "confidence" => name(verdict.confidence),
        "side" => name(verdict.side),
        "title" => verdict.title.to_string(),
        "summary" => verdict.summary.to_string(),
        "fix" => verdict.fix.to_string(),
        "packets" => packets(verdict),
        "filter" => verdict.filter.clone(),
        "client_payload_bytes" => records.client.bytes.to_string(),
        "server_payload_bytes" => records.server.bytes.to_string(),
        "community_id" => encrypted.community_id.clone(),
        "visibility" => encrypted.visibility.join(" "),
        "files" => files(&encrypted.files),
        _ => String::new(),
    }
}

/// Returns the paths of files, separated by semicolons.
fn files(files: &Files) -> String {
    files.join("; ")
}

/// Returns the numbers of the packets that prove a verdict, separated by spaces.
fn packets(verdict: &Finding) -> String {
    let packets: Vec<_> = verdict.packets.iter().map(ToString::to_string).collect();
    packets.join(" ")
}

/// A connection of a report.
struct Row<'r> {
    report: &'r Report,
    connection: &'r Connection,
}

impl Row<'_> {
    /// Returns the name of the code that the connection was closed with.
    fn code_name(&self) -> Option<&str> {
        let code = codes::find(&self.report.codes, self.connection, self.connection.code()?)?;
        Some(&code.name)
    }

    /// Returns the reason given by the side that closed first.
    fn reason(&self) -> Option<&str> {
        let mut closes = self.connection.closes.iter();
        closes.find(|close| Some(close.side) == self.connection.closed_by).map(|close| &*close.reason)
    }
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn number(number: Option<u16>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// Returns the name that a value has in the JSON report, or an empty text for `None`.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

/// Escapes a cell so that no spreadsheet interprets it as a formula, and no terminal as a control sequence.
fn escape_formula(cell: &str) -> String {
    let harmless = sanitized(cell);
    let is_formula = harmless.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']);
    if is_formula { format!("'{harmless}") } else { harmless }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "|calc", "%0A=1"] {
            assert!(escape_formula(formula).starts_with(['\'', '\\']), "{formula}");
        }
        assert_eq!(escape_formula("a=1"), "a=1");
    }
}
