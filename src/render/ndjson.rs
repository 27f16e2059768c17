//! The connections as JSON, one on each line, for programs that read line by line.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use super::json;
use crate::report::{Capture, Code, Connection, Encrypted, Pending, Read, Report};

/// A line of the report at the end of a live session: a connection, one that is seen from outside, or, last, the rest.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line<'r> {
    /// An element of `connections` in the JSON report.
    Connection(&'r Connection),
    /// An element of `encrypted` in the JSON report.
    Encrypted(&'r Encrypted),
    /// Everything else in the JSON report.
    Report {
        /// Version of this form.
        version: u32,
        /// The program and its version.
        generator: &'r str,
        /// `redacted`, or `shown`.
        secrets: &'r str,
        /// The interfaces captured from.
        captures: &'r [Capture],
        /// The traffic in them, and how much of it could be read.
        read: &'r Read,
        /// Every close code that occurred, on the wire or at an endpoint.
        codes: &'r [Code],
        /// Limits of the view of the capture as a whole.
        notes: &'r [String],
    },
}

/// Writes a line for every connection, in the form of an element of `connections` in the JSON report. Those of
/// `encrypted`, which have a field `websocket`, follow.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // Reports are written in pieces of a few bytes, and each would be a call through `dyn`.
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    for connection in &report.connections {
        json::line(connection, &mut out)?;
    }
    for encrypted in &report.encrypted {
        json::line(encrypted, &mut out)?;
    }
    out.flush()
}

/// Writes the same while the connections are judged: those that are `wanted`.
pub fn render_pending(
    pending: Pending,
    wanted: impl Fn(&Connection) -> bool + Sync,
    out: &mut dyn Write,
) -> io::Result<()> {
    let line = |connection: Box<Connection>, lines: &mut Vec<u8>| {
        if wanted(&connection) { json::line(&connection, lines) } else { Ok(()) }
    };
    let report = pending.write(line, |lines, written| {
        written.into_iter().collect::<io::Result<()>>()?;
        out.write_all(lines)
    })?;
    render(&report, out)
}

/// Writes the report at the end of a live session, whose lines all have a `type`.
pub fn render_last(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    for connection in &report.connections {
        json::line(&Line::Connection(connection), &mut out)?;
    }
    for encrypted in &report.encrypted {
        json::line(&Line::Encrypted(encrypted), &mut out)?;
    }
    let Report { version, generator, secrets, captures, read, codes, notes, .. } = report;
    let rest = Line::Report { version: *version, generator, secrets, captures, read, codes, notes };
    json::line(&rest, &mut out)?;
    out.flush()
}
