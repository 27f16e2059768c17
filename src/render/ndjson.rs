//! The connections as JSON, one a line: for programs that read line by line. Each is as in the `connections` of the JSON
//! report.

use std::io::{self, BufWriter, Write};

use super::json;
use crate::report::Report;

/// Writes a line for every connection.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // A report is written in pieces of a few bytes: each would be a call through `dyn`.
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    for connection in &report.connections {
        json::line(connection, &mut out)?;
    }
    out.flush()
}
