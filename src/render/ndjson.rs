//! The connections as JSON, one on each line, for programs that read line by line. Each has the form of an element of
//! `connections` in the JSON report; those of `encrypted`, which have a field `websocket`, follow.

use std::io::{self, BufWriter, Write};

use super::json;
use crate::report::Report;

/// Writes a line for every connection.
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
